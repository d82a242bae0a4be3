"""Tables in memory: whatever speaks Arrow's C stream, which data frames and query results do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.sources.batches import rebatch, weighed
from airflow_provider_vcc.dispositions.sources.rows import TableRows
from airflow_provider_vcc.dispositions.sources.tables.arrow import (
    Row,
    bytes_of,
    import_pyarrow,
    is_index,
    rows_of,
    slices,
    times_of,
)
from airflow_provider_vcc.dispositions.sources.tables.table import check_table
from airflow_provider_vcc.exceptions import VccConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_vcc.dispositions.sources.tables.arrow import Arrow
    from airflow_provider_vcc.dispositions.sources.tables.table import CheckColumns

__all__ = ["FrameSource", "Table", "is_table"]

_STREAM, _ARRAY = "__arrow_c_stream__", "__arrow_c_array__"
_COUNTABLE = frozenset({"pandas", "polars", "pyarrow"})
_ROWS = 2000


def is_table(kind: type) -> bool:
    """Return whether values of a type are tables, and no lists of elements, though they may be iterated over."""
    return hasattr(kind, _STREAM) or hasattr(kind, _ARRAY)


class Table:
    """The rows of one table, read a few at a time."""

    def __init__(self, value: object, name: str) -> None:
        self._value = _with_index(value)
        self._name = name
        self._pyarrow = import_pyarrow(name)
        self._reader = self._open()
        names = [str(column) for column in (self._reader.schema.names if self._reader else self._frame.columns)]
        self._kept = [number for number, column in enumerate(names) if not is_index(column)]
        self.columns = tuple(names[number] for number in self._kept)
        self.weight = 0
        """Bytes of the latest rows."""
        self.times = times_of(self._reader.schema, self._kept) if self._reader else frozenset()

    @property
    def _frame(self) -> Arrow:
        return self._value

    def _open(self) -> Arrow:
        """Return a reader of its batches; None for a pandas frame with a column of which Arrow can make none."""
        value, pa = self._frame, self._pyarrow
        try:
            if not hasattr(value, _STREAM):
                return pa.Table.from_batches([pa.record_batch(value)]).to_reader()
            if hasattr(pa.RecordBatchReader, "from_stream"):
                return pa.RecordBatchReader.from_stream(value)
            return pa.RecordBatchReader._import_from_c_capsule(value.__arrow_c_stream__())  # noqa: SLF001 -- of pyarrow 14
        except Exception as error:  # noqa: BLE001 -- whoever makes the stream raises what it likes
            if hasattr(value, "iloc") and hasattr(value, "columns"):
                return None
            what = f"{self._name} is a {type(value).__name__}"
            if hasattr(value, "columns"):
                raise VccConfigurationError(
                    f"{what} that Arrow cannot read ({type(error).__name__}): its query fails, or a column has a type "
                    "that Arrow does not have, such as polars' Int128; cast it to text"
                ) from None
            raise VccConfigurationError(
                f"{what} that is not a table of records ({type(error).__name__}); "
                "give a data frame, whose columns are the fields of elements"
            ) from None

    def rows(self, *, whole_times: bool = False) -> Iterator[list[Row]]:
        """Yield the rows in pieces.

        :param whole_times: give times as such, where nobody knows which column is a date.
        """
        if self._reader is None:
            yield from self._by_pandas()
            return
        for batch in self._reader:
            for piece in slices(batch.select(self._kept) if len(self._kept) < batch.num_columns else batch):
                self.weight = bytes_of(piece)
                yield rows_of(piece, whole_times=whole_times)

    def _by_pandas(self) -> Iterator[list[Row]]:
        frame = self._frame
        for start in range(0, len(frame), _ROWS):
            part = frame.iloc[start : start + _ROWS]
            yield list(zip(*(list(part.iloc[:, number]) for number in self._kept), strict=True))


def _with_index(value: Any) -> Any:
    """Return a frame of pandas with the named parts of its index as columns: to Arrow it does not give all of them."""
    if not (hasattr(value, "iloc") and hasattr(value, "columns") and hasattr(value, "index")):
        return value
    names = [name for name in value.index.names if name is not None and name not in value.columns]
    return value.reset_index(level=names) if names else value


class FrameSource:
    """The rows of a table.

    :param value: speaks Arrow's C stream.
    :param check_columns: is given the columns before any row is read, and raises if one is unknown.
    """

    def __init__(self, value: object, check_columns: CheckColumns | None = None, name: str = "elements") -> None:
        self.name = name
        self.repeatable = not hasattr(value, "read_next_batch")
        self._value = value
        self._check_columns = check_columns
        self._given = 0

    @property
    def total(self) -> int | None:
        """How many rows there are; None if only reading tells."""
        if type(self._value).__module__.partition(".")[0] not in _COUNTABLE:
            return None
        return getattr(self._value, "shape", (None,))[0]

    def read(self, size: int) -> Iterator[TableRows]:
        """Yield batches of exactly ``size`` rows but for the last.

        :raises VccInputError: if a column is unknown, or pyarrow is not installed.
        """
        self._given = 0
        table = Table(self._value, self.name)
        if not table.columns and getattr(self._value, "shape", (1,))[0] == 0:
            return  # as a frame of an empty list has no columns either
        check_table(table.columns, self._check_columns, self.name)
        pieces = weighed(table.rows(), size, lambda _: table.weight, self.name)
        for values in rebatch(pieces, size):
            start = self._given
            self._given += len(values)
            yield TableRows(start, table.columns, values, table.times)

    def share(self) -> float | None:
        """Return how much of the table has been read, from 0 to 1."""
        return self._given / self.total if self.total else None
