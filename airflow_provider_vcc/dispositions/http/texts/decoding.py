"""Reading an answer's JSON, also if its encoding or a detail is not quite right."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from airflow_provider_vcc.dispositions.http.texts.memory import see_that_it_fits

__all__ = ["printable", "read_json"]

CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
LONGEST_INTEGER = 4_000


def read_json(body: bytes, content_type: str | None = None) -> Any:
    """Decode an answer's JSON, also if its encoding or a detail is not quite right.

    :param content_type: the answer's header, which may name an encoding.
    :raises TooLarge: if what it says takes too much memory.
    :raises ValueError: if it cannot be read.
    """
    see_that_it_fits(body)
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    see_that_it_fits(body, times=2)  # as a text, too
    try:
        return json.loads(_decoded(body, content_type).strip("\ufeff\0 \t\r\n"), strict=False, parse_int=_integer)
    except RecursionError:
        raise ValueError from None


def _integer(digits: str) -> float:
    """Read a number of any length, of which Python refuses the very long ones."""
    return int(digits) if len(digits) < LONGEST_INTEGER else float(digits)


def _decoded(body: bytes, content_type: str | None) -> str:
    wide = json.detect_encoding(body)
    if wide != "utf-8":
        return body.decode(wide, "replace")
    try:
        return body.decode()
    except UnicodeDecodeError:
        pass
    named = CHARSET.search(content_type or "")
    try:
        return body.decode(named[1] if named else "utf-8", "replace")
    except (LookupError, UnicodeError):
        return body.decode("utf-8", "replace")


def printable(text: str) -> str:
    """Return a text without control characters: blanks for white space, a replacement character for the others."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else " " if one.isspace() else "\ufffd" for one in text)
