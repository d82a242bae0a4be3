"""The highest value that a task has read, kept from run to run beside its outlet asset."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc._compat import airflow_version, asset_state_store
from airflow_provider_vcc.exceptions import VccConfigurationError, without_causes
from airflow_provider_vcc.transfers.marks import is_comparable, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_vcc._compat import Context, Store
    from airflow_provider_vcc.task.endpoints import TaskLog

__all__ = ["Watermark", "decode", "encode"]

SINCE = (3, 3)
LONGEST_KEY = 512
PARAMETER = "watermark"
DAG_ID = "dag_id"
PLAIN = (str, int, float)
NO_SQL = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"", re.DOTALL)
NAMED = re.compile(r"(?<![:\w])[:@$]watermark\b|%\(watermark\)s", re.IGNORECASE)
POSITIONAL = re.compile(r"\?|(?<!%)%s|(?<![:\w])[:$]\d+\b")
MIXED = (
    "parameters have no names, so the watermark is bound by position, as the last of them: write its placeholder "
    "(? or %s) last in the query, or give the others names: parameters={'name': value}"
)
UNUSED = (
    "The query does not use the watermark, so each run reads all rows again. Write it into WHERE in your driver's "
    "style: updated_at > %%(watermark)s, or :watermark, or ? where parameters have no names"
)
CHANGED = (
    "watermark_column: earlier runs have kept {}, and the column now gives {}, so they cannot be compared. To start "
    "anew from watermark_initial, delete the value: DELETE /api/v2/assets/{{asset_id}}/state-store/{} of Airflow's API"
)
OTHER_FORM = (
    "watermark_initial is {}, and the column gives {}: texts of two forms do not sort as the times do. Write "
    "watermark_initial as the column does"
)
TWICE = (
    "parameters has 'watermark', which is the name of the one that watermark_column hands to the query; take another "
    "name, or give it as watermark_initial"
)
UNREADABLE = (
    "watermark_column: what is kept of earlier runs cannot be read. To start anew from watermark_initial, delete it: "
    "DELETE /api/v2/assets/{{asset_id}}/state-store/{} of Airflow's API"
)
TOO_OLD = (
    "watermark_column needs Airflow 3.3 or later, which keeps state beside an asset; before that, let the run's own "
    "interval bound the query, such as: WHERE updated_at >= '{{ data_interval_start }}' AND "
    "updated_at < '{{ data_interval_end }}', with schedule=CronDataIntervalTimetable('0 2 * * *', timezone='UTC')"
)


class Watermark:
    """Where an incremental sync goes on. Each task, and each index of a mapped one, has its own beside the asset.

    :param outlets: the task's; exactly one of them is an asset.
    :param initial: what the first run starts from.
    :param log: the task's.
    """

    def __init__(self, context: Context, outlets: list[object], initial: object, log: TaskLog) -> None:
        if airflow_version() < SINCE:
            raise VccConfigurationError(TOO_OLD)
        if len(outlets) != 1:
            raise VccConfigurationError(
                "watermark_column keeps its value beside the task's one outlet asset, and this task has "
                f"{len(outlets)}; write outlets=[Asset('vcc://mycc/projects/17')]"
            )
        self._store: Store = asset_state_store(context, outlets[0])  # type: ignore[assignment] # since 3.3
        self._key, self._former_key = _keys(context["ti"])
        self._stamp = _stamp(context["ti"])
        self._initial = initial
        self._log = log

    @property
    def value(self) -> object:
        """The value that earlier runs reached, or the initial value."""
        kept = self._kept()
        return self._initial if kept is None else kept

    def bind(self, sql: str, given: Mapping[str, object] | Sequence[object] | None) -> tuple[Any, ...]:
        """Return the query and its parameters, with the watermark among them.

        It is one by name where the parameters have names, or the query has its name; otherwise the last by position.

        :raises VccConfigurationError: if parameters by position stand beside a watermark by name, or have its name.
        """
        is_named = NAMED.search(NO_SQL.sub(" ", sql)) is not None
        if hasattr(given, "items"):
            if PARAMETER in given:  # type: ignore[operator] # a mapping, as asked
                raise VccConfigurationError(TWICE)
            return (sql, {**given, PARAMETER: self.value})  # type: ignore[dict-item] # a mapping, as asked
        if is_named and given:
            raise VccConfigurationError(MIXED)
        if is_named:
            return (sql, {PARAMETER: self.value})
        if given or POSITIONAL.search(NO_SQL.sub(" ", sql)):
            return (sql, [*(given or ()), self.value])
        self._log.warning(UNUSED)
        return (sql,)

    def check_kind(self, kind: str) -> None:
        """Check that the column's values can be compared with the one that is kept.

        :raises VccConfigurationError: with how to start anew.
        """
        kept = self._kept()
        if kept is None:
            if not is_comparable(self._initial, kind):
                raise VccConfigurationError(OTHER_FORM.format(kind_of(self._initial), kind))
            return
        before = kind_of(kept) or f"a value of the type {type(kept).__name__}"
        if before != kind:
            raise VccConfigurationError(CHANGED.format(before, kind, self._key))

    def move(self, reached: object) -> None:
        """Keep the highest value that was read; where nothing newer was read, it stays."""
        if reached is not None and not _is_at_least(self._kept(), reached):
            self._store.set(self._key, {**encode(reached), **self._stamp})

    @without_causes()
    def _kept(self) -> object:
        kept = self._store.get(self._key, default=None)
        if kept is None and self._former_key != self._key:
            kept = self._store.get(self._former_key, default=None)
            kept = None if isinstance(kept, dict) and DAG_ID in kept else kept
        try:
            return None if kept is None else decode(kept)
        except (TypeError, ValueError, LookupError, ArithmeticError):
            raise VccConfigurationError(UNREADABLE.format(self._key)) from None


def _keys(instance: Any) -> tuple[str, str]:
    """Return a key of the task's own, and the one before 0.2: what one task has read says nothing of another one.

    A dot may stand in both ids, so it parts them only where the DAG's has none: else "a.b" of "c" and "b.c" of "a",
    which may share an asset, would share a watermark as well.
    """
    index = instance.map_index
    shard = f"[{index}]" if index is not None and index >= 0 else ""
    parted = ":" if "." in instance.dag_id else "."
    own, former = (f"vcc_watermark{shard}:{instance.dag_id}{part}{instance.task_id}" for part in (parted, "."))
    return own[:LONGEST_KEY], former[:LONGEST_KEY]


def _stamp(instance: Any) -> dict[str, str]:
    """Return what a value says of its DAG, if its key may be read as that of another one."""
    return {DAG_ID: instance.dag_id} if "." in instance.task_id and "." not in instance.dag_id else {}


def _is_at_least(kept: Any, reached: Any) -> bool:
    try:
        return kept is not None and bool(kept >= reached)
    except TypeError:  # the column is of another type by now
        return False


def encode(value: object) -> dict[str, str | int | float]:
    """Make a JSON value that ``decode`` gives back with its type."""
    if isinstance(value, datetime):
        return {"type": "datetime", "value": value.isoformat()}
    if isinstance(value, date):
        return {"type": "date", "value": value.isoformat()}
    if isinstance(value, Decimal):
        return {"type": "decimal", "value": str(value)}
    if isinstance(value, str | int | float):
        return {"type": "plain", "value": value}
    raise VccConfigurationError(
        f"watermark_column holds values of the type {type(value).__name__}, which cannot be kept; "
        "cast it to a number, a text or a time in the query"
    )


def decode(kept: Mapping[str, Any]) -> Any:
    """Return the value that ``encode`` took.

    :raises ValueError: if it took none; or what Python says of something that is no such value.
    """
    kinds: dict[str, Callable[[str], object]] = {
        "datetime": datetime.fromisoformat,
        "date": date.fromisoformat,
        "decimal": Decimal,
    }
    value, convert = kept["value"], kinds.get(kept["type"])
    if convert is None and (kept["type"] != "plain" or isinstance(value, bool) or not isinstance(value, PLAIN)):
        raise ValueError(kept["type"])
    return convert(value) if convert else value
