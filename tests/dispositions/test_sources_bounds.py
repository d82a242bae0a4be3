"""What must not end in silence, and what must not take all of the memory."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import io
import lzma

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.sources import batches, from_elements, open_path
from airflow_provider_vcc.dispositions.sources.tables import pages
from airflow_provider_vcc.exceptions import VccInputError

LINES = b'{"numberid": "1"}\n' * 1000
PACK = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def read(name, data):
    """Return how many elements come, and the error at the end."""
    return counted(open_path(name, opener=lambda _: io.BytesIO(data), sizer=lambda _: len(data)), 100)


def parquet_source(data):
    return open_path("a.parquet", opener=lambda _: io.BytesIO(data), sizer=lambda _: len(data))


def counted(source, size):
    count = 0
    try:
        for rows in source.read(size):
            count += len(rows)
    except VccInputError as error:
        return count, str(error)
    return count, None


@pytest.mark.parametrize("suffix", PACK)
def test_several_streams_in_a_file_are_read_one_after_another(suffix):
    assert read(f"a.jsonl{suffix}", PACK[suffix](LINES) * 3) == (3000, None)


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("damage", ["cut", "garbage", "flipped"])
def test_a_damaged_second_stream_is_a_break_after_the_first_one(suffix, damage):
    one = PACK[suffix](LINES)
    middle = len(one) // 2
    flipped = one[:middle] + bytes([one[middle] ^ 255]) + one[middle + 1 :]
    second = {"cut": one[:middle], "garbage": b"garbage" * 20, "flipped": flipped}[damage]
    count, error = read(f"a.jsonl{suffix}", one + second)
    assert count >= 1000
    assert f"a.jsonl{suffix} breaks off" in error


@pytest.mark.parametrize("named", ["a.jsonl.gz", "a.jsonl.bz2", "a.jsonl.zst", "a.parquet"])
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lzma.compress(LINES), "but compressed (.xz); let its name end in .xz"),
        (b"PK\x03\x04" + bytes(100), "but a workbook of Excel (.xlsx), or another ZIP archive"),
    ],
    ids=["xz", "zip"],
)
def test_a_file_under_the_name_of_another_kind_is_named_for_what_it_is(named, data, said):
    assert said in read(named, data)[1]


def test_zeros_between_streams_of_xz_are_padding():
    assert read("a.jsonl.xz", lzma.compress(LINES) + bytes(8) + lzma.compress(LINES) + bytes(4)) == (2000, None)


def parquet(table, **options):
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def peak_of(data, size=1000):
    """Return the elements' ids, and the most that Arrow and Python took, in MiB."""
    pool = pa.default_memory_pool()
    source = open_path("a.parquet", opener=lambda _: io.BytesIO(data), sizer=lambda _: len(data))
    most, before, count = 0, pool.bytes_allocated(), 0
    for rows in source.read(size):
        most = max(most, pool.bytes_allocated() - before)
        distinct = {id(value): len(value) for row in rows.values for value in row if isinstance(value, str)}
        most = max(most, sum(distinct.values()))
        count += len(rows)
    return count, most / (1 << 20)


@pytest.mark.parametrize("extra", [[], ["short"]])
def test_one_large_value_that_is_repeated_takes_memory_once(extra):
    indices = [0] * 3000 + [1] * len(extra)
    texts = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), ["x" * 400_000, *extra])
    table = pa.table({"numberid": [str(n) for n in range(len(texts))], "description": texts})
    # Without Arrow's schema the column is one of texts, as any other writer of Parquet leaves it.
    data = parquet(table, compression="zstd", store_schema=False, dictionary_pagesize_limit=1 << 24)
    assert pq.ParquetFile(io.BytesIO(data)).schema_arrow.field("description").type == pa.string()
    count, most = peak_of(data)
    assert count == len(texts)
    assert most < 32


