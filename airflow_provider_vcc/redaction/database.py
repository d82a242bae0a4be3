"""What a database or its driver says: shown as far as its words are those of our query or of its documentation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_vcc.redaction.foreign import LONGEST_SHOWN, MASK
from airflow_provider_vcc.redaction.vocabulary import DATABASE, PHRASES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["known_words", "of_database"]

LONGEST_TEXT = 500
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_PIECE = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|[^\W_][\w$]*(?:'t\b)?|_\w*")
_AFTER_A_WORD = re.compile(r"[A-Za-z] $")
_CODE_NAMES = ("sqlstate", "pgcode", "sqlite_errorname", "errno", "code", "full_code", "error_name")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_STATE = re.compile(r"[0-9A-Z]{5}|[A-Z]{2,4}-\d{3,6}|SQLITE_[A-Z_]{2,40}")


def of_database(error: BaseException, sql: str = "", names: Iterable[str] = ()) -> str:
    """Return what a database or its driver said, as it may be shown.

    A database quotes the values that it stumbles over, and those are somebody's. So a word is shown only where it
    stands in our query (but for its literals), among ``names``, or in what databases document; numbers only where they
    are short. The kind of the error and its code come first.

    :param sql: the query, if the error is about one.
    :param names: more names of ours: a table, its columns, a connection's id.
    """
    said = getattr(error, "orig", None) or error
    shown = known_words(_first_line(_message(said)), [_LITERAL.sub(" ", sql), *names])
    kind = " ".join([type(said).__name__, *_code(said)])
    return f"{kind}: {shown}" if shown and shown != MASK else kind


def _message(error: BaseException) -> str:
    """Return what an error says; those of MySQL's drivers and of ODBC say it beside a code."""
    first, *rest = error.args or (None,)
    texts = [text for text in rest if isinstance(text, str) and text.strip()]
    return texts[0] if texts and isinstance(first, int | str) else str(error)


def known_words(text: str, ours: Iterable[str] = ()) -> str:
    """Return a text of which only the words are left that we wrote, or that databases and libraries document.

    :param ours: texts that we wrote.
    """
    words = {word.lower() for part in ours for word in _words(part)}
    shown = _PIECE.sub(lambda found: _shown(found, words), text)
    return re.sub(r"\*{3}(?:\W*\*{3})+", MASK, shown).strip()


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:LONGEST_TEXT]


def _words(text: str) -> list[str]:
    return re.findall(r"[\w$]+", text)


def _shown(found: re.Match[str], ours: set[str]) -> str:
    piece = found[0]
    if piece[0] in "'\"`[":
        inner = _words(piece[1:-1])
        known = inner and all(word.lower() in ours for word in inner)
        documented = " ".join(inner).lower() in (PHRASES if len(inner) > 1 else DATABASE) and piece[0] == "'"
        return piece if known or documented else f"{piece[0]}{MASK}{piece[-1]}"
    if piece.isdecimal():
        counts = _AFTER_A_WORD.search(found.string, 0, found.start()) is not None  # of many numbers a text can be made
        return piece if counts and len(piece) <= LONGEST_SHOWN else MASK
    return piece if piece.lower() in ours or piece.lower() in DATABASE or _STATE.fullmatch(piece) else MASK


def _code(error: BaseException) -> list[str]:
    """Return the code that the driver gives beside its words, where it has one."""
    for name in _CODE_NAMES:
        code = getattr(error, name, None)
        if isinstance(code, int | str) and not isinstance(code, bool) and _CODE.fullmatch(str(code)):
            return [str(code)]
    first = error.args[0] if error.args else None
    return [str(first)] if isinstance(first, int) and abs(first) < 10**LONGEST_SHOWN else []
