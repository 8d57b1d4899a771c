"""Change the hash key: everything kept is hashed anew in one transaction, and every user keeps its id.

The values come from the vault; where a person was erased only a hash is left, and its hash is taken instead. Files of
the lake get new revisions. Ids of users are made from the hash an identifier had first (`meta.first_hashes`), contact
ids made of names with a key of their own.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import date

import duckdb
import psycopg
import pyarrow as pa
from psycopg import sql

from userops.contracts.model import Contract, load_contracts
from userops.errors import EXIT_FAILED, UseropsError
from userops.lake import Lake, loads
from userops.lake.files import next_revision
from userops.lake.schema import PARQUET, kind_sql
from userops.lake.session import Session, open_session
from userops.lake.sql import identifier, listed, literal
from userops.privacy import keys
from userops.settings import Settings
from userops.warehouse import lease
from userops.warehouse.connection import connect

SHORTEST = 32
PATIENCE = "1min"
BATCH = 50_000
MEMORY = "1GiB"
# Every column of a hash is named so; beside `identifier` stands its kind, and a contact's id is none.
HASHED = """
    select schemas.nspname, tables.relname, array_agg(columns.attname::text order by columns.attnum)
    from pg_attribute as columns
    join pg_class as tables on tables.oid = columns.attrelid and tables.relkind = 'r'
    join pg_namespace as schemas on schemas.oid = tables.relnamespace
    where schemas.nspname in ('staging', 'build', 'slot_0', 'slot_1', 'slot_2')
        and not columns.attisdropped
        and (columns.attname like '%\\_hash' or columns.attname in ('identifier', 'hash'))
    group by 1, 2 order by 1, 2
"""


def rotate(url: str, settings: Settings, new: str) -> int:
    """Give the warehouse a new key instead of that of the settings; returns how many hashes it changed.

    All of it or nothing, and nobody writes meanwhile. 0 if the new key is the warehouse's already.
    """
    if len(new) < SHORTEST:
        raise UseropsError(f"A key has at least {SHORTEST} characters, this one {len(new)}.",
                           fix="make one at random: python3 -c 'import secrets; print(secrets.token_hex(32))'.")
    # The owner of the database, as its shape is: no role of a run may write everywhere.
    with _session(settings) as session, connect(url) as connection, connection.transaction():
        _alone(connection)
        if keys.known(connection) == keys.fingerprint(new):
            return 0
        if not keys.agrees(connection, keys.given(settings)):
            raise keys.other_key()
        changed = _map_values(connection, settings.hash_key, new)
        connection.execute(
            "insert into meta.first_hashes (kind, hash, first_hash) select kind, hash, hash from pg_temp.rehashed"
            " on conflict do nothing"
        )
        _map_erased(connection, settings.hash_key, new)
        connection.execute("create index on pg_temp.rehashed (hash)")
        connection.execute("analyze pg_temp.rehashed")
        _rehash_lake(connection, session, Lake(settings.lake))
        _empty_copies(connection)
        for schema, table, columns in connection.execute(HASHED).fetchall():
            _replace(connection, sql.Identifier(schema, table), columns)
        _replace_in_books(connection)
        connection.execute("update meta.hash_key set fingerprint = %s, set_at = now(), set_by = session_user",
                           [keys.fingerprint(new)])
    return changed


def _session(settings: Settings) -> AbstractContextManager[Session]:
    return open_session(settings.memory_limit or MEMORY, settings.threads, settings.home / "tmp")


def _alone(connection: psycopg.Connection) -> None:
    """Until the commit nobody hashes and nobody writes. The key's lock first, as everybody takes them."""
    connection.execute(sql.SQL("set local lock_timeout = {}").format(PATIENCE))
    try:
        connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [keys.LOCK])
        lease.acquire_in(connection, "rotate-key")
    except psycopg.errors.LockNotAvailable as error:
        raise UseropsError("A load or an erasure is at work.", fix="run again when it has ended.",
                           exit_code=EXIT_FAILED) from error


def _map_values(connection: psycopg.Connection, old: str, new: str) -> int:
    """Fill `pg_temp.rehashed` with the old and new hash of every value kept; returns their number."""
    connection.execute("create temp table rehashed (kind text, hash text, new_hash text) on commit drop")
    rows = 0
    with connection.cursor(name="kept") as kept:
        kept.execute("select distinct kind, value, hash, namespace from vault.identifiers where hash is not null")
        while batch := kept.fetchmany(BATCH):
            rows += _write(connection, _both(old, new, batch))
    return rows


def _both(key: str, new: str, rows: Iterable[tuple[str, str, str, str]]) -> Iterator[tuple[str, str, str]]:
    for kind, value, old, namespace in rows:
        hidden = keys.within(namespace, value)
        if keys.hashed(key, kind, hidden) != old:
            raise UseropsError(f"A {kind} of the warehouse was hashed with a key that is not the one of its run.",
                               fix="load the files anew into an empty warehouse.", exit_code=EXIT_FAILED)
        yield kind, old, keys.hashed(new, kind, hidden)


