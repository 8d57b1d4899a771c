"""Publish: copy what changed into the oldest slot, then flip the pointer row that readers' views choose by.

The way was chosen by measurement (reliability.md): constant views over slots that stand beforehand, and a
publication that is one UPDATE, gave readers no error, no empty and no mixed version.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from userops.errors import UseropsError
from userops.privacy import erasure
from userops.publish import slots
from userops.publish.slots import SLOTS
from userops.transform.increments import CHANGES
from userops.warehouse import lease


@dataclass(frozen=True)
class Column:
    """A published column. `is_open` dates equal to the business date are kept open (null) and read as the version's."""

    name: str
    type: str
    comment: str = ""
    is_open: bool = False


@dataclass(frozen=True)
class Mart:
    """A published table and the key its rows are matched by.

    `changed_by`: the model that names the rows a build may have changed (`increments.CHANGES`); others need no look.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    comment: str = ""
    nullable_key: tuple[str, ...] = ()
    changed_by: str = ""

    @property
    def shape(self) -> str:
        """What the slots' tables and the view are made from; another shape means new ones."""
        return _digest(self.key, [(c.name, c.type, c.is_open) for c in self.columns])

    @property
    def words(self) -> str:
        """What readers see as comments; other words change no table."""
        return _digest(self.comment, [c.comment for c in self.columns])


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


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
            raise UseropsError(f"Mart {node['name']} names no key.", fix="add config.meta.key to its YAML.")
        changed_by = meta.get("changed_by", "")
        if changed_by and changed_by not in CHANGES:
            raise UseropsError(f"Mart {node['name']} has changed_by {changed_by!r}.",
                               fix=f"name one of {', '.join(CHANGES)}, or leave it out.")
        columns = tuple(
            Column(c["name"], c["data_type"], c["description"], bool(c["config"].get("meta", {}).get("is_open")))
            for c in node["columns"].values()
        )
        marts.append(Mart(
            node["name"], tuple(key), columns, node["description"], tuple(meta.get("nullable_key", ())),
            changed_by,
        ))
    return sorted(marts, key=lambda mart: mart.name)


def fill_slot(
    connection: psycopg.Connection, marts: list[Mart], slot: int, business_date: str, made: dict[str, bool]
) -> dict[str, int]:
    """Make the slot equal to `build`, touching only rows that differ; returns the rows written a mart.

    Where every build since the slot was last filled says what it changed, marts are compared for that alone.
    """
    touched = _note_touched(connection, slot)
    written = {}
    for mart in marts:
        only_touched = touched and mart.name not in made
        table = slots.table(mart, slot, made)
        written[mart.name] = _fill(connection, mart, table, business_date, mart.changed_by if only_touched else "")
    connection.execute(
        "insert into meta.slot_contents select %s, max(build_id) from meta.builds having count(*) > 0"
        " on conflict (slot) do update set build_id = excluded.build_id",
        [slot],
    )
    return written


def _note_touched(connection: psycopg.Connection, slot: int) -> bool:
    """Keep what changed since the slot was filled in `pg_temp.touched`; False where that is not known."""
    whole = connection.execute(
        "select bool_or(builds.whole) from meta.slot_contents as contents"
        " join meta.builds on builds.build_id > contents.build_id where contents.slot = %s",
        [slot],
    ).fetchone()[0]
    known = connection.execute("select exists (select from meta.slot_contents where slot = %s)", [slot]).fetchone()[0]
    if not known or whole:
        return False
    connection.execute("drop table if exists pg_temp.touched")
    connection.execute(
        "create temp table touched on commit drop as select distinct log.named_by, log.user_id, log.tag_code"
        " from build.touched_log as log"
        " where log.build_id > (select build_id from meta.slot_contents where slot = %s)",
        [slot],
    )
    # The planner takes rows without their like for one, and goes through what changed for each of them.
    connection.execute("create index on pg_temp.touched (named_by, user_id, tag_code)")
    connection.execute("analyze pg_temp.touched")
    return True


