"""One try of a task: source -> sync -> judgement, and what it leaves behind however it ends."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property, partial
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_vcc._compat import AirflowNotFoundException, AirflowSkipException, task_state_store
from airflow_provider_vcc._storage import create_binary
from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.elements.fields import check_disposition
from airflow_provider_vcc.dispositions.elements.names import CRITERION, is_criterion
from airflow_provider_vcc.dispositions.engine.kept import Kept
from airflow_provider_vcc.dispositions.engine.limits.auto import Auto
from airflow_provider_vcc.dispositions.engine.sync import Settings, Sync
from airflow_provider_vcc.dispositions.http.client import Client
from airflow_provider_vcc.dispositions.outcomes.failures import FailuresFile
from airflow_provider_vcc.dispositions.outcomes.outcome import Threshold
from airflow_provider_vcc.dispositions.outcomes.tally import Tally
from airflow_provider_vcc.dispositions.progress.synced import Synced, fingerprint_key
from airflow_provider_vcc.dispositions.sources.names import public_name
from airflow_provider_vcc.documents import REPORT_KEY
from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.hooks.vcc import VccHook
from airflow_provider_vcc.redaction import Redaction
from airflow_provider_vcc.task.inputs import check_other_file
from airflow_provider_vcc.task.judgement import judge, judge_empty
from airflow_provider_vcc.task.parameters import a_path
from airflow_provider_vcc.task.preview import Preview
from airflow_provider_vcc.task.reporting.form import disposition_name, form_of
from airflow_provider_vcc.task.reporting.log import log_summary
from airflow_provider_vcc.task.reporting.metrics import describe_assets, emit
from airflow_provider_vcc.task.reporting.project import look_up
from airflow_provider_vcc.task.reporting.report import ReportBuilder, stored
from airflow_provider_vcc.task.reporting.watcher import Watcher
from airflow_provider_vcc.wording import elements

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_vcc._compat import Context
    from airflow_provider_vcc.dispositions.engine.recorder import Sink
    from airflow_provider_vcc.dispositions.sources.rows import Source
    from airflow_provider_vcc.documents import Report, Summary
    from airflow_provider_vcc.task.endpoints import Endpoints, TaskLog
    from airflow_provider_vcc.task.parameters import Parameters

__all__ = ["Run"]


class Run:
    """One try.

    :param given: the operator's parameters, rendered and checked.
    :param endpoints: where the elements come from, and who is told of the end.
    :param log: the task's logger.
    """

    def __init__(self, given: Parameters, endpoints: Endpoints, context: Context, log: TaskLog) -> None:
        self.given = given
        self.endpoints = endpoints
        self.context = context
        self.log = log
        self.threshold = Threshold(given.max_errors, given.max_error_rate)
        self.tally = Tally(
            given.project_id,
            public_name(given.failures_path) if given.failures_path else None,
            _id_name(given.field_map),
            _criteria(given.field_map),
        )
        self.tally.validate_only = given.validate_only
        self.source: Source | None = None
        self.sync: Sync | None = None
        self._store = task_state_store(context)
        earlier = self._store.get(REPORT_KEY) if self._store is not None else None
        self.report = ReportBuilder(given, context["ti"].try_number, earlier)
        self.report.form = form_of(context)

    def execute(self) -> Summary:
        """Do it, and return the summary."""
        try:
            with ExitStack() as stack:
                self._send(stack)
            self._judge()
            self._passed()
        except BaseException as error:
            self._failed(error)
            raise
        self._succeeded()
        return self.tally.summary()

    def stop(self) -> None:
        """Send nothing more. May be called from a signal handler."""
        if self.sync is not None:
            self.sync.stop()

    def _send(self, stack: ExitStack) -> None:
        given = self.given
        check_other_file(self._input_path, given.failures_path)
        self.source = source = self.endpoints.open_source()
        sinks = self._sinks(stack)
        if given.validate_only:
            self._check(source, sinks)
        else:
            self.sync = sync = self._sync(source, sinks, self._synced(stack))
            sync.run()
            self._ask_for_the_project()
            if not self.tally.summary()["not_sent"]:
                self.endpoints.settled()

    def _check(self, source: Source, sinks: Sequence[Sink]) -> None:
        """Read and check everything, and send nothing."""
        preview = Preview(self.given, self.log, self.base_url, self.disposition)
        watcher = Watcher(self.log, self.report, source)
        self.sync = sync = preview.sync(source, self.checker, self.tally, sinks, watcher)
        try:
            sync.run()
        finally:
            preview.sum_up(self.tally.summary()["not_sent"])
            self._ask_for_the_project()

    def _ask_for_the_project(self) -> None:
        """Learn the project's name, at the end: nothing waits for it, and nothing depends on it."""
        if self._told("base_url") is not None:
            project = look_up(self.hook, self.given.project_id)
            self.report.project_name = project.name
            if self.given.validate_only:
                self.log.info("%s", project.said(self.given.project_id))

    @property
    def _input_path(self) -> str | None:
        given = self.endpoints.input_path
        return None if given is None else a_path("elements_path", given)

    def _sinks(self, stack: ExitStack) -> list[Sink]:
        sinks: list[Sink] = []
        if self.given.failures_path is not None:
            sinks.append(FailuresFile(self.given.failures_path, partial(create_binary, but=self._input_path)))
            stack.callback(sinks[0].close)
        for sink in () if self.given.validate_only else self.endpoints.open_sinks():
            stack.callback(sink.close)
            sinks.append(sink)
        return sinks

    # The connection

    @cached_property
    def hook(self) -> VccHook:
        """The connection."""
        return VccHook(
            self.given.vcc_conn_id,
            pool_size=Auto.most if self.given.max_in_flight == "auto" else self.given.max_in_flight,
        )

    @cached_property
    def timezone(self) -> str | None:
        """The call centre's clock. A check that sends nothing goes on without a connection."""
        try:
            timezone = self.hook.settings.timezone
        except (AirflowNotFoundException, VccConfigurationError) as error:
            if not self.given.validate_only:
                raise
            self.log.warning("Nothing could be sent with this connection, and no times can be converted: %s", error)
            return None
        self.report.timezone = timezone
        return timezone

    @property
    def base_url(self) -> str:
        """The API's address, as far as the connection tells it."""
        return self._told("base_url") or "https://.../v2"

    @property
    def customer(self) -> str:
        """The customer, as far as the connection tells it."""
        return self._told("customer") or "unknown"

    def _told(self, name: str) -> str | None:
        try:
            return str(getattr(self.hook.settings, name))
        except (AirflowNotFoundException, VccConfigurationError):
            return None

    @cached_property
    def checker(self) -> Checker:
        """What checks the elements."""
        return Checker(self.given.field_map, self.timezone, self.given.date_format)

    @cached_property
    def disposition(self) -> dict[str, object] | None:
        """The request's object, as it goes out."""
        self.report.disposition = checked = check_disposition(self.given.disposition, self.checker.dates)
        self.report.disposition_name = disposition_name(self.context, (checked or {}).get("dispositionid"))
        return checked

    # The sync

    def _synced(self, stack: ExitStack) -> Synced | None:
        """Return what leaves out what earlier runs had applied, if the task has a ledger."""
        ledger = self.endpoints.open_ledger(self.given.project_id)
        if ledger is None:
            return None
        stack.callback(ledger.close)
        key = fingerprint_key(self.hook.settings.base_url, self.given.project_id, self.disposition)
        doubles = self.given.on_ambiguous == "resend"
        return Synced(ledger, key, resend=self.endpoints.send_unchanged, doubles=doubles)

    def _sync(self, source: Source, sinks: Sequence[Sink], synced: Synced | None) -> Sync:
        given = self.given
        sync = Sync(
            self._client(),
            source,
            self.checker,
            tally=self.tally,
            settings=self._settings(),
            threshold=self.threshold,
            disposition=self.disposition,
            avoid_in_call=given.avoid_in_call,
            kept=Kept(self._store, self._scope(), synced=synced),
            sinks=sinks,
            observer=Watcher(self.log, self.report, source),
            redaction=Redaction(self.disposition, self.hook.settings.secrets),
        )
        self._announce(source)
        return sync

    def _announce(self, source: Source) -> None:
        given, known = self.given, "" if source.total is None else f", {elements(source.total)}"
        auto = given.max_in_flight == "auto"
        at_a_time = f"up to {Auto.most} at a time, found while sending" if auto else f"{given.max_in_flight} at a time"
        self.log.info(
            "Project %s of %s, from %s%s: at most %s in one request, %s",
            *(given.project_id, self.customer, source.name, known, elements(given.chunk_size), at_a_time),
        )
        if self._store is None and self.endpoints.retries:
            self.log.info("This version of Airflow keeps no task state (3.3 and later do), so a retry starts over")

    def _client(self) -> Client:
        settings = self.hook.settings
        return Client(
            self.hook.get_conn(),
            settings.base_url,
            self.given.project_id,
            timeout=settings.timeout,
            connect_timeout=settings.connect_timeout,
        )

    def _settings(self) -> Settings:
        given = self.given
        return Settings(
            chunk_size=given.chunk_size,
            max_chunk_bytes=given.max_chunk_bytes,
            max_in_flight=given.max_in_flight,
            max_elements_per_second=given.max_elements_per_second,
            on_ambiguous=given.on_ambiguous,
            stop_on_breach=given.stop_on_breach,
        )

    def _scope(self) -> bytes:
        """Return all that an element's effect depends on beside itself: if it differs, a retry skips nothing."""
        given = self.given
        settings = self.hook.settings
        return msgspec.json.encode(
            [
                settings.base_url,
                settings.username,
                settings.timezone,
                given.project_id,
                self.disposition,
                given.avoid_in_call,
                given.field_map,
                *([given.date_format] if given.date_format else []),
            ],
            order="deterministic",
        )

    # The end

    def _judge(self) -> None:
        summary = self.tally.summary()
        self.report.breached = self.threshold.breached(summary["failed"], summary["total"])
        log_summary(self.log, summary)
        judge(summary, self.threshold, soft_fail=self.given.soft_fail)
        if not summary["total"]:
            if self.given.on_empty == "skip":
                self._passed()  # what was read is done with, though all of it was the same: a watermark moves
            name = self.source.name if self.source else "the input"
            judge_empty(name, self.given.on_empty, self.tally.unchanged or 0)

    def _passed(self) -> None:
        if not self.given.validate_only:
            self.endpoints.passed(self.tally.summary())

    def _succeeded(self) -> None:
        summary = self.tally.summary()
        self._publish(summary)
        self._aside("The outlets' events got no counts", describe_assets, self.endpoints.outlets, summary, self.context)
        self._aside("The progress could not be cleared", self._forget)

    def _failed(self, error: BaseException) -> None:
        """Leave the summary behind; where that fails as well, the error that came first is the one to see."""
        summary = self.tally.summary()
        if not self.report.breached and not isinstance(error, AirflowSkipException):
            self.report.failed(error)
            summary["error"] = self.report.error or ""
        if self.report.breached is None and self.tally.total:
            log_summary(self.log, summary)
        self._aside("The summary could not be pushed", self._publish, summary)
        self._aside("The report could not be kept for the next try", self._remember, summary)

    def _aside(self, otherwise: str, do: Callable[..., None], *arguments: object) -> None:
        """Do what the task's state must not depend on."""
        try:
            do(*arguments)
        except Exception as error:  # noqa: BLE001 -- as said
            self.log.warning("%s (%s)", otherwise, type(error).__name__)

    def _publish(self, summary: Summary) -> None:
        self.report.done = True
        if self.sync is not None:
            self.report.sample(self.sync.snapshot())
        instance = self.context["ti"]
        instance.xcom_push(key="summary", value=summary)
        instance.xcom_push(key="report", value=self._report())
        emit(summary, self.context, self.log)

    def _remember(self, summary: Summary) -> None:
        """Leave the report to the next try."""
        if self.sync is not None and self._store is not None and not self.given.validate_only:
            self._store.set(REPORT_KEY, stored(summary, self._report()))

    def _report(self) -> Report:
        now = self.sync.snapshot() if self.sync is not None else None
        return self.report.build(self.source, now, self.tally.failed_records.document())

    def _forget(self) -> None:
        """Leave nothing to a next try: there is none."""
        if self.sync is not None and self._store is not None and not self.given.validate_only:
            self.sync.clear()
            self._store.delete(REPORT_KEY)


def _id_name(field_map: Mapping[str, str] | None) -> str:
    """Return what the input calls the field ``numberid``."""
    return next((name for name, field in (field_map or {}).items() if field == "numberid"), "numberid")


def _criteria(field_map: Mapping[str, str] | None) -> frozenset[str]:
    """Return the criteria of searches that the author of the DAG names."""
    return frozenset(field.removeprefix(CRITERION) for field in (field_map or {}).values() if is_criterion(field))
