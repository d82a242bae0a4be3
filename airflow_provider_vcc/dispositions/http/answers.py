"""What an answer says about each element of its request, and what we conclude where there is none.

The envelope ``{"errors": ..., "response": ...}`` is documented; the server looks like PHP, where an empty map comes as
``[]`` and a map with keys 0..n-1 may come as a list, so every such reading is taken.
"""

from __future__ import annotations

import errno
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

import msgspec

from airflow_provider_vcc.dispositions.http.texts.decoding import printable, read_json
from airflow_provider_vcc.dispositions.http.texts.memory import TooLarge, see_that_it_fits
from airflow_provider_vcc.exceptions import VccError
from airflow_provider_vcc.redaction.shapes import shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "MORE_THREADS",
    "NO_THREADS",
    "OURS",
    "Answer",
    "Answers",
    "Evidence",
    "Fault",
    "Headers",
    "Heard",
    "Refusal",
    "Rejection",
    "envelope_errors",
    "exhausted",
    "is_envelope",
    "read_answer",
    "read_envelope",
    "read_refusal",
    "says_done",
    "too_large",
]

INDEX = re.compile(r"[0-9]{1,9}", re.ASCII)
MOST_KNOWN = 16
MOST_MESSAGE = 300
BOTH = "the answer has both an error and true for it"
FALSE = "the API answered false"
MISSING = "missing from the answer"
REFUSED = "the answer refuses the request and has true for it"
OURS = frozenset({BOTH, FALSE, MISSING, REFUSED})
"""Reasons in our own words: nothing in them is quoted."""
MOST_CODE = 64
NO_THREADS = "no more threads can be started here"
MORE_THREADS = "raise this worker's limit of processes (ulimit -u, or its container's)"
OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE})


class Headers(Protocol):
    """The headers of an answer, by name in any case."""

    def get(self, name: str, /) -> str | None:
        """Return a header's value; None if there is none."""


class Heard(msgspec.Struct, frozen=True):
    """An answer as a session gives it."""

    status: int
    headers: Headers
    body: bytes

    __repr__ = shape


class Rejection(msgspec.Struct, frozen=True):
    """The API's error for one element."""

    errorcode: int | str | None
    errormessage: str

    __repr__ = shape


class Answer(msgspec.Struct, frozen=True):
    """An answer that was understood. What is neither rejected nor unsaid was applied: ``true`` stood there.

    Keys are indexes within the request; ``unsaid`` gives the reason why nobody can say.
    """

    rejected: dict[int, Rejection] = {}
    unsaid: dict[int, Rejection] = {}


class Fault(msgspec.Struct, frozen=True):
    """No answer, or none that can be read.

    :param reason: what happened.
    :param delivered: False if the server certainly did not act, None if nobody can say.
    :param too_much: whether a smaller request may succeed.
    :param retry_after: the seconds that the server, or a proxy, asks to wait.
    :param status: the HTTP status, if there was one.
    :param advice: what to do about it.
    :param transient: whether the same request may succeed later.
    """

    reason: str
    delivered: bool | None = None
    too_much: bool = False
    retry_after: float | None = None
    status: int | None = None
    advice: str = ""
    transient: bool = True

    @property
    def told(self) -> str:
        """What happened, and what to do about it."""
        return f"{self.reason}: {self.advice}" if self.advice else self.reason


class Refusal(msgspec.Struct, frozen=True):
    """An answer after which no other request can succeed either. The server did not act."""

    error: VccError


Evidence = Answer | Fault | Refusal

ALL_APPLIED = Answer()
HOST = "check the connection's Host"


class Answers:
    """Reads answers, and knows at sight those that said ``true`` for everything: the same bytes say the same."""

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}

    def read(self, body: bytes, count: int, content_type: str | None = None) -> Answer | Fault:
        """Settle ``count`` elements by what a 200 answer says."""
        if self._known.get(count) == body:
            return ALL_APPLIED
        answer = read_answer(body, count, content_type)
        if answer is ALL_APPLIED:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[count] = body
        return answer


class _Error(msgspec.Struct, gc=False):
    index: int
    errorcode: int | str | None = None
    errormessage: str = "error"

    __repr__ = shape


class _Usual(msgspec.Struct, gc=False):
    """An answer in the documented form."""

    errors: list[_Error]
    response: dict[int, bool]


_decode_usual = msgspec.json.Decoder(_Usual).decode


def read_answer(body: bytes, count: int, content_type: str | None = None) -> Answer | Fault:
    """Settle ``count`` elements by what a 200 answer says: what it does not say is nobody's to guess."""
    try:
        see_that_it_fits(body)
        return _usual(body, count) or _whatever(body, count, content_type)
    except TooLarge as much:
        return too_large(much)


