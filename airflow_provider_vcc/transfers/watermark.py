"""The highest value that a task has read, kept from run to run beside its outlet asset."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc._compat import airflow_version, asset_state_store
from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.transfers.marks import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_vcc._compat import Context, Store
    from airflow_provider_vcc.task.endpoints import TaskLog

__all__ = ["Watermark", "decode", "encode"]

SINCE = (3, 3)
LONGEST_KEY = 512
PARAMETER = "watermark"
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
        self._key = _key(context["ti"])
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

        :raises VccConfigurationError: if parameters by position stand beside a watermark by name.
        """
        is_named = NAMED.search(NO_SQL.sub(" ", sql)) is not None
        if hasattr(given, "items"):
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
            return
        before = kind_of(kept) or f"a value of the type {type(kept).__name__}"
        if before != kind:
            raise VccConfigurationError(CHANGED.format(before, kind, self._key))

    def move(self, reached: object) -> None:
        """Keep the highest value that was read; where nothing newer was read, it stays."""
        if reached is not None and not _is_at_least(self._kept(), reached):
            self._store.set(self._key, encode(reached))

    def _kept(self) -> object:
        kept = self._store.get(self._key, default=None)
        return None if kept is None else decode(kept)


def _key(instance: Any) -> str:
    """Return a key of the task's own: what one task or shard has read says nothing of what another one has."""
    index = instance.map_index
    shard = f"[{index}]" if index is not None and index >= 0 else ""
    return f"vcc_watermark{shard}:{instance.dag_id}.{instance.task_id}"[:LONGEST_KEY]


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
    """Return the value that ``encode`` took."""
    kinds: dict[str, Callable[[str], object]] = {
        "datetime": datetime.fromisoformat,
        "date": date.fromisoformat,
        "decimal": Decimal,
    }
    convert = kinds.get(kept["type"])
    return convert(kept["value"]) if convert else kept["value"]
