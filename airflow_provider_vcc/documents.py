"""What is stored, shown and merged: one schema for each document, and nothing else.

The operator writes these documents, the judge and the merge read them, the page shows them. All of them are plain JSON.
Keys are only ever added, so that what an older version stored is still read: a missing key stands for "not known".
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

__all__ = [
    "REPORT_KEY",
    "REPORT_VERSION",
    "ErrorRow",
    "FailedRecords",
    "FailedRow",
    "Report",
    "SegmentDocument",
    "ShardRow",
    "StoredRun",
    "Summary",
    "ThresholdDocument",
    "TryRow",
]

REPORT_KEY = "vcc_report"
"""The state store's key for a run in progress, or one whose last try failed: a ``StoredRun``."""
REPORT_VERSION = 1

Point = list[float]
"""Seconds since the start, and one or more values."""
FailedRow = list[int | str | None]
"""A list, since the state store takes no tuples: position, record (the ``numberid``; None for a search), outcome, index
into ``reasons``, names of a search's criteria (``name, city``), line in the file if it is known."""


class ErrorRow(TypedDict):
    """How often one kind of error occurred, and where, for example."""

    errorcode: int | str | None
    errormessage: str
    count: int
    positions: list[int]
    """At most 10 sample positions."""
    records: list[str | None]
    """The ``numberid`` at each of these positions; None for a search or where there is none. Since 0.2."""


class Summary(TypedDict):
    """The task's result, which is also the XCom ``summary``, and the ``summary`` attribute of exceptions."""

    project_id: int | str | None
    total: int
    applied: int
    rejected: int
    invalid: int
    unknown: int
    not_sent: int
    failed: int
    error_rate: float
    requests: int
    resumed: int
    errors: list[ErrorRow]
    failures_path: str | None
    duration: float
    """Seconds."""
    elements_per_second: float
    unchanged: NotRequired[int]
    """Rows that were left out, since the service already has them: ``SqlToVccOperator`` with ``synced_table``."""
    validate_only: NotRequired[bool]
    """True of a check: its ``not_sent`` elements are well-formed, and were not meant to be sent. Since 0.2."""
    error: NotRequired[str]
    """Why the run ended before its time; of a judgement, nothing. Since 0.2."""


class ThresholdDocument(TypedDict):
    """How many failed elements are tolerated."""

    max_errors: int | None
    max_error_rate: float | None


class FailedRecords(TypedDict):
    """The failed elements one by one, the first 1,000 of them. Compact, since each row names its reason by index."""

    reasons: list[list[int | str | None]]
    """``[errorcode, errormessage]``."""
    rows: list[FailedRow]


class TryRow(TypedDict):
    """What an earlier try of the task had done."""

    try_number: int
    applied: int | None
    rejected: int | None
    invalid: int | None
    unknown: int | None
    not_sent: int | None
    requests: int | None
    duration: float | None
    error: str | None


class ShardRow(TypedDict):
    """What one of the mapped tasks did, as ``DispositionThresholdOperator`` reports it."""

    map_index: int | None
    applied: int | None
    rejected: int | None
    invalid: int | None
    unknown: int | None
    not_sent: int | None
    total: int | None
    failed: int | None
    requests: int | None
    resumed: int | None
    duration: float | None


class Report(TypedDict, total=False):
    """The XCom ``report``: what the page shows beside the summary. A key that is missing stands for "not known"."""

    version: int
    state: Literal["running", "done"]
    started: str
    """ISO date-time, UTC; so is ``updated``."""
    updated: str
    timezone: str | None
    """IANA name of the call centre's clock."""
    try_number: int
    source: str | None
    expected: int | None
    """How many elements the input has, if that is known before it has been read."""
    share: float | None
    """How much of the input has been read, from 0 to 1."""
    read: int | None
    """How many elements have been read."""
    project_name: str | None
    disposition: dict[str, str]
    """What was to be set on each record, without its description: ``dispositionid``, ``userid``, ``next_calldate``."""
    threshold: ThresholdDocument
    breached: bool | None
    soft_fail: bool
    validate_only: bool
    error: str | None
    """Why the run ended early."""
    error_kind: str | None
    """The name of that exception's class."""
    disposition_name: str | None
    """What the form that started the run calls the disposition that it sets."""
    form: dict[str, str]
    """Of a run that a form started which takes failed records back: the titles of its fields, by Param."""
    curve: list[Point]
    """Seconds, elements done, elements failed."""
    chunks: list[Point]
    """Seconds, elements in one request."""
    sizes: list[int] | None
    """The fewest and the most elements in one request, as they were sent."""
    most_at_once: int | None
    """The most requests that were under way at the same time."""
    limit: list[Point]
    """Seconds, how many requests at a time were allowed (``max_in_flight="auto"``)."""
    answer_times: list[Point]
    """Seconds, seconds that an answer took."""
    held_back_by: str | None
    """What kept the run from going faster, as a sentence."""
    halvings: int
    retries: int
    waits: float
    failed: FailedRecords
    tries: list[TryRow]
    shards: list[ShardRow]


class StoredRun(TypedDict):
    """What the state store keeps under ``vcc_report`` while a task runs, and for its next try."""

    summary: Summary
    report: Report


class SegmentDocument(TypedDict):
    """What the state store keeps of the progress of 150,000 positions."""

    v: int
    applied: str
    unsettled: str
    short: dict[str, int]
    digests: str
