"""What was to happen, whether it did, and what to do now: in the words of a call centre."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.report.words.form import field_to_correct, fits_the_file
from airflow_provider_vcc.report.words.reasons import explain
from airflow_provider_vcc.wording import count, percent, plural, seconds

if TYPE_CHECKING:
    from airflow_provider_vcc.report.reading.figures import Figures

__all__ = ["Ending", "consequence", "ending", "guess", "left", "plan", "shown_kinds", "threshold", "verdict"]

MOST_KINDS = 2
IN_SMALL = {"dispositionid": "disposition", "userid": "agent", "next_calldate": "callback at"}
EARLY = 0.01


class Ending(NamedTuple):
    """Why a run ended before its time.

    :param cause: as a sentence without its stop: what stands in the way.
    :param then: the same after what was set before it.
    :param todo: what to do about it.
    """

    cause: str
    then: str
    todo: str


SERVICE_DOWN = Ending(
    "VCC Live could not be reached",
    "then VCC Live stopped answering",
    "Try again when VCC Live answers. If it keeps failing, ask whoever looks after Airflow to look at the network.",
)
STOPPED = Ending("the run was stopped", "then the run was stopped", "The task was stopped in Airflow, or by its host.")
OTHERWISE = Ending(
    "an error ended the run",
    "then an error ended the run",
    "Ask whoever looks after Airflow: the task's log says more.",
)
ENDINGS = {
    "VccAuthenticationError": Ending(
        "VCC Live did not accept the sign-in",
        "then VCC Live did not accept the sign-in any more",
        "Ask whoever looks after Airflow to check the API token of the connection, and whether this machine's IP "
        "address is on VCC Live's allow-list.",
    ),
    "VccNotFoundError": Ending(
        "VCC Live does not know this project",
        "then VCC Live did not know the project any more",
        "Check the number of the project. If it is right, ask whoever looks after Airflow to check the customer in the "
        "connection.",
    ),
    "VccUnavailable": SERVICE_DOWN,
    "VccTransportError": SERVICE_DOWN,
    "VccInputError": Ending(
        "the input cannot be read",
        "then the input could not be read any further",
        "Look at what is named above, and correct the file.",
    ),
    "VccConfigurationError": Ending(
        "the task is not set up correctly",
        "then something was not set up correctly",
        "Ask the author of the DAG, or whoever looks after Airflow, to correct what is named above.",
    ),
    "AirflowNotFoundException": Ending(
        "Airflow has no connection to VCC Live",
        "then the connection to VCC Live was gone",
        "Ask whoever looks after Airflow to create the connection.",
    ),
    "ProgressNotSaved": Ending(
        "Airflow could not save the progress",
        "then Airflow could not save the progress",
        "Nothing is lost. If it happens again, ask whoever looks after Airflow.",
    ),
}
OLD_MESSAGES = (
    ("was stopped", STOPPED),
    ("service is down", SERVICE_DOWN),
    ("does not serve requests", SERVICE_DOWN),
)
"""Reports of versions before 0.2 have the message only."""
LOST = Ending(
    "the task was killed",
    "then the task was killed",
    "More may have been set than is known here. Ask whoever looks after Airflow why the task was killed.",
)


def ending(figures: Figures, *, lost: bool = False) -> Ending | None:
    """Return why the run ended before its time, or None if it did not."""
    if lost:
        return LOST
    if not figures.error or figures.breached:
        return None
    told = next((known for words, known in OLD_MESSAGES if words in figures.error), None)
    if told is None and (field := field_to_correct(figures)):
        return _by_the_form(field, file=fits_the_file(figures))
    return told or ENDINGS.get(figures.error_kind, OTHERWISE)


def _by_the_form(field: str, *, file: bool) -> Ending:
    """Return why a field of the form ended the run.

    :param file: whether it may be the file that is wrong.
    """
    if file:
        return Ending(
            f"“{field}” in the form does not fit the file",
            f"then “{field}” in the form did not fit the file",
            f"Correct “{field}” in the form, or the file: what is wrong stands above.",
        )
    return Ending(
        f"“{field}” in the form has to be corrected",
        f"then “{field}” in the form turned out to be wrong",
        f"Correct “{field}” in the form: what is wrong with it stands above.",
    )


def plan(figures: Figures) -> str:
    """Return what was to happen: ``Set disposition 2, callback at 2026-12-24 13:00:00, on 8 records of Alumni``."""
    known = figures.source or figures.disposition or figures.total
    if figures.shards or (figures.error and not known):
        return ""
    given = [f"{IN_SMALL[name]} {value}" for name, value in _settings(figures).items() if name in IN_SMALL]
    if figures.disposition and not figures.disposition.get("dispositionid"):
        given.insert(0, "the disposition that each row names")
    what = ", ".join(given) or "the disposition that each row names"
    where = f"of {project(figures)}" if figures.project_id else ""
    size = plural(figures.size, "record") if figures.size_known and figures.size else "records"
    return " ".join(filter(None, ["Check only:" if figures.validate_only else "", f"Set {what} on {size}", where]))


def _settings(figures: Figures) -> dict[str, str]:
    """Return what was to be set, with the form's name for the disposition: ``2 (Not interested)``."""
    number = figures.disposition.get("dispositionid")
    named = {"dispositionid": f"{number} ({figures.disposition_name})"} if number and figures.disposition_name else {}
    return {**figures.disposition, **named}


