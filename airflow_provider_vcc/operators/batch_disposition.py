"""Set the dispositions of many records: ``BatchDispositionOperator``."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Unpack

from airflow_provider_vcc._compat import BaseOperator, is_unmapped
from airflow_provider_vcc.links import VccReportLink
from airflow_provider_vcc.task.parameters import Parameters, check_inputs, check_parameters
from airflow_provider_vcc.task.rendering.rendered import PRIVATE, bare, render_field, shown_query, wrapped
from airflow_provider_vcc.task.rendering.templates import render_elements
from airflow_provider_vcc.task.reporting.early import leaving_reason, render_shown, rendering
from airflow_provider_vcc.task.unknown import naming_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow.providers.openlineage.extractors import OperatorLineage

    from airflow_provider_vcc._compat import Context, XComArg
    from airflow_provider_vcc.dispositions.engine.recorder import Sink
    from airflow_provider_vcc.dispositions.sources.rows import Source
    from airflow_provider_vcc.documents import Summary
    from airflow_provider_vcc.task.endpoints import Endpoints
    from airflow_provider_vcc.task.rendering.arguments import TaskArguments
    from airflow_provider_vcc.task.rendering.templated import Elements, FilePath, OnAmbiguous, OnEmpty, Templated
    from airflow_provider_vcc.task.run import Run

__all__ = ["BatchDispositionOperator"]

NO_FILE = "{# no template file #}"
"""Renders to nothing. What ends in it does not end in ``.json``, so Airflow does not take it for a file to render."""


class BatchDispositionOperator(BaseOperator):
    """Sets dispositions in VCC Live, in batches, and judges what became of each element.

    Those in ``template_fields`` are templated.

    :param project_id: the project.
    :param elements: a list of elements (from XCom or a literal; lists in it are read one after another), a table (a
        data frame of pandas or polars, whatever speaks Arrow's C stream), a JSON array or JSON Lines text, or the path
        of a ``.json`` or ``.jsonl`` template file, which Airflow renders.
    :param elements_path: a file that is streamed, never rendered or read whole: ``.json``, ``.jsonl``, ``.ndjson``,
        ``.csv``, ``.tsv`` or ``.parquet``, or a workbook, ``.xlsx``, ``.xls`` or ``.ods``; a local path or a URL.
        Exactly one of ``elements`` and ``elements_path`` is given.
    :param encoding: of a text file: what its byte order mark says, else UTF-8; or any name that Python knows, such as
        ``windows-1250``.
    :param delimiter: of a CSV: told by its header (comma, semicolon, tab, bar), or given.
    :param sheet: of a workbook: the first one, or a name.
    :param date_format: how texts in ``next_calldate`` are written if not as ``YYYY-MM-DD HH:MM:SS``: a ``strptime``
        format such as ``%d.%m.%Y %H:%M``, or a list of them.
    :param field_map: column or name in the input -> field of an element, or ``search.<criterion>``.
    :param disposition: the request's object: what is set on every element that does not say otherwise.
    :param avoid_in_call: leave alone the records that agents are handling now; left out where it is None.
    :param vcc_conn_id: the connection.
    :param chunk_size: the most elements in one request.
    :param max_chunk_bytes: the most bytes in one request's body.
    :param max_in_flight: the most requests at a time. ``"auto"`` finds, while it sends, how many the service answers
        best with, from 2 up to 32, and gives way when answers get slower; a number is kept to.
    :param max_elements_per_second: a pace that is not exceeded, counted over all requests of the task.
    :param max_errors: the most failed elements that the task tolerates.
    :param max_error_rate: the highest failed / total that it tolerates, from 0 to 1. Both given: either one breaks.
        Neither given: no failed element is tolerated.
    :param soft_fail: a broken threshold marks the task skipped instead of failed. Nothing else is softened.
    :param stop_on_breach: stop sending as soon as the threshold cannot be kept any more.
    :param on_ambiguous: what to do when nobody can say whether a request took effect: ``"resend"`` it, ``"report"`` its
        elements as unknown, or ``"auto"``: resend unless it asks for messages, which must not go out twice.
    :param failures_path: where the failed elements are written as JSON Lines: a local path or a URL.
    :param on_empty: what an input without any element means: ``"success"``, ``"skip"`` or ``"fail"``.
    :param validate_only: read and check everything, send nothing.
    :raises VccConfigurationError: when the DAG is parsed, or after rendering, with what to write instead.
    """

    template_fields: Sequence[str] = (
        "project_id",
        "elements",
        "elements_path",
        "encoding",
        "delimiter",
        "sheet",
        "date_format",
        "field_map",
        "disposition",
        "vcc_conn_id",
        "max_elements_per_second",
        "max_errors",
        "max_error_rate",
        "failures_path",
        "validate_only",
    )
    template_ext: Sequence[str] = (".json", ".jsonl")
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "elements": "json",
        "field_map": "json",
        "disposition": "json",
    }
    operator_extra_links = (VccReportLink(),)
    ui_color = "#d9ecf2"
    _template_files: Sequence[str] = ("elements",)
    """The fields that may be the path of a template file."""

    def __init__(
        self,
        *,
        project_id: Templated[int],
        elements: Elements | None = None,
        elements_path: FilePath | None = None,
        encoding: str | XComArg | None = None,
        delimiter: str | XComArg | None = None,
        sheet: str | XComArg | None = None,
        date_format: Templated[Sequence[str]] | None = None,
        field_map: Templated[Mapping[str, str]] | None = None,
        disposition: Templated[Mapping[str, object]] | None = None,
        avoid_in_call: bool | None = None,
        vcc_conn_id: str | XComArg = "vcc_default",
        chunk_size: int = 500,
        max_chunk_bytes: int = 1_048_576,
        max_in_flight: int | Literal["auto"] = "auto",
        max_elements_per_second: Templated[float] | None = None,
        max_errors: Templated[int] | None = None,
        max_error_rate: Templated[float] | None = None,
        soft_fail: bool = False,
        stop_on_breach: bool = False,
        on_ambiguous: OnAmbiguous = "auto",
        failures_path: FilePath | None = None,
        on_empty: OnEmpty = "success",
        validate_only: Templated[bool] = False,
        **kwargs: Unpack[TaskArguments],
    ) -> None:
        with naming_unknown(self, kwargs):
            super().__init__(**kwargs)
        self.project_id = project_id
        self.elements = elements
        self.elements_path = elements_path
        self.encoding = encoding
        self.delimiter = delimiter
        self.sheet = sheet
        self.date_format = date_format
        self.field_map = field_map
        self.disposition = disposition
        self.avoid_in_call = avoid_in_call
        self.vcc_conn_id = vcc_conn_id
        self.chunk_size = chunk_size
        self.max_chunk_bytes = max_chunk_bytes
        self.max_in_flight = max_in_flight
        self.max_elements_per_second = max_elements_per_second
        self.max_errors = max_errors
        self.max_error_rate = max_error_rate
        self.soft_fail = soft_fail
        self.stop_on_breach = stop_on_breach
        self.on_ambiguous = on_ambiguous
        self.failures_path = failures_path
        self.on_empty = on_empty
        self.validate_only = validate_only
        self._vcc_run: Run | None = None
        self._template_file: str | None = None
        if not is_unmapped(self):  # else it is a task that runs, and ``execute`` checks
            self._check_inputs()
            check_parameters(self)

    def execute(self, context: Context) -> Summary:
        """Send everything, and judge it.

        :returns: the summary, which is also pushed as the XCom ``summary`` where the task fails or is skipped.
        :raises DispositionThresholdExceeded: where more elements failed than are tolerated.
        :raises AirflowSkipException: likewise, with ``soft_fail``.
        :raises VccError: where the run had to stop before its end.
        """
        from airflow_provider_vcc.task.run import Run

        with leaving_reason(self, context):
            self._check_inputs()
            self._vcc_run = Run(Parameters.of(self), self._endpoints(context), context, self.log)
        return self._vcc_run.execute()

    def on_kill(self) -> None:
        """Send nothing more, and save what is known."""
        if self._vcc_run is not None:
            self._vcc_run.stop()

    def _endpoints(self, context: Context) -> Endpoints:
        from airflow_provider_vcc.task.endpoints import Endpoints

        return Endpoints(
            open_source=partial(self._source, context),
            open_sinks=partial(self._sinks, context),
            settled=self._settled,
            passed=partial(self._passed, context),
            input_path=self._template_file if self.elements_path is None else bare(self.elements_path),
            outlets=self.outlets,
            retries=self.retries or 0,
        )

    # What operators with inputs of another kind have of their own

    def _check_inputs(self) -> None:
        """Check that the input is given. Called when the DAG is parsed, and after rendering."""
        check_inputs(self.elements, bare(self.elements_path))

    def _source(self, context: Context) -> Source:  # noqa: ARG002 -- for operators with inputs of another kind
        """Open the input."""
        from airflow_provider_vcc.task.inputs import open_input

        return open_input(self)

    def _sinks(self, context: Context) -> list[Sink]:  # noqa: ARG002 -- likewise
        """Return what takes the failed elements beside the failures file. Each is closed when the run has ended."""
        return []

    def _settled(self) -> None:
        """Do what is to be done only when the whole input was read and settled, however it will be judged."""

    def _passed(self, context: Context, summary: Mapping[str, object]) -> None:
        """Do what is to be done only when the judgement passed and everything was sent."""

    def _input_datasets(self) -> list[tuple[str, str]]:
        """Return OpenLineage's namespace and name of each dataset that the elements come from."""
        from airflow_provider_vcc.task.reporting.lineage import path_dataset

        return [] if self.elements_path is None else [path_dataset(str(bare(self.elements_path)))]

    # Lineage

    def get_openlineage_facets_on_complete(self, _task_instance: object) -> OperatorLineage[Any, Any]:
        """Report to OpenLineage where the elements came from, where they went, and how many."""
        from airflow_provider_vcc.task.reporting.lineage import lineage_of

        run = self._vcc_run
        summary, customer = (None, "") if run is None else (run.tally.summary(), run.customer)
        return lineage_of(summary, customer, self._input_datasets())

    get_openlineage_facets_on_failure = get_openlineage_facets_on_complete

    # Templates

    def resolve_template_files(self) -> None:
        """Read the template file of ``elements``; other parameters may be paths, and are no templates."""
        self._note_template_file()
        self.template_fields = self._template_files
        try:
            super().resolve_template_files()
        finally:
            del self.template_fields

    def _note_template_file(self) -> None:
        """Note the path of the template file, if there is one: it is an input, which nothing may overwrite."""
        for name in self._template_files:
            content = getattr(self, name, None)
            if isinstance(content, str) and content.endswith(tuple(self.template_ext)):
                environment: Any = self.get_template_env()
                with suppress(Exception):  # Airflow tells of it, or rendering does
                    self._template_file = environment.loader.get_source(environment, content)[1]

    def render_template(self, content: Any, *args: Any, **kwargs: Any) -> Any:
        """Render a template. Only ``elements`` itself may be the path of a template file."""
        is_file = isinstance(content, str) and content.endswith(tuple(self.template_ext))
        if is_file and not any(content is bare(getattr(self, name, None)) for name in self._template_files):
            content += NO_FILE
        return super().render_template(content, *args, **kwargs)

    def _hide(self, fields: Iterable[str]) -> None:
        """Hide what is private in fields from now on: where another fails to render, listeners see them as given."""
        for name in fields:
            given = bare(getattr(self, name))
            if given is not None:
                setattr(self, name, wrapped(given, PRIVATE[name], self))

    def _do_render_template_fields(
        self, parent: Any, template_fields: Iterable[str], context: Any, jinja_env: Any, seen_oids: set[int]
    ) -> None:
        """Render as Airflow does, which logs what it cannot render as it stands; show neither that nor what is private.

        :param parent: the operator, or an object that stands in one of its lists.
        """
        self._note_template_file()
        fields = list(template_fields)
        private = [name for name in fields if parent is not self or name in PRIVATE]
        if parent is self:
            self._hide(private)

        def how(value: object) -> Any:
            return self.render_template(value, context, jinja_env, seen_oids)

        render_shown(self, [name for name in fields if name not in private], how, context, jinja_env)

        def elements_how(value: object) -> Any:
            def by(value: object, env: object) -> Any:
                return self.render_template(value, context, env, seen_oids)

            return render_elements(value, by, jinja_env, tuple(self.template_ext))

        for name in private:
            given = bare(getattr(parent, name))
            if given is None:
                continue
            render = elements_how if name in {"elements", "disposition"} else how
            with rendering(self, name, context):
                rendered = render_field(name, given, render, context=context, jinja_env=jinja_env)
            if parent is self:
                rendered = wrapped(rendered, shown_query(given) if name == "sql" else PRIVATE[name], self)
            setattr(parent, name, rendered)
