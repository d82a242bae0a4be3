"""Which shard a record belongs to, in Python and in SQL: all of its elements go to one, so that their order holds."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.elements.ids import an_id
from airflow_provider_vcc.dispositions.elements.invalid import InvalidElement
from airflow_provider_vcc.dispositions.elements.values import is_nothing
from airflow_provider_vcc.exceptions import VccConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeVar

    Row = TypeVar("Row", bound=Mapping[str, object])

__all__ = ["of_shard", "shard", "shard_sql"]

DIGITS = 7
"""Hexadecimal digits of the MD5 that are taken: 28 bits, which every database takes for a positive integer."""

_SQL = {
    "postgresql": "mod(('x' || substr(md5({column}::text), 1, 7))::bit(28)::int, {shards})",
    "mysql": "mod(conv(substr(md5({column}), 1, 7), 16, 10), {shards})",
    "snowflake": "mod(to_number(substr(md5({column}::varchar), 1, 7), 'XXXXXXX'), {shards})",
    "bigquery": "MOD(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(CAST({column} AS STRING))), 1, 7)) AS INT64), {shards})",
    "redshift": "mod(strtol(substring(md5({column}::varchar), 1, 7), 16), {shards})",
    "duckdb": "mod(('0x' || substr(md5(({column})::varchar), 1, 7))::bigint, {shards})",
    "trino": "mod(from_base(substr(to_hex(md5(to_utf8(cast({column} as varchar)))), 1, 7), 16), {shards})",
    "databricks": "mod(cast(conv(substr(md5(cast({column} as string)), 1, 7), 16, 10) as bigint), {shards})",
    "oracle": "mod(to_number(substr(rawtohex(standard_hash(to_char({column}), 'MD5')), 1, 7), 'XXXXXXX'), {shards})",
}
_SQL["mariadb"] = _SQL["mysql"]


def shard(numberid: object, shards: int) -> int:
    """Return the shard of a record, from 0: the same in each run, on each machine, and in ``shard_sql``.

    :param numberid: as it goes out, so 17, 17.0, ``"17"`` and ``" 17 "`` are one record.
    """
    digest = hashlib.md5(_as_sent(numberid).encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    return int(digest[:DIGITS], 16) % shards


def _as_sent(numberid: object) -> str:
    """Return the id as the API gets it; one that is invalid belongs somewhere, too, to be reported there."""
    try:
        return an_id("numberid", numberid) or ""
    except InvalidElement:
        return str(numberid)


def shard_sql(column: str, shards: int, dialect: str = "postgresql") -> str:
    """Return the SQL expression of a record's shard, for ``WHERE {expression} = 3``.

    It holds no ``%``, which drivers take for a parameter. The column must hold whole numbers or texts without blanks
    around them: 17.00 and ``'17 '`` are other texts for a database. Cast or trim them.

    :param column: the column that holds ``numberid``; it goes into the SQL as it is, so write it yourself.
    :param dialect: ``postgresql``, ``mysql`` or ``mariadb``, ``snowflake``, ``bigquery``, ``redshift``, ``duckdb``,
        ``trino``, ``databricks`` or ``oracle``.
    :raises VccConfigurationError: for another one.
    """
    if dialect not in _SQL:
        raise VccConfigurationError(f"dialect must be one of {', '.join(_SQL)}, got {dialect!r}")
    return _SQL[dialect].format(column=column, shards=int(shards))


def of_shard(elements: Iterable[Row], number: int, shards: int, key: str = "numberid") -> Iterator[Row]:
    """Yield the elements of one shard, in order.

    :param key: the name that holds ``numberid``.
    :raises VccConfigurationError: for an element with ``search``, which may touch records of every shard.
    """
    for element in elements:
        numberid = element.get(key)
        if is_nothing(numberid) or numberid == "":
            raise VccConfigurationError(
                f"an element without {key} (one with search) cannot be sharded: it may touch records of every shard"
            )
        if shard(numberid, shards) == number:
            yield element
