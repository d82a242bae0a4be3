"""Which page a browser gets, and what its buttons do. Nothing here reaches the ledger or meets a fault."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, unquote

from airflow_provider_vcc.sandbox.faults.combining import Fault
from airflow_provider_vcc.sandbox.http.wire import Answer
from airflow_provider_vcc.sandbox.page import views
from airflow_provider_vcc.sandbox.page.frame import frame, style
from airflow_provider_vcc.sandbox.page.markup import Markup, html
from airflow_provider_vcc.sandbox.page.switches import switch, switches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_vcc.sandbox.http.request import Request
    from airflow_provider_vcc.sandbox.settings import Settings
    from airflow_provider_vcc.sandbox.storage.store import Store

__all__ = ["Site"]

SECONDS = 2
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class CallCentre(Protocol):
    """The sandbox, as far as its pages know it."""

    settings: Settings
    store: Store
    faults: Fault

    def connection(self, **extra: object) -> dict[str, object]:
        """Return the connection as Airflow takes it."""

    def set_in_call(self, numberid: str, *, in_call: bool = True, project: int | None = None) -> None:
        """Let an agent take a record, or leave it."""


class Site:
    """The pages of one sandbox."""

    def __init__(self, sandbox: CallCentre) -> None:
        self._sandbox = sandbox

    def answer(self, request: Request) -> Answer | None:
        """Answer a browser; None if the request is not for a page."""
        for pattern, view in ROUTES:
            if match := pattern.fullmatch(request.path):
                return self._answer(request, view, {name: unquote(text) for name, text in match.groupdict().items()})
        return None

    def _answer(self, request: Request, view: Callable[..., Answer], arguments: Mapping[str, str]) -> Answer:
        request.read()
        if request.method == "GET":
            return view(self, request, **arguments)
        action = ACTIONS.get(view) if request.method == "POST" else None
        if action is None:
            return _plain(405, "Method not allowed")
        if not _is_our_own(request):
            return _plain(403, "Only the sandbox's own pages can do that")
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        return action(self, request, form, **arguments)

    def _page(
        self, request: Request, title: str, body: Markup | None, *, live: bool | None, status: int = 200
    ) -> Answer:
        if body is None:
            return self._page(request, "Not there", html("<h1>There is no such thing here</h1>"), live=None, status=404)
        renewing = live and _query(request).get("live") != "0"
        headers = HEADERS | ({"Refresh": str(SECONDS)} if renewing else {})
        shown = None if live is None else bool(renewing)
        return Answer(status, frame(title, request.path, body, live=shown), headers)

    def style(self, _request: Request) -> Answer:
        """GET /style.css."""
        return Answer(200, style(), HEADERS | {"Content-Type": "text/css; charset=utf-8"})

    def overview(self, request: Request) -> Answer:
        """GET /."""
        box = self._sandbox
        body = views.overview(box.store, box.settings.projects, box.connection(), switches(box.faults))
        return self._page(request, "Call centre", body, live=True)

    def requests(self, request: Request) -> Answer:
        """GET /requests."""
        return self._page(request, "Requests", views.requests(self._sandbox.store), live=True)

    def request(self, request: Request, number: str) -> Answer:
        """GET /requests/{number}."""
        body = views.request(self._sandbox.store, int(number))
        return self._page(request, f"Request {number}", body, live=None)

    def project(self, request: Request, project: str) -> Answer:
        """GET /projects/{project}."""
        name = self._sandbox.settings.projects.get(int(project))
        if name is None:
            return self._page(request, "", None, live=None)
        query = _query(request)
        body = views.project(self._sandbox.store, int(project), name, query)
        return self._page(request, f"Project {project}", body, live=None if query.keys() - {"live"} else True)

    def record(self, request: Request, project: str, numberid: str) -> Answer:
        """GET /projects/{project}/records/{numberid}."""
        body = views.record(self._sandbox.store, int(project), numberid)
        return self._page(request, f"Record {numberid}", body, live=True)

    def faults(self, request: Request, problem: str = "") -> Answer:
        """GET /faults."""
        body = views.faults(switches(self._sandbox.faults), problem)
        return self._page(request, "Faults", body, live=None, status=400 if problem else 200)

    def set_in_call(self, request: Request, form: Mapping[str, str], project: str, numberid: str) -> Answer:
        """POST to a record's page: an agent takes it, or hangs up."""
        self._sandbox.set_in_call(numberid, in_call=form.get("in_call") == "1", project=int(project))
        return _see(request.path)

    def set_faults(self, request: Request, form: Mapping[str, str]) -> Answer:
        """POST to the faults: switch one on or off, or all off."""
        try:
            if "none" in form:
                self._sandbox.faults = Fault()
            elif text := form.get("on", "").strip():
                self._sandbox.faults = switch(self._sandbox.faults, text, on=True)
            elif text := form.get("off", ""):
                self._sandbox.faults = switch(self._sandbox.faults, text, on=False)
        except ValueError as error:
            return self.faults(request, str(error))
        return _see(request.path)


def _query(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.head.target.partition("?")[2]))


def _is_our_own(request: Request) -> bool:
    """Check that no other site's page sent a form here: a browser says where it comes from."""
    headers = request.head.headers
    origin = headers.get("origin", "")
    return headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"} and (
        not origin or origin == f"http://{headers.get('host')}"
    )


def _see(path: str) -> Answer:
    return Answer(303, b"", HEADERS | {"Location": path})


def _plain(status: int, words: str) -> Answer:
    return Answer(status, words.encode(), HEADERS | {"Content-Type": "text/plain; charset=utf-8"})


ROUTES: list[tuple[re.Pattern[str], Callable[..., Answer]]] = [
    (re.compile("/"), Site.overview),
    (re.compile(r"/style\.css"), Site.style),
    (re.compile("/requests"), Site.requests),
    (re.compile(r"/requests/(?P<number>\d{1,15})"), Site.request),
    (re.compile("/faults"), Site.faults),
    (re.compile(r"/projects/(?P<project>\d{1,15})"), Site.project),
    (re.compile(r"/projects/(?P<project>\d{1,15})/records/(?P<numberid>[^/]+)"), Site.record),
]
ACTIONS: dict[Callable[..., Answer], Callable[..., Answer]] = {
    Site.faults: Site.set_faults,
    Site.record: Site.set_in_call,
}
