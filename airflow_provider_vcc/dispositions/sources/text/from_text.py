"""Elements in a text: what a template or an XCom gave."""

from __future__ import annotations

import re

import msgspec

from airflow_provider_vcc.dispositions.sources.bytes.streams import TextStream
from airflow_provider_vcc.dispositions.sources.text.json_array import REQUEST, split_array
from airflow_provider_vcc.dispositions.sources.text.json_lines import split_lines
from airflow_provider_vcc.dispositions.sources.text.json_source import JsonSource
from airflow_provider_vcc.exceptions import VccConfigurationError

__all__ = ["from_text"]

_BEGINNING = 64 * 1024
_PYTHON = re.compile(r"[\[({\s]*(['<]|\w+\()")
_NAME_OF_FILE = re.compile(r"[^\n{}\[\]]+\.(jsonl?|ndjson|csv|parquet)(\.\w+)?\s*", re.IGNORECASE)


def from_text(text: str | bytes | bytearray) -> JsonSource:
    """Return the source for a text that holds a JSON array or JSON Lines.

    :raises VccConfigurationError: where it holds neither, with what to write instead.
    """
    text = str.__str__(text) if isinstance(text, str) else bytes(text)  # `| tojson` makes a subclass
    beginning = text[:_BEGINNING] if isinstance(text, str) else text[:_BEGINNING].decode("utf-8", "replace")
    beginning = beginning.removeprefix("\ufeff").lstrip()
    if wrong := _what_instead(beginning, len(text)):
        raise VccConfigurationError(wrong)
    return JsonSource(TextStream(text), split_array if beginning.startswith("[") else split_lines)


def _what_instead(beginning: str, length: int) -> str | None:
    if _PYTHON.match(beginning):
        return (
            "elements is the repr of a Python value, not JSON; "
            "write {{ ... | tojson }} in the template, or set render_template_as_native_obj=True in the DAG"
        )
    if beginning.startswith("{"):
        return _single_object(beginning, length)
    return None if beginning.startswith("[") or not beginning else _neither(beginning)


def _single_object(beginning: str, length: int) -> str | None:
    """Distinguish an object that is written over several lines from JSON Lines."""
    is_request = re.search(r'"elements"\s*:\s*\[', beginning) is not None
    if not is_request and (length >= _BEGINNING or _is_json(beginning.partition("\n")[0]) or not _is_json(beginning)):
        return None
    if is_request:
        return f"elements {REQUEST}"
    return "elements is a single object; wrap it in a list: [{...}]"


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True


def _neither(beginning: str) -> str:
    if beginning.strip() in {"None", "null", "undefined"}:
        return f"elements is the text {beginning.strip()!r}: did the upstream task return nothing? Write [] for none"
    if _NAME_OF_FILE.fullmatch(beginning):
        return (
            "elements is the name of a file; give it as elements_path, "
            "or put a .json or .jsonl template where the DAG's template_searchpath finds it"
        )
    if beginning.startswith('"'):
        return "elements is a JSON text within a JSON text; leave out one `| tojson`"
    return "elements must be a list of elements, a JSON array or JSON Lines, got some other text"
