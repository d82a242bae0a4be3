"""One batch of dispositions by hand: one request through the engine, and what became of each of its elements."""

from __future__ import annotations

import weakref
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_vcc.dispositions.http.answers import OURS, Answer, Fault, Refusal
from airflow_provider_vcc.dispositions.http.client import Client, envelope
from airflow_provider_vcc.dispositions.http.statuses import transport_error
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.exceptions import VccInputError, VccTransportError, without_causes
from airflow_provider_vcc.hooks.calls import with_retries
from airflow_provider_vcc.redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from logging import Logger

    from airflow_provider_vcc.hooks.connection import Settings
    from airflow_provider_vcc.hooks.session import VccSession
    from airflow_provider_vcc.redaction import Private

__all__ = ["BatchSender"]


class BatchSender:
    """Sends batches of one project, and keeps its connections for the next one."""

    def __init__(self, session: VccSession, settings: Settings, project_id: int) -> None:
        self._name = f"PUT /projects/{project_id}/records/dispositions"
        self._client = Client(
            session,
            settings.base_url,
            project_id,
            timeout=settings.timeout,
            connect_timeout=settings.connect_timeout,
        )
        self._secrets = settings.secrets
        self._client.prepare()
        weakref.finalize(self, self._client.close)

    def send(
        self,
        elements: Sequence[Mapping[str, object]],
        disposition: Mapping[str, object] | None,
        *,
        avoid_in_call: bool | None,
        attempts: int,
        log: Logger,
    ) -> dict[int, Any]:
        """Send one request, and again only while the server certainly did not act; return the result by index."""
        _refuse_empty_search(elements)
        body = _body(elements, disposition, avoid_in_call=avoid_in_call)

        def once() -> Answer:
            return self._answer(body, len(elements))

        answer = with_retries(once, name=self._name, safe=False, attempts=attempts, log=log)
        private = Redaction(disposition, self._secrets).of(elements)
        return {index: _result(answer, index, private, element) for index, element in enumerate(elements)}

    def _answer(self, body: bytes, count: int) -> Answer:
        evidence = self._client.send(body, count)
        if isinstance(evidence, Refusal):
            raise evidence.error
        if isinstance(evidence, Fault):
            raise self._error(evidence)
        return evidence

    def _error(self, fault: Fault) -> VccTransportError:
        """Return the error for a fault; a smaller request may succeed, but the same one is not sent again."""
        if fault.too_much:
            fault = msgspec.structs.replace(fault, advice="send fewer elements at a time", transient=False)
        return transport_error(fault, VccTransportError, self._name)


@without_causes()
def _body(
    elements: Sequence[Mapping[str, object]], disposition: Mapping[str, object] | None, *, avoid_in_call: bool | None
) -> bytes:
    try:
        return envelope(list(elements), disposition, avoid_in_call=avoid_in_call)
    except (TypeError, ValueError, RecursionError) as error:
        kind = type(error).__name__
        raise VccInputError(f"elements or disposition cannot be written as JSON ({kind})") from None


def _refuse_empty_search(elements: Sequence[Mapping[str, object]]) -> None:
    for index, element in enumerate(elements):
        search = element.get("search", [True])
        alternatives = search if isinstance(search, list) else [search]
        if not (search and all(alternatives)):
            raise VccInputError(f"element {index} has an empty search, which would touch every record")
        if any(_is_nothing(value) for one in alternatives if isinstance(one, dict) for value in one.values()):
            raise VccInputError(f"element {index} has a criterion of search that is null; it would widen the search")


def _is_nothing(value: Any) -> bool:
    """Return whether JSON has nothing but null for a value: None, or NaN of any kind."""
    return value is None or (isinstance(value, float | Decimal) and value != value)  # noqa: PLR0124 -- NaN


def _result(answer: Answer, index: int, private: Private, element: Mapping[str, Any]) -> Any:
    if index in answer.rejected:
        why = answer.rejected[index]
        message = why.errormessage if why.errormessage in OURS else private.redacted(why.errormessage, element)
        return _failed(Outcome.REJECTED, private.code(why.errorcode), message)
    if index in answer.unsaid:
        why = answer.unsaid[index]
        return _failed(Outcome.UNKNOWN, private.code(why.errorcode), why.errormessage)
    return True


def _failed(outcome: Outcome, code: int | str | None, message: str) -> dict[str, object]:
    return {"outcome": outcome.value, "errorcode": code, "errormessage": message}
