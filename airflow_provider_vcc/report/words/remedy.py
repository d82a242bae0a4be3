"""What to do now, step by step, for whoever looks at the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.report.words.verdict import ending
from airflow_provider_vcc.wording import count

if TYPE_CHECKING:
    from airflow_provider_vcc.report.reading.context import Context
    from airflow_provider_vcc.report.reading.figures import Figures
    from airflow_provider_vcc.report.words.verdict import Ending

__all__ = ["Step", "steps"]

FOLDER = "failed/"
"""Where the form DAGs among the examples put their failures files, in the exports folder."""
LASTING = ("VccInputError", "VccConfigurationError", "AirflowNotFoundException")
"""What another try cannot mend."""
CLEAR = "open this task in Airflow, choose “Clear”, and confirm"
IDS_FIELD, FILE_FIELD = "Record ids", "File"
"""The form fields that take failed records back: their ids, or the name of the failures file."""


class Step(NamedTuple):
    """One thing to do; what stands between backticks is code.

    :param href: a link that goes with it.
    """

    text: str
    href: str = ""
    link: str = ""


def steps(figures: Figures, context: Context, state: str, *, lost: bool = False) -> list[Step]:
    """Return what to do, the first thing first; nothing if all is well or still going on."""
    if figures.running and not lost:
        return []
    end = ending(figures, lost=lost)
    if state == "up_for_retry":
        return [Step(_while_waiting(figures, end))]
    found = [Step(_in_the_form(figures, context) or end.todo)] if end else []
    if figures.validate_only:
        return found + _after_check(figures, context)
    found += _failed(figures, context)
    if end or figures.counts[Outcome.NOT_SENT]:
        found.append(_start_again(figures, context))
    return found


def _in_the_form(figures: Figures, context: Context) -> str:
    """Return what to do where what was typed into a form may have ended the task before its first record."""
    if not context.form or figures.total or figures.error_kind not in LASTING:
        return ""
    return (
        "If what is named above was typed into the form, correct it there; otherwise, ask the author of the DAG, or "
        "whoever looks after Airflow."
    )


def _while_waiting(figures: Figures, end: Ending | None) -> str:
    if end and figures.error_kind in LASTING:
        return f"{end.todo} Airflow tries again by itself, but that helps only when it has been corrected."
    return "Nothing: Airflow tries again by itself, and goes on with the records that are not set yet."


def _after_check(figures: Figures, context: Context) -> list[Step]:
    if figures.failed:
        return [Step("Correct the rows that are named above, and check again.")]
    if not figures.total:
        return []
    return [Step("To set them, run it again without the check.", context.form_href, "Open the form")]


def _failed(figures: Figures, context: Context) -> list[Step]:
    if not figures.failed:
        return []
    if figures.shards:
        return [Step("Each part of the task has a report of its own, with its failed records one by one.")]
    file = figures.failures_path
    if context.form_field:
        return [Step(_back_into_form(context, file), context.form_href, "Open the form")]
    if file:
        text = (
            f"The failed records are in the file `{file}`, each with its reason. Once corrected, the file can be given "
            "back as the input (`elements_path`) as it is."
        )
        return [Step(text)]
    text = (
        "Correct what is named above, and run only these records again. For the DAG's author: with `failures_path`, "
        "they are written to a file that can be given back as it is."
    )
    return [Step(text)]


def _back_into_form(context: Context, file: str) -> str:
    written = f"{FOLDER}{file.rpartition('/')[2]}" if file else ""
    if context.form_field == FILE_FIELD and file:
        return (
            f"Correct what is named above: the failed rows are in `{written}` in the exports folder. Then trigger "
            f"`{context.form}` again, and write `{written}` into the field “{FILE_FIELD}”: only these are set again."
        )
    also = f" They are also in `{written}` in the exports folder." if file else ""
    return (
        f"Correct what is named above. Then copy the ids of the failed records, trigger `{context.form}` again, and "
        f"paste them into the field “{IDS_FIELD}”: only these are set again.{also}"
    )


def _start_again(figures: Figures, context: Context) -> Step:
    applied = figures.counts[Outcome.APPLIED]
    if context.form and not figures.total:
        return Step(f"Then trigger `{context.form}` again.", context.form_href, "Open the form")
    if not applied:
        return Step(f"Then let it run again: {CLEAR}.")
    again = (
        f"It then starts from the beginning, and the {count(applied)} that are set get the same disposition a second "
        "time in their history."
    )
    return Step(f"To set the rest, let it run again: {CLEAR}. {again}")
