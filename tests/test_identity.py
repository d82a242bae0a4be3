"""The failures never overwrite the input, by whatever name it is called, and are read by their owner only."""

from __future__ import annotations

import os
import stat

import pytest

from airflow_provider_vcc._identity import is_same_file
from airflow_provider_vcc._storage import create_binary
from airflow_provider_vcc.dispositions.outcomes.failures import FailuresFile, create_local
from airflow_provider_vcc.exceptions import VccConfigurationError, VccError
from airflow_provider_vcc.task.inputs import check_other_database, check_other_file

INPUT = b'{"numberid": "1"}\n' * 100


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a folder with an input, that can be reached in many ways."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "in.jsonl").write_bytes(INPUT)
    (folder / "soft.jsonl").symlink_to(folder / "in.jsonl")
    (folder / "twice.jsonl").symlink_to("soft.jsonl")
    (folder / "hard.jsonl").hardlink_to(folder / "in.jsonl")
    (tmp_path / "link").symlink_to(folder, target_is_directory=True)
    monkeypatch.chdir(folder)
    return tmp_path


LOCAL = [
    "{data}/in.jsonl",
    "in.jsonl",
    "./in.jsonl",
    "../data/in.jsonl",
    "{data}/../data/in.jsonl",
    "{data}//in.jsonl",
    "{data}/in.jsonl/",
    "{data}/soft.jsonl",
    "{data}/twice.jsonl",
    "{data}/hard.jsonl",
    "{home}/link/in.jsonl",
    "file://{data}/in.jsonl",
    "file:{data}/in.jsonl",
    "FILE://{data}/in.jsonl",
    "file://localhost{data}/in.jsonl",
    "file://fs_conn@{data}/in.jsonl",
    "file://{data}/../data/hard.jsonl",
    "local://{data}/in.jsonl",
    "file://in.jsonl",
]


@pytest.mark.parametrize("name", LOCAL)
@pytest.mark.parametrize("spelt", ["{data}/in.jsonl", "file://{data}/in.jsonl"])
def test_a_second_name_for_a_local_input_is_refused_before_anything_is_opened(place, name, spelt):
    elements_path, failures_path = (path.format(data=place / "data", home=place) for path in (spelt, name))
    with pytest.raises(VccConfigurationError, match="failures_path is the input itself"):
        check_other_file(elements_path, failures_path)
    assert (place / "data" / "in.jsonl").read_bytes() == INPUT


OBJECTS = [
    ("s3://b/k.jsonl", "s3://conn@b/k.jsonl"),
    ("s3://one@b/k.jsonl", "s3://two@b/k.jsonl"),
    ("s3://b/k.jsonl", "s3a://b/k.jsonl"),
    ("s3://b/k.jsonl", "S3://B/k.jsonl"),
    ("s3://b/d/k.jsonl", "s3://b/d/../d//k.jsonl"),
    ("s3://b/k.jsonl", "s3://b/k.jsonl?versionId=5"),
    ("s3://b/k k.jsonl", "s3://b/k%20k.jsonl"),
    ("s3://b/k.jsonl", "https://b.s3.eu-west-1.amazonaws.com/k.jsonl?X-Amz-Signature=x"),
    ("s3://b/k.jsonl", "https://s3.amazonaws.com/b/k.jsonl"),
    ("s3://minio@b/k.jsonl", "http://minio:9000/b/k.jsonl"),
    ("gs://b/k.jsonl", "gcs://conn@b/k.jsonl"),
    ("gs://b/k.jsonl", "https://storage.googleapis.com/b/k.jsonl"),
    ("abfs://c/k.jsonl", "abfss://c@account.dfs.core.windows.net/k.jsonl"),
    ("abfs://conn@c/k.jsonl", "https://account.blob.core.windows.net/c/k.jsonl?sig=x"),
    ("https://h/k.jsonl", "https://H:443/k.jsonl#x"),
    ("https://h/k.jsonl", "https://token@h/k.jsonl"),
    ("simplecache::s3://b/k.jsonl", "s3://b/k.jsonl"),
]


@pytest.mark.parametrize(("one", "other"), OBJECTS)
def test_one_object_is_recognised_by_each_of_its_addresses(one, other):
    assert is_same_file(one, other)
    assert is_same_file(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("s3://b/k.jsonl", "s3://b/other.jsonl"),
        ("s3://b/k.jsonl", "s3://b/K.jsonl"),
        ("s3://b/k.jsonl", "s3://c/k.jsonl"),
        ("s3://b/k.jsonl", "gs://b/k.jsonl"),
        ("s3://b/k.jsonl", "/b/k.jsonl"),
        ("/d/in.jsonl", "/d/failures.jsonl"),
        ("https://h/k.jsonl", "https://h/f.jsonl"),
        ("https://h/b/k.jsonl", "s3://c/k.jsonl"),
    ],
)
def test_two_files_are_two(one, other):
    assert not is_same_file(one, other)


@pytest.mark.parametrize("name", ["hard.jsonl", "soft.jsonl", "in.jsonl"])
def test_an_input_that_came_under_the_name_after_it_was_checked_is_not_emptied(place, name):
    target = place / "data" / name
    with pytest.raises(VccError, match="cannot be created \\(it is the input\\)"):
        FailuresFile(str(target), lambda path: create_binary(path, but=str(place / "data" / "in.jsonl")))
    assert (place / "data" / "in.jsonl").read_bytes() == INPUT


@pytest.mark.parametrize("scheme", ["", "file://"])
@pytest.mark.parametrize("exists", [False, True])
def test_the_failures_are_for_their_owner_only(tmp_path, scheme, exists):
    path = tmp_path / "new" / "failures.jsonl"
    if exists:
        path.parent.mkdir()
        path.write_text("of an earlier run")
        path.chmod(0o666)
    before = os.umask(0)
    try:
        with create_binary(f"{scheme}{path}") as file:
            file.write(b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == b"x"


def test_the_failures_may_go_to_what_is_no_file():
    with create_local("/dev/null") as file:
        file.write(b"x")


@pytest.mark.parametrize("host", ["{data}/in.jsonl", "{data}/hard.jsonl", "file:{data}/in.jsonl"])
def test_a_database_that_is_a_file_is_not_overwritten_either(place, host):
    data = place / "data"
    with pytest.raises(VccConfigurationError, match="failures_path is the database of the connection 'warehouse'"):
        check_other_database("warehouse", host.format(data=data), str(data / "in.jsonl"))
    for other in ("db.example", None, "", str(data)):
        check_other_database("warehouse", other, "db.example")
