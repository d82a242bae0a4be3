"""One judgement over many shards: ``DispositionThresholdOperator``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Unpack

from airflow_provider_vcc._compat import BaseOperator
from airflow_provider_vcc.exceptions import VccConfigurationError, VccError, without_causes
from airflow_provider_vcc.links import VccReportLink
from airflow_provider_vcc.task.parameters import (
    NOTHING,
    a_flag,
    at_least_zero,
    is_template,
    most_error_rate,
    most_errors,
)
from airflow_provider_vcc.task.reporting.early import leaving_reason, render_shown
from airflow_provider_vcc.task.unknown import naming_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow_provider_vcc._compat import Context
    from airflow_provider_vcc.documents import Summary
    from airflow_provider_vcc.task.rendering.arguments import TaskArguments
    from airflow_provider_vcc.task.rendering.templated import Templated

__all__ = ["DispositionThresholdOperator"]


class DispositionThresholdOperator(BaseOperator):
    """Judges the summaries of all shards together. Use it with ``trigger_rule="all_done"``.

    ``summaries``, ``expected``, ``max_errors`` and ``max_error_rate`` are templated.

    :param summaries: the output of a mapped ``BatchDispositionOperator`` or ``SqlToVccOperator``: ``sync.output``. Its
        XComs ``summary`` are read, which a failed shard has too.
    :param expected: how many there must be: a shard that died leaves none, and fewer fail the task. 0 of 0 passes, for
        a day on which there was nothing to do.
    :param max_errors: the most failed elements that are tolerated, over all shards.
    :param max_error_rate: the highest failed / total, from 0 to 1. Both given: either one breaks. Neither given: none
        is tolerated.
    :param soft_fail: a broken threshold marks the task skipped instead of failed. A missing shard still fails it.
    """

    template_fields: Sequence[str] = ("summaries", "expected", "max_errors", "max_error_rate")
    ui_color = "#d9ecf2"
    operator_extra_links = (VccReportLink(),)

    def __init__(
        self,
        *,
        summaries: Templated[Iterable[Mapping[str, object] | None]] | Mapping[str, object],
        expected: Templated[int],
        max_errors: Templated[int] | None = None,
        max_error_rate: Templated[float] | None = None,
        soft_fail: bool = False,
        **kwargs: Unpack[TaskArguments],
    ) -> None:
        with naming_unknown(self, kwargs):
            super().__init__(**kwargs)
        self.summaries = _of_failed_shards_too(summaries)
        self.expected = expected
        self.max_errors = max_errors
        self.max_error_rate = max_error_rate
        self.soft_fail = soft_fail
        for name, check in CHECKS.items():
            if not is_template(getattr(self, name)):
                check(name, getattr(self, name))

    def execute(self, context: Context) -> Summary:
        """Merge the summaries and judge them.

        :returns: the merged summary, which is also pushed as the XCom ``summary``.
        :raises VccError: where a shard is missing, or ended before its time.
        :raises DispositionThresholdExceeded: where more elements failed than are tolerated.
        :raises AirflowSkipException: likewise, with ``soft_fail``.
        """
        from airflow_provider_vcc.dispositions.outcomes.outcome import Threshold
        from airflow_provider_vcc.task.judgement import judge, unsent
        from airflow_provider_vcc.task.merging import merged, report
        from airflow_provider_vcc.task.reporting.log import log_summary

        with leaving_reason(self, context):
            given = {name: check(name, getattr(self, name)) for name, check in CHECKS.items()}
            shards = list(_summaries(self.summaries))
        threshold = Threshold(given["max_errors"], given["max_error_rate"])
        summary = merged(shards)
        missing = _missing(len(shards), given["expected"])
        wrong, soft_fail = missing or _cut_short(shards), given["soft_fail"]
        context["ti"].xcom_push(key="summary", value=summary)
        told = report(shards, summary, threshold, wrong, soft_fail=soft_fail, is_complete=missing is None)
        context["ti"].xcom_push(key="report", value=told)
        log_summary(self.log, summary)
        if wrong:
            raise VccError(wrong, summary=summary)
        judge(summary, threshold, soft_fail=soft_fail)
        if left := sum(map(unsent, shards)):
            raise VccError(NOT_SENT.format(left), summary=summary)
        return summary

    def _do_render_template_fields(
        self, parent: Any, template_fields: Iterable[str], context: Any, jinja_env: Any, seen_oids: set[int]
    ) -> None:
        """Render as Airflow does, and leave the reason behind if a field cannot be rendered."""
        if parent is not self:
            super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
            return

        def how(value: object) -> Any:
            return self.render_template(value, context, jinja_env, seen_oids)

        render_shown(self, template_fields, how, context, jinja_env)


def _of_failed_shards_too(summaries: Any) -> object:
    """Take the XCom ``summary`` of tasks, which a failed one has too, where their result is named."""
    from airflow_provider_vcc._compat import XCOM_RETURN_KEY

    is_result = hasattr(summaries, "operator") and getattr(summaries, "key", None) == XCOM_RETURN_KEY
    return summaries["summary"] if is_result else summaries


NOT_SENT = "{:,} elements were not sent; clear the shards that failed, and this task runs again"
NO_SUMMARIES = "summaries must be the XComs 'summary' of mapped tasks; write summaries=sync.output['summary']"
NO_JSON = (
    "summaries is a text that is not JSON. Write summaries=sync.output['summary'], or let a template end in | tojson"
)
CHECKS: dict[str, Any] = {
    "expected": at_least_zero,
    "max_errors": most_errors,
    "max_error_rate": most_error_rate,
    "soft_fail": a_flag,
}


def _summaries(given: Any) -> Iterable[Summary]:
    """Yield the summaries that there are: a shard that died has none, or None in its place."""
    from airflow_provider_vcc.task.merging import checked

    given = _decoded(given)
    if given is None:
        return
    given = [given] if hasattr(given, "keys") else given
    if not hasattr(given, "__iter__"):
        raise VccConfigurationError(NO_SUMMARIES)
    for index, one in enumerate(map(_decoded, given)):
        if one is None:
            continue
        if not hasattr(one, "keys") or "applied" not in one:
            raise VccConfigurationError(NO_SUMMARIES)
        yield checked(index, one)


@without_causes()
def _decoded(given: object) -> Any:
    """Return what a JSON text stands for: a template gives a text, a trigger's form as well."""
    if not isinstance(given, str):
        return given
    if given.strip() in NOTHING:
        return None
    try:
        return json.loads(given)
    except ValueError:
        raise VccConfigurationError(NO_JSON) from None


def _cut_short(shards: Sequence[Summary]) -> str | None:
    """Return what is wrong if shards ended before their time, and do not even know how much they left out."""
    from airflow_provider_vcc.task.judgement import unsent

    reasons = [shard["error"] for shard in shards if shard.get("error") and not unsent(shard)]
    if not reasons:
        return None
    return (
        f"{len(reasons)} of {len(shards)} shards ended early, so nobody can say what became of the rest of their "
        f"elements: {reasons[0].rstrip('.')}. Look at these tasks, clear them, and this one runs again"
    )


def _missing(there: int, expected: int) -> str | None:
    if there < expected:
        return (
            f"{expected - there} of {expected} shards left no summary, so nobody can say what became of their "
            "elements; look at these tasks, clear them, and this one runs again"
        )
    if there > expected:
        return f"there are {there} summaries and expected={expected}; give the number of shards"
    return None
