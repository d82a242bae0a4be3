"""One request to any resource under ``/v2``, what its answer says, and when it may be sent again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeGuard
from unicodedata import normalize
from urllib.parse import unquote

import requests
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from airflow_provider_vcc.dispositions.engine.backoff import jitter
from airflow_provider_vcc.dispositions.http.answers import Heard, envelope_errors, is_envelope, too_large
from airflow_provider_vcc.dispositions.http.statuses import (
    Kind,
    contradiction_of,
    envelope_of,
    fault_of,
    fault_of_proxy,
    refused,
    status_of,
    transport_error,
)
from airflow_provider_vcc.dispositions.http.texts.decoding import printable
from airflow_provider_vcc.dispositions.http.texts.memory import TooLarge
from airflow_provider_vcc.exceptions import (
    VccConfigurationError,
    VccError,
    VccRequestError,
    VccTransportError,
    VccUnavailable,
)
from airflow_provider_vcc.hooks.arguments import check_attempts, check_texts
from airflow_provider_vcc.redaction import Private

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from logging import Logger

    from tenacity import RetryCallState

    from airflow_provider_vcc.hooks.session import VccSession

__all__ = ["Call", "run", "with_retries"]

METHODS = frozenset({"GET", "PUT", "POST", "DELETE"})
MOST_NAMED = 3
MOST_UNQUOTED = 5
CLIMBS = re.compile(r"(?:^|/)[ .]*\.[ .]*(?:$|[/;?#:,&])|%(?:u[0-9a-f]{4}|c[01]|e0%[89]|f0%8)", re.IGNORECASE)
"""Segments of nothing but dots; and characters that are quoted in more bytes than UTF-8 has for them."""
OUTSIDE = "path leads out of the API; write one below /v2, such as /projects/17/records/5"


@dataclass
class Call:
    """A request as the hook's caller gave it."""

    session: VccSession
    method: str
    path: str
    params: Mapping[str, Any] | None = field(default=None, repr=False)
    json: object = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_texts(method=self.method, path=self.path)
        self.method = self.method.upper()
        if self.method not in METHODS:
            raise VccConfigurationError(f"method must be one of {', '.join(sorted(METHODS))}, got {self.method!r}")
        self.path = _below_v2(self.path, self.session.settings.base_url)

    @property
    def safe(self) -> bool:
        """Whether it changes nothing, so that it may be repeated."""
        return self.method == "GET"

    def __str__(self) -> str:
        return f"{self.method} {self.path.partition('?')[0]}"

    def send(self) -> Any:
        """Send it once, and return the envelope's ``response``.

        :raises VccError: if there is none.
        """
        error: VccError
        try:
            answer = self._answer()
        except VccTransportError as failed:
            error = _like(failed, f"{self}: {failed}")
        except VccError as failed:
            error = failed
        except (requests.RequestException, ValueError, TypeError, RecursionError) as failed:
            kind = type(failed).__name__
            error = VccConfigurationError(f"{self}: no request can be made of it ({kind}); check path, params and json")
        else:
            return self._read(answer)
        raise error  # here, so that nothing of what it came from hangs on to it

    def _answer(self) -> requests.Response:
        url = self.session.settings.base_url + self.path
        return self.session.request(self.method, url, params=self.params, json=self.json)

    def _read(self, answer: requests.Response) -> object:
        response = Heard(answer.status_code, answer.headers, answer.content)
        by_proxy = fault_of_proxy(response, self.session.route)
        if by_proxy is not None:
            raise transport_error(by_proxy, VccTransportError, str(self))
        envelope = self._envelope(response)
        private = Private([self.params, self.json, *self.session.settings.secrets])
        errors = private.errors(envelope_errors(envelope))
        contradiction = contradiction_of(response.status, envelope)
        if contradiction is not None:
            raise transport_error(contradiction, VccTransportError, str(self))
        kind = status_of(response.status).kind
        if kind is Kind.REFUSED:
            raise refused(response.status, errors, self.session.route)
        if kind in {Kind.SLOWER, Kind.TIMED_OUT, Kind.FAILED}:
            raise transport_error(fault_of(response.status, response.headers), VccTransportError, str(self))
        if kind is not Kind.READABLE or errors:
            raise self._rejected(response.status, errors, private.everything(envelope))
        if not is_envelope(envelope):
            kind_of_it = private.redacted(_kind_of(answer))
            raise VccTransportError(
                f"{self}: the answer is not what the VCC API gives ({kind_of_it}): check the connection's Host",
                status=response.status,
                transient=False,
            )
        return envelope.get("response")

    def _envelope(self, response: Heard) -> object:
        try:
            return envelope_of(response)
        except TooLarge as large:
            fault = too_large(large)
        raise transport_error(fault, VccTransportError, str(self))

    def _rejected(self, status: int, errors: Sequence[Mapping[str, object]], envelope: object) -> VccRequestError:
        said = "; ".join(map(_error_text, errors[:MOST_NAMED])) or status_of(status).says
        more = f" and {len(errors) - MOST_NAMED} more" if len(errors) > MOST_NAMED else ""
        return VccRequestError(
            f"{self}: VCC rejected the request: {said}{more}",
            status=status,
            errors=errors,
            response=envelope.get("response") if is_envelope(envelope) else None,
        )


