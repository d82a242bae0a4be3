"""``python -m airflow_provider_vcc.sandbox``: the sandbox at the command line."""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import sys
from contextlib import ExitStack
from functools import reduce
from operator import add
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from airflow_provider_vcc.sandbox.connection import as_text
from airflow_provider_vcc.sandbox.control import obey
from airflow_provider_vcc.sandbox.faults import KINDS, Capacity, Fault, Hang, Latency
from airflow_provider_vcc.sandbox.faults.rejections import RejectSome
from airflow_provider_vcc.sandbox.faults.spec import parse
from airflow_provider_vcc.sandbox.seeds import CUSTOMER, TOKEN
from airflow_provider_vcc.sandbox.server import Sandbox
from airflow_provider_vcc.sandbox.shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_vcc.sandbox.http.request import Request

PORT = 8417
STOP = frozenset({signal.SIGINT, signal.SIGTERM})
DESCRIPTION = """\
A call centre to try on: a local server that behaves as the documentation of the VCC Live API says. It has projects 17,
18 and 42 with records "1", "2", ... (each twelfth is named Green), dispositions and users 1 to 100. What is set on
them, and every request, is kept in SQLite.
"""
EPILOG = """\
faults:
  --fault 503                     each request is answered 503 and does nothing
  --fault 503:acted@5%            one in twenty takes effect and is answered 503 all the same
  --fault 429:retry_after=2@first:3
  --fault cut:acted@1%            the connection breaks after the request took effect
  --fault 'cut-answer:100@every:7'
  --fault hang@over:200           no answer for more than 200 elements
  --fault '503|cut:read|broken:html@5%:42'   one of these for 5 %, seed 42
  --fault 'ok,ok,503,down:5'      a script: the third request gets 503, the fourth takes the service down for 5 s
  kinds: {kinds}
  conditions: @5% @5%:SEED @first:N @after:N @every:N @over:ELEMENTS @heavier:BYTES @within:SECONDS; a+b puts a around b
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM."""
    options = _parser().parse_args(arguments)
    if options.control:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the end of its input ends it
        obey(sys.stdin, sys.stdout)
        return 0
    # Blocked in all threads and waited for: a handler may come too late to wake a thread that goes to sleep.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
    with ExitStack() as exits:
        path = options.db or Path(exits.enter_context(TemporaryDirectory(prefix="vcc-sandbox-"))) / "ledger.db"
        try:
            sandbox = _sandbox(options, path)
        except (sqlite3.DatabaseError, OSError) as error:
            return _fail(f"{path} cannot be used ({error}): give --db a new file, or one of an earlier sandbox")
        try:
            exits.enter_context(sandbox)
        except OSError as error:
            return _fail(f"Port {options.port} is not available ({error.strerror}): --port 0 takes any free one")
        if options.down:
            sandbox.down(options.down)
        _greet(sandbox, path, kept=bool(options.db))
        signal.sigwait(STOP)
        sandbox.stop()
        _say_goodbye(sandbox)
    return 0


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


def _sandbox(options: argparse.Namespace, path: Path) -> Sandbox:
    return Sandbox(
        options.records,
        faults=_faults(options),
        db=path,
        port=options.port,
        in_call=options.in_call,
        up=not options.down,
        customer=options.customer,
        token=options.token,
        shape=options.shape,
        strict=options.strict,
        allowed=not options.deny,
        tell_in_call=not options.silent_in_call,
        reject=RejectSome(options.reject, options.error_kinds, options.seed) if options.reject else None,
        log=_log if options.log else None,
    )


def _faults(options: argparse.Namespace) -> Fault:
    faults = list(options.fault)
    if options.timeout_over is not None:
        faults.append(Hang().over(options.timeout_over))
    if options.capacity:
        faults.append(Capacity(options.capacity))
    if options.latency:
        faults.append(options.latency)
    combined: Fault = reduce(add, faults or [Fault()])
    return combined


