"""A query's rows by SQLAlchemy, for drivers whose way of streaming we do not know and their dialect does."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

__all__ = ["EngineCursor", "engine_cursor"]


def engine_cursor(hook: Any, driver: str, fetch_size: int) -> EngineCursor | None:
    """Return a cursor that leaves the result on the server, or None if the hook has no engine that can do it.

    :param driver: the package of the driver that the hook connects with: parameters are written in its style, so an
        engine with another one is of no use.
    """
    with suppress(Exception):  # no SQLAlchemy, no dialect, no URL: whatever it is, there is no engine
        engine = hook.get_sqlalchemy_engine({"hide_parameters": True})
        if engine.dialect.dbapi.__name__.partition(".")[0] == driver and engine.dialect.supports_server_side_cursors:
            return EngineCursor(engine, fetch_size)
        engine.dispose()
    return None


class EngineCursor:
    """What of a driver's cursor is needed, over a result that SQLAlchemy streams.

    :param engine: a SQLAlchemy engine, which is this cursor's own.
    """

    def __init__(self, engine: Engine, fetch_size: int) -> None:
        self._engine = engine
        self._options = {"stream_results": True, "max_row_buffer": fetch_size, "no_parameters": True}
        self._connection: Connection | None = None
        self._result: Any = None
        self.description: list[tuple[str]] | None = None

    def execute(self, sql: str, parameters: object = None) -> None:
        """Run a query, its parameters in the driver's own style.

        :raises Exception: the driver's own error.
        """
        with _as_the_driver_says():
            self._connection = self._engine.connect().execution_options(**self._options)
            self._result = self._connection.exec_driver_sql(sql, _parameters(parameters))
        if self._result.returns_rows:
            self.description = [(name,) for name in self._result.keys()]  # noqa: SIM118 -- a method of a result

    def fetchmany(self, size: int) -> list[tuple[object, ...]]:
        """Return the next rows.

        :raises Exception: the driver's own error.
        """
        with _as_the_driver_says():
            return [tuple(row) for row in self._result.fetchmany(size)]

    def close(self) -> None:
        """Close the result and what it came over."""
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


def _parameters(given: object) -> Any:
    """Return a sequence as a tuple: SQLAlchemy takes a list for many sets of parameters."""
    return tuple(given) if isinstance(given, list) else given


@contextmanager
def _as_the_driver_says() -> Iterator[None]:
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except DBAPIError as error:
        raise (error.orig or error) from None