def run(call: Call, attempts: int, log: Logger) -> Any:
    """Send a call, and again while that may help and can do no harm."""
    return with_retries(call.send, name=str(call), safe=call.safe, attempts=attempts, log=log)


def with_retries(send: Callable[[], object], *, name: str, safe: bool, attempts: int, log: Logger) -> Any:
    """Call ``send`` until it succeeds or fails for good.

    :param safe: whether it may be repeated although it may have taken effect.
    """
    check_attempts(attempts)

    def again(error: BaseException) -> TypeGuard[VccTransportError]:
        return isinstance(error, VccTransportError) and error.transient and (safe or error.delivered is False)

    def tell(state: RetryCallState) -> None:
        wait = state.next_action.sleep if state.next_action else 0
        log.warning("%s; attempt %d of %d in %.1f s", _error(state), state.attempt_number + 1, attempts, wait)

    try:
        return Retrying(
            retry=retry_if_exception(again),
            wait=_wait,
            stop=stop_after_attempt(attempts),
            before_sleep=tell,
            reraise=True,
        )(send)
    except VccError as error:
        told = f"{error} ({attempts} attempts at {name})"
        ended = [_like(error, told, VccUnavailable) if attempts > 1 and again(error) else error]
    # Tenacity's frames hold the error that holds them, and the answer with them, until Python looks for such circles.
    raise ended.pop().with_traceback(None)


def _wait(state: RetryCallState) -> float:
    asked = getattr(_error(state), "retry_after", None)
    return jitter(state.attempt_number) if asked is None else float(asked)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _like(
    error: VccTransportError, message: str, kind: type[VccTransportError] = VccTransportError
) -> VccTransportError:
    return kind(
        message,
        delivered=error.delivered,
        status=error.status,
        retry_after=error.retry_after,
        transient=error.transient,
    )


def _error_text(error: Mapping[str, object]) -> str:
    code = error["errorcode"]
    return f"{error['errormessage']}" if code is None else f"{code} {error['errormessage']}"


def _below_v2(path: str, base_url: str) -> str:
    """Return a path below ``/v2``, as it goes out.

    :raises VccConfigurationError: if it leads elsewhere, by whatever reading of it.
    """
    path = "/" + path.removeprefix(base_url).lstrip("/")
    path = path.removeprefix("/v2") if path.startswith("/v2/") else path
    if _climbs(path.partition("?")[0]) or not path.isprintable():
        raise VccConfigurationError(OUTSIDE)
    return path


def _climbs(path: str) -> bool:
    """Return whether some server might read a path as one that climbs: quoted, in wide letters, or with parameters."""
    for _ in range(MOST_UNQUOTED):
        plain = normalize("NFKC", path)
        if "\\" in plain or "://" in plain or not path.isprintable() or CLIMBS.search(plain):
            return True
        quoted, path = path, unquote(path)
        if quoted == path:
            return False
    return True


def _kind_of(answer: requests.Response) -> str:
    kind = printable(answer.headers.get("Content-Type", "")).partition(";")[0].strip()[:60]
    return kind or "an answer without a type"