def test_rows_that_are_large_are_read_a_few_at_a_time():
    texts = [str(n) * 100_000 for n in range(10, 60)] * 4
    table = pa.table({"numberid": [str(n) for n in range(200)], "description": texts})
    data = parquet(table, compression="zstd", use_dictionary=False)
    assert peak_of(data)[0] == 200


def test_a_page_that_is_too_large_is_refused():
    table = pa.table({"numberid": ["1"] * 200, "description": ["x" * 1_000_000] * 200})
    data = parquet(table, compression="zstd", use_dictionary=False, data_page_size=1 << 30, write_batch_size=1000)
    count, error = read("a.parquet", data)
    assert count == 0
    assert "has a page of" in error


def few_large_among_many(large):
    """Return a file whose description is short in most rows and large in a few, behind the first pages."""
    texts = [*["x" * 1000] * 4000, *large, *["y" * 1000] * 4000]
    table = pa.table({"numberid": [str(n) for n in range(len(texts))], "description": texts})
    return parquet(table, compression="zstd", use_dictionary=False, data_page_size=100_000, write_batch_size=10)


def test_a_page_that_is_too_large_is_refused_wherever_it_stands(monkeypatch):
    monkeypatch.setattr(pages, "_PAGE", 1 << 20)
    count, error = read("a.parquet", few_large_among_many(["z" * 2_000_000]))
    assert count == 0
    assert "has a page of 1 MiB, and at most 1 are read" in error


def test_a_stretch_of_large_rows_is_read_a_few_at_a_time(monkeypatch):
    """Though a row of the file is small on average."""
    monkeypatch.setattr(pages, "_PAGE", 4 << 20)
    monkeypatch.setattr(pages, "_BATCH", 4 << 20)
    count, most = peak_of(few_large_among_many(["z" * 100_000] * 200), 50)
    assert count == 8200
    assert most < 12


def test_a_thousand_neighbours_of_a_table_that_take_too_much_memory_end_the_input(monkeypatch):
    """After what came before them."""
    monkeypatch.setattr(batches, "LARGEST_BATCH", 8 << 20)
    texts = ["x"] * 4000 + [str(n) * 30_000 for n in range(1000, 1200)]
    table = pa.table({"numberid": [str(n) for n in range(len(texts))], "description": texts})
    for source in (from_elements(table), parquet_source(parquet(table, row_group_size=2000, use_dictionary=False))):
        count, error = counted(source, 1000)
        assert 0 < count <= 4000
        assert "1,000 neighbouring elements that take more than 8 MiB together" in error


def test_empty_rows_take_no_memory_however_many_there_are(monkeypatch):
    """A spreadsheet exports a million of them where a column is formatted to its end."""
    monkeypatch.setattr(batches, "LARGEST_BATCH", 1 << 20)
    data = b"numberid,description\n1,x\n" + b",\n" * 1_500_000 + b"2,y\n"
    assert read("a.csv", data) == (2, None)


def test_times_of_spark_are_instants_and_go_out_by_the_call_centres_clock():
    when = pa.array([dt.datetime(2026, 12, 1, 8, 30), None], pa.timestamp("ns"))  # noqa: DTZ001 -- as Spark's type is
    table = pa.table({"numberid": ["1", "2"], "next_calldate": when})
    data = parquet(table, use_deprecated_int96_timestamps=True)
    (rows,) = open_path("a.parquet", opener=lambda _: io.BytesIO(data), sizer=lambda _: len(data)).read(10)
    batch = Checker(None, "Europe/Budapest").check(rows)
    assert [element.next_calldate for element in batch.elements] == ["2026-12-01 09:30:00", None]
    assert "time zone" in Checker().check(rows).failures[0].errormessage


def test_times_of_spark_within_an_object_are_refused_since_nobody_would_convert_them():
    table = pa.table({"search": [{"due": dt.datetime(2026, 12, 1, 8, 30)}]})  # noqa: DTZ001 -- as Spark's type is
    count, error = read("a.parquet", parquet(table, use_deprecated_int96_timestamps=True))
    assert count == 0
    assert "has times of the type INT96 within an object or a list" in error