def _map_erased(connection: psycopg.Connection, key: str, new: str) -> None:
    """What erased people carried: the value went with them, so the hash is hashed, and the old key kept to find it."""
    gone = connection.execute(
        "select kind, hash from meta.erased_identifiers except select kind, hash from pg_temp.rehashed"
    ).fetchall()
    if _write(connection, ((kind, old, keys.hashed(new, kind, old)) for kind, old in gone)):
        connection.execute("insert into vault.keys (purpose, key) values ('retired', %s)", [key])


def _write(connection: psycopg.Connection, rows: Iterable[tuple[str, str, str]]) -> int:
    count = 0
    with connection.cursor().copy("copy pg_temp.rehashed from stdin") as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def _rehash_lake(connection: psycopg.Connection, session: Session, lake: Lake) -> None:
    """Write a new revision of every file that holds a hash; every hash must be known."""
    lake.register(session.database)
    rows = connection.execute("select kind, hash, new_hash from pg_temp.rehashed").fetchall()
    columns = [pa.array([row[place] for row in rows], pa.string()) for place in range(3)]
    session.database.register("incoming", pa.table(columns, names=["kind", "hash", "new_hash"]))
    session.database.execute("create or replace table rehashed as select * from incoming")
    session.database.unregister("incoming")
    contracts = {name: contract for name, contract in load_contracts().items() if contract.identifiers}
    files = loads.files_as_of(connection, date.max, lake.url, contracts, loads.KEPT_STATES)
    for name, found in files.items():
        for file in found:
            target = session.scratch / "revision.parquet"
            _rehash_file(session.database, contracts[name], file.url, str(target))
            path = next_revision(file.path)
            lake.put(target, path)
            loads.replace_file(connection, file.load_id, path, 0)


def _rehash_file(database: duckdb.DuckDBPyConnection, contract: Contract, url: str, target: str) -> None:
    new, joins, unknown = [], [], []
    for column in contract.identifiers:
        name, table = identifier(column.stored_name), identifier(f"new {column.name}")
        same = f"{table}.kind = {kind_sql(column)} and {table}.hash = rows.{name}"
        joins.append(f"left join rehashed as {table} on {same}")
        new.append(f"{table}.new_hash as {name}")
        unknown.append(f"count(rows.{name}) - count({table}.new_hash)")
    rows = f"read_parquet({literal(url)}) as rows {' '.join(joins)}"
    lost = database.execute(f"select {' + '.join(unknown)} from {rows}").fetchall()[0][0]
    if lost:
        raise UseropsError(f"{lost} hashes in {url} are of no value kept.",
                           fix="deliver that file again, run its date, then run this again.", exit_code=EXIT_FAILED)
    database.execute(
        f"copy (select rows.* replace ({listed(new)}) from {rows} order by _line) to {literal(target)}"
        f" ({PARQUET})"
    )


def _empty_copies(connection: psycopg.Connection) -> None:
    """Copies of the lake in the warehouse hold old hashes: the next run fills them again."""
    tables = connection.execute("select tablename from pg_tables where schemaname = 'raw'").fetchall()
    if tables:
        names = sql.SQL(", ").join(sql.Identifier("raw", name) for (name,) in tables)
        connection.execute(sql.SQL("truncate {}").format(names))
    connection.execute("delete from meta.raw_copies")


def _replace(connection: psycopg.Connection, table: sql.Identifier, columns: list[str]) -> None:
    """Put the new hashes in the place of the old ones; every one must be known."""
    for name in columns:
        others = "and kind <> 'contact_id'" if name == "identifier" else ""
        unknown = connection.execute(sql.SQL(
            "select count(*) from {t} where {c} is not null {o}"
            " and not exists (select from pg_temp.rehashed where rehashed.hash = {c})"
        ).format(t=table, c=sql.Identifier(name), o=sql.SQL(others))).fetchone()[0]
        if unknown:
            raise UseropsError(f"{unknown} hashes in {table.as_string(connection)} are of no value kept.",
                               fix="run the newest date, then run this again.", exit_code=EXIT_FAILED)
    new = sql.SQL("{c} = coalesce((select new_hash from pg_temp.rehashed where rehashed.hash = rows.{c}), {c})")
    connection.execute(sql.SQL("update {} as rows set {} where coalesce({}) is not null").format(
        table, sql.SQL(", ").join(new.format(c=sql.Identifier(name)) for name in columns),
        sql.SQL(", ").join(map(sql.Identifier, columns))))


def _replace_in_books(connection: psycopg.Connection) -> None:
    for table in ("vault.identifiers", "meta.erased_identifiers", "meta.first_hashes"):
        connection.execute(sql.SQL(
            "update {} as rows set hash = new.new_hash from pg_temp.rehashed as new"
            " where rows.kind = new.kind and rows.hash = new.hash"
        ).format(sql.Identifier(*table.split("."))))
