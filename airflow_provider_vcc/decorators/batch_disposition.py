"""``@task.batch_disposition``: a function gives the elements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_vcc._compat import DecoratedOperator, context_merge, determine_kwargs, task_decorator_factory
from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.task.rendering.rendered import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from airflow_provider_vcc._compat import Context
    from airflow_provider_vcc.dispositions.sources.rows import Source
    from airflow_provider_vcc.documents import Summary

__all__ = ["batch_disposition_task"]

INPUTS = ("elements", "elements_path")


class _BatchDispositionDecoratedOperator(DecoratedOperator, BatchDispositionOperator):
    """Sets the dispositions of the elements that a function returns or yields.

    What it yields is streamed, never gathered.

    :param python_callable: the function.
    :param op_kwargs: its arguments by name (templated).
    :param op_args: its other arguments (templated).
    """

    template_fields: Sequence[str] = (
        *DecoratedOperator.template_fields,
        *(name for name in BatchDispositionOperator.template_fields if name not in INPUTS),
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **DecoratedOperator.template_fields_renderers,
        **{
            name: kind
            for name, kind in BatchDispositionOperator.template_fields_renderers.items()
            if name not in INPUTS
        },
    }
    custom_operator_name: str = "@task.batch_disposition"
    _template_files: Sequence[str] = ()

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        for name in INPUTS:
            if name in kwargs:
                raise VccConfigurationError(
                    f"{name} is what the function gives; leave it out of @task.batch_disposition"
                )
        super().__init__(python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, **kwargs)

    def execute(self, context: Context) -> Summary:
        """Send what the function gives, and judge it. Past ``DecoratedOperator``, which cannot end in Airflow 3.0."""
        return BatchDispositionOperator.execute(self, context)

    def _check_inputs(self) -> None:
        """Leave it to the function."""

    def _source(self, context: Context) -> Source:
        from airflow_provider_vcc.decorators.awaiting import awaited
        from airflow_provider_vcc.dispositions.sources import IterableSource, from_elements
        from airflow_provider_vcc.dispositions.sources.tables.frames import is_table
        from airflow_provider_vcc.task.inputs import column_check

        op_args, op_kwargs = bare(self.op_args), bare(self.op_kwargs)
        context_merge(context, op_kwargs)
        given = awaited(self.python_callable(*op_args, **determine_kwargs(self.python_callable, op_args, context)))
        name = f"{self.python_callable.__name__}()"
        if given is None:
            raise VccConfigurationError(f"{name} returned None; return or yield elements, or [] if there are none")
        is_list = isinstance(given, str | bytes | bytearray | Mapping | Sequence) or is_table(type(given))
        if isinstance(given, Iterable) and not is_list:
            return IterableSource(lambda: given, name)
        source = from_elements(given, column_check(self))
        source.name = name
        return source


def batch_disposition_task(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> Any:
    """Make a function a task that sets the dispositions of the elements which it returns or yields.

    :param python_callable: the function.
    :param kwargs: the operator's parameters but ``elements`` and ``elements_path``.
    """
    return task_decorator_factory(
        python_callable=python_callable,
        decorated_operator_class=_BatchDispositionDecoratedOperator,
        **kwargs,
    )
