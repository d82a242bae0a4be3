"""The sandbox in a thread: connections, the way of a request, and what a test asks of it."""

from __future__ import annotations

import select
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import replace
from threading import Timer
from time import monotonic, sleep
from typing import TYPE_CHECKING, Self

from airflow_provider_vcc.sandbox.api.app import App
from airflow_provider_vcc.sandbox.connection import as_connection
from airflow_provider_vcc.sandbox.faults import as_fault
from airflow_provider_vcc.sandbox.http.hosts import MISDIRECTED, is_for_loopback
from airflow_provider_vcc.sandbox.http.listener import Listener
from airflow_provider_vcc.sandbox.http.request import Request
from airflow_provider_vcc.sandbox.http.traffic import Traffic
from airflow_provider_vcc.sandbox.http.wire import Answer, BadRequest, CutOff, Head, read_head
from airflow_provider_vcc.sandbox.page.site import Site
from airflow_provider_vcc.sandbox.seeds import fields_of, seed_records
from airflow_provider_vcc.sandbox.settings import Settings
from airflow_provider_vcc.sandbox.storage.ledger import Ledger
from airflow_provider_vcc.sandbox.storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from io import BufferedReader
    from pathlib import Path

    from airflow_provider_vcc.sandbox.faults import Fault, Faults
    from airflow_provider_vcc.sandbox.process import SandboxProcess

__all__ = ["Sandbox"]

RESET = struct.pack("ii", 1, 0)
FEW = 100
A_MOMENT = 0.001


