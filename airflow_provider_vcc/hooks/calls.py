"""One request to any resource under ``/v2``, what its answer says, and when it may be sent again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import requests
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from airflow_provider_vcc.dispositions.engine.backoff import jitter, retry_after
from airflow_provider_vcc.dispositions.http.answers import envelope_errors
from airflow_provider_vcc.dispositions.http.client import refusal
from airflow_provider_vcc.exceptions import (
    VccConfigurationError,
    VccRequestError,
    VccTransportError,
    VccUnavailable,
)
from airflow_provider_vcc.hooks.faults import transport_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from logging import Logger

    from tenacity import RetryCallState

    from airflow_provider_vcc.hooks.session import VccSession

__all__ = ["Call", "run", "with_retries"]

METHODS = frozenset({"GET", "PUT", "POST", "DELETE"})
OK, BAD_REQUEST, REQUEST_TIMEOUT, TOO_MANY_REQUESTS, SERVER_ERROR = 200, 400, 408, 429, 500
REFUSED = frozenset({401, 403, 404, 407})
MOST_NAMED = 3


@dataclass
class Call:
    """A request as the hook's caller gave it."""

    session: VccSession
    method: str
    path: str
    params: Mapping[str, Any] | None = None
    json: Any = None

    def __post_init__(self) -> None:
        self.method = self.method.upper()
        if self.method not in METHODS:
            raise VccConfigurationError(f"method {self.method!r} is none of {', '.join(sorted(METHODS))}")
        self.path = _below_v2(self.path, self.session.settings.base_url)

    @property
    def safe(self) -> bool:
        """Whether it changes nothing, so that it may be repeated."""
        return self.method == "GET"

    def __str__(self) -> str:
        return f"{self.method} {self.path.partition('?')[0]}"

    def send(self) -> Any:
        """Send it once, and give the envelope's ``response``."""
        try:
            answer = self.session.request(
                self.method, self.session.settings.base_url + self.path, params=self.params, json=self.json
            )
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            raise _about(self, transport_error(error, self.session.settings)) from None
        except (requests.exceptions.ContentDecodingError, requests.exceptions.InvalidSchema) as error:
            raise _about(self, transport_error(error, self.session.settings)) from None
        return self._read(answer)

    def _read(self, answer: requests.Response) -> Any:
        status = answer.status_code
        envelope = _decode(answer.content)
        errors = envelope_errors(envelope)
        if status in REFUSED or 200 < status < BAD_REQUEST:  # noqa: PLR2004 -- only 200 is documented as success
            raise refusal(status, errors)
        if status in {REQUEST_TIMEOUT, TOO_MANY_REQUESTS} or status >= SERVER_ERROR:
            raise self._not_served(status, answer)
        if status != OK or errors:
            raise self._said_no(status, errors, envelope)
        if not isinstance(envelope, dict) or not envelope.keys() & {"errors", "response"}:
            raise VccTransportError(
                f"{self}: the answer is not what the VCC API gives ({_kind_of(answer)}): check the connection's Host",
                status=status,
                transient=False,
            )
        return envelope.get("response")

    def _not_served(self, status: int, answer: requests.Response) -> VccTransportError:
        slow_down = status == TOO_MANY_REQUESTS
        return VccTransportError(
            f"{self}: the server {'asks to slow down' if slow_down else 'failed'} (HTTP {status})",
            delivered=False if slow_down else None,
            status=status,
            retry_after=retry_after(answer.headers.get("Retry-After")),
        )

    def _said_no(self, status: int, errors: list[dict[str, Any]], envelope: Any) -> VccRequestError:
        said = "; ".join(f"{error['errorcode']} {error['errormessage']}" for error in errors[:MOST_NAMED])
        more = f" and {len(errors) - MOST_NAMED} more" if len(errors) > MOST_NAMED else ""
        return VccRequestError(
            f"{self}: VCC said no: {said or f'HTTP {status}'}{more}",
            status=status,
            errors=errors,
            response=envelope.get("response") if isinstance(envelope, dict) else None,
        )


def run(call: Call, attempts: int, log: Logger) -> Any:
    """Send a call, and again while that may help and can do no harm."""
    return with_retries(call.send, name=str(call), safe=call.safe, attempts=attempts, log=log)


def with_retries(send: Callable[[], Any], *, name: str, safe: bool, attempts: int, log: Logger) -> Any:
    """Call ``send`` until it succeeds or fails for good.

    :param safe: whether it may be repeated although it may have taken effect.
    """

    def again(error: BaseException) -> bool:
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
    except VccTransportError as error:
        if attempts == 1 or not again(error):
            raise
        raise _like(error, f"{error} ({attempts} attempts at {name})", VccUnavailable) from None


def _wait(state: RetryCallState) -> float:
    asked = getattr(_error(state), "retry_after", None)
    return jitter(state.attempt_number) if asked is None else float(asked)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _about(call: Call, error: VccTransportError) -> VccTransportError:
    return _like(error, f"{call}: {error}")


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


def _below_v2(path: str, base_url: str) -> str:
    path = "/" + path.removeprefix(base_url).lstrip("/")
    path = path.removeprefix("/v2") if path.startswith("/v2/") else path
    if "://" in path.partition("?")[0] or ".." in path.partition("?")[0].split("/"):
        raise VccConfigurationError("path leads out of the API; write one below /v2, such as /projects/17/records/5")
    return path


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _kind_of(answer: requests.Response) -> str:
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()[:60]
    return kind if kind.isprintable() and kind else "an answer without a type"
