"""Which records failed, and why: by reason, one by one, and as CSV."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_vcc.report.reading.figures import FailedLine
from airflow_provider_vcc.report.words.reasons import explain
from airflow_provider_vcc.wording import count, plural

if TYPE_CHECKING:
    from airflow_provider_vcc.report.reading.figures import ErrorLine, Figures

__all__ = ["FailedRow", "Why", "failed_csv", "failed_rows", "ids_to_copy", "reasons"]

HEADER = ("position", "record", "outcome", "errorcode", "reason")
OPEN_ROWS = 10
MOST_IDS = 8
SHEETS = (".xlsx", ".xls", ".ods")
FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet takes what follows for a formula: it may split cells at semicolons, and take wide signs."""
BYTE_ORDER_MARK = "\ufeff"


class Why(NamedTuple):
    """One reason, how many records failed for it, the first of them, and what to do."""

    number: int
    says: str
    code: str
    examples: str
    todo: str


class FailedRow(NamedTuple):
    """One failed record, as the page lists it."""

    record: str
    where: str
    says: str


def reasons(figures: Figures) -> list[Why]:
    """Return the reasons, the most frequent first. Messages that mean the same are one."""
    found: dict[str, Why] = {}
    for line in figures.errors:
        reason = explain(line.message)
        earlier = found.get(reason.says, Why(0, reason.says, _code(line), "", reason.todo))
        examples = earlier.examples or _examples(line)
        code = earlier.code if earlier.code == _code(line) else ""
        found[reason.says] = earlier._replace(number=earlier.number + line.count, examples=examples, code=code)
    return sorted((why for why in found.values() if why.number), key=lambda why: -why.number)


def _code(line: ErrorLine) -> str:
    return f"{line.code} {line.message}".strip() if line.code else ""


def _examples(line: ErrorLine) -> str:
    ids = [record for record in line.records if record][:MOST_IDS]
    if not ids:
        return ""
    more = line.count - len(ids)
    noun = "Record" if line.count == 1 else "Records"
    return f"{noun} {', '.join(ids)}" + (f" and {count(more)} more" if more > 0 else "")


def failures(figures: Figures) -> list[FailedLine]:
    """Return the failed records that are known one by one. Older versions kept ten examples of each kind."""
    if figures.failures or figures.shards:
        return list(figures.failures)
    return [
        FailedLine(position, record, "", line.code, line.message)
        for line in figures.errors
        for position, record in zip(line.positions, line.records, strict=True)
    ]


def failed_rows(figures: Figures) -> list[FailedRow]:
    """Return the failed records in words, in the order of the input."""
    source = figures.source
    return [FailedRow(_record(one), _where(one, source), explain(one.message).says) for one in failures(figures)]


def _record(one: FailedLine) -> str:
    if one.record:
        return one.record
    return f"a search by {one.search}" if one.search else "no record id"


def _where(one: FailedLine, source: str) -> str:
    """Return where somebody finds it in the input: a sheet has rows, another file lines."""
    if one.line is None:
        return f"row {count(one.position + 1)}"
    return f"row {one.line} of the sheet" if source.lower().endswith(SHEETS) else f"line {one.line}"


def ids_to_copy(figures: Figures) -> list[str]:
    """Return the ids of the failed records, each once."""
    return list(dict.fromkeys(one.record for one in failures(figures) if one.record))


def not_listed(figures: Figures, listed: int) -> str:
    """Return how many failed records are not listed; empty if all are."""
    more = figures.failed - listed
    return f"{plural(more, 'more record')} failed; only the first {count(listed)} are listed." if more > 0 else ""


def failed_csv(figures: Figures) -> str:
    """Return the failed records as CSV, with CRLF line ends as RFC 4180 has them.

    It begins with a byte order mark if anything in it is not ASCII, which Excel would read in other letters without.
    """
    text = StringIO()
    rows = csv.writer(text)
    rows.writerow(HEADER)
    for one in failures(figures):
        record = one.record or (f"a search by {one.search}" if one.search else "")
        rows.writerow([one.position, *map(_cell, (record, one.outcome, one.code, explain(one.message).says))])
    body = text.getvalue()
    return body if body.isascii() else BYTE_ORDER_MARK + body


def _cell(value: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return FORMULA.sub(r"\1'", value)
