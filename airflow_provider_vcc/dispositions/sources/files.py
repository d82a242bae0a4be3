"""Files, by the end of their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_vcc.dispositions.sources.bytes.compression import COMPRESSIONS
from airflow_provider_vcc.dispositions.sources.bytes.streams import FileStream, local_size, open_local
from airflow_provider_vcc.dispositions.sources.names import public_name
from airflow_provider_vcc.dispositions.sources.tables.parquet import ParquetSource
from airflow_provider_vcc.dispositions.sources.tables.workbook import WORKBOOKS, WorkbookSource
from airflow_provider_vcc.dispositions.sources.text.csv_table import CsvSource
from airflow_provider_vcc.dispositions.sources.text.json_array import split_array
from airflow_provider_vcc.dispositions.sources.text.json_lines import split_lines
from airflow_provider_vcc.dispositions.sources.text.json_source import JsonSource
from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_vcc.dispositions.sources.rows import Source
    from airflow_provider_vcc.dispositions.sources.tables.table import CheckColumns

__all__ = ["Reading", "open_path"]

_SUPPORTED = (
    ".json, .jsonl, .ndjson, .csv, .tsv or .txt, each also with "
    + ", ".join(COMPRESSIONS[:-1])
    + f" or {COMPRESSIONS[-1]}"
    f" behind it, or .parquet, {', '.join(WORKBOOKS[:-1])} or {WORKBOOKS[-1]}"
)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a file is to be read, where its name and its first bytes do not say so.

    :param encoding: of a text: any that Python knows; None for what its byte order mark says, else UTF-8.
    :param delimiter: of a CSV; None for what its header tells.
    :param sheet: of a workbook; None for the first one.
    """

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None


def open_path(
    path: str,
    *,
    check_columns: CheckColumns | None = None,
    opener: Callable[[str], BinaryIO] = open_local,
    sizer: Callable[[str], int | None] = local_size,
    reading: Reading | None = None,
) -> Source:
    """Return the source for a file: JSON, JSON Lines, CSV, Parquet or a workbook, as the end of its name says.

    :param path: a local path, or a URL that ``opener`` and ``sizer`` understand.
    :param check_columns: is given a table's columns before any row is read, and raises if one is unknown.
    :param reading: what is not told by the file itself.
    :raises VccInputError: if its name ends in anything else. Whether there is such a file is seen when it is read.
    """
    name = public_name(path)
    kind, compression = _suffixes(name)
    if kind not in _KINDS and "#" in path:  # which the name of an object may have in it, and no message shows
        kind, compression = _suffixes(path)
    if kind not in _KINDS or (kind in _NOT_COMPRESSED and compression):
        raise VccInputError(f"{name} cannot be read; let its name end in {_SUPPORTED}", source=name)
    return _KINDS[kind](FileStream(path, name, compression, opener, sizer), check_columns, reading or Reading())


def _suffixes(name: str) -> tuple[str, str]:
    *_, before, last = ["", "", *(f".{part.lower()}" for part in name.rpartition("/")[2].split(".")[1:])]
    return (before, last) if last in COMPRESSIONS else (last, "")


def _json(stream: FileStream, _: CheckColumns | None, reading: Reading) -> Source:
    return JsonSource(stream, split_array, reading.encoding)


def _json_lines(stream: FileStream, _: CheckColumns | None, reading: Reading) -> Source:
    return JsonSource(stream, split_lines, reading.encoding)


def _csv(stream: FileStream, check: CheckColumns | None, reading: Reading) -> Source:
    return CsvSource(stream, check, reading.encoding, reading.delimiter)


def _tsv(stream: FileStream, check: CheckColumns | None, reading: Reading) -> Source:
    return CsvSource(stream, check, reading.encoding, reading.delimiter or "\t")


def _parquet(stream: FileStream, check: CheckColumns | None, _: Reading) -> Source:
    return ParquetSource(stream, check)


def _workbook(stream: FileStream, check: CheckColumns | None, reading: Reading) -> Source:
    return WorkbookSource(stream, check, reading.sheet)


_KINDS: dict[str, Callable[[FileStream, CheckColumns | None, Reading], Source]] = {
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".csv": _csv,
    ".tsv": _tsv,
    ".txt": _csv,  # what Excel calls "Unicode Text"
    ".parquet": _parquet,
    **dict.fromkeys(WORKBOOKS, _workbook),
}
_NOT_COMPRESSED = frozenset({".parquet", *WORKBOOKS})
