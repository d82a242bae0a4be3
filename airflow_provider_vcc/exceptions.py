"""The errors of this package.

::

    VccError
    ├── VccConfigurationError        a connection or a parameter that cannot work
    ├── VccInputError                an input that cannot be read (any further)
    ├── VccRequestError              the API rejected a whole request
    │   ├── VccAuthenticationError   401, 403: fails the task at once
    │   └── VccNotFoundError         404: fails the task at once
    ├── VccTransportError            no answer, or none that can be read
    │   └── VccUnavailable           the service is down: request after request failed
    ├── ProgressNotSaved             the state store refuses; the run stopped sending
    └── DispositionThresholdExceeded too many elements failed

Each constructor names its attributes, so that a type checker sees a misspelt one. None of them holds a credential, and
all of them survive pickling.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

try:
    from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
except ImportError:  # the engine works without Airflow
    AirflowException = AirflowFailException = Exception  # type: ignore[assignment,misc]

__all__ = [
    "DispositionThresholdExceeded",
    "ProgressNotSaved",
    "VccAuthenticationError",
    "VccConfigurationError",
    "VccError",
    "VccInputError",
    "VccNotFoundError",
    "VccRequestError",
    "VccTransportError",
    "VccUnavailable",
]


class VccError(Exception):
    """The root of this package's errors.

    :param message: what is wrong, where, and what to do about it.
    :param summary: the task's summary, where the error is a judgement on it.
    """

    def __init__(self, message: str, *, summary: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.summary = summary

    def __reduce__(self) -> tuple[Callable[..., VccError], tuple[object, ...]]:
        """Pickle with the attributes, which ``Exception`` alone would lose."""
        return _restore, (type(self), str(self), dict(self.__dict__))


def _restore(kind: type[VccError], message: str, attributes: Mapping[str, object]) -> VccError:
    error = kind(message)
    error.__dict__.update(attributes)
    return error


@contextmanager
def without_causes() -> Iterator[None]:
    """Cut an error of ours off from what it came from, which may hold what was read: a URL with its password."""
    try:
        yield
    except VccError as error:
        error.__cause__ = error.__context__ = None
        raise


class VccConfigurationError(VccError, ValueError):
    """A connection or a parameter that cannot work, and what to write instead.

    :param field: the connection's field, if it is one.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class VccInputError(VccError):
    """The input cannot be read, or not any further.

    :param source: the name of the file or query.
    :param place: where in it.
    """

    def __init__(self, message: str, *, source: str | None = None, place: str | None = None) -> None:
        super().__init__(message)
        self.source = source
        self.place = place


class VccRequestError(VccError):
    """The API rejected a whole request.

    :param status: the HTTP status.
    :param errors: what the envelope said: ``[{"errorcode", "errormessage", "index"}]``.
    :param response: what came beside the errors.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        errors: Sequence[Mapping[str, object]] | None = None,
        response: object = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.errors = errors
        self.response = response


class VccAuthenticationError(VccRequestError, AirflowFailException):
    """401 or 403: the token is wrong, or this machine's address is not on the API's allow-list."""


class VccNotFoundError(VccRequestError, AirflowFailException):
    """404: there is no such customer, project or resource."""


class VccTransportError(VccError):
    """No answer, or none that can be read.

    :param delivered: False if the server certainly never got the request, None if nobody can say.
    :param status: the HTTP status, if there was an answer.
    :param retry_after: the seconds that the answer asked to wait.
    :param transient: whether the same request may succeed later.
    """

    def __init__(
        self,
        message: str,
        *,
        delivered: bool | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        transient: bool = True,
    ) -> None:
        super().__init__(message)
        self.delivered = delivered
        self.status = status
        self.retry_after = retry_after
        self.transient = transient


class VccUnavailable(VccTransportError):
    """The service is down: request after request failed and none succeeded."""


class ProgressNotSaved(VccError):
    """The state store refuses to keep the progress, so the run stopped sending."""


class DispositionThresholdExceeded(VccError, AirflowException):
    """More elements failed than the task tolerates; ``summary`` is the task's summary."""
