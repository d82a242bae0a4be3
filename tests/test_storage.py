"""Files by the URLs that Airflow's ObjectStoragePath opens."""

from __future__ import annotations

import gzip
import io
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.versions import AIRFLOW

from airflow_provider_vcc._storage import create_binary, open_binary, size
from airflow_provider_vcc.dispositions.sources import open_path
from airflow_provider_vcc.exceptions import VccInputError

COUNT = 30_000


def jsonl():
    return b"".join(b'{"numberid": "%d"}\n' % number for number in range(COUNT))


def parquet():
    out = io.BytesIO()
    pq.write_table(pa.table({"numberid": [str(number) for number in range(COUNT)]}), out)
    return out.getvalue()


CONTENTS = {
    ".jsonl": jsonl,
    ".jsonl.gz": lambda: gzip.compress(jsonl()),
    ".json": lambda: b"[" + jsonl().strip().replace(b"\n", b",") + b"]",
    ".csv": lambda: b"numberid\n" + b"".join(b"%d\n" % number for number in range(COUNT)),
    ".parquet": parquet,
}


def read_ids(url):
    """Return the ids in a file, and how much of it was read in the end."""
    source = open_path(url, opener=open_binary, sizer=size)
    found = []
    for rows in source.read(500):
        texts = getattr(rows, "texts", None)
        found += [row[0] for row in rows.values] if texts is None else [json.loads(text)["numberid"] for text in texts]
    return found, source.share()


@pytest.fixture
def memory():
    """Let Airflow open memory:// URLs, as it does not by itself."""
    attach = import_module("airflow.sdk.io" if AIRFLOW >= (3, 0) else "airflow.io.store").attach
    from fsspec.implementations.memory import MemoryFileSystem

    attach("memory", fs=MemoryFileSystem())
    return f"memory:///{uuid.uuid4()}"


@pytest.fixture(scope="module")
def s3_bucket():
    """Start an S3 server with a bucket. Once for all: Airflow keeps the file system that it made for a connection."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    connection = {
        "conn_type": "aws",
        "login": "key",
        "password": "secret",
        "extra": {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_S3_TEST", json.dumps(connection))
        from airflow.sdk import ObjectStoragePath

        # Airflow makes it with asyncio.run(), which Playwright's loop forbids in the main thread.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: ObjectStoragePath("s3://s3_test@bucket").mkdir()).result()
        yield "s3://s3_test@bucket"
    server.stop()


@pytest.fixture
def s3(s3_bucket):
    return f"{s3_bucket}/{uuid.uuid4()}"


@pytest.fixture(params=["path", "file", "memory", "s3"])
def folder(request, tmp_path):
    if request.param == "path":
        return str(tmp_path)
    return f"file://{tmp_path}" if request.param == "file" else request.getfixturevalue(request.param)


@pytest.mark.parametrize("suffix", CONTENTS)
def test_file_is_read_from_wherever_it_was_written(folder, suffix):
    url = f"{folder}/new/elements{suffix}"
    content = CONTENTS[suffix]()
    with create_binary(url) as file:
        file.write(content)
    assert size(url) == len(content)
    assert read_ids(url) == (list(map(str, range(COUNT))), 1.0)


def test_missing_file_is_named(folder):
    url = f"{folder}/missing.jsonl"
    with pytest.raises(VccInputError) as raised:
        read_ids(url)
    assert str(raised.value) == f"{url} cannot be opened: there is no such file"


def test_directory_is_named(tmp_path):
    (tmp_path / "x.jsonl").mkdir()
    for url in (f"{tmp_path}/x.jsonl", f"file://{tmp_path}/x.jsonl"):
        with pytest.raises(VccInputError, match="it is a directory"):
            read_ids(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("abfs://me:secret@account/x.jsonl", "apache-airflow-providers-microsoft-azure"),
        ("nosuch://me:secret@host/x.jsonl?sig=secret", "the provider that brings nosuch://"),
    ],
)
@pytest.mark.parametrize("attempt", [open_binary, size, create_binary, read_ids])
def test_url_that_nothing_opens_says_what_to_install_and_no_credentials(url, said, attempt):
    with pytest.raises(VccInputError) as raised:
        attempt(url)
    assert said in str(raised.value)
    assert "x.jsonl" in str(raised.value)
    assert "secret" not in str(raised.value)
