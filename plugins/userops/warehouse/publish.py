"""Publish: copy what changed into the oldest slot, then flip the pointer row that readers' views choose by.

The way was chosen by measurement (reliability.md): constant views over slots that stand beforehand, and a
publication that is one UPDATE, gave readers no error, no empty and no mixed version.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from userops.errors import UseropsError
from userops.warehouse import erasure, lease

SLOTS = (0, 1, 2)


@dataclass(frozen=True)
class Mart:
    """A published table: its name, the columns in order as (name, type, comment), and the key rows are matched by."""

    name: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, str, str], ...]
    comment: str = ""
    nullable_key: tuple[str, ...] = ()


def marts_of_manifest(manifest_path: Path) -> list[Mart]:
    """Read the marts out of dbt's manifest: every model below `models/marts`."""
    manifest = json.loads(manifest_path.read_text())
    marts = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or "marts" not in node["fqn"][:-1]:
            continue
        meta = node["config"].get("meta", {})
        key = meta.get("key")
        if not key:
            raise UseropsError(f"Mart {node['name']} names no key.", mend="add config.meta.key to its YAML.")
        columns = tuple((c["name"], c["data_type"], c["description"]) for c in node["columns"].values())
        marts.append(Mart(node["name"], tuple(key), columns, node["description"], tuple(meta.get("nullable_key", ()))))
    return sorted(marts, key=lambda mart: mart.name)


def prepare_slots(connection: psycopg.Connection, marts: list[Mart]) -> None:
    """Create slot tables and readers' views where they are missing or of an older shape."""
    for mart in marts:
        if _shape(connection, "marts", mart.name) == [c[0] for c in mart.columns]:
            continue
        with connection.transaction():
            _create(connection, mart)


def _shape(connection: psycopg.Connection, schema: str, name: str) -> list[str]:
    rows = connection.execute(
        "select column_name from information_schema.columns where table_schema = %s and table_name = %s"
        " order by ordinal_position",
        [schema, name],
    ).fetchall()
    return [row[0] for row in rows]


def _create(connection: psycopg.Connection, mart: Mart) -> None:
    names = sql.SQL(", ").join(sql.Identifier(c[0]) for c in mart.columns)
    types = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(c[0]), sql.SQL(c[1])) for c in mart.columns)
    view = sql.Identifier("marts", mart.name)
    connection.execute(sql.SQL("drop view if exists {}").format(view))
    branches = []
    for slot in SLOTS:
        table = sql.Identifier(f"slot_{slot}", mart.name)
        connection.execute(sql.SQL("drop table if exists {}").format(table))
        connection.execute(sql.SQL("create table {} ({})").format(table, types))
        keys = sql.SQL(", ").join(map(sql.Identifier, mart.key))
        connection.execute(sql.SQL("create index on {} ({})").format(table, keys))
        branches.append(
            sql.SQL("select {} from {} where (select slot from meta.pointer) = {}").format(names, table, slot)
        )
    connection.execute(sql.SQL("create view {} as {}").format(view, sql.SQL(" union all ").join(branches)))
    connection.execute(sql.SQL("grant select on {} to bi_reader").format(view))
    connection.execute(sql.SQL("comment on view {} is {}").format(view, sql.Literal(mart.comment)))
    for name, _, comment in mart.columns:
        column = sql.Identifier("marts", mart.name, name)
        connection.execute(sql.SQL("comment on column {} is {}").format(column, sql.Literal(comment)))


def fill_slot(connection: psycopg.Connection, marts: list[Mart], slot: int) -> dict[str, int]:
    """Make the slot equal to `build`, touching only rows that differ; returns the rows written a mart."""
    written = {}
    for mart in marts:
        slot_table = sql.Identifier(f"slot_{slot}", mart.name)
        build_table = sql.Identifier("build", mart.name)
        columns = [sql.Identifier(c[0]) for c in mart.columns]
        row = sql.SQL(", ").join
        same = sql.SQL(" and ").join(_same_key_column(name, name in mart.nullable_key) for name in mart.key)
        names = {
            "slot": slot_table,
            "build": build_table,
            "same": same,
            "a": row(sql.SQL("a.{}").format(c) for c in columns),
            "b": row(sql.SQL("b.{}").format(c) for c in columns),
            "columns": row(columns),
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
        written[mart.name] = inserted.rowcount
        connection.execute(sql.SQL("analyze {}").format(slot_table))
    return written


def _same_key_column(name: str, nullable: bool) -> sql.Composed:
    """Plain equality where it can be had: it lets the planner hash, which `is not distinct from` does not."""
    equal = "({0} = {1} or ({0} is null and {1} is null))" if nullable else "{0} = {1}"
    return sql.SQL(equal).format(sql.Identifier("a", name), sql.Identifier("b", name))


def publish(connection: psycopg.Connection, marts: list[Mart], run_id: str, business_date: str, token: int) -> int:
    """Publish `build` as a new version; returns it. All in one go, or (overtaken, killed) nothing."""
    prepare_slots(connection, marts)
    with connection.transaction():
        version, slot = _next(connection)
        fill_slot(connection, marts, slot)
        lease.hold(connection, token)
        connection.execute(
            "insert into meta.publications (version, business_date, run_id, slot) values (%s, %s, %s, %s)",
            [version, business_date, run_id, slot],
        )
        erasure.clean_versions(connection, _tables_of_users(marts))
        _flip(connection, version, slot)
    return version


def _tables_of_users(marts: list[Mart]) -> list[tuple[str, str]]:
    names = [mart.name for mart in marts if any(column[0] == "user_id" for column in mart.columns)]
    return [(f"slot_{slot}", name) for slot in SLOTS for name in names]


def _next(connection: psycopg.Connection) -> tuple[int, int]:
    """The next version and the slot it may use: never the current one, else the one with the oldest version."""
    current = connection.execute("select coalesce(slot, -1) from meta.pointer for update").fetchone()[0]
    kept = dict(connection.execute("select slot, max(version) from meta.publications group by slot").fetchall())
    version = max(kept.values(), default=0) + 1
    slot = min((s for s in SLOTS if s != current), key=lambda s: kept.get(s, 0))
    return version, slot


def _flip(connection: psycopg.Connection, version: int, slot: int) -> None:
    connection.execute(
        "update meta.pointer set version = %s, slot = %s, moved_at = clock_timestamp(), moved_by = session_user",
        [version, slot],
    )


def kept_versions(connection: psycopg.Connection) -> list[tuple[int, str, int]]:
    """Versions readers can be put on, newest first: (version, business date, slot)."""
    rows = connection.execute(
        "select distinct on (slot) version, business_date::text, slot from meta.publications"
        " order by slot, version desc"
    ).fetchall()
    return sorted(rows, reverse=True)


def rollback(connection: psycopg.Connection, to: int | None) -> tuple[int, str]:
    """Put readers on a kept version (the one before the current by default); returns (version, business date)."""
    with connection.transaction():
        current = connection.execute("select version from meta.pointer for update").fetchone()[0]
        if current is None:
            raise UseropsError("Nothing was ever published.", mend="run a night first.")
        kept = kept_versions(connection)
        earlier = [v for v in kept if v[0] < current] if to is None else [v for v in kept if v[0] == to]
        if not earlier:
            names = ", ".join(str(v[0]) for v in kept)
            raise UseropsError(
                f"Version {to if to is not None else 'before ' + str(current)} is not kept.",
                mend=f"choose one of: {names}.",
            )
        version, business_date, slot = earlier[0]
        _flip(connection, version, slot)
    return version, business_date