def _usual(body: bytes, count: int) -> Answer | None:
    """Read an answer that says ``true`` or an error for each element, once: None where it is any other."""
    try:
        usual = _decode_usual(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    said = usual.response
    rejected = {error.index: Rejection(_code(error.errorcode), _message(error.errormessage)) for error in usual.errors}
    if len(said) + len(rejected) != count or said.keys() | rejected.keys() != _indexes(count):
        return None
    if not all(said.values()):
        return None
    return Answer(rejected) if rejected else ALL_APPLIED


@lru_cache(MOST_KNOWN)
def _indexes(count: int) -> frozenset[int]:
    return frozenset(range(count))


def _whatever(body: bytes, count: int, content_type: str | None) -> Answer | Fault:
    """Read an answer in any form that can be understood."""
    try:
        envelope = read_envelope(body, content_type)
    except TooLarge:
        raise
    except ValueError:
        return Fault("the answer cannot be read as JSON", status=200, advice=HOST)
    if not is_envelope(envelope):
        return Fault("the answer has neither errors nor response", status=200, advice=HOST)
    errors = list(_entries(envelope.get("errors")))
    said = dict(_by_index(envelope.get("response"), count))
    if not errors and all(said.get(index) is True for index in range(count)):
        return ALL_APPLIED
    return _settle(errors, said, count)


def _settle(errors: list[tuple[int | None, Rejection]], said: dict[int, object], count: int) -> Answer:
    rejected = {index: error for index, error in errors if index is not None and 0 <= index < count}
    general = [error for index, error in errors if index is None]
    if general and not rejected and not said:
        return Answer(rejected=dict.fromkeys(range(count), general[0]))
    unsaid = {}
    for index in range(count):
        value = said.get(index)
        if index in rejected:
            if value is True:
                unsaid[index] = Rejection(rejected.pop(index).errorcode, BOTH)
        elif value is False:
            rejected[index] = Rejection(None, FALSE)
        elif value is not True:
            unsaid[index] = Rejection(None, MISSING)
    return Answer(rejected, unsaid)


def exhausted(error: BaseException) -> Fault | None:
    """Return the fault that an error is which says that this machine gives no more, before anything is sent."""
    if isinstance(error, RuntimeError) and "new thread" in str(error):  # such as for the name of a host
        return Fault(NO_THREADS, delivered=False, advice=MORE_THREADS)
    if not isinstance(error, OSError) or error.errno not in OUT_OF_FILES:
        return None
    return Fault(
        f"no more connections can be opened here ({error.strerror})",
        delivered=False,
        advice="raise this worker's limit of open files (ulimit -n), or look for what keeps so many open",
    )


def read_refusal(envelope: object, count: int, why: Rejection) -> Answer:
    """Settle elements by an answer whose status refuses the whole request.

    :param why: stands for the elements of which the envelope has no error.
    """
    said: dict[int, object] = {}
    errors: list[tuple[int | None, Rejection]] = []
    if is_envelope(envelope):
        said, errors = dict(_by_index(envelope.get("response"), count)), list(_entries(envelope.get("errors")))
    answer = _settle([(index, error) for index, error in errors if index is not None], said, count)
    done = {index for index in range(count) if said.get(index) is True}
    if done:
        doubtful = dict.fromkeys(done - answer.unsaid.keys(), Rejection(None, REFUSED))
        return Answer(answer.rejected, answer.unsaid | doubtful)
    general = next((error for index, error in errors if index is None), why)
    code = why.errorcode if general.errorcode is None else general.errorcode
    others = Rejection(code, general.errormessage or why.errormessage)
    return Answer(dict.fromkeys(range(count), others) | answer.rejected)


def says_done(envelope: object) -> bool:
    """Return whether an envelope has ``true`` for something that was asked for."""
    response = envelope.get("response") if is_envelope(envelope) else None
    return response is True or any(value is True for _, value in _by_index(response, 0))


def too_large(error: TooLarge) -> Fault:
    """Return the fault that an answer is which takes more memory than one may."""
    return Fault(error.reason, advice="ask for less at a time", transient=False)


def is_envelope(decoded: object) -> TypeGuard[dict[str, Any]]:
    """Return whether this is what the API answers with."""
    return isinstance(decoded, dict) and bool(decoded.keys() & {"errors", "response"})


def envelope_errors(envelope: object) -> list[dict[str, Any]]:
    """Return the errors of any envelope as ``[{"errorcode", "errormessage", "index"}]``; empty if there are none."""
    errors = _entries(envelope.get("errors") if isinstance(envelope, dict) else None)
    return [{"errorcode": e.errorcode, "errormessage": e.errormessage, "index": index} for index, e in errors]


def read_envelope(body: bytes, content_type: str | None = None) -> object:
    """Decode an answer, of whose errors something will be made.

    :raises TooLarge: if it and that take too much memory.
    :raises ValueError: if it cannot be read.
    """
    decoded = read_json(body, content_type)
    errors = decoded.get("errors") if isinstance(decoded, dict) else None
    if errors:
        see_that_it_fits(body, len(errors) if isinstance(errors, list | dict) else 1, times=3)
    return decoded


def _entries(errors: Any) -> Iterator[tuple[int | None, Rejection]]:
    if isinstance(errors, dict) and errors.keys() & {"errorcode", "errormessage"}:
        errors = [errors]
    named = isinstance(errors, dict)
    if errors and not isinstance(errors, list | dict):
        errors = [errors]
    for key, entry in errors.items() if named else enumerate(errors or ()):
        if isinstance(entry, dict):
            index = _index(entry.get("index", key if named else None))
            yield index, Rejection(_code(entry.get("errorcode")), _message(entry.get("errormessage", "error")))
        else:
            yield _index(key) if named else None, Rejection(None, _message(entry))


def _by_index(response: object, count: int) -> Iterator[tuple[int, object]]:
    """Yield what is said of each index; of those from ``count`` on, which were not sent, as of that one."""
    pairs: Iterable[tuple[object, object]] = ()
    if isinstance(response, list | dict):
        pairs = enumerate(response) if isinstance(response, list) else response.items()
    for key, value in pairs:
        index = _index(key)
        if index is not None:
            yield min(index, count), value


def _index(value: object) -> int | None:
    if isinstance(value, int):
        return None if isinstance(value, bool) else value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return int(value) if isinstance(value, str) and INDEX.fullmatch(value) else None


def _code(value: object) -> int | str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return None if value is None else printable(str(value)[:MOST_CODE])


def _message(value: object) -> str:
    return printable(str(value)[:MOST_MESSAGE])
