"""Of a path or a URL nothing is shown that opens it."""

from __future__ import annotations

import time

import pytest

from airflow_provider_vcc.redaction import public_name, public_text, without_secrets
from airflow_provider_vcc.task.reporting.lineage import path_dataset

SHOWN = {
    "/data/a@b?c.jsonl": "/data/a@b?c.jsonl",
    "s3://aws_default@bucket/key.jsonl": "s3://aws_default@bucket/key.jsonl",
    "s3://key:secret@bucket/key.jsonl": "s3://bucket/key.jsonl",
    "https://TOKEN@host/a.jsonl": "https://host/a.jsonl",
    "HTTPS://TOKEN@host/a.jsonl": "HTTPS://host/a.jsonl",
    " https://TOKEN@host/a.jsonl": " https://host/a.jsonl",
    "https://user:TOKEN@host:8443/a.jsonl": "https://host:8443/a.jsonl",
    "https://user:TO/KEN@host/a.jsonl": "https://host/a.jsonl",
    "sftp://TOKEN@host/a.jsonl": "sftp://host/a.jsonl",
    "https://host/a.jsonl?X-Amz-Signature=TOKEN&x=y": "https://host/a.jsonl",
    "https://host/a.jsonl?sv=1&sig=TOKEN": "https://host/a.jsonl",
    "https://host/a.jsonl#TOKEN": "https://host/a.jsonl",
    "abfs://container@account.dfs.core.windows.net/a?sig=TOKEN": "abfs://container@account.dfs.core.windows.net/a",
    "simplecache::https://TOKEN@host/a.jsonl": "simplecache::https://host/a.jsonl",
}


@pytest.mark.parametrize(("path", "shown"), SHOWN.items())
def test_an_address_is_shown_without_what_opens_it(path, shown):
    assert public_name(path) == shown


def test_a_text_about_an_address_is_shown_without_what_opens_it():
    path = "https://us%40er:T0KEN-t0ken@host/a.jsonl?sig=S1GNature%2Bx"
    for said in (path, "T0KEN-t0ken", "t0ken-T0KEN", "no S1GNature+x", "S1GNature%2Bx", "us@er"):
        shown = without_secrets(f"cannot open {said}!", path)
        assert not [part for part in ("T0KEN", "t0ken", "S1GN", "us@er", "us%40er") if part in shown]
        assert shown.startswith("cannot ")
    assert public_text("see https://TOKEN@h/x?y=1, and s3://c@b/k") == "see https://h/x and s3://c@b/k"


@pytest.mark.parametrize("path", [":" * 20_000, "https://" + ":" * 20_000, "a" * 20_000, "a://" * 5_000, "?" * 20_000])
def test_a_long_address_costs_little(path):
    began = time.process_time()
    public_name(path)
    public_text(path)
    assert time.process_time() - began < 1


LINEAGE = {
    "/d/a b.csv": ("file", "/d/a b.csv"),
    "file:///d/a.csv": ("file", "/d/a.csv"),
    "s3://conn@bucket/k/x.csv": ("s3://bucket", "k/x.csv"),
    "https://user:TO/KEN@host/a.csv?sig=TOKEN": ("https://host", "a.csv"),
    "simplecache::https://TOKEN@host/a.csv": ("https://host", "a.csv"),
    " https://TOKEN@host/a.csv": ("https://host", "a.csv"),
}


@pytest.mark.parametrize(("path", "dataset"), LINEAGE.items())
def test_lineage_names_a_file_without_what_opens_it(path, dataset):
    assert path_dataset(path) == dataset