def project(figures: Figures) -> str:
    """Return the project's name and number: ``Alumni (project 17)``."""
    if not figures.project_name:
        return f"project {figures.project_id}"
    return f"{figures.project_name} (project {figures.project_id})"


def verdict(figures: Figures, *, lost: bool = False) -> str:
    """Return what became of the run: ``6 of 8 records set; 2 were not found in the project``."""
    end = ending(figures, lost=lost)
    if figures.running and not lost:
        return _running(figures)
    if figures.validate_only:
        return _checked(figures, end)
    applied, unsent = figures.counts[Outcome.APPLIED], figures.counts[Outcome.NOT_SENT]
    if end and not applied and not figures.failed:
        return _none_set(figures, end)
    if not figures.total and figures.unchanged:
        return f"Nothing to do: none of {plural(figures.unchanged, 'row')} had changed"
    if not figures.total:
        return f"{count(figures.failed)} failed" if figures.failed else "Nothing to do: the input is empty"
    said = _set_first(figures) if end and not unsent and not lost else _set(figures, lost=lost)
    others = [f"{count(figures.failed)} failed"] if end and figures.failed else _kinds(figures)
    if unsent and not lost:
        others.append(f"{count(unsent)} {'was' if unsent == 1 else 'were'} not sent")
    return _joined([f"{said}, {end.then}" if end else said, *others])


def _none_set(figures: Figures, end: Ending) -> str:
    earlier = max((one.counts[Outcome.APPLIED] for one in figures.tries), default=0)
    if earlier:
        return f"{plural(earlier, 'record')} set by earlier tries, and none by this one: {end.cause}"
    return f"Nothing was set: {end.cause}"


def _joined(clauses: list[str]) -> str:
    first, *others = clauses
    return f"{first}; {', '.join(others)}" if others else first


def _set(figures: Figures, *, lost: bool) -> str:
    applied, total = figures.counts[Outcome.APPLIED], figures.total
    if lost:
        size = max(total, figures.expected or 0)
        return f"At least {count(applied)} of {plural(size, 'record')} set"
    if applied == total:
        return f"All {plural(total, 'record')} set" if total != 1 else "The record was set"
    if not applied:
        return f"None of {plural(total, 'record')} was set" if total != 1 else "The record was not set"
    return f"{count(applied)} of {plural(total, 'record')} set"


def _set_first(figures: Figures) -> str:
    """Return what was set before the input broke off: nobody knows how many more there are."""
    applied, total = figures.counts[Outcome.APPLIED], figures.total
    if applied == total:
        return f"{plural(total, 'record')} set"
    return f"{count(applied) if applied else 'None'} of the first {plural(total, 'record')} set"


def _running(figures: Figures) -> str:
    doing = "Checking" if figures.validate_only else "Setting"
    done = figures.total if figures.validate_only else figures.settled
    failed = f", {count(figures.failed)} failed so far" if figures.failed else ""
    if figures.expected is not None:
        return f"{doing} records: {count(done)} of {count(figures.size)} done{failed}"
    share = f" ({percent(figures.share, 1)} of the input)" if figures.share else ""
    return f"{doing} records: {count(done)} done so far{share}{failed}"


