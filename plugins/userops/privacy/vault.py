"""The vault: the only place in the warehouse where personal values stand."""

from pathlib import Path

import duckdb
import psycopg

from userops.contracts.model import Column, Contract
from userops.lake.schema import kind_sql
from userops.lake.sql import identifier, literal
from userops.privacy import keys
from userops.privacy.identifiers import IDENTIFIERS

BLOCK = 1 << 20
LOCK = "userops.vault"
COLUMNS = "kind, raw_value, value, hash, namespace"


def write_identifiers(database: duckdb.DuckDBPyConnection, scratch: Path) -> Path:
    """Write what the table IDENTIFIERS of DuckDB holds to a file, in the order of the vault's key."""
    path = scratch / "identifiers.csv"
    rows = f"select kind, raw, value, hash, namespace from {IDENTIFIERS} where hash is not null order by kind, raw"
    database.execute(f"copy ({rows}) to {literal(path)} (format csv, header false)")
    return path


def keep_identifiers(connection: psycopg.Connection, key: str, path: Path) -> None:
    """Add the identifiers of a file that the vault does not hold; the caller commits.

    One load at a time adds, until its commit: looking first is cheaper than an insert that may conflict.
    """
    if _is_empty(connection):
        # A business's whole past is its largest load, and meets an empty vault.
        _lock(connection)
        if _is_empty(connection) and not keys.retired(connection):
            _copy_file(connection, f"vault.identifiers ({COLUMNS})", path, ", force_not_null (namespace)")
            return
    connection.execute(
        "create temp table new_identifiers (kind text, raw_value text, value text, hash text, namespace text)"
        " on commit drop"
    )
    _copy_file(connection, "new_identifiers", path)
    _lock(connection)
    chain = [*keys.retired(connection), key]
    added = connection.execute(
        f"insert into vault.identifiers ({COLUMNS})"
        " select kind, raw_value, value, hash, coalesce(namespace, '')"
        " from new_identifiers as new where not exists (select from vault.identifiers as kept"
        " where kept.kind = new.kind and kept.raw_value = new.raw_value and kept.hash = new.hash)"
        + (" returning kind, value, hash, namespace" if len(chain) > 1 else "")
    )
    if len(chain) > 1:
        _know_erased(connection, chain, added.fetchall())
    connection.execute("drop table new_identifiers")


def _lock(connection: psycopg.Connection) -> None:
    connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [LOCK])


def _is_empty(connection: psycopg.Connection) -> bool:
    return not connection.execute("select exists (select from vault.identifiers)").fetchone()[0]


def write_texts(
    database: duckdb.DuckDBPyConnection, rows: str, row: str, contract: Contract, load_id: int, scratch: Path
) -> Path | None:
    """Write the personal texts of a load to a file, each with the row it stands in; None if the export has none.

    They are nicknames and names, and what stood in the place of an identifier and identifies nobody.
    """
    parts = [
        f"select {load_id}, {row}, {literal(column.name)}, {identifier(column.name)} from {rows}"
        f" as rows where {identifier(column.name)} is not null{_identifies_nobody(column)}"
        for column in contract.columns if column.personal
    ]
    if not parts:
        return None
    path = scratch / "texts.csv"
    database.execute(f"copy ({' union all '.join(parts)}) to {literal(path)} (format csv, header false)")
    return path


def keep_texts(connection: psycopg.Connection, path: Path | None) -> None:
    """Add the personal texts of a file; the caller commits."""
    if path:
        _copy_file(connection, "vault.personal_texts", path)


def _identifies_nobody(column: Column) -> str:
    if not column.is_identifier:
        return ""
    unknown = f"select kind, raw from {IDENTIFIERS} where hash is null"
    return f" and ({kind_sql(column)}, {identifier(column.name)}) in ({unknown})"


def _copy_file(connection: psycopg.Connection, table: str, path: Path, options: str = "") -> None:
    with path.open("rb") as rows, connection.cursor().copy(f"copy {table} from stdin (format csv{options})") as copy:
        while block := rows.read(BLOCK):
            copy.write(block)
    path.unlink()


def _know_erased(
    connection: psycopg.Connection, chain: list[str], added: list[tuple[str, str | None, str | None, str]]
) -> None:
    """What was erased before the key was changed and comes again is erased under its hash of today too."""
    with connection.cursor() as cursor:
        cursor.execute("create temp table if_erased (kind text, hash text, before text) on commit drop")
        with cursor.copy("copy if_erased from stdin") as copy:
            for kind, value, hashed, namespace in added:
                hidden = keys.within(namespace, value or "")
                for before in keys.hashes_if_erased_before(chain, kind, hidden) if value else []:
                    copy.write_row((kind, hashed, before))
        cursor.execute(
            "insert into meta.erased_identifiers (kind, hash, request_id)"
            " select erased.kind, new.hash, min(erased.request_id) from if_erased as new"
            " inner join meta.erased_identifiers as erased on erased.kind = new.kind and erased.hash = new.before"
            " group by erased.kind, new.hash on conflict do nothing"
        )
        cursor.execute("drop table if_erased")
