"""The pages: what stands on each. They take rows and give HTML."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from airflow_provider_vcc.sandbox.connection import as_text
from airflow_provider_vcc.sandbox.page import queries
from airflow_provider_vcc.sandbox.page.markup import Markup, html, join, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_vcc.sandbox.page.switches import Switch
    from airflow_provider_vcc.sandbox.storage.store import Store

__all__ = ["faults", "overview", "project", "record", "request", "requests"]

FEW, MANY, PAGE = 12, 200, 50
BAD_REQUEST = 400
HEADS = ("record", "disposition", "user", "callback", "description", "set")


def overview(
    store: Store, names: Mapping[int, str], connection: Mapping[str, object], switches: Iterable[Switch]
) -> Markup:
    """Show the whole call centre at a glance."""
    on = [switch for switch in switches if switch.is_on]
    return html(
        "<h1>A call centre to try on</h1>{}{}<h2>Projects</h2>{}<h2>Latest requests</h2>{}<h2>Set last</h2>{}"
        "<h2>Connect Airflow to it</h2><pre>{}</pre>",
        _tiles(queries.counts(store)),
        _misbehaviour(on),
        _projects(store, names),
        _requests(queries.requests(store, FEW)),
        _changes(queries.changes(store, FEW)),
        as_text(connection).strip(),
    )


def _tiles(counts: Mapping[str, int]) -> Markup:
    words = {
        "requests": ("request came in", "requests came in"),
        "events": ("disposition set", "dispositions set"),
        "rejections": ("element rejected", "elements rejected"),
        "messages": ("message (none is really sent)", "messages (none is really sent)"),
    }
    shown = [(counts[name], one if counts[name] == 1 else many) for name, (one, many) in words.items()]
    tiles = join(html("<li><b>{}</b>{}</li>", f"{number:,}", text) for number, text in shown)
    return html('<ul class="tiles">{}</ul>', tiles)


def _misbehaviour(on: list[Switch]) -> Markup:
    if not on:
        return html('<p>It behaves well. <a href="/faults">Switch a fault on</a></p>')
    faults = join((html("<code>{}</code>", switch.text) for switch in on), " ")
    return html('<p class="notice">It misbehaves: {} <a href="/faults">Change that</a></p>', faults)


def _projects(store: Store, names: Mapping[int, str]) -> Markup:
    found = queries.projects(store)
    rows = []
    for number, name in names.items():
        total, done, in_call = found.get(number, (0, 0, 0))
        link = html('<a href="/projects/{}">{}</a>', number, f"{number} {name}")
        rows.append((link, f"{total:,}", f"{done:,}", f"{in_call:,}"))
    return table("Projects", ("project", "records", "with a disposition", "in call"), rows, "There are no projects.")


def project(store: Store, number: int, name: str, query: Mapping[str, str]) -> Markup:
    """Show a project's records, and look for some of them."""
    start = int(query.get("start", "0")) if query.get("start", "0").isdecimal() else 0
    text, done = query.get("q", ""), query.get("done") == "1"
    found = queries.records(store, number, text=text, done=done, start=start, limit=PAGE)
    heads = ("record", *store.fields, "disposition", "user", "callback", "history", "now")
    return html(
        "<h1>Project {} {}</h1>{}<p>{}</p>{}{}",
        number,
        name,
        _search_form(text, done=done),
        _range(found, start),
        table("Records", heads, (_record_row(number, row) for row in found.rows), "No record matches."),
        _pager(found, start, query),
    )


def _search_form(text: str, *, done: bool) -> Markup:
    return html(
        '<form class="line" method="get"><label for="q">Number, or a field that begins with</label>'
        '<input type="search" id="q" name="q" value="{}">'
        '<label><input type="checkbox" name="done" value="1"{}> only with a disposition</label>'
        "<button>Search</button></form>",
        text,
        Markup(" checked") if done else "",
    )


def _range(found: queries.Records, start: int) -> str:
    if not found.rows:
        return ""
    return f"{start + 1:,} to {start + len(found.rows):,} of {found.total:,}"


def _record_row(project: int, row: queries.Record) -> tuple[object, ...]:
    in_call = html('<span class="warn">in call</span>') if row.in_call else ""
    return (
        _record_link(project, row.numberid),
        *row.fields,
        row.dispositionid,
        row.userid,
        row.next_calldate,
        row.history or "",
        in_call,
    )


def _record_link(project: int, numberid: str) -> Markup:
    return html('<a href="/projects/{}/records/{}">{}</a>', project, quote(numberid, safe=""), numberid)


def _pager(found: queries.Records, start: int, query: Mapping[str, str]) -> Markup:
    links = {}
    if start:
        links["Previous"] = max(0, start - PAGE)
    if start + PAGE < found.total:
        links["Next"] = start + PAGE
    made = (html('<a href="?{}">{}</a>', urlencode({**query, "start": at}), words) for words, at in links.items())
    return html("<p>{}</p>", join(made, " · "))


def record(store: Store, number: int, numberid: str) -> Markup | None:
    """Show one record, and everything that was ever set on it; None if there is none."""
    shown = store.show(number, numberid)
    if shown is None:
        return None
    in_call = shown["contacts"][0]["in_call"]
    fields = table("Fields", ("field", "value"), shown["data"].items(), "It has no fields.")
    history = queries.changes(store, project=number, numberid=numberid)
    return html(
        '<h1>Record {}</h1><p><a href="/projects/{}">Project {}</a></p>{}{}<h2>History, the newest first</h2>{}',
        numberid,
        number,
        number,
        fields,
        _in_call(in_call=in_call),
        _changes(history),
    )