def _greet(sandbox: Sandbox, path: Path, *, kept: bool) -> None:
    fate = "" if kept else " (goes away at the end; --db FILE keeps it)"
    print(f"The sandbox answers on {sandbox.url}\nOpen {sandbox.url}/ in a browser to watch it\n")
    print(as_text(sandbox.connection()))
    print(f"Misbehaviour: {sandbox.faults}" if type(sandbox.faults) is not Fault else "Misbehaviour: none; see --help")
    print(f"Ledger: {path}{fate}\n  SQLite, with the tables requests, events, messages, rejections and records")
    print(f"To stop: Ctrl+C, or kill {os.getpid()}", flush=True)


def _say_goodbye(sandbox: Sandbox) -> None:
    count = sandbox.ledger.totals()
    print(
        f"Stopped after {count['requests']} requests: {count['events']} dispositions set, "
        f"{count['rejections']} elements rejected, {count['messages']} messages"
    )


def _log(request: Request, status: int | None) -> None:
    elements = "" if request.elements is None else f" {request.elements} elements"
    fault = f" [{request.fault}]" if request.fault else ""
    print(f"{request.number} {request.method} {request.path}{elements}: {status or 'no answer'}{fault}", flush=True)


def _text(read: Callable[[str], object]) -> Callable[[str], object]:
    """Make argparse show what is wrong with an argument in our words."""

    def checked(text: str) -> object:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def _latency(text: str) -> Latency:
    least, _, most = text.partition("-")
    return Latency(float(least), float(most or 0))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_vcc.sandbox",
        description=DESCRIPTION,
        epilog=EPILOG.format(kinds=", ".join(KINDS)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_to = parser.add_argument
    add_to("--port", type=int, default=PORT, help=f"where it listens, on loopback; 0: any free port (default {PORT})")
    add_to("--db", type=Path, metavar="FILE", help="keep records and ledger in this SQLite file, or go on with it")
    add_to("--log", action="store_true", help="show a line for each request")
    _add_call_centre(parser.add_argument_group("the call centre"))
    _add_misbehaviour(parser.add_argument_group("misbehaviour"))
    return parser


def _add_call_centre(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--customer", default=CUSTOMER, help=f"the Basic user (default {CUSTOMER})")
    group.add_argument("--token", default=TOKEN, help=f"the API token (default {TOKEN})")
    group.add_argument("--records", type=int, default=1000, metavar="N", help="how many records (default 1000)")
    group.add_argument("--in-call", type=int, default=0, metavar="N", help="agents have the first N records in call")
    group.add_argument(
        "--silent-in-call",
        action="store_true",
        help="say true, not error.record_in_call, for what avoid_in_call left alone",
    )
    group.add_argument(
        "--shape",
        choices=SHAPES,
        default="map",
        help="response as an object (map, as documented), as PHP writes it, or as a list",
    )
    group.add_argument("--strict", action="store_true", help="refuse undocumented fields, and numbers for texts")


def _add_misbehaviour(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--latency", type=_text(_latency), metavar="S[-S]", help="seconds before it acts, such as 0.1 or 0.05-0.3"
    )
    group.add_argument("--timeout-over", type=int, metavar="N", help="no answer for requests with more than N elements")
    group.add_argument("--capacity", type=int, metavar="N", help="work on N requests at a time; others queue")
    group.add_argument("--down", type=float, default=0, metavar="S", help="refuse connections for the first S seconds")
    group.add_argument("--deny", action="store_true", help="this address is not on the allow-list: 403")
    group.add_argument(
        "--reject", type=float, default=0, metavar="SHARE", help="reject this share of the records (0 to 1)"
    )
    group.add_argument(
        "--error-kinds", type=int, default=1, metavar="N", help="with so many kinds of errors, up to 300"
    )
    group.add_argument("--seed", type=int, default=0, help="which records those are")
    group.add_argument("--fault", type=_text(parse), action="append", default=[], help="anything else; see below")
    group.add_argument("--control", action="store_true", help=argparse.SUPPRESS)


if __name__ == "__main__":
    sys.exit(main())
