"""Answers that are not envelopes, and envelopes in shapes that the documentation does not show."""

from __future__ import annotations

import json
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_vcc.sandbox.http.wire import Answer

    Envelope = dict[str, Any]

__all__ = ["BROKEN", "ODD", "error_page", "reshape"]

OK = 200
PAGE = (
    "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr><center>nginx</center></body></html>"
)


def error_page(status: int) -> bytes:
    """Make the page that nginx shows for a status."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
    return PAGE.format(f"{status} {phrase}").encode()


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "html": lambda _: error_page(200),
    "empty": lambda _: b"",
    "text": lambda _: b"Fatal error: Allowed memory size of 134217728 bytes exhausted in /srv/api/index.php on line 42",
    "truncated": lambda body: body[: len(body) // 2],
    "null": lambda _: b"null",
    "number": lambda _: b"42",
    "binary": lambda body: b"\x1f\x8b\x08\x00\xff\xfe" + body[:10],
}


def _errors_map(envelope: Envelope, _: int) -> Envelope:
    """Key the errors by index."""
    errors = envelope["errors"]
    return envelope | {"errors": {str(e["index"]): {k: v for k, v in e.items() if k != "index"} for e in errors}}


def _text_indexes(envelope: Envelope, _: int) -> Envelope:
    """Write each error's index as text."""
    return envelope | {"errors": [error | {"index": str(error["index"])} for error in envelope["errors"]]}


def _false(envelope: Envelope, _: int) -> Envelope:
    """Answer false for what failed, without an error."""
    failed = dict.fromkeys((str(error["index"]) for error in envelope["errors"]), False)
    return {"errors": [], "response": dict(envelope["response"]) | failed}


def _list(envelope: Envelope, _: int) -> Envelope:
    """Return the response as a list, false if there is an error."""
    indexes = sorted(int(index) for index in _false(envelope, 0)["response"])
    return envelope | {"response": [str(index) in envelope["response"] for index in indexes]}


def _short(envelope: Envelope, count: int) -> Envelope:
    """Leave out the last entries of the response."""
    kept = list(envelope["response"].items())[: -count or None]
    return envelope | {"response": dict(kept)}


def _extra(envelope: Envelope, count: int) -> Envelope:
    """Add entries for elements that were not there."""
    size = len(envelope["response"]) + len(envelope["errors"])
    return envelope | {"response": envelope["response"] | {str(size + n): True for n in range(count)}}


def _both(envelope: Envelope, _: int) -> Envelope:
    """Answer true also for what has an error."""
    return envelope | {"response": dict.fromkeys(_false(envelope, 0)["response"], True)}


ODD: dict[str, Callable[[Envelope, int], Envelope]] = {
    "errors-map": _errors_map,
    "text-indexes": _text_indexes,
    "list": _list,
    "false": _false,
    "short": _short,
    "extra": _extra,
    "both": _both,
    "single-error": lambda envelope, _: envelope | {"errors": (envelope["errors"] or [[]])[0]},
    "null-errors": lambda envelope, _: envelope | {"errors": envelope["errors"] or None},
    "no-errors": lambda envelope, _: {"response": envelope["response"]},
    "no-response": lambda envelope, _: {"errors": envelope["errors"]},
    "more-keys": lambda envelope, _: envelope | {"warnings": [], "took": 0.01},
}


def reshape(answer: Answer, shape: str, count: int) -> Answer:
    """Write an answer's envelope in another shape; an answer that is not a batch envelope stays as it is."""
    if answer.status != OK:
        return answer
    envelope = json.loads(answer.body)
    response = envelope["response"]
    if isinstance(response, list):
        response = {str(index): value for index, value in enumerate(response)}
    if not isinstance(response, dict) or not all(isinstance(value, bool) for value in response.values()):
        return answer
    envelope["response"] = {index: True for index, value in response.items() if value}
    return replace(answer, body=json.dumps(ODD[shape](envelope, count)).encode())
