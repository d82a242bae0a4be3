"""``validate_only``: the same engine with a carrier that sends nothing, and the first request as it would go out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_vcc.dispositions.engine.carriers.rehearsal import Rehearsal
from airflow_provider_vcc.dispositions.engine.sync import Settings, Sync
from airflow_provider_vcc.dispositions.http.client import frame
from airflow_provider_vcc.redaction import masked
from airflow_provider_vcc.wording import elements, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_vcc.dispositions.elements.checker import Checker
    from airflow_provider_vcc.dispositions.engine.chunks.chunk import Chunk
    from airflow_provider_vcc.dispositions.engine.recorder import Observer, Sink
    from airflow_provider_vcc.dispositions.outcomes.tally import Tally
    from airflow_provider_vcc.dispositions.sources.rows import Source
    from airflow_provider_vcc.task.endpoints import TaskLog
    from airflow_provider_vcc.task.parameters import Parameters

__all__ = ["Preview", "masked_request"]

MOST_SHOWN = 2


class Preview:
    """A run that sends nothing: each valid element of it ends as ``not_sent``.

    :param base_url: the API's address, for the log.
    :param disposition: the request's object, as it would go out.
    """

    def __init__(
        self, given: Parameters, log: TaskLog, base_url: str, disposition: Mapping[str, object] | None
    ) -> None:
        self._given = given
        self._log = log
        self._base_url = base_url
        self._disposition = disposition

    @cached_property
    def carrier(self) -> Rehearsal:
        """What counts the requests instead of sending them."""
        return Rehearsal(self._show)

    def sync(self, source: Source, checker: Checker, tally: Tally, sinks: Sequence[Sink], observer: Observer) -> Sync:
        """Return the run; it needs no connection, and changes nothing."""
        given = self._given
        settings = Settings(chunk_size=given.chunk_size, max_chunk_bytes=given.max_chunk_bytes, max_in_flight=1)
        return Sync(
            None,
            source,
            checker,
            tally=tally,
            settings=settings,
            disposition=self._disposition,
            avoid_in_call=given.avoid_in_call,
            sinks=sinks,
            observer=observer,
            carrier=self.carrier,
        )

    def sum_up(self, well_formed: int) -> None:
        """Log what was found out, and what was not."""
        self._log.info(
            "Nothing was sent: validate_only is set. %s well-formed, and were not looked up. It would be %s",
            "1 element is" if well_formed == 1 else f"{elements(well_formed)} are",
            plural(self.carrier.requests, "request"),
        )

    def _show(self, chunk: Chunk) -> None:
        given, log = self._given, self._log
        head, tail = frame(self._disposition, avoid_in_call=given.avoid_in_call)
        size = len(head) + len(chunk.body) + len(tail)
        body = masked_request(chunk.body, self._disposition, avoid_in_call=given.avoid_in_call)
        log.info("::group::Preview of the first request: %s, %s bytes", elements(len(chunk)), f"{size:,}")
        log.info("PUT %s/projects/%s/records/dispositions (personal values masked)", self._base_url, given.project_id)
        for line in body.splitlines():
            log.info("%s", line)
        if len(chunk) > MOST_SHOWN:
            log.info("and %s more", elements(len(chunk) - MOST_SHOWN))
        log.info("::endgroup::")


def masked_request(body: bytes, disposition: Mapping[str, object] | None, *, avoid_in_call: bool | None) -> str:
    """Return a request's body to be read, with its first elements only, and without what is personal.

    :param body: the JSON array of its elements.
    :returns: a line for each element, and one for each other part.
    """
    shown = [_line(masked(element)) for element in msgspec.json.decode(body)[:MOST_SHOWN]]
    lines = ['"elements": [', *(f"  {line}," for line in shown), "  ..." if len(shown) == MOST_SHOWN else "", "]"]
    if disposition:
        lines.append(f'"disposition": {_line(masked(disposition))}')
    if avoid_in_call is not None:
        lines.append(f'"avoid_in_call": {_line(avoid_in_call)}')
    return "\n".join(line for line in lines if line)


def _line(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()