def _fill(
    connection: psycopg.Connection, mart: Mart, slot: sql.Identifier, business_date: str, changed: str
) -> int:
    """Rows inserted; where `changed` names a model, rows that it does not name are not looked at."""
    columns = [sql.Identifier(column.name) for column in mart.columns]
    row = sql.SQL(", ").join
    names = {
        "slot": slot,
        "build": sql.Identifier("build", mart.name),
        "same": sql.SQL(" and ").join(_same_key_column(name, name in mart.nullable_key) for name in mart.key),
        "a": row(sql.SQL("a.{}").format(c) for c in columns),
        "b": row(_kept(column, business_date) for column in mart.columns),
        "columns": row(columns),
        "of_a": _of_changed("a", changed),
        "of_b": _of_changed("b", changed),
    }
    connection.execute(
        sql.SQL(
            "delete from {slot} as a where {of_a} not exists"
            " (select from {build} as b where {same} and row({a}) is not distinct from row({b}))"
        ).format(**names)
    )
    inserted = connection.execute(
        sql.SQL(
            "insert into {slot} ({columns}) select {b} from {build} as b"
            " where {of_b} not exists (select from {slot} as a where {same})"
        ).format(**names)
    )
    if not changed:
        connection.execute(sql.SQL("analyze {}").format(names["slot"]))
    return inserted.rowcount


def _of_changed(relation: str, changed: str) -> sql.Composable:
    if not changed:
        return sql.SQL("")
    columns = CHANGES[changed]
    return sql.SQL("({}) in (select {} from pg_temp.touched where named_by = {}) and ").format(
        sql.SQL(", ").join(sql.Identifier(relation, column) for column in columns),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Literal(changed),
    )


def _kept(column: Column, business_date: str) -> sql.Composable:
    """The column as the slot keeps it."""
    name = sql.Identifier("b", column.name)
    return sql.SQL("nullif({}, {}::date)").format(name, sql.Literal(business_date)) if column.is_open else name


def _same_key_column(name: str, nullable: bool) -> sql.Composed:
    """Plain equality where it can be had: it lets the planner hash, which `is not distinct from` does not."""
    equal = "({0} = {1} or ({0} is null and {1} is null))" if nullable else "{0} = {1}"
    return sql.SQL(equal).format(sql.Identifier("a", name), sql.Identifier("b", name))


def publish(connection: psycopg.Connection, marts: list[Mart], run_id: str, business_date: str, token: int) -> int:
    """Publish `build` as a new version; returns it. All in one go, or (superseded, killed) nothing.

    Commits, unless the caller has a transaction open that holds more than the publication.
    """
    with connection.transaction():
        version, slot = _next(connection)
        made = slots.prepare(connection, marts)
        fill_slot(connection, marts, slot, business_date, made)
        lease.assert_writer_token(connection, token)
        connection.execute(
            "insert into meta.publications (version, business_date, run_id, slot) values (%s, %s, %s, %s)",
            [version, business_date, run_id, slot],
        )
        slots.swap(connection, marts, made)
        erasure.clean_versions(connection, _tables_of_users(marts))
        _flip(connection, version, slot, business_date)
    return version


def _tables_of_users(marts: list[Mart]) -> list[tuple[str, str]]:
    names = [mart.name for mart in marts if any(column.name == "user_id" for column in mart.columns)]
    return [(f"slot_{slot}", name) for slot in SLOTS for name in names]


def _next(connection: psycopg.Connection) -> tuple[int, int]:
    """The next version and the slot it may use: never the current one, else the one with the oldest version."""
    current = connection.execute("select coalesce(slot, -1) from meta.pointer for update").fetchone()[0]
    kept = dict(connection.execute("select slot, max(version) from meta.publications group by slot").fetchall())
    version = max(kept.values(), default=0) + 1
    slot = min((s for s in SLOTS if s != current), key=lambda s: kept.get(s, 0))
    return version, slot


def _flip(connection: psycopg.Connection, version: int, slot: int, business_date: str) -> None:
    connection.execute(
        "update meta.pointer set version = %s, slot = %s, business_date = %s, moved_at = clock_timestamp(),"
        " moved_by = session_user",
        [version, slot, business_date],
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
            raise UseropsError("Nothing was ever published.", fix="run a night first.")
        kept = kept_versions(connection)
        earlier = [v for v in kept if v[0] < current] if to is None else [v for v in kept if v[0] == to]
        if not earlier:
            names = ", ".join(str(v[0]) for v in kept)
            raise UseropsError(
                f"Version {to if to is not None else 'before ' + str(current)} is not kept.",
                fix=f"choose one of: {names}.",
            )
        version, business_date, slot = earlier[0]
        _flip(connection, version, slot, business_date)
    return version, business_date
