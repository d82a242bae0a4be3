"""The sandbox is for this machine: it answers to loopback names, and its file is its owner's."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing

import pytest

from airflow_provider_vcc.sandbox import Sandbox

FORBIDDEN = ["evil.example", "evil.example:8417", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "",
             "localhost@evil.example", "evil.example@localhost", "[::ffff:10.0.0.1]", "0x7f.evil", "[::1",
             "evil.example\r\nHost: localhost", "localhost\r\nHost: evil.example", "localhost/evil", "localhost:evil",
             "localhost?evil", "[localhost]"]  # fmt: skip
ALLOWED = ["localhost", "LOCALHOST:8417", "localhost.", "127.0.0.1", "127.5.5.5:80", "[::1]", "[::1]:8417"]


def ask(sandbox, head):
    """Return the status of a request, the head as it is."""
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=20) as wire:
        wire.sendall(head + b"\r\n\r\n")
        return wire.recv(65_536).split(b" ")[1]


@pytest.mark.parametrize("path", ["/", "/v2/projects"])
@pytest.mark.parametrize("host", FORBIDDEN)
def test_a_request_for_another_host_is_not_answered(sandbox, host, path):
    assert ask(sandbox, f"GET {path} HTTP/1.1\r\nHost: {host}".encode()) == b"421"
    assert sandbox.ledger.totals()["requests"] == 0


def test_a_request_without_a_host_or_for_another_address_is_not_answered(sandbox):
    assert ask(sandbox, b"GET /v2/projects HTTP/1.1") == b"421"
    assert ask(sandbox, b"GET http://evil.example/v2/projects HTTP/1.1\r\nHost: localhost") == b"421"


@pytest.mark.parametrize("host", ALLOWED)
def test_a_request_for_this_machine_is_answered(sandbox, host):
    assert ask(sandbox, f"GET /v2/projects HTTP/1.1\r\nHost: {host}".encode()) == b"401"


@pytest.mark.parametrize("exists", [False, True])
def test_the_file_of_records_is_its_owners_only(tmp_path, exists):
    path = tmp_path / "records.db"
    if exists:
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE x (y)")
        path.chmod(0o644)
    with Sandbox(records=5, db=path) as sandbox:
        sandbox.set_in_call("1")
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes.pop("records.db") == 0o600
    assert set(modes.values()) <= {0o600}
