"""Set the dispositions that a query gives: ``SqlToVccOperator``."""

from __future__ import annotations

import os
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack, cast

from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.task.parameters import a_flag
from airflow_provider_vcc.task.rendering.rendered import bare
from airflow_provider_vcc.transfers.parameters import a_table, bound, check_query, rows_at_a_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_vcc._compat import Context, XComArg
    from airflow_provider_vcc.dispositions.engine.recorder import Sink
    from airflow_provider_vcc.documents import Summary
    from airflow_provider_vcc.task.endpoints import Endpoints
    from airflow_provider_vcc.task.rendering.arguments import SendingArguments
    from airflow_provider_vcc.task.rendering.templated import Templated
    from airflow_provider_vcc.transfers.query import QuerySource
    from airflow_provider_vcc.transfers.results import ResultsTable
    from airflow_provider_vcc.transfers.synced import SyncedTable
    from airflow_provider_vcc.transfers.watermark import Watermark

__all__ = ["SqlToVccOperator"]

ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)
NO_SQL = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"", re.DOTALL)
INNERMOST = re.compile(r"\([^()]*\)")
UNORDERED = (
    "The query has no ORDER BY, so a retry may get its rows in another order: it sends again what does not stand "
    "where it stood. Add ORDER BY on a unique column, so that a retry sends only what is not applied"
)

NO_START = (
    "There is no watermark yet, and no watermark_initial: the query gets NULL, with which no comparison selects a row. "
    "Give watermark_initial, unless the query sees to it, as by COALESCE"
)


