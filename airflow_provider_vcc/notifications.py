"""What a mail or a chat message says of a task of this package: ``summary_text`` and ``summary_html``.

Hand them the context of an ``on_failure_callback``, ``on_success_callback``, ``on_retry_callback`` or
``on_skipped_callback``. They never raise, whatever state the task is in and whatever exception ended it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_vcc.report.reading.figures import Figures
    from airflow_provider_vcc.report.words.remedy import Step

    Given = Mapping[str, Any]
    """A task's context, as Airflow gives it."""

__all__ = ["summary_html", "summary_text"]

MOST_REASONS = 3
OTHERWISE = "A task of VCC Live has ended, and nothing more can be said of it here. Look at it in Airflow."
STATES = {"success": "Success", "failed": "Failed", "skipped": "Skipped", "up_for_retry": "Will be tried again"}


@dataclass(frozen=True)
class Message:
    """What there is to say. Empty texts are left out."""

    title: str
    verdict: str
    plan: str = ""
    consequence: str = ""
    cause: str = ""
    reasons: tuple[tuple[str, str], ...] = ()
    """Each reason with its count and its first records, and what to do about it."""
    steps: tuple[str, ...] = ()
    link: str = ""


def summary_text(context: Mapping[str, object]) -> str:
    """Return what to say of a task as plain text: the verdict, the counts, the first reasons, what to do, a link.

    :param context: the callback's context.
    :returns: a few lines; no description and no search value is in them.
    """
    return _never_raising(context, _as_text)


def summary_html(context: Mapping[str, object]) -> str:
    """Return the same as HTML for a mail: everything escaped, without style sheets and pictures.

    :param context: the callback's context.
    """
    return _never_raising(context, _as_html)


def _never_raising(context: Mapping[str, object], write: Callable[[Message], str]) -> str:
    """Return as much as can be said. A message that says little is better than none."""
    for make in (_message, _little):
        try:
            return write(make(context))
        except Exception:  # noqa: BLE001, S112 -- a failure mail must not die of what it tells about
            continue
    return OTHERWISE


def _instance(context: Given) -> Any:
    return context["ti"] if "ti" in context else context["task_instance"]


def _name(instance: Any) -> str:
    """Return which task it is, on one line: the first line of a message may become a mail's subject."""
    from airflow_provider_vcc.wording import one_line

    return one_line(f"{instance.dag_id}, {instance.task_id}")


def _little(context: Given) -> Message:
    """Return what is left to say if the figures cannot be read."""
    instance = _instance(context)
    kind = _kind(context.get("exception"))
    verdict = f"The task ended with {kind}." if kind else "The task ended."
    return Message(_name(instance), verdict, link=_safely(_link, instance))


def _message(context: Given) -> Message:
    from airflow_provider_vcc.report.reading.context import Context
    from airflow_provider_vcc.report.reading.figures import has_figures, read_figures
    from airflow_provider_vcc.report.words.remedy import steps
    from airflow_provider_vcc.report.words.verdict import consequence, plan, verdict

    instance, exception = _instance(context), context.get("exception")
    summary = _summary_of(exception) or _pulled(instance, "summary")
    if not has_figures(summary):
        return _without_figures(context)
    report = _pulled(instance, "report")
    figures = read_figures(summary, report)
    state = _state(instance, exception, figures)
    todo = steps(figures, Context(state=state, dag_id=str(instance.dag_id)), state)
    return Message(
        title=f"{STATES.get(state, state)}: {_name(instance)}",
        verdict=verdict(figures),
        plan=plan(figures) if isinstance(report, dict) else "",
        consequence=consequence(figures, state),
        cause="" if figures.breached else figures.error or _cause(exception),
        reasons=_reasons(figures),
        steps=tuple(map(_plain, todo)),
        link=_safely(_link, instance),
    )


def _summary_of(exception: object) -> object:
    try:
        return getattr(exception, "summary", None)
    except Exception:  # noqa: BLE001 -- an exception may raise when it is asked; the XCom has the same
        return None


def _without_figures(context: Given) -> Message:
    from airflow_provider_vcc.report.words.status import UNKNOWN

    instance, exception = _instance(context), context.get("exception")
    state = _state(instance, exception, None)
    lost = exception is not None or state == "failed"
    headline, detail = UNKNOWN if lost else ("The task has ended", "It left no figures.")
    return Message(
        title=f"{STATES.get(state, state)}: {_name(instance)}",
        verdict=headline,
        consequence=detail,
        cause=_cause(exception),
        link=_safely(_link, instance),
    )


