"""The errors of this package.

::

    VccError
    ├── VccConfigurationError        a connection or a parameter that cannot work
    ├── VccInputError                an input that cannot be read (any further)
    ├── VccRequestError              the API said no to a whole request
    │   ├── VccAuthenticationError   401, 403: fails the task at once
    │   └── VccNotFoundError         404: fails the task at once
    ├── VccTransportError            no answer, or none that can be read
    │   └── VccUnavailable           the service is down: request after request failed
    ├── ProgressNotSaved             the state store refuses; the run stopped sending
    └── DispositionThresholdExceeded too many elements failed
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    """The root of this package's errors."""

    def __init__(self, message: str, **attributes: Any) -> None:
        super().__init__(message)
        self.__dict__.update(attributes)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the attributes, which ``Exception`` alone would lose."""
        return _restore, (type(self), str(self), dict(self.__dict__))


def _restore(kind: type[VccError], message: str, attributes: dict[str, Any]) -> VccError:
    return kind(message, **attributes)


class VccConfigurationError(VccError, ValueError):
    """A connection or a parameter that cannot work, and what to write instead.

    ``field`` names the connection's field where it is one.
    """

    field: str | None = None


class VccInputError(VccError):
    """The input cannot be read, or not any further.

    ``source`` names the file, and ``place`` says where in it.
    """

    source: str | None = None
    place: str | None = None


class VccRequestError(VccError):
    """The API said no to a whole request.

    ``status`` is the HTTP status, ``errors`` what the envelope said, and ``response`` what came beside the errors.
    """

    status: int | None = None
    errors: list[Mapping[str, Any]] | None = None
    response: Any = None


class VccAuthenticationError(VccRequestError, AirflowFailException):
    """401 or 403: the token is wrong, or this machine's address is not on the API's allow-list."""


class VccNotFoundError(VccRequestError, AirflowFailException):
    """404: there is no such customer, project or resource."""


class VccTransportError(VccError):
    """No answer, or none that can be read.

    ``delivered`` is False where the server certainly never got the request, and None where nobody can say. ``status``
    is the HTTP status where there was an answer, ``retry_after`` the seconds that it asked for. ``transient`` says
    whether the same request may succeed later.
    """

    delivered: bool | None = None
    status: int | None = None
    retry_after: float | None = None
    transient: bool = True


class VccUnavailable(VccTransportError):
    """The service is down: request after request failed and none succeeded."""


class ProgressNotSaved(VccError):
    """The state store refuses to keep the progress, so the run stopped sending."""


class DispositionThresholdExceeded(VccError, AirflowException):
    """More elements failed than the task tolerates; ``summary`` is the task's summary."""

    summary: Mapping[str, Any] | None = None