class Sandbox:
    """A call centre on loopback, for as long as a ``with`` block lasts.

    :param records: how many to make up (numbered from 1, each twelfth named Green), or the records themselves: dicts
        of ``numberid``, custom fields and perhaps ``in_call``. Each project has them (of those made up, all but the
        first have 100 at most).
    :param faults: one ``Fault`` for all requests; a list, one for each request in turn; or a function of the request.
    :param db: the SQLite file; a file that exists goes on where it ended.
    :param in_call: the numbers of the records that agents have in call, or how many.
    :param keep_bodies: of how many requests the ledger keeps the bodies.
    :param up: False refuses connections until ``up()``.
    :param log: is told of each request and its status (None: cut).
    :param settings: fields of ``settings.Settings``: customer, token, projects, dispositions, users, shape, strict ...
    """

    def __init__(  # noqa: PLR0913 -- configured by keyword
        self,
        records: int | Iterable[Mapping[str, object]] = 1000,
        *,
        faults: Faults = None,
        db: str | Path = ":memory:",
        host: str = "127.0.0.1",
        port: int = 0,
        in_call: int | Iterable[str] = 0,
        keep_bodies: int = 200,
        up: bool = True,
        log: Callable[[Request, int | None], None] | None = None,
        **settings: object,
    ) -> None:
        self.settings = Settings.of(**settings)
        self.stopping = threading.Event()
        self.store = _filled(str(db), self.settings, records, in_call)
        self.ledger = Ledger(self.store.query)
        self._app = App(self.store, self.settings)
        self._site = Site(self)
        self._traffic = Traffic()
        self._arrival = threading.Lock()
        self._next = self.store.next_number()
        self._keep_bodies = keep_bodies
        self._starts_up = up
        self._log = log
        self._rise = Timer(0, self.up)
        self._listener = Listener(host, port, self._talk, self._traffic)
        self.set_faults(faults)

    @staticmethod
    def process(records: int | Iterable[Mapping[str, object]] = 1000, **options: object) -> SandboxProcess:
        """Return the same in a process of its own, to be entered by ``with``."""
        from airflow_provider_vcc.sandbox.process import SandboxProcess

        return SandboxProcess(records, **options)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._listener.port

    @property
    def url(self) -> str:
        """The base URL, without ``/v2``."""
        return f"http://{self._listener.host}:{self.port}"

    def connection(self, **extra: object) -> dict[str, object]:
        """Return the Airflow connection as a dict: ``json.dumps`` of it is a value for ``AIRFLOW_CONN_<ID>``."""
        return as_connection(self.url, self.settings.customer, self.settings.token, extra)

    @property
    def faults(self) -> Fault:
        """What goes wrong from now on; conditions count from when it was set."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self.set_faults(faults)

    def set_faults(self, faults: Faults) -> None:
        """Decide what goes wrong from now on."""
        with self._arrival:
            self._faults = as_fault(faults)
            self._faults_from = self._next
            self._faults_since = monotonic()

    def start(self) -> Self:
        """Begin to serve; ``with`` does it."""
        self._listener.start(up=self._starts_up)
        return self

    def stop(self) -> None:
        """End at once: requests in progress are cut. The ledger stays readable."""
        self.stopping.set()
        self._rise.cancel()
        self._listener.stop()
        if self._rise.is_alive():
            self._rise.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def down(self, seconds: float | None = None) -> None:
        """Break all connections and refuse new ones, for so many seconds or until ``up()``."""
        self._rise.cancel()
        self._listener.down()
        if seconds is not None:
            self._rise = Timer(seconds, self.up)
            self._rise.daemon = True
            self._rise.start()

    def up(self) -> None:
        """Accept connections again."""
        self._rise.cancel()
        self._listener.up()

    def idle(self, timeout: float = 30.0) -> bool:
        """Wait until all that was sent has been dealt with: then the ledger is final. False if it takes longer."""
        deadline = monotonic() + timeout
        while self._traffic.quiet(deadline - monotonic()):
            # In this order: what is read after the first look shows in the second.
            if not self._listener.has_unread() and self._traffic.quiet(0):
                return True
            if monotonic() > deadline:
                break
            sleep(A_MOMENT)
        return False

    def set_in_call(self, numberid: str, *, in_call: bool = True, project: int | None = None) -> None:
        """Let an agent take a record, or leave it."""
        self.store.set_in_call(project or next(iter(self.settings.projects)), numberid, in_call=in_call)

    def _talk(self, sock: socket.socket, number: int) -> None:
        with sock.makefile("rb") as stream, suppress(OSError):
            try:
                while head := self._next_head(sock, stream):
                    if not is_for_loopback(head):
                        sock.sendall(MISDIRECTED.encode())
                        return
                    request = Request(self, head, sock, stream, number)
                    page = self._site.answer(request)
                    if not (self._send(request, page, sock) if page else self._exchange(request, sock)):
                        return
            except CutOff as cut:
                if cut.reset:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            except BadRequest:
                sock.sendall(Answer(400, closes=True).encode())

    def _next_head(self, sock: socket.socket, stream: BufferedReader) -> Head | None:
        sock.settimeout(0)
        has_more = stream.peek(1)
        sock.settimeout(None)
        if not has_more:
            poll = select.poll()
            poll.register(sock, select.POLLIN)
            with self._traffic.resting():
                poll.poll()
        return read_head(stream)

    def _exchange(self, request: Request, sock: socket.socket) -> bool:
        fault = self._arrive(request)
        status = None
        try:
            answer = fault(request, lambda: self._act(request))
            request.read()  # an answer that did not need the body leaves none of it behind
            status = answer.status
        finally:
            self._finish(request, status)
        return self._send(request, answer, sock)

    def _arrive(self, request: Request) -> Fault:
        with self._arrival:
            request.number = self._next
            request.nth = self._next - self._faults_from
            request.since = monotonic() - self._faults_since
            self._next += 1
            request.parallel = self._traffic.enter(request)
            return self._faults

    def _act(self, request: Request) -> Answer:
        if self.stopping.is_set():
            raise CutOff
        return self._app.handle(request)

    def _finish(self, request: Request, status: int | None) -> None:
        if request.was_read and request.body and request.number < self._keep_bodies:
            self.store.keep_body(request.number, request.body)
        request.finish(status)
        if self._log:
            self._log(request, status)
        if status is None:
            self._traffic.leave(request)

    def _send(self, request: Request, answer: Answer, sock: socket.socket) -> bool:
        closes = answer.closes is not None or answer.cut is not None or not request.head.keeps_alive
        raw = replace(answer, closes=answer.closes or not request.head.keeps_alive).encode()
        size, pause = answer.pace or (len(raw), 0.0)
        raw = raw[: answer.cut]
        try:
            while len(raw) > size:
                sock.sendall(raw[:size])
                raw = raw[size:]
                request.wait(pause)
        finally:
            self._traffic.leave(request)
        sock.sendall(raw)
        return not closes


def _filled(
    path: str, settings: Settings, records: int | Iterable[Mapping[str, object]], in_call: int | Iterable[str]
) -> Store:
    first, *others = settings.projects
    given = records if isinstance(records, int) else list(records)
    store = Store(path, fields_of(given))
    store.add_records(first, seed_records(given) if isinstance(given, int) else given)
    for project in others:
        store.add_records(project, seed_records(min(given, FEW)) if isinstance(given, int) else given)
    for number in map(str, range(1, in_call + 1)) if isinstance(in_call, int) else in_call:
        store.set_in_call(first, number, in_call=True)
    return store
