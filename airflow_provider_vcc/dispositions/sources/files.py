"""Files, by the end of their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_vcc.dispositions.sources.compression import COMPRESSIONS
from airflow_provider_vcc.dispositions.sources.csv_table import CsvSource
from airflow_provider_vcc.dispositions.sources.json_array import split_array
from airflow_provider_vcc.dispositions.sources.json_lines import split_lines
from airflow_provider_vcc.dispositions.sources.json_source import JsonSource
from airflow_provider_vcc.dispositions.sources.names import public_name
from airflow_provider_vcc.dispositions.sources.parquet import ParquetSource
from airflow_provider_vcc.dispositions.sources.streams import FileStream, local_size, open_local
from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_vcc.dispositions.sources.rows import Source
    from airflow_provider_vcc.dispositions.sources.table import CheckColumns

__all__ = ["open_path"]

_SUPPORTED = (
    ".json, .jsonl, .ndjson or .csv, each also with " + ", ".join(COMPRESSIONS[:-1]) + f" or {COMPRESSIONS[-1]}"
    " behind it, or .parquet"
)


def open_path(
    path: str,
    *,
    check_columns: CheckColumns | None = None,
    opener: Callable[[str], BinaryIO] = open_local,
    sizer: Callable[[str], int | None] = local_size,
) -> Source:
    """Give the source for a file: JSON, JSON Lines, CSV or Parquet, as the end of its name says.

    :param path: a local path, or a URL that ``opener`` and ``sizer`` understand.
    :param check_columns: is given a table's columns before any row is read, and raises where one is unknown.
    :raises VccInputError: where its name ends in anything else. Whether there is such a file is seen when it is read.
    """
    name = public_name(path)
    kind, compression = _suffixes(name)
    if kind not in _KINDS or (kind == ".parquet" and compression):
        raise VccInputError(f"{name} cannot be read; let its name end in {_SUPPORTED}", source=name)
    return _KINDS[kind](FileStream(path, name, compression, opener, sizer), check_columns)


def _suffixes(name: str) -> tuple[str, str]:
    *_, before, last = ["", "", *(f".{part.lower()}" for part in name.rpartition("/")[2].split(".")[1:])]
    return (before, last) if last in COMPRESSIONS else (last, "")


def _json(stream: FileStream, _: CheckColumns | None) -> Source:
    return JsonSource(stream, split_array)


def _json_lines(stream: FileStream, _: CheckColumns | None) -> Source:
    return JsonSource(stream, split_lines)


_KINDS: dict[str, Callable[[FileStream, CheckColumns | None], Source]] = {
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".csv": CsvSource,
    ".parquet": ParquetSource,
}
