"""What holds for files of all kinds: names, compression, broken ends, and what messages may say."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import sys
import zlib

import pyarrow as pa
import pytest

from airflow_provider_vcc.dispositions.sources import open_path, public_name, redacted
from airflow_provider_vcc.exceptions import VccInputError

COMPRESS = {
    ".gz": gzip.compress,
    ".bz2": lambda data: bz2.compress(data, 1),  # small blocks: what is cut off is in the last one
    ".xz": lzma.compress,
    ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}
COUNT = 20_000


def elements():
    numbers = random.Random(1)
    return [{"numberid": str(number), "description": str(numbers.random())} for number in range(COUNT)]


WRITE = {
    ".jsonl": lambda rows: "".join(json.dumps(row) + "\n" for row in rows),
    ".json": json.dumps,
    ".csv": lambda rows: (
        "numberid,description\r\n" + "".join(f"{row['numberid']},{row['description']}\r\n" for row in rows)
    ),
}


def numberids(source):
    """Return the ids of the elements, and the error that ended them; see that positions are consecutive."""
    found, error = [], None
    try:
        for rows in source.read(999):
            assert rows.start == len(found)
            found += (
                [json.loads(text)["numberid"] for text in rows.texts]
                if hasattr(rows, "texts")
                else [row[0] for row in rows.values]
            )
    except VccInputError as raised:
        error = raised
    return found, error


@pytest.fixture(params=WRITE)
def kind(request):
    return request.param


@pytest.fixture(params=COMPRESS)
def compression(request):
    return request.param


@pytest.fixture(scope="module")
def data():
    return {kind: write(elements()).encode() for kind, write in WRITE.items()}


def test_compressed_file_gives_the_same_as_the_plain_one(tmp_path, data, kind, compression):
    path = tmp_path / f"elements{kind}{compression}"
    path.write_bytes(COMPRESS[compression](data[kind]))
    source = open_path(str(path))
    assert numberids(source) == (list(map(str, range(COUNT))), None)
    assert source.share() == 1.0


def test_compressed_file_that_is_cut_off_gives_what_came_before_and_names_file_and_place(
    tmp_path, data, kind, compression
):
    path = tmp_path / f"elements{kind}{compression}"
    whole = COMPRESS[compression](data[kind])
    path.write_bytes(whole[: len(whole) * 2 // 3])
    found, error = numberids(open_path(str(path)))
    assert COUNT // 3 < len(found) < COUNT
    assert found == list(map(str, range(len(found))))
    assert error.source == str(path)
    assert error.place.startswith("byte ")
    assert str(path) in str(error)


def test_gzip_file_that_is_cut_off_gives_each_line_that_can_be_decompressed(tmp_path, data):
    path = tmp_path / "elements.jsonl.gz"
    whole = gzip.compress(data[".jsonl"])
    path.write_bytes(whole[: len(whole) // 2])
    lines = zlib.decompressobj(wbits=31).decompress(path.read_bytes()).count(b"\n")
    assert len(numberids(open_path(str(path)))[0]) == lines


def test_file_of_several_compressed_parts_is_one_input(tmp_path, data, compression):
    path = tmp_path / f"elements.jsonl{compression}"
    half = data[".jsonl"].index(b"\n", len(data[".jsonl"]) // 2) + 1
    compress = COMPRESS[compression]
    path.write_bytes(compress(data[".jsonl"][:half]) + compress(data[".jsonl"][half:]))
    assert numberids(open_path(str(path))) == (list(map(str, range(COUNT))), None)


@pytest.mark.parametrize("content", [b"", b'{"numberid": "1"}\n'])
def test_file_that_is_not_what_its_name_says_is_an_error(tmp_path, content, compression):
    path = tmp_path / f"elements.jsonl{compression}"
    path.write_bytes(content)
    found, error = numberids(open_path(str(path)))
    assert found == []
    assert str(path) in str(error)


def test_zst_without_anything_that_decompresses_it_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "elements.jsonl.zst"
    path.write_bytes(COMPRESS[".zst"](b"{}\n"))
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "airflow-provider-vcc[arrow]" in str(numberids(open_path(str(path)))[1])


@pytest.mark.parametrize(
    "name", ["elements.doc", "elements", "elements.gz", "elements.parquet.gz", ".jsonl/elements", ""]
)
def test_name_that_does_not_say_what_the_file_is_lists_those_that_do(name):
    with pytest.raises(VccInputError) as raised:
        open_path(name)
    for suffix in (".json,", ".jsonl", ".ndjson", ".csv", ".parquet", ".gz"):
        assert suffix in str(raised.value)


@pytest.mark.parametrize("suffix", [*WRITE, ".parquet"])
def test_missing_file_and_directory_are_named(tmp_path, suffix):
    missing = str(tmp_path / f"missing{suffix}")
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    for path, said in ((missing, "no such file"), (str(folder), "directory")):
        found, error = numberids(open_path(path))
        assert found == []
        assert path in str(error)
        assert said in str(error)


class Failing(io.BytesIO):
    """A file in a store that goes away after a while, and whose errors say too much."""

    def read(self, size=-1):
        if self.tell():
            raise RuntimeError("GET https://me:secret@host/elements.jsonl?signature=abc failed for me:secret")
        return super().read(size)


def test_store_that_goes_away_gives_what_came_before_and_no_credentials():
    url = "https://me:secret@host/elements.jsonl?signature=abc"
    source = open_path(url, opener=lambda _: Failing(b'{"numberid": "1"}\n' * 100_000), sizer=lambda _: None)
    assert source.name == "https://host/elements.jsonl"
    found, error = numberids(source)
    assert len(found) == 256 * 1024 // 18
    assert "https://host/elements.jsonl breaks off at byte 262144" in str(error)
    assert "secret" not in str(error)
    assert "abc" not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_file_whose_size_is_not_known_has_no_share():
    source = open_path("x.jsonl", opener=lambda _: io.BytesIO(b"{}\n"), sizer=lambda _: None)
    assert [source.share() for _ in source.read(1)] == [None]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/data/me:you@home?.jsonl", "/data/me:you@home?.jsonl"),
        ("s3://aws_default@bucket/a.jsonl", "s3://aws_default@bucket/a.jsonl"),
        ("sftp://me:p@ss@host/a.jsonl", "sftp://host/a.jsonl"),
        ("https://host/a.jsonl?sig=1#x", "https://host/a.jsonl"),
    ],
)
def test_public_name_leaves_out_credentials_and_queries_of_urls(path, name):
    assert public_name(path) == name
    assert redacted(f"no {path}", path) == f"no {name}"


@pytest.mark.parametrize("compression", ["", *COMPRESS])
@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_file_that_became_shorter_while_it_was_read_is_a_break_also_where_a_line_ends(kind, compression, left):
    """Of a file that another program writes anew, a part would pass for all of it."""
    data = COMPRESS[compression](WRITE[kind](elements()).encode()) if compression else WRITE[kind](elements()).encode()
    cut = data[: data.rindex(b"\n") - left] if left and kind != ".json" and not compression else data
    source = open_path(f"x{kind}{compression}", opener=lambda _: io.BytesIO(cut), sizer=lambda _: len(data) + 1)
    found, error = numberids(source)
    assert len(found) in {COUNT, COUNT - 1}
    assert f"x{kind}{compression} breaks off at " in str(error)


def test_a_file_that_grew_while_it_was_read_is_read_to_its_end():
    data = WRITE[".jsonl"](elements()).encode()
    source = open_path("x.jsonl", opener=lambda _: io.BytesIO(data), sizer=lambda _: len(data) // 2)
    assert numberids(source) == ([str(number) for number in range(COUNT)], None)


@pytest.mark.parametrize("path", ["s3://bucket/export #12.jsonl", "file:///d/a#b.jsonl", "/d/a#b.jsonl"])
def test_the_name_of_an_object_may_have_a_number_sign_in_it(path):
    opened = []
    data = b'{"numberid": "1"}\n'
    source = open_path(path, opener=lambda url: opened.append(url) or io.BytesIO(data), sizer=lambda _: len(data))
    assert numberids(source) == (["1"], None)
    assert opened == [path]
