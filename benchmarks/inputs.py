"""Inputs of any size and kind, made once and kept under ``build/bench/inputs/``.

An element is of the usual kind: a record, a disposition, a user, a callback time and a short description, 120 bytes.
"""

from __future__ import annotations

import csv
import gzip
import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.alone import ROOT

__all__ = ["FILES", "MINUTES", "SPREAD", "LazyElements", "element", "frame", "make"]

FOLDER = ROOT / "build" / "bench" / "inputs"
COLUMNS = ("numberid", "dispositionid", "userid", "next_calldate", "description")
MINUTES = 14 * 10 * 60
SPREAD = 7919
"""Prime: neighbours get times far apart, and each time comes up equally often."""

_encode = msgspec.json.Encoder().encode


def element(number: int) -> dict[str, str]:
    """Return the element at a position: callbacks on the minute, from 8 to 18 o'clock, within two weeks."""
    minute = number * SPREAD % MINUTES
    return {
        "numberid": str(number),
        "dispositionid": str(number % 7),
        "userid": "22",
        "next_calldate": f"2026-11-{minute // 600 + 1:02} {minute // 60 % 10 + 8:02}:{minute % 60:02}:00",
        "description": f"call back about order {number}",
    }


def _to_the_second(number: int) -> dict[str, str]:
    """Return an element with a callback time that no other one of 300,000 has."""
    second = number * SPREAD % 300_000
    time = f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
    return {**element(number), "next_calldate": f"2026-11-{second // 86_400 + 1:02} {time}"}


class LazyElements(Sequence[Any]):
    """A sequence that makes each item when it is asked for, as Airflow's lazy XComs do."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [element(number) for number in range(*index.indices(self._count))]
        return element(range(self._count)[index])

    def __iter__(self) -> Iterator[Any]:
        return map(element, range(self._count))


def make(kind: str, count: int) -> str:
    """Return the path of a file with so many elements; made where it is not there yet."""
    path = FOLDER / f"{count}.{kind}"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{os.getpid()}.{path.name}")
        _MAKERS[kind](unfinished, count)
        unfinished.rename(path)
    return str(path)


def _json_lines(path: Path, count: int) -> None:
    with path.open("wb") as file:
        file.writelines(_encode(element(number)) + b"\n" for number in range(count))


def _json(path: Path, count: int) -> None:
    with path.open("wb") as file:
        file.write(b"[")
        file.writelines((b",\n" if number else b"\n") + _encode(element(number)) for number in range(count))
        file.write(b"\n]\n")


def _csv(path: Path, count: int) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(element(number).values() for number in range(count))


def _parquet(path: Path, count: int) -> None:
    """Write it as pyarrow does by default: a row group of up to 1,048,576 rows."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = {name: pa.array((element(number)[name] for number in range(count)), pa.string()) for name in COLUMNS}
    parquet.write_table(pa.table(columns), path)


def _windows_1250(path: Path, count: int) -> None:
    """Write it as Excel does in Hungary, but for the dates, so that only the encoding makes the difference."""
    with path.open("w", newline="", encoding="windows-1250") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(COLUMNS)
        writer.writerows({**element(n), "description": f"visszahívás: {n}. rendelés"}.values() for n in range(count))


def _workbook(path: Path, count: int) -> None:
    """Write ids as numbers and times as cells that are times."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(COLUMNS)
    for number in range(count):
        one = element(number)
        sheet.append(
            [number, number % 7, 22, datetime.fromisoformat(one["next_calldate"]), one["description"]],
        )
    book.save(path)


def frame(library: str, count: int) -> Any:
    """Return a data frame: ids as numbers and times as such."""
    rows = [element(number) for number in range(count)]
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in COLUMNS}
    for name in COLUMNS[:3]:
        columns[name] = list(map(int, columns[name]))
    columns["next_calldate"] = list(map(datetime.fromisoformat, columns["next_calldate"]))
    return import_module(library).DataFrame(columns)


def _seconds(path: Path, count: int) -> None:
    with path.open("wb") as file:
        file.writelines(_encode(_to_the_second(number)) + b"\n" for number in range(count))


def _compressed(kind: str) -> Any:
    def compress(path: Path, count: int) -> None:
        with Path(make(kind, count)).open("rb") as plain, gzip.open(path, "wb", compresslevel=6) as packed:
            shutil.copyfileobj(plain, packed, 1 << 20)

    return compress


_MAKERS = {
    "jsonl": _json_lines,
    "seconds.jsonl": _seconds,
    "json": _json,
    "csv": _csv,
    "parquet": _parquet,
    "windows-1250.csv": _windows_1250,
    "xlsx": _workbook,
    "jsonl.gz": _compressed("jsonl"),
    "csv.gz": _compressed("csv"),
}
FILES = frozenset(_MAKERS)
"""The kinds of files."""
