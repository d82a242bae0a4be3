"""The sandbox as a process: for tests, and at the command line."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Cut, Hang, Status
from airflow_provider_vcc.sandbox.faults.rejections import RejectSome

ELEMENT = {"numberid": "1", "dispositionid": "1"}
COMMAND = [sys.executable, "-m", "airflow_provider_vcc.sandbox"]


class TestForTests:
    def test_it_answers_as_soon_as_it_is_entered_and_is_gone_afterwards(self, start):
        with Sandbox.process(10) as sandbox:
            client = start.client(sandbox)
            assert client.put(ELEMENT).response == {"0": True}
            assert sandbox.ledger.totals()["events"] == 1
        client.close()
        with pytest.raises(ConnectionRefusedError):
            client.put(ELEMENT)
        assert not sandbox.path.exists()

    def test_it_takes_all_that_can_be_said_in_text(self, start):
        records = [{"numberid": "a", "name": "Ana", "in_call": True}, {"numberid": "b", "shoe": 44}]
        options = {"projects": {5: "Five"}, "dispositions": range(7, 9), "token": "t", "shape": "php"}
        faults = [None, Status(503)]
        with Sandbox.process(iter(records), faults=faults, reject=RejectSome(1.0), **options) as sandbox:
            client = start.client(sandbox, password="t")
            path = "/v2/projects/5/records/dispositions"
            elements = [{"search": {"shoe": "44"}, "dispositionid": "8"}, {"numberid": "a", "dispositionid": "9"}]
            assert client.put(*elements, path=path).errors[0]["errorcode"] == 418
            assert client.put(path=path).status == 503
            assert client.put(path=path).json == {"errors": [], "response": []}

    def test_faults_change_while_it_runs(self, start):
        with Sandbox.process(10) as sandbox:
            client = start.client(sandbox)
            sandbox.faults = Status(500, acted=True).first(1)
            assert [client.put(ELEMENT).status for _ in range(2)] == [500, 200]
            sandbox.faults = [Cut("unread")]
            with pytest.raises(ConnectionError):
                client.put(ELEMENT)

    def test_it_goes_down_and_comes_up(self, start):
        with Sandbox.process(10) as sandbox:
            client = start.client(sandbox)
            sandbox.down()
            with pytest.raises(ConnectionRefusedError):
                client.put(ELEMENT)
            client.close()
            sandbox.up()
            assert client.put(ELEMENT).status == 200

    def test_idle_and_in_call_reach_it(self, start):
        with Sandbox.process(10, faults=[Hang("later")]) as sandbox:
            client = start.client(sandbox, timeout=0.05)
            with pytest.raises(TimeoutError):
                client.put(ELEMENT)
            client.close()
            assert sandbox.idle()
            assert sandbox.ledger.totals()["events"] == 1
            sandbox.set_in_call("1")
            assert start.client(sandbox).put(ELEMENT, avoid_in_call=True).errors

    def test_what_was_answered_outlives_sigkill_and_the_same_file_and_port_go_on(self, start, tmp_path):
        path = tmp_path / "ledger.db"
        with Sandbox.process(10, db=path) as sandbox:
            assert start.client(sandbox).put(ELEMENT).status == 200
            port = sandbox.port
            sandbox.kill()
        with Sandbox.process(10, db=path, port=port) as sandbox:
            assert sandbox.port == port
            assert start.client(sandbox).put(ELEMENT).status == 200
            assert [event.request for event in sandbox.ledger.events("1")] == [0, 1]

    def test_it_ends_when_the_process_that_started_it_dies(self, until, tmp_path):
        script = (
            "from airflow_provider_vcc.sandbox import Sandbox\n"
            "import os, signal, sys\n"
            "with Sandbox.process(1, db=sys.argv[1]) as sandbox:\n"
            "    print(sandbox.port, flush=True)\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        command = [sys.executable, "-c", script, str(tmp_path / "ledger.db")]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=False)
        assert result.returncode == -signal.SIGKILL
        until(lambda: is_refused(int(result.stdout)))

    def test_a_wrong_option_is_told_and_leaves_nothing_behind(self):
        with pytest.raises(RuntimeError, match="map, php, list"), Sandbox.process(shape="xml"):
            pass

    def test_functions_cannot_cross(self):
        with pytest.raises(TypeError, match="use conditions"), Sandbox.process(faults=lambda _: None):
            pass

    def test_the_connection_is_the_one_airflow_takes(self):
        with Sandbox.process(1, customer="acme", token="t") as sandbox:
            connection = sandbox.connection(timeout=5)
        assert connection == {
            "conn_type": "vcc",
            "login": "acme",
            "password": "t",
            "host": "http://127.0.0.1",
            "port": sandbox.port,
            "extra": {"timeout": 5},
        }


def is_refused(port):
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def command(start):
    """Start the command; return it, the lines of its greeting, and a client."""
    processes = []

    def command(*options):
        process = subprocess.Popen(
            [*COMMAND, "--port", "0", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        processes.append(process)
        greeting = ""
        while "To stop:" not in greeting:
            line = process.stdout.readline()
            assert line, greeting
            greeting += line
        port = int(re.search(r"answers on http://127\.0\.0\.1:(\d+)", greeting).group(1))
        return process, greeting, start.client(SimpleNamespace(port=port))

    yield command
    for process in processes:
        process.terminate()  # its temporary folder goes with it
        process.communicate(timeout=60)


class TestAtTheCommandLine:
    def test_it_prints_the_connection_to_paste_for_a_shell_and_for_the_form(self, command):
        _, greeting, client = command()
        (line,) = [line.strip() for line in greeting.splitlines() if "AIRFLOW_CONN_VCC_DEFAULT" in line]
        _, assignment = shlex.split(line)
        connection = json.loads(assignment.removeprefix("AIRFLOW_CONN_VCC_DEFAULT="))
        assert connection["conn_type"] == "vcc"
        for field in ("login", "password", "host", "port"):
            assert re.search(rf"{field} +{re.escape(str(connection[field]))}$", greeting, re.IGNORECASE | re.MULTILINE)
        assert connection["port"] == client.connection.port

    @pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
    def test_it_ends_cleanly_with_a_word_on_what_there_was(self, command, end):
        process, greeting, client = command("--records", "10")
        client.put(ELEMENT, {})
        process.send_signal(end)
        rest, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert rest == "Stopped after 1 requests: 1 dispositions set, 1 elements rejected, 0 messages\n"
        assert not Path(ledger_of(greeting)).exists()

    def test_it_ends_also_while_requests_hang(self, command):
        process, _, client = command("--fault", "hang")
        client.connection.request("GET", "/v2/projects", headers=client.headers)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 0

    def test_the_ledger_can_be_read_where_it_says_so(self, command):
        _, greeting, client = command()
        client.put(ELEMENT)
        reader = sqlite3.connect(ledger_of(greeting))
        assert reader.execute("SELECT dispositionid FROM events").fetchall() == [("1",)]
        reader.close()

    def test_db_keeps_the_ledger(self, command, tmp_path):
        process, greeting, client = command("--db", str(tmp_path / "kept.db"))
        client.put(ELEMENT)
        process.terminate()
        process.communicate(timeout=60)
        assert ledger_of(greeting) == str(tmp_path / "kept.db")
        _, _, client = command("--db", str(tmp_path / "kept.db"))
        assert len(client.ask("GET", "/v2/projects/17/records/1").response["events"]) == 1

    def test_the_documentations_own_payload_works_without_any_option(self, command):
        _, _, client = command()
        answer = client.put(
            {"numberid": "1", "userid": "22"}, {"search": {"name": "Green"}}, disposition={"dispositionid": "2"}
        )
        assert answer.json == {"errors": [], "response": {"0": True, "1": True}}

    def test_log_shows_a_line_for_each_request(self, command):
        process, _, client = command("--log", "--fault", "ok,503")
        client.put(ELEMENT)
        client.put(ELEMENT)
        assert process.stdout.readline() == "0 PUT /v2/projects/17/records/dispositions 1 elements: 200\n"
        assert process.stdout.readline().endswith(": 503 [status:503]\n")

    @pytest.mark.parametrize(
        ("options", "status", "response"),
        [
            (["--deny"], 403, None),
            (["--token", "other"], 401, {}),
            (["--fault", "503"], 503, None),
            (["--fault", "503@over:5", "--fault", "429@over:0"], 429, None),
            (["--shape", "list"], 200, [True, False]),
            (["--in-call", "1"], 200, {}),
            (["--in-call", "1", "--silent-in-call"], 200, {"0": True}),
            (["--reject", "1", "--error-kinds", "300"], 200, {}),
            (["--latency", "0.01-0.02", "--capacity", "1", "--timeout-over", "100"], 200, {"0": True}),
            (["--strict"], 200, {"0": True}),
        ],
    )
    def test_options(self, command, options, status, response):
        _, _, client = command(*options)
        answer = client.put(ELEMENT, {}, avoid_in_call=True)
        assert (answer.status, answer.response) == (status, response)

    def test_timeout_over(self, command, start):
        _, _, client = command("--timeout-over", "1")
        client.connection.timeout = 0.3
        assert client.put(ELEMENT).status == 200
        client.connection.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.put(ELEMENT, ELEMENT)

    def test_down_refuses_connections_at_first(self, command, until):
        _, _, client = command("--down", "0.5")
        with pytest.raises(ConnectionRefusedError):
            client.put(ELEMENT)

        def is_answered():
            client.close()
            try:
                return client.put(ELEMENT).status == 200
            except ConnectionRefusedError:
                return False

        until(is_answered)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (["--fault", "bogus"], "'bogus' is not a fault"),
            (["--latency", "fast"], "--latency"),
            (["--records", "many"], "--records"),
            (["--db", os.devnull + "/x.db"], "give --db a new file"),
        ],
    )
    def test_a_wrong_option_is_explained(self, options, words):
        result = subprocess.run(
            [*COMMAND, "--port", "0", *options], capture_output=True, text=True, timeout=60, check=False
        )
        assert result.returncode != 0
        assert words in result.stderr
        assert "Traceback" not in result.stderr

    def test_a_file_that_is_no_ledger_is_explained(self, tmp_path):
        (tmp_path / "text.db").write_text("not a database, by far" * 100)
        command = [*COMMAND, "--port", "0", "--db", str(tmp_path / "text.db")]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == 1
        assert "give --db a new file" in result.stderr

    def test_a_port_that_is_taken_is_explained(self, sandbox):
        command = [*COMMAND, "--port", str(sandbox.port)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert result.returncode == 1
        assert "--port 0 takes any free one" in result.stderr

    def test_help_explains_itself(self):
        text = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout
        for words in ("call centre to try on", "--timeout-over", "cut:acted@1%", "@over:ELEMENTS"):
            assert words in text


def ledger_of(greeting):
    return re.search(r"^Ledger: (\S+)", greeting, re.MULTILINE).group(1)