def _checked(figures: Figures, end: Ending | None) -> str:
    good = figures.total - figures.failed
    if end and not figures.total:
        return f"Nothing was checked: {end.cause}"
    if not figures.total:
        return "Nothing to check: the input is empty"
    if figures.failed:
        said = f"{count(good)} of {plural(figures.total, 'record')} {'is' if good == 1 else 'are'} well-formed"
        said = _joined([said, *_kinds(figures)])
    else:
        said = f"{plural(good, 'record')} {'is' if good == 1 else 'are'} well-formed"
    if end:
        return f"{said}; {end.then}. Nothing was sent"
    them = "it was" if good == 1 else "they were"
    return f"{said}. Nothing was sent" if figures.failed else f"{said}; nothing was sent, and {them} not looked up"


def _kinds(figures: Figures) -> list[str]:
    """Return what failed, by kind: ``2 were not found in the project``."""
    shown, other = shown_kinds(figures)
    said = [f"{count(number)} {one if number == 1 else many}" for (many, one), number in shown]
    if other:
        others = " for another reason" if other == 1 else " for other reasons"
        said.append(f"{count(other)} failed" + (others if said else ""))
    return said


def shown_kinds(figures: Figures) -> tuple[list[tuple[tuple[str, str], int]], int]:
    """Return the most frequent kinds of failure in words with their counts, and how many others there are."""
    counts: dict[tuple[str, str], int] = {}
    for line in figures.errors:
        reason = explain(line.message)
        if reason.many != "failed":
            counts[reason.many, reason.one] = counts.get((reason.many, reason.one), 0) + line.count
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])
    if len(ranked) > MOST_KINDS + 1:  # a last one is named: "for another reason" would be as long, and say less
        ranked = ranked[:MOST_KINDS]
    return ranked, max(0, figures.failed - sum(number for _, number in ranked))


def consequence(figures: Figures, state: str) -> str:
    """Return how the run is judged, and what follows."""
    if state == "up_for_retry":
        return "Airflow tries again by itself."
    return " ".join(filter(None, (_judged(figures, state), _left_out(figures))))


def _left_out(figures: Figures) -> str:
    if not figures.unchanged or not figures.total or figures.running:
        return ""
    if figures.unchanged == 1:
        return "1 other row was left out, since nothing in it had changed."
    return f"{count(figures.unchanged)} other rows were left out, since nothing in them had changed."


def _judged(figures: Figures, state: str) -> str:
    if figures.allowed is None or figures.running or not figures.failed:
        return ""
    counts_as = {"skipped": "is skipped, which in Airflow is neither a failure nor a success"}
    may = "may fail" if not figures.validate_only else "may be wrong"
    if figures.over:
        limit = f"Only {count(figures.allowed)} {may}" if figures.allowed else "No failure is tolerated"
        return f"{limit}, so the run {counts_as.get(state, 'counts as failed')}."
    return f"Up to {count(figures.allowed)} {may}, so the run counts as a success." if state == "success" else ""


def threshold(figures: Figures) -> str:
    """Return what is tolerated: ``25 tolerated``, ``120 tolerated (1%)``; empty if it is not known."""
    limits = figures.threshold
    if limits is None:
        return ""
    rate = "" if limits.max_error_rate is None else percent(limits.max_error_rate, 1)
    if figures.allowed is None:
        return f"{rate} tolerated"
    by_rate = bool(rate) and figures.allowed != limits.max_errors
    if not figures.allowed and not by_rate:
        return "none tolerated"
    return f"{count(figures.allowed)} tolerated" + (f" ({rate})" if by_rate else "")


def left(figures: Figures) -> str:
    """Return how long a running task will take yet: ``about 3 min left``; empty if nobody can say."""
    if not figures.running or not figures.duration or not figures.size:
        return ""
    share = figures.settled / figures.size if figures.size > figures.total else figures.share or 0
    if not EARLY <= share < 1:
        return ""
    return f"about {seconds(round(figures.duration * (1 - share) / share))} left"


def guess(figures: Figures) -> str:
    """Return the state that a task with these figures should have."""
    if figures.running:
        return "running"
    if figures.breached or figures.over:
        return "skipped" if figures.soft_fail else "failed"
    return "failed" if figures.error else "success"
