"""The slots' tables and the readers' views: made and changed inside the transaction of a publication.

A mart of another shape gets new tables beside the old ones, with the rows that the old ones hold, and takes their place
just before the pointer moves. So readers never find it empty, a run that fails or was superseded changes nothing for
them, and the versions before can still be gone back to.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from userops.errors import EXIT_FAILED, UseropsError

if TYPE_CHECKING:
    from userops.publish.publication import Mart

SLOTS = (0, 1, 2)
BESIDE = "__next"
TRIES, PAUSE_SECONDS = 150, 0.2

SHAPES = """
    select tables.relname, obj_description(tables.oid) from pg_class as tables
    join pg_namespace as schemas on schemas.oid = tables.relnamespace
    join pg_class as views on views.relname = tables.relname and views.relnamespace = 'marts'::regnamespace
    where schemas.nspname = 'slot_0' and tables.relkind = 'r'
"""
COMMON = """
    select old.attname from pg_attribute as old join pg_attribute as new
        on new.attname = old.attname and new.atttypid = old.atttypid and new.atttypmod = old.atttypmod
    where old.attrelid = %s::regclass and new.attrelid = %s::regclass and old.attnum > 0 and not old.attisdropped
"""


def table(mart: Mart, slot: int, made: dict[str, bool]) -> sql.Identifier:
    """Where a slot's rows of the mart are written to until the swap."""
    return sql.Identifier(f"slot_{slot}", mart.name + (BESIDE if made.get(mart.name) else ""))


def prepare(connection: psycopg.Connection, marts: list[Mart]) -> dict[str, bool]:
    """Make tables for marts that have none of their shape; returns those, and whether older tables stand there."""
    known = dict(connection.execute(SHAPES).fetchall())
    made = {
        mart.name: mart.name in known for mart in marts if (known.get(mart.name) or "").split(" ")[0] != mart.shape
    }
    for mart in marts:
        if mart.name in made:
            for slot in SLOTS:
                _create_table(connection, mart, slot, made)
            if not made[mart.name]:
                _create_view(connection, mart)
        elif known[mart.name] != f"{mart.shape} {mart.words}":
            _describe(connection, mart)
    return made


def _create_table(connection: psycopg.Connection, mart: Mart, slot: int, made: dict[str, bool]) -> None:
    new = table(mart, slot, made)
    types = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(c.type)) for c in mart.columns)
    connection.execute(sql.SQL("drop table if exists {}").format(new))
    connection.execute(sql.SQL("create table {} ({})").format(new, types))
    keys = sql.SQL(", ").join(map(sql.Identifier, mart.key))
    connection.execute(sql.SQL("create index on {} ({})").format(new, keys))
    if made[mart.name]:
        old = sql.Identifier(f"slot_{slot}", mart.name)
        names = [old.as_string(connection), new.as_string(connection)]
        common = [sql.Identifier(row[0]) for row in connection.execute(COMMON, names).fetchall()]
        if common:
            connection.execute(sql.SQL("insert into {} ({}) select {} from {}").format(
                new, sql.SQL(", ").join(common), sql.SQL(", ").join(common), old))


def _create_view(connection: psycopg.Connection, mart: Mart) -> None:
    read = sql.SQL(", ").join(
        sql.SQL("coalesce({0}, (select business_date from meta.pointer)) as {0}" if c.is_open else "{0}").format(
            sql.Identifier(c.name)
        )
        for c in mart.columns
    )
    branches = [
        sql.SQL("select {} from {} where (select slot from meta.pointer) = {}").format(
            read, sql.Identifier(f"slot_{slot}", mart.name), slot
        )
        for slot in SLOTS
    ]
    view = sql.Identifier("marts", mart.name)
    connection.execute(sql.SQL("create view {} as {}").format(view, sql.SQL(" union all ").join(branches)))
    connection.execute(sql.SQL("grant select on {} to bi_reader").format(view))
    _describe(connection, mart)


def _describe(connection: psycopg.Connection, mart: Mart) -> None:
    view = sql.Identifier("marts", mart.name)
    connection.execute(sql.SQL("comment on view {} is {}").format(view, sql.Literal(mart.comment)))
    for column in mart.columns:
        name = sql.Identifier("marts", mart.name, column.name)
        connection.execute(sql.SQL("comment on column {} is {}").format(name, sql.Literal(column.comment)))
    stamp = sql.Literal(f"{mart.shape} {mart.words}")
    connection.execute(sql.SQL("comment on table {} is {}").format(sql.Identifier("slot_0", mart.name), stamp))


def swap(connection: psycopg.Connection, marts: list[Mart], made: dict[str, bool]) -> None:
    """Put the new tables in the place of the old ones; the last act before the pointer moves."""
    replaced = [mart for mart in marts if made.get(mart.name)]
    if not replaced:
        return
    _lock(connection, replaced)
    for mart in replaced:
        connection.execute(sql.SQL("drop view {}").format(sql.Identifier("marts", mart.name)))
        for slot in SLOTS:
            connection.execute(sql.SQL("drop table {}").format(sql.Identifier(f"slot_{slot}", mart.name)))
            connection.execute(
                sql.SQL("alter table {} rename to {}").format(table(mart, slot, made), sql.Identifier(mart.name))
            )
        _create_view(connection, mart)


def _lock(connection: psycopg.Connection, replaced: list[Mart]) -> None:
    """All locks at once or none: waiting for one would make readers queue behind it, or deadlock with them."""
    views = sql.SQL(", ").join(sql.Identifier("marts", mart.name) for mart in replaced)
    for _ in range(TRIES):
        try:
            with connection.transaction():
                connection.execute(sql.SQL("lock table {} in access exclusive mode nowait").format(views))
            return
        except psycopg.errors.LockNotAvailable:
            time.sleep(PAUSE_SECONDS)
    raise UseropsError(
        f"Readers hold {', '.join(mart.name for mart in replaced)}, whose columns this version changes.",
        fix="end long queries on them (pg_stat_activity names them) and run the night again.", exit_code=EXIT_FAILED,
    )