class SqlToVccOperator(BatchDispositionOperator):
    """Sets the dispositions that a query's rows ask for; the result is streamed, never held whole.

    Takes all parameters of ``BatchDispositionOperator`` but ``elements`` and ``elements_path``. Templated, too, are
    ``sql``, ``sql_conn_id``, ``parameters``, ``watermark_initial``, ``results_table``, ``synced_table``,
    ``send_unchanged``.

    :param sql: the query, or the path of a ``.sql`` template file. Its columns are fields of elements, or go through
        ``field_map``.
    :param sql_conn_id: a connection whose hook is a ``DbApiHook``.
    :param parameters: bound in the driver's own style, as the hook's ``run`` takes them.
    :param sql_hook_params: keywords for the hook, as in other SQL transfers.
    :param fetch_size: rows at a time.
    :param watermark_column: incremental: a time, a whole number or a text in ISO form, whose highest value is kept from
        run to run beside the task's one outlet asset, and handed to the query as the parameter ``watermark``, or as the
        last one where parameters have no names. It moves only when the judgement passes. Needs Airflow 3.3 or later.
    :param watermark_initial: the first run's.
    :param synced_table: only what changed: a table in the same database that remembers, for each record, a fingerprint
        of what the service last applied. Rows that are the same are left out. Made if it is missing.
    :param send_unchanged: with ``synced_table``, send also the rows that are the same, and remember them.
    :param results_table: where each failed element is written; made if it is missing. That it can be written to is seen
        before anything is sent; what cannot be written afterwards is counted, and decides over nothing.
    :param results_conn_id: its connection, where it is not ``sql_conn_id``.
    """

    template_fields: Sequence[str] = (
        *(name for name in BatchDispositionOperator.template_fields if not name.startswith("elements")),
        "sql",
        "sql_conn_id",
        "parameters",
        "watermark_initial",
        "results_table",
        "synced_table",
        "send_unchanged",
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {  # noqa: RUF012 -- as in Airflow's own operators
        **{k: v for k, v in BatchDispositionOperator.template_fields_renderers.items() if k != "elements"},
        "sql": "sql",
        "parameters": "json",
    }
    ui_color = "#d5e8d4"
    _template_files: Sequence[str] = ("sql",)

    def __init__(
        self,
        *,
        sql: str | XComArg,
        sql_conn_id: str | XComArg,
        parameters: Templated[Mapping[str, object] | Sequence[object]] | None = None,
        sql_hook_params: Mapping[str, object] | None = None,
        fetch_size: int = 10_000,
        watermark_column: str | None = None,
        watermark_initial: object = None,
        synced_table: str | XComArg | None = None,
        send_unchanged: Templated[bool] = False,
        results_table: str | XComArg | None = None,
        results_conn_id: str | None = None,
        **kwargs: Unpack[SendingArguments],
    ) -> None:
        self.sql = cast("str", sql)  # what it is when the task runs; likewise the next ones
        self.sql_conn_id = cast("str", sql_conn_id)
        self.parameters = parameters
        self.sql_hook_params = sql_hook_params
        self.fetch_size = fetch_size
        self.watermark_column = watermark_column
        self.watermark_initial = watermark_initial
        self.results_table = cast("str | None", results_table)
        self.results_conn_id = results_conn_id
        self.synced_table = cast("str | None", synced_table)
        self.send_unchanged = cast("bool", send_unchanged)
        for name in ("elements", "elements_path"):
            if name in kwargs:
                raise VccConfigurationError(f"{name} does not go with sql; use BatchDispositionOperator for it")
        super().__init__(**kwargs)
        self._query: QuerySource | None = None
        self._watermark: Watermark | None = None
        self._results: ResultsTable | None = None

    def execute(self, context: Context) -> Summary:
        """Send everything, and judge it. What ends the task says as well what is not in the results table.

        :returns: the summary, as that of ``BatchDispositionOperator``.
        """
        try:
            return super().execute(context)
        except Exception as error:
            if self._results is not None and self._results.loss is not None:
                error.args = (f"{error}. {self._results.loss}", *error.args[1:])
            raise

    def _check_inputs(self) -> None:
        check_query(self)

    def _source(self, context: Context) -> QuerySource:
        from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
        from airflow_provider_vcc.dispositions.elements.names import FIELDS
        from airflow_provider_vcc.task.parameters import a_field_map
        from airflow_provider_vcc.transfers.query import QuerySource

        if self.retries and not _is_ordered(bare(self.sql)):
            self.log.warning(UNORDERED)
        self._check_databases()
        field_map = a_field_map("field_map", self.field_map)
        sql, *parameters = self._bound(context)
        self._query = QuerySource(
            self._hook(self.sql_conn_id),
            sql,
            parameters[0] if parameters else None,
            name=f"query of {self.sql_conn_id}",
            fetch_size=rows_at_a_time("fetch_size", self.fetch_size),
            log=self.log,
            plan_columns=partial(ColumnPlan, field_map=field_map),
            names=(*FIELDS, *(field_map or {})),
            watermark_column=self.watermark_column,
            keep_watermark=self._is_wanted(field_map),
            **({"check_kind": self._watermark.check_kind} if self._watermark else {}),
        )
        return self._query

    def _is_wanted(self, field_map: Mapping[str, str] | None) -> bool:
        from airflow_provider_vcc.dispositions.elements.names import FIELDS

        return self.watermark_column in FIELDS or self.watermark_column in (field_map or {})

    def _bound(self, context: Context) -> tuple[Any, ...]:
        """Return the query and its parameters, if it has any."""
        sql = bare(self.sql).strip().removesuffix(";")
        parameters = bound("parameters", bare(self.parameters))
        if self.watermark_column is None:
            return (sql, parameters)
        from airflow_provider_vcc.transfers.watermark import Watermark

        self._watermark = Watermark(context, list(self.outlets), self.watermark_initial, self.log)
        if self._watermark.value is None:
            self.log.warning(NO_START)
        return self._watermark.bind(sql, parameters)

    def _check_databases(self) -> None:
        """Check that the failures do not overwrite a database that is a file, as SQLite's are."""
        from airflow_provider_vcc._compat import BaseHook
        from airflow_provider_vcc.task.inputs import check_other_database

        failures_path = bare(self.failures_path)
        for conn_id in (self.sql_conn_id, self.results_conn_id) if failures_path else ():
            if conn_id:
                check_other_database(conn_id, BaseHook.get_connection(conn_id).host, str(failures_path))

    def _hook(self, conn_id: str) -> Any:
        from airflow_provider_vcc._compat import BaseHook

        connection: Any = BaseHook.get_connection(conn_id)
        hook = connection.get_hook(hook_params=dict(self.sql_hook_params or {}))
        if not hasattr(hook, "fetch_all_handler") and not hasattr(hook, "get_sqlalchemy_engine"):
            raise VccConfigurationError(
                f"the connection {conn_id!r} is of a type that runs no SQL ({type(hook).__name__}); "
                "use one of a database"
            )
        return hook

    def _sinks(self, context: Context) -> list[Sink]:
        name = a_table("results_table", self.results_table)
        if name is None:
            return []
        from airflow_provider_vcc.transfers.results import ResultsTable

        instance = context["ti"]
        key = {
            "dag_id": instance.dag_id,
            "run_id": instance.run_id,
            "task_id": instance.task_id,
            "map_index": instance.map_index if instance.map_index is not None else -1,
        }
        self._results = ResultsTable(
            self._hook(self.results_conn_id or self.sql_conn_id),
            name,
            key,
            instance.try_number,
            log=self.log,
            is_replaced=_orphaned_before_retry(instance),
        )
        return [self._results]

    def _endpoints(self, context: Context) -> Endpoints:
        from dataclasses import replace

        send_unchanged = a_flag("send_unchanged", self.send_unchanged)
        ledger = partial(self._ledger, context)
        return replace(super()._endpoints(context), open_ledger=ledger, send_unchanged=send_unchanged)

    def _ledger(self, context: Context, project_id: int) -> SyncedTable | None:
        name = a_table("synced_table", self.synced_table)
        if name is None:
            return None
        from airflow_provider_vcc.transfers.synced import SyncedTable

        instance = context["ti"]
        writer = {"dag_id": instance.dag_id, "task_id": instance.task_id}
        hook, is_replaced = self._hook(self.sql_conn_id), _orphaned_before_retry(instance)
        table = SyncedTable(hook, name, project_id, writer, is_replaced)
        table.prepare()
        return table

    def _settled(self) -> None:
        if self._results is not None:
            self._results.settled()

    def _passed(self, context: Context, summary: Mapping[str, object]) -> None:
        super()._passed(context, summary)
        if self._watermark is not None and self._query is not None:
            self._watermark.move(self._query.watermark)


def _is_ordered(sql: str) -> bool:
    """Return whether the result has an order: one in brackets is that of a subquery or a window."""
    sql, inner = NO_SQL.sub(" ", sql), 1
    while inner:
        sql, inner = INNERMOST.subn(" ", sql)
    return ORDERED.search(sql) is not None


def _orphaned_before_retry(instance: Any) -> Callable[[], bool]:
    """Return a function that tells whether this process has lost its supervisor, and another try is to come."""
    supervisor = os.getppid()
    is_last = instance.try_number > instance.max_tries
    return lambda: not is_last and os.getppid() != supervisor