def _state(instance: object, exception: object, figures: Figures | None) -> str:
    """Return how the task ended, by Airflow's word; else by its exception and its figures."""
    from airflow_provider_vcc.report.words.verdict import guess

    told = getattr(instance, "state", None)
    state = str(getattr(told, "value", told) or "")
    if state in STATES:
        return state
    if type(exception).__name__ == "AirflowSkipException":
        return "skipped"
    if exception is not None:
        return "failed"
    return guess(figures) if figures is not None else "success"


def _cause(exception: object) -> str:
    """Return why it ended. Of errors that are not ours only the kind: their texts may be personal."""
    from airflow_provider_vcc.exceptions import VccError
    from airflow_provider_vcc.wording import one_line

    if isinstance(exception, VccError) and getattr(exception, "summary", None) is None:
        return one_line(str(exception))
    return "" if isinstance(exception, VccError) else _kind(exception)


def _kind(exception: object) -> str:
    return "" if exception is None else type(exception).__name__


def _reasons(figures: Figures) -> tuple[tuple[str, str], ...]:
    from airflow_provider_vcc.report.words.failed import reasons

    found = reasons(figures)
    said = [
        (f"{why.number:,} x {why.says}" + (f" ({why.examples})" if why.examples else ""), why.todo) for why in found
    ]
    if len(said) > MOST_REASONS:
        said[MOST_REASONS:] = [(f"and {len(said) - MOST_REASONS} more reasons", "")]
    return tuple(said)


def _plain(step: Step) -> str:
    return step.text.replace("`", "")


def _pulled(instance: Any, key: str) -> object:
    """Return an XCom of the task itself, or None if there is none."""
    try:
        given = {"task_ids": instance.task_id, "key": key, "map_indexes": getattr(instance, "map_index", -1)}
        return instance.xcom_pull(**given)
    except Exception:  # noqa: BLE001 -- there is a message without it
        return None


def _safely(make: Callable[[object], str], instance: object) -> str:
    try:
        return make(instance)
    except Exception:  # noqa: BLE001 -- there is a message without it
        return ""


def _link(instance: object) -> str:
    """Return the address of the report."""
    from airflow_provider_vcc._compat import conf
    from airflow_provider_vcc.links import VccReportLink

    link = VccReportLink().get_link(None, ti_key=instance)
    base = conf.get("api", "base_url", fallback="")
    if "://" in link:
        return link
    return f"{base.rstrip('/')}/{link}" if base else ""


def _as_text(message: Message) -> str:
    lines = [message.title, message.verdict, message.plan, message.consequence]
    lines.append(f"Why it ended: {message.cause}" if message.cause else "")
    for reason, todo in message.reasons:
        lines.append(f"- {reason}. {todo}".rstrip())
    if message.steps:
        lines += ["What to do now:", *(f"- {step}" for step in message.steps)]
    lines.append(f"Report: {message.link}" if message.link else "")
    return "\n".join(line for line in lines if line)


def _as_html(message: Message) -> str:
    from markupsafe import Markup, escape

    def paragraph(text: str) -> Markup:
        return Markup("<p>{}</p>").format(text) if text else Markup("")

    parts = [
        paragraph(message.title),
        Markup("<p><strong>{}</strong></p>").format(message.verdict),
        paragraph(message.plan),
        paragraph(message.consequence),
        paragraph(f"Why it ended: {message.cause}" if message.cause else ""),
    ]
    rows = [
        Markup("<li>{}{}</li>").format(reason, Markup("<br>") + escape(todo) if todo else "")
        for reason, todo in message.reasons
    ]
    if rows:
        parts.append(Markup("<ul>{}</ul>").format(Markup("").join(rows)))
    if message.steps:
        steps = Markup("").join(Markup("<li>{}</li>").format(step) for step in message.steps)
        parts.append(Markup("<p>What to do now:</p><ol>{}</ol>").format(steps))
    if message.link:
        parts.append(Markup('<p><a href="{}">The report, with each failed record</a></p>').format(message.link))
    return str(Markup("\n").join(part for part in parts if part))