def _in_call(*, in_call: bool) -> Markup:
    words = ("An agent has it in call.", "The agent hangs up") if in_call else ("No agent has it in call.", "Call it")
    return html(
        '<form class="line" method="post"><span>{}</span><button name="in_call" value="{}">{}</button></form>',
        words[0],
        "0" if in_call else "1",
        words[1],
    )


def _changes(rows: Iterable[queries.Change]) -> Markup:
    cells = (
        (
            _record_link(row.project, row.numberid),
            row.dispositionid,
            row.userid,
            row.next_calldate,
            row.description,
            html('{}, <a href="/requests/{}">request {}</a>', _clock(row.at), row.request, row.request),
        )
        for row in rows
    )
    return table("Changes", HEADS, cells, "Nothing has been set yet.")


def _clock(at: float | None) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S") if at is not None else ""


def requests(store: Store) -> Markup:
    """Show the requests that came in, the newest first."""
    return html("<h1>Requests, the newest first</h1>{}", _requests(queries.requests(store, MANY)))


def _requests(rows: Iterable[queries.RequestRow]) -> Markup:
    cells = (
        (
            html('<a href="/requests/{}">{}</a>', row.number, row.number),
            _clock(row.at),
            html('<span class="path">{} {}</span>', row.method, row.path.removeprefix("/v2")),
            "" if row.elements is None else f"{row.elements:,}",
            _answer(row),
            _effect(row),
        )
        for row in rows
    )
    heads = ("no.", "at", "request", "elements", "answer", "what became of it")
    return table("Requests", heads, cells, "No request has come in yet.")


def _answer(row: queries.RequestRow) -> Markup:
    if row.status is None:
        return html('<span class="{}">{}</span>', *(("bad", "none") if row.seconds is not None else ("warn", "...")))
    return html('<span class="{}">{}</span>', "bad" if row.status >= BAD_REQUEST else "good", row.status)


def _effect(row: queries.RequestRow) -> Markup:
    fault = html(" <code>{}</code>", row.fault) if row.fault else Markup()
    if row.seconds is None:
        return html("it is being worked on{}", fault)
    if row.method == "GET":
        return html("read{}", fault)
    return html("{}{}", _of_a_change(row) if row.acted else "nothing was done", fault)


def _of_a_change(row: queries.RequestRow) -> str:
    if not row.rejected:
        return "it took effect"
    if row.rejected == row.elements:
        return "all of it was rejected"
    return f"it took effect, but for {row.rejected:,} rejected"


def request(store: Store, number: int) -> Markup | None:
    """Show one request and what became of each of its elements; None if there was none."""
    rows = queries.requests(store, 1, number)
    if not rows:
        return None
    elements = queries.elements_of(store, number, MANY)
    cells = ((element.position, element.about, _outcome(element, acted=bool(rows[0].acted))) for element in elements)
    return html(
        "<h1>Request {}</h1>{}<h2>Its elements</h2>{}<h2>Its body</h2>{}",
        number,
        _requests(rows),
        table("Elements", ("index", "about", "what became of it"), cells, "It had none, or its body was not kept."),
        _body(store, number),
    )


def _outcome(element: queries.Element, *, acted: bool) -> Markup:
    if element.error is not None:
        return html('<span class="bad">rejected: {}</span>', element.error)
    if not acted:
        return html('<span class="warn">nothing was done</span>')
    records = "1 record" if element.records == 1 else f"{element.records:,} records"
    return html('<span class="good">set on {}</span>', records)


def _body(store: Store, number: int) -> Markup:
    rows = store.query("SELECT body FROM bodies WHERE request = ?", [number])
    if not rows:
        return html('<p class="muted">It had none, or it was not kept.</p>')
    text = bytes(rows[0][0]).decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):  # then it is shown as it came
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    cut = "\n..." if len(text) > MANY * PAGE else ""
    return html('<pre role="region" tabindex="0" aria-label="Body">{}{}</pre>', text[: MANY * PAGE], cut)


def faults(switches: Iterable[Switch], problem: str = "") -> Markup:
    """Show what can go wrong, as switches, and a field for everything else."""
    rows = ((html("{}<br><code>{}</code>", switch.words, switch.text), _button(switch)) for switch in switches)
    return html(
        "<h1>Faults</h1><p>What is on happens from the next request on. The pages here never misbehave.</p>{}{}"
        '<h2>Anything else</h2><form class="line" method="post"><label for="fault">As <code>--fault</code> takes it'
        '</label><input type="text" id="fault" name="on" required placeholder="503:acted@5%"><button>Switch on</button>'
        '</form><form class="line" method="post"><button name="none" value="1">Switch everything off</button></form>',
        html('<p class="notice">{}</p>', problem) if problem else Markup(),
        table("Faults", ("what happens", "switch"), rows, ""),
    )


def _button(switch: Switch) -> Markup:
    name, words, kind = ("off", "Switch off", "on") if switch.is_on else ("on", "Switch on", "off")
    template = '<form method="post"><button class="{}" name="{}" value="{}" aria-label="{}">{}</button></form>'
    return html(template, kind, name, switch.text, f"{words}: {switch.words}", words)
