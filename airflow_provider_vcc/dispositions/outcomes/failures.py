"""Failed elements to JSON Lines: ``{"position", "outcome", "errorcode", "errormessage", "element"}`` a line."""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import TYPE_CHECKING, BinaryIO, NoReturn

import msgspec

from airflow_provider_vcc.exceptions import VccError
from airflow_provider_vcc.redaction import public_name, raise_alone, secrets_of, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_vcc.dispositions.outcomes.outcome import Failure

__all__ = ["FailuresFile"]


OWNER_ONLY = 0o600
OTHERS = 0o077
AT_ONCE = getattr(os, "O_NONBLOCK", 0)
"""A pipe that nobody reads is an error then; to wait for a reader would hold the task up for ever."""


def create_local(path: str, but: str | None = None) -> BinaryIO:
    """Create a local file that only its owner may read, or empty one and make it such.

    :param but: a file that it must not be, however that came about since it was checked.
    :raises OSError: if that fails; nothing has been taken away from any file then.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | AT_ONCE | getattr(os, "O_BINARY", 0), OWNER_ONLY)
    try:
        _claim(handle, but)
        if AT_ONCE:
            os.set_blocking(handle, True)
        return os.fdopen(handle, "wb")
    except BaseException:
        os.close(handle)
        raise


def _claim(handle: int, but: str | None) -> None:
    """Empty an opened file, after it has been seen that this takes nothing from the input."""
    found = os.fstat(handle)
    if but is not None and os.path.exists(but) and os.path.samestat(found, os.stat(but)):  # noqa: PTH110, PTH116
        raise FileExistsError(errno.EEXIST, "it is the input")
    if not stat.S_ISREG(found.st_mode):
        return
    if found.st_mode & OTHERS and hasattr(os, "fchmod"):
        os.fchmod(handle, OWNER_ONLY)
    os.ftruncate(handle, 0)


class FailuresFile:
    """Writes failures as they come, and keeps none of them.

    The file is created at once, so that one of an earlier run never passes for this one's.

    :param path: a local path, or a URL that ``opener`` understands.
    :param opener: creates the file, or replaces it.
    :raises VccError: where that fails.
    """

    def __init__(self, path: str, opener: Callable[[str], BinaryIO] = create_local) -> None:
        self._path = path
        self._failed = False
        try:
            self._file = opener(path)
        except VccError:
            raise
        except Exception as error:  # noqa: BLE001 -- it is raised as one of ours
            self._fail("created", error)

    def write(self, failures: Sequence[Failure]) -> None:
        """Write some failures through to the file.

        :raises VccError: where that fails, once: the run ends then, and goes on to account for the rest.
        """
        if self._failed:
            return
        try:
            self._file.write(b"".join(map(_line, failures)))
            self._file.flush()
        except Exception as error:  # noqa: BLE001 -- it is raised as one of ours
            self._failed = True
            self._fail("written", error)

    def close(self) -> None:
        """Close the file: in object storage, it is there from now on.

        :raises VccError: where that fails.
        """
        try:
            self._file.close()
        except Exception as error:  # noqa: BLE001 -- it is raised as one of ours
            if not self._failed:
                self._fail("written", error)

    def _fail(self, what: str, error: Exception) -> NoReturn:
        """Raise an error of ours from one of a file system's, if that cannot quote what opens the path."""
        if secrets_of(self._path):
            raise_alone(self._cannot(what, error))
        raise self._cannot(what, error) from error

    def _cannot(self, what: str, error: Exception) -> VccError:
        name = public_name(self._path)
        reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        if isinstance(error, FileExistsError | NotADirectoryError) and reason != "it is the input":
            reason = "one of its folders is a file"
        return VccError(f"failures_path: {name} cannot be {what} ({without_secrets(reason, self._path)})")


def _line(failure: Failure) -> bytes:
    try:
        return _encode(failure) + b"\n"
    except (TypeError, ValueError, RecursionError):
        return _encode_odd(failure)


def _encode_odd(failure: Failure) -> bytes:
    """Write what msgspec cannot: keys that are no texts, lone surrogates."""
    row = {**msgspec.structs.asdict(failure), "element": failure.element}
    try:
        return json.dumps(row, default=str, skipkeys=True).encode() + b"\n"
    except (TypeError, ValueError, RecursionError):
        return json.dumps({**row, "element": None}).encode() + b"\n"


def _plain(value: object) -> object:
    """Return something that JSON has for what it does not have."""
    if hasattr(value, "tolist"):  # a number or an array of numpy's
        return value.tolist()
    return str(value)


_encode = msgspec.json.Encoder(enc_hook=_plain).encode
