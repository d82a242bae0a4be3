"""``validate_only``: read and check everything, send nothing, and show the first request as it would go out."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_vcc.dispositions.engine.chunks.packer import Packer
from airflow_provider_vcc.dispositions.engine.chunks.supply import UNENCODABLE
from airflow_provider_vcc.dispositions.engine.recorder import Observer, Recorder
from airflow_provider_vcc.dispositions.http.client import frame
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.dispositions.progress.progress import Progress
from airflow_provider_vcc.redaction import masked
from airflow_provider_vcc.task.log import ProgressLog
from airflow_provider_vcc.wording import elements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_vcc.dispositions.elements.checker import Batch
    from airflow_provider_vcc.dispositions.engine.chunks.chunk import Chunk
    from airflow_provider_vcc.dispositions.engine.recorder import Sink
    from airflow_provider_vcc.dispositions.sources.rows import Source
    from airflow_provider_vcc.documents import ErrorRow
    from airflow_provider_vcc.task.run import Run

__all__ = ["check_only", "masked_request"]

BATCH = 1000
MOST_SHOWN = 10
TOO_BIG = "larger than one request may be"


class _Teller(Observer):
    """Logs each kind of error once."""

    def __init__(self, log: Any) -> None:
        self._log = ProgressLog(log)

    def new_error(self, row: ErrorRow) -> None:
        self._log.new_error(row)


class Check:
    """Reads everything as the sync would, and counts what is valid as not sent."""

    def __init__(self, run: Run, source: Source, sinks: Sequence[Sink]) -> None:
        self._run = run
        self._source = source
        self._tally = run.tally
        self._recorder = Recorder(run.tally, Progress(b""), sinks, _Teller(run.log))
        self._began = monotonic()

    def __call__(self) -> None:
        """Do it.

        :raises VccInputError: where the input breaks off, after what came before has been counted.
        """
        given = self._run.given
        head, tail = frame(self._run.disposition, avoid_in_call=given.avoid_in_call)
        packer = Packer(self._batches(), given.max_chunk_bytes - len(head) - len(tail), given.chunk_size)
        requests = 0
        try:
            while not packer.done:
                chunk = packer.next(given.chunk_size, alone=True)
                self._recorder.invalid(packer.too_large, f"{TOO_BIG} (max_chunk_bytes={given.max_chunk_bytes})")
                self._recorder.invalid(packer.unencodable, UNENCODABLE)
                packer.too_large, packer.unencodable = [], []
                if chunk is not None:
                    requests += 1
                    self._tally.add(Outcome.NOT_SENT, len(chunk))
                    if requests == 1:
                        self._show(chunk, len(head) + len(chunk.body) + len(tail))
        finally:
            self._tally.duration = monotonic() - self._began
        what = "request" if requests == 1 else "requests"
        self._run.log.info("Nothing was sent: validate_only is set. It would be %s %s", f"{requests:,}", what)

    def _batches(self) -> Iterator[Batch]:
        checker = self._run.checker
        for rows in self._source.read(BATCH):
            batch = checker.check(rows)
            self._recorder.failed(batch.failures)
            yield batch

    def _show(self, chunk: Chunk, size: int) -> None:
        given, log = self._run.given, self._run.log
        body = masked_request(chunk.body, self._run.disposition, avoid_in_call=given.avoid_in_call)
        log.info("::group::The first request: %s, %s bytes, personal values masked", elements(len(chunk)), f"{size:,}")
        log.info("PUT %s/projects/%s/records/dispositions", self._run.base_url, given.project_id)
        for line in body.splitlines():
            log.info("%s", line)
        if len(chunk) > MOST_SHOWN:
            log.info("and %s more", elements(len(chunk) - MOST_SHOWN))
        log.info("::endgroup::")


def check_only(run: Run, source: Source, sinks: Sequence[Sink]) -> None:
    """Check a whole input, and log the first request.

    :raises VccInputError: where the input breaks off, after what came before has been counted.
    """
    Check(run, source, sinks)()


def masked_request(elements: bytes, disposition: Mapping[str, Any] | None, *, avoid_in_call: bool | None) -> str:
    """Give a request's body to be read, with its first elements only, and without what is personal.

    :param elements: the JSON array of its elements.
    """
    shown = [masked(element) for element in msgspec.json.decode(elements)[:MOST_SHOWN]]
    body: dict[str, Any] = {"elements": shown}
    if disposition:
        body["disposition"] = masked(disposition)
    if avoid_in_call is not None:
        body["avoid_in_call"] = avoid_in_call
    return msgspec.json.format(msgspec.json.encode(body), indent=2).decode()
