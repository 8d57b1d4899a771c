"""The slots' tables and the readers' views: made and changed inside the transaction of a publication.

A mart of another shape gets new tables beside the old ones, with the rows that the old ones hold, and takes their place
just before the pointer moves. So readers never find it empty, a run that fails or is superseded changes nothing for
them, and the versions before can still be gone back to.
"""

import time

import psycopg
from psycopg import sql

from userops.errors import EXIT_FAILED, UseropsError
from userops.publish.marts import Mart

SLOTS = (0, 1, 2)
BESIDE = "__next"
TRIES, PAUSE_SECONDS, LONGEST_WAIT = 150, 0.2, "20ms"

# The marts that have tables, the shape and words they were made for, and whether readers have the view.
SHAPES = """
    select tables.relname, obj_description(tables.oid), views.oid is not null
    from pg_class as tables
    left join pg_class as views on views.relname = tables.relname and views.relnamespace = 'marts'::regnamespace
    where tables.relnamespace = 'slot_0'::regnamespace and tables.relkind = 'r'
"""
COMMON = """
    select old.attname from pg_attribute as old join pg_attribute as new
        on new.attname = old.attname and new.atttypid = old.atttypid and new.atttypmod = old.atttypmod
    where old.attrelid = %s::regclass and new.attrelid = %s::regclass and old.attnum > 0 and not old.attisdropped
"""


def table(mart: Mart, slot: int, made: dict[str, bool]) -> sql.Identifier:
    """Where a slot's rows of the mart are until the swap."""
    return sql.Identifier(f"slot_{slot}", mart.name + (BESIDE if made.get(mart.name) else ""))


def prepare(connection: psycopg.Connection, marts: list[Mart]) -> dict[str, bool]:
    """Make tables for marts that have none of their shape; returns those, and whether older tables stand there."""
    served = {mart.name: mart.is_served for mart in marts}
    known = {
        name: comment or "" for name, comment, has_view in connection.execute(SHAPES).fetchall()
        if has_view or not served.get(name, True)
    }
    made = {mart.name: mart.name in known for mart in marts if known.get(mart.name, "").split(" ")[0] != mart.shape}
    for mart in marts:
        if mart.name in made:
            for slot in SLOTS:
                _create_table(connection, mart, slot, made)
            if not made[mart.name]:
                _create_views(connection, mart)
        elif known[mart.name] != f"{mart.shape} {mart.words}":
            _describe(connection, mart)
    return made


def fill(connection: psycopg.Connection, mart: Mart, slot: sql.Identifier, build: sql.Composable) -> int:
    """Make a slot's table equal to `build` by writing only the rows that differ; returns the rows inserted.

    Measured against MERGE, updates, whole rows as keys and writing all rows anew: fastest unless every row differs,
    and a slot grows only by what changed. Truncating would be faster still, but would wait for readers.
    """
    columns = [sql.Identifier(column.name) for column in mart.columns]
    listed = sql.SQL(", ").join
    names = {
        "slot": slot,
        "build": build,
        "same": sql.SQL(" and ").join(_same_key_column(name, name in mart.nullable_key) for name in mart.key),
        "a": listed(sql.SQL("a.{}").format(c) for c in columns),
        "b": listed(sql.SQL("b.{}").format(c) for c in columns),
        "columns": listed(columns),
    }
    connection.execute(
        sql.SQL(
            "delete from {slot} as a where not exists"
            " (select from {build} as b where {same} and row({a}) is not distinct from row({b}))"
        ).format(**names)
    )
    inserted = connection.execute(
        sql.SQL(
            "insert into {slot} ({columns}) select {b} from {build} as b"
            " where not exists (select from {slot} as a where {same})"
        ).format(**names)
    )
    connection.execute(sql.SQL("analyze {}").format(slot))
    return inserted.rowcount


def _same_key_column(name: str, nullable: bool) -> sql.Composed:
    """Plain equality where it can be had: it lets the planner hash, which `is not distinct from` does not."""
    equal = "({0} = {1} or ({0} is null and {1} is null))" if nullable else "{0} = {1}"
    return sql.SQL(equal).format(sql.Identifier("a", name), sql.Identifier("b", name))


def swap(connection: psycopg.Connection, marts: list[Mart], made: dict[str, bool]) -> None:
    """Put the new tables in the place of the old ones; the last act before the pointer moves."""
    replaced = [mart for mart in marts if made.get(mart.name)]
    if not replaced:
        return
    _drop_views(connection, [view for mart in replaced for view in _views(mart)])
    for mart in replaced:
        for slot in SLOTS:
            connection.execute(sql.SQL("drop table {}").format(sql.Identifier(f"slot_{slot}", mart.name)))
            connection.execute(
                sql.SQL("alter table {} rename to {}").format(table(mart, slot, made), sql.Identifier(mart.name))
            )
        _create_views(connection, mart)


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


def _create_views(connection: psycopg.Connection, mart: Mart) -> None:
    if mart.is_served:
        columns = sql.SQL(", ").join(sql.Identifier(c.name) for c in mart.columns)
        branches = [
            sql.SQL("select {} from {} where (select slot from meta.pointer) = {}").format(
                columns, sql.Identifier(f"slot_{slot}", mart.name), slot
            )
            for slot in SLOTS
        ]
        connection.execute(sql.SQL("create view {} as {}").format(
            sql.Identifier("marts", mart.name), sql.SQL(" union all ").join(branches)))
    for view in mart.views:
        name = sql.Identifier("marts", view.name)
        connection.execute(sql.SQL("create view {} as {}").format(name, sql.SQL(view.select)))
    _describe(connection, mart)


def _describe(connection: psycopg.Connection, mart: Mart) -> None:
    if mart.is_served:
        _comment(connection, mart.name, mart.comment, {c.name: c.comment for c in mart.columns})
    for view in mart.views:
        _comment(connection, view.name, view.comment, view.columns)
    stamp = sql.Literal(f"{mart.shape} {mart.words}")
    connection.execute(sql.SQL("comment on table {} is {}").format(sql.Identifier("slot_0", mart.name), stamp))


def _comment(connection: psycopg.Connection, view: str, comment: str, columns: dict[str, str]) -> None:
    name = sql.Identifier("marts", view)
    connection.execute(sql.SQL("comment on view {} is {}").format(name, sql.Literal(comment)))
    for column, words in columns.items():
        name = sql.Identifier("marts", view, column)
        connection.execute(sql.SQL("comment on column {} is {}").format(name, sql.Literal(words)))


def _views(mart: Mart) -> list[str]:
    """The readers' views of a mart, those first that read another: so do readers acquire their locks."""
    return [*(view.name for view in mart.views), *([mart.name] if mart.is_served else [])]


def _drop_views(connection: psycopg.Connection, views: list[str]) -> None:
    """Drop all of them or none: a long wait for one would make readers queue behind it, or deadlock with them."""
    for _ in range(TRIES):
        try:
            with connection.transaction():
                connection.execute(sql.SQL("set local lock_timeout = {}").format(LONGEST_WAIT))
                for view in views:
                    connection.execute(sql.SQL("drop view if exists {}").format(sql.Identifier("marts", view)))
                connection.execute("set local lock_timeout to default")
            return
        except psycopg.errors.LockNotAvailable:
            time.sleep(PAUSE_SECONDS)
    raise UseropsError(
        f"Readers hold {', '.join(views)}, whose columns this version changes.",
        fix="end long queries on them (pg_stat_activity lists them), then run again.", exit_code=EXIT_FAILED,
    )
