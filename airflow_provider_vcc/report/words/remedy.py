"""What to do now, step by step, for whoever looks at the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.report.words.form import IDS, PATH, field_to_correct, fields_to_look_at, fits_the_file, named
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
    if not end and not figures.total and not figures.unchanged:
        return [_nothing_to_do(figures, context)]
    if field_to_correct(figures):
        return [_correct_the_form(figures, context), *_failed(figures, context)]
    found = [Step(end.todo)] if end else []
    if figures.validate_only:
        return found + _after_check(figures, context)
    if end or figures.counts[Outcome.NOT_SENT]:
        found.append(_start_again(figures, context))
    return found + _failed(figures, context)


def _while_waiting(figures: Figures, end: Ending | None) -> str:
    if end and figures.error_kind in LASTING:
        return f"{end.todo} Airflow tries again by itself, but that helps only when it has been corrected."
    return "Nothing: Airflow tries again by itself, and goes on with the records that are not set yet."


def _nothing_to_do(figures: Figures, context: Context) -> Step:
    expected = "If there should have been records,"
    if field := figures.form.get(PATH) or figures.form.get(IDS):
        return _opening_form(f"{expected} look at “{field}”, and trigger {_form(context)} again.", context)
    return Step(f"{expected} look at why the input has none.")


def _correct_the_form(figures: Figures, context: Context) -> Step:
    """Return what to do if what was typed into a form ended the run: another try would have the same in its form."""
    or_file = " or the file" if fits_the_file(figures) else ""
    again = f"Trigger {_form(context)} again, with “{field_to_correct(figures)}”{or_file} corrected"
    if not figures.counts[Outcome.APPLIED]:
        return _opening_form(f"{again}: what is wrong stands above.", context)
    return _opening_form(f"{again}. {_second_time(figures)}", context)


def _after_check(figures: Figures, context: Context) -> list[Step]:
    if figures.failed and figures.shards:
        return _failed(figures, context)
    if figures.failed:
        return [Step(f"Correct the rows that are named above{_in_the_form(figures)}, and check again.")]
    if not figures.total:
        return []
    if figures.form:
        return [_opening_form(f"To set them, trigger {_form(context)} again, without “{_check(figures)}”.", context)]
    return [Step("To set them, run it again without the check.")]


def _check(figures: Figures) -> str:
    return figures.form.get("check_only") or "Check only"


def _failed(figures: Figures, context: Context) -> list[Step]:
    if not figures.failed:
        return []
    if figures.shards:
        return [Step("Each part of the task has a report of its own, with its failed records one by one.")]
    file = figures.failures_path
    if figures.form:
        correct = Step(f"Correct what is named above{_in_the_form(figures)}.")
        return [correct, _opening_form(_back_into_form(figures, context), context)]
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


def _back_into_form(figures: Figures, context: Context) -> str:
    file = figures.failures_path
    written = f"{FOLDER}{file.rpartition('/')[2]}" if file else ""
    if file and (field := figures.form.get(PATH)):
        return (
            f"The failed rows are in `{written}` in the exports folder: trigger {_form(context)} again, and write "
            f"`{written}` into the field “{field}”. Only these are set again."
        )
    if field := figures.form.get(IDS):
        also = f" They are also in `{written}` in the exports folder." if file else ""
        return (
            f"Then copy the ids of the failed records, trigger {_form(context)} again, and paste them into the field "
            f"“{field}”: only these are set again.{also}"
        )
    return f"Then trigger {_form(context)} again with a file that has only these rows."


def _in_the_form(figures: Figures) -> str:
    fields = fields_to_look_at(figures)
    return f", or {named(fields)} in the form if that is what is wrong" if fields else ""


def _form(context: Context) -> str:
    return f"`{context.dag_id}`" if context.dag_id else "the form"


def _opening_form(text: str, context: Context) -> Step:
    return Step(text, context.form_href, "Open the form")


def _start_again(figures: Figures, context: Context) -> Step:
    if figures.form and not figures.total:
        return _opening_form(f"Then trigger {_form(context)} again.", context)
    if not figures.counts[Outcome.APPLIED]:
        return Step(f"Then let it run again: {CLEAR}.")
    return Step(f"To set the rest, let it run again: {CLEAR}. {_second_time(figures)}")


def _second_time(figures: Figures) -> str:
    applied = figures.counts[Outcome.APPLIED]
    those = "the one that is set gets" if applied == 1 else f"the {count(applied)} that are set get"
    return f"It then starts from the beginning, and {those} the same disposition a second time in the history."
