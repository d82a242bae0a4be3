"""The call centre: what each resource answers. It knows HTTP only as a request in and an answer out."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import md5
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from airflow_provider_vcc.sandbox.api.batch import DispositionBatch, FormBatch
from airflow_provider_vcc.sandbox.api.checks import FIELDS
from airflow_provider_vcc.sandbox.http.wire import Answer
from airflow_provider_vcc.sandbox.shapes import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_vcc.sandbox.api.batch import Batch
    from airflow_provider_vcc.sandbox.http.request import Request
    from airflow_provider_vcc.sandbox.settings import Settings
    from airflow_provider_vcc.sandbox.storage.store import Store

__all__ = ["App"]

OK, BAD_REQUEST, EXPECTATION_FAILED = 200, 400, 417
EMPTY: dict[int, bool] = {}
HTML = {"Content-Type": "text/html"}
FORBIDDEN = (
    b"<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center></body></html>"
)


class Refused(Exception):
    """A whole request gets an error."""

    def __init__(self, status: int, errormessage: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(errormessage)
        self.status = status
        self.headers = headers or {}


class App:
    """Answers requests from what the store holds."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings

    def handle(self, request: Request) -> Answer:
        """Do what the request asks for, and answer it."""
        if not self.settings.allowed:
            return Answer(403, FORBIDDEN, dict(HTML))
        try:
            self._authenticate(request)
            return self._route(request)
        except Refused as refused:
            code = EXPECTATION_FAILED if refused.status == OK else refused.status
            errors = [{"errorcode": code, "errormessage": str(refused)}]
            return self._answer(errors, EMPTY, refused.status, refused.headers)

    def _authenticate(self, request: Request) -> None:
        user, password = request.credentials or ("", "")
        if not (
            compare_digest(user.encode(), self.settings.customer.encode())
            and compare_digest(password.encode(), self.settings.token.encode())
        ):
            raise Refused(401, "error.unauthorized", {"WWW-Authenticate": 'Basic realm="VCC Live API"'})

    def _route(self, request: Request) -> Answer:
        for pattern, methods in ROUTES:
            if match := pattern.fullmatch(request.path):
                method = methods.get(request.method)
                if method is None:
                    raise Refused(405, "error.method_not_allowed", {"Allow": ", ".join(methods)})
                answer = method(self, request, **self._arguments(match.groupdict()))
                seen = {"Allow": ", ".join(methods), "X-Resource": method.__name__}
                return replace(answer, headers=answer.headers | seen)
        raise Refused(404, "error.not_found")

    def _arguments(self, found: dict[str, str]) -> dict[str, object]:
        arguments: dict[str, object] = {name: unquote(text) for name, text in found.items()}
        if "project" in found:
            arguments["project"] = int(found["project"])
            if arguments["project"] not in self.settings.projects:
                raise Refused(404, "error.unknown_project")
        return arguments

    def _answer(
        self,
        errors: list[dict[str, object]],
        response: object,
        status: int = OK,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        body = as_json(errors, response, self.settings.shape)
        etag = {"Etag": f'"{md5(body, usedforsecurity=False).hexdigest()}"'} if status == OK else {}
        return Answer(status, body, etag | dict(headers or {}))

    def list_projects(self, request: Request) -> Answer:  # noqa: ARG002 -- nothing to choose from
        """GET /v2/projects."""
        projects = [
            {"projectid": number, "name": name, "status": "active", "folderid": 1, "container": 0, "folder": "Sandbox"}
            for number, name in self.settings.projects.items()
        ]
        return self._answer([], projects)

    def modify_dispositions(self, request: Request, project: int) -> Answer:
        """PUT .../records/dispositions."""
        body = _checked(request, {"elements": list, "disposition": dict, "avoid_in_call": bool})
        return self._run(request, DispositionBatch(self.store, project, request.number, self.settings, body), body)

    def modify_records(self, request: Request, project: int) -> Answer:
        """PUT .../records."""
        body = _checked(request, {"elements": list, "default": dict})
        return self._run(request, FormBatch(self.store, project, request.number, body), body)

    def add_disposition(self, request: Request, project: int, numberid: str) -> Answer:
        """POST .../records/{numberid}/dispositions."""
        body = _checked(request, {"avoid_in_call": bool})
        for name in ("dispositionid", "userid"):
            if body.get(name) is None:
                raise Refused(OK, f"error.missing_{name}")
        element = {name: value for name, value in body.items() if name in FIELDS} | {"numberid": numberid}
        batch = DispositionBatch(self.store, project, request.number, self.settings, body | {"disposition": None})
        self._carry_out(request, batch, [element])
        return self._answer(batch.errors, not batch.errors)

    def show_record(self, request: Request, project: int, numberid: str) -> Answer:  # noqa: ARG002 -- a GET has no body
        """GET .../records/{numberid}."""
        record = self.store.show(project, numberid)
        if record is None:
            raise Refused(404, "error.unknown_record")
        return self._answer([], record)

    def _run(self, request: Request, batch: Batch, body: dict[str, Any]) -> Answer:
        if body.get("elements") is None:
            raise Refused(OK, "error.missing_elements")
        self._carry_out(request, batch, body["elements"])
        return self._answer(batch.errors, dict.fromkeys(batch.done, True))

    def _carry_out(self, request: Request, batch: Batch, elements: list[object]) -> None:
        with self.store.transaction():
            batch.run(elements)
            request.note_act()


def _checked(request: Request, types: Mapping[str, type[object]]) -> dict[str, object]:
    """Return the body, whose parts are of these types or absent."""
    body = request.json
    if not isinstance(body, dict):
        raise Refused(BAD_REQUEST, "error.invalid_json")
    for name, kind in types.items():
        if not isinstance(body.get(name), kind | None):
            raise Refused(OK, f"error.invalid_{name}")
    return body


RECORDS = r"/v2/projects/(?P<project>\d+)/records"
ROUTES: list[tuple[re.Pattern[str], dict[str, Callable[..., Answer]]]] = [
    (re.compile(RECORDS + "/dispositions"), {"PUT": App.modify_dispositions}),
    (re.compile("/v2/projects"), {"GET": App.list_projects}),
    (re.compile(RECORDS), {"PUT": App.modify_records}),
    (re.compile(RECORDS + "/(?P<numberid>[^/]+)/dispositions"), {"POST": App.add_disposition}),
    (re.compile(RECORDS + "/(?P<numberid>[^/]+)"), {"GET": App.show_record}),
]
