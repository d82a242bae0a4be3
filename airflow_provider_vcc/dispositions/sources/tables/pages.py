"""How much memory the parts of a Parquet file take, before they are read: what its own pages and metadata say."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_vcc.dispositions.sources.bytes.streams import broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_vcc.dispositions.sources.bytes.streams import CountedFile
    from airflow_provider_vcc.dispositions.sources.tables.arrow import Arrow

__all__ = ["Budget"]

_ROWS = 2000
_BATCH = 16 * 1024 * 1024
"""Bytes of one batch of rows."""
_PAGE = 64 * 1024 * 1024
"""Bytes of a page, which is in memory whole."""
_LONGEST_HEADER = 4096
_TEXTS = frozenset({"BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"})
# Fields of a page's header, by parquet.thrift: its sizes, and what each kind of page has of its own.
_SIZE, _COMPRESSED, _DICTIONARY = 2, 3, 7
_OF_A_KIND = frozenset({5, _DICTIONARY, 8})


class Budget:
    """What a file may take: how many rows at a time, and which columns come with values that are shared.

    :param file: pyarrow's.
    :param raw: the same, to look at the beginnings of pages.
    """

    def __init__(self, file: Arrow, raw: CountedFile, name: str) -> None:
        self._metadata = file.metadata
        self._raw = raw
        self._name = name
        self.instants = self._instants(file)
        """Columns of top level whose times are instants: Spark and Hive write them so, as INT96."""
        self.shared: list[str] = []
        """Columns whose values are few and large, so that each is wanted once only."""
        self._rows: list[int] = [self._look(group) for group in range(self._metadata.num_row_groups)]

    def rows_at_a_time(self, group: int) -> int:
        """Return how many rows of a group make a batch."""
        return self._rows[group]

    def _instants(self, file: Arrow) -> frozenset[int]:
        names = list(file.schema_arrow.names)
        columns = (file.schema.column(index) for index in range(len(file.schema)))
        paths = [column.path for column in columns if column.physical_type == "INT96"]
        if not all(path in names for path in paths):
            what = "has times of the type INT96 within an object or a list, where they would be an hour or more off"
            raise broken(
                self._name, f"{what}; write them as TIMESTAMP (Spark: spark.sql.parquet.outputTimestampType)", None
            )
        return frozenset(map(names.index, paths))

    def _look(self, number: int) -> int:
        group = self._metadata.row_group(number)
        rows = max(group.num_rows, 1)
        plain, most = 0, _ROWS
        for index in range(group.num_columns):
            column = group.column(index)
            plain += column.total_uncompressed_size
            if column.total_uncompressed_size > _PAGE or column.has_dictionary_page:
                most = min(most, self._look_at_pages(column))
        return int(min(most, max(1, _BATCH * rows // max(plain, 1))))

    def _look_at_pages(self, column: Arrow) -> int:
        """Look at the first pages of a column, or at all of them if one may be too large.

        :returns: how many rows make a batch, by the page whose values are largest.
        """
        most = _ROWS
        for page in self._pages(column):
            if page.size > _PAGE:
                what = f"has a page of {page.size >> 20} MiB, and at most {_PAGE >> 20} are read"
                raise broken(self._name, f"{what}; write it with smaller pages, and no value that is larger", None)
            if not page.values or not page.size:
                continue
            rows = _BATCH * page.values // page.size
            if not page.is_dictionary:
                most = min(most, max(rows, 1))
            elif rows < _ROWS and column.physical_type in _TEXTS and column.path_in_schema not in self.shared:
                self.shared.append(column.path_in_schema)
        return most

    def _pages(self, column: Arrow) -> Iterator[_Page]:
        """Yield the dictionary and the first page of a column, and the others of one that is large."""
        offsets = {column.dictionary_page_offset, column.data_page_offset} - {None, 0}
        if not offsets or column.total_uncompressed_size <= _PAGE:
            yield from filter(None, map(self._page, offsets))
            return
        at = min(offsets)
        end = at + column.total_compressed_size
        while at < end and (page := self._page(at)) is not None:
            yield page
            at += page.length

    def _page(self, offset: int) -> _Page | None:
        self._raw.seek(offset)
        try:
            return _read_page(self._raw.read(_LONGEST_HEADER))
        except (IndexError, ValueError):
            return None  # pyarrow says what is wrong with it


class _Page(NamedTuple):
    size: int
    """Bytes, not compressed."""
    length: int
    """Bytes in the file, with the header."""
    values: int
    is_dictionary: bool


def _read_page(data: bytes) -> _Page:
    """Read a page's header, a struct of Thrift's compact protocol."""
    size = compressed = values = 0
    is_dictionary = False
    for field, kind, at in _fields(data, 0):
        if field == _SIZE:
            size = _zigzag(data, at)
        elif field == _COMPRESSED:
            compressed = _zigzag(data, at)
        elif field in _OF_A_KIND and kind == _STRUCT:
            is_dictionary = field == _DICTIONARY
            values = next((_zigzag(data, inner) for number, _, inner in _fields(data, at) if number == 1), 0)
    length = _skip(data, _STRUCT, 0) + compressed
    if min(size, compressed, values) < 0:
        raise ValueError
    return _Page(size, length, values, is_dictionary)


_STRUCT, _TEXT, _INTEGERS, _BOOLEANS = 12, 8, frozenset({4, 5, 6}), frozenset({1, 2})


def _fields(data: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, type and place of each field of a struct, as far as structs and integers go."""
    number = 0
    while kind := data[at] & 15:
        step = data[at] >> 4
        at += 1
        if not step:
            raise ValueError
        number += step
        yield number, kind, at
        at = _skip(data, kind, at)


def _skip(data: bytes, kind: int, at: int) -> int:
    if kind in _BOOLEANS:
        return at
    if kind in _INTEGERS:
        return _varint(data, at)[1]
    if kind == _TEXT:
        length, begin = _varint(data, at)
        return begin + length
    if kind != _STRUCT:
        raise ValueError
    end = at
    for _, inner, place in _fields(data, at):
        end = _skip(data, inner, place)
    return end + 1


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:  # noqa: PLR2004 -- the last one
            return value, at


def _zigzag(data: bytes, at: int) -> int:
    value = _varint(data, at)[0]
    return value >> 1 ^ -(value & 1)
