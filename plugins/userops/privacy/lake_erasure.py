"""Which rows of the lake name an erased person, and the files without them: DuckDB over Parquet, nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from userops.contracts.model import Contract
from userops.lake.schema import PARQUET, kind_sql
from userops.lake.sql import identifier, listed, literal

# Orders stay, without any identifier; their lines and refunds carry none.
STAYS = "orders"
REQUESTS = "erasure_requests"
CONTACTS = "contacts"
# What says by what a contact is known: its own row, and rows of further identifiers.
CARRIERS = (CONTACTS, "contact_identifiers")


@dataclass(frozen=True)
class Found:
    """What an export holds of erased people: rows a request (deleted or emptied), mentions a column and request.

    `loads` are those with such a row, `lines` the load and line of each row that goes or is emptied.
    """

    rows: list[tuple[str, int]]
    mentions: dict[str, list[tuple[str, int]]]
    loads: list[int]
    lines: list[tuple[int, int]]


def names_people(contract: Contract) -> bool:
    """Whether rows of the export name a contact, in any column."""
    return contract.name != REQUESTS and any(_names_contact(column.name) for column in contract.columns)


def _names_contact(name: str) -> bool:
    return name == "contact_id" or name.endswith("_contact_id")


def requested(database: duckdb.DuckDBPyConnection, business_date: object) -> list[tuple[str, str]]:
    """Contacts that asked to be erased by the end of a date, and the first request of each."""
    return database.execute(
        f"select contact_id, min(request_id) from raw.{REQUESTS}"
        " where scope = 'erase' and _business_date <= $1 group by contact_id order by 1",
        [business_date],
    ).fetchall()


def carried(database: duckdb.DuckDBPyConnection, carriers: Iterable[Contract]) -> None:
    """Make the table `carried` (kind, hash, request_id): every identifier of a contact, null where it stays."""
    parts = [
        f"select {kind_sql(column)} as kind, {identifier(column.stored_name)} as hash, erased.request_id"
        f" from raw.{contract.name} as rows left join erased_contacts as erased on rows.contact_id = erased.contact_id"
        f" where {identifier(column.stored_name)} is not null"
        for contract in carriers for column in contract.identifiers
    ]
    database.execute(f"create or replace table carried as select distinct * from ({' union all '.join(parts)})")


def theirs_alone(database: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """Identifiers that erased contacts carry and no other contact does."""
    return database.execute(
        "select kind, hash, min(request_id) from carried group by kind, hash"
        " having bool_and(request_id is not null) order by 1, 2"
    ).fetchall()


def find(database: duckdb.DuckDBPyConnection, contract: Contract, since: int) -> Found:
    """Look for erased people in loads after `since`; where a key names one, in every version of the key."""
    gone = _gone(database, contract, since)
    mentions, loads = {}, set()
    for column in _mentions(contract):
        joined = (
            f"from raw.{contract.name} as rows inner join erased_contacts as erased"
            f" on rows.{identifier(column)} = erased.contact_id where rows._load_id > {since}"
        )
        mentions[column] = database.execute(f"select erased.request_id, count(*) {joined} group by 1").fetchall()
        loads |= {row[0] for row in database.execute(f"select distinct rows._load_id {joined}").fetchall()}
    if not database.execute(f"select count(*) from {gone}").fetchall()[0][0]:
        return Found([], mentions, sorted(loads), [])
    joined = f"from raw.{contract.name} as rows inner join {gone} as gone on {_same_key(contract)}"
    rows = database.execute(f"select gone.request_id, count(*) {joined} group by 1").fetchall()
    lines = database.execute(f"select rows._load_id, rows._line {joined}").fetchall()
    return Found(rows, mentions, sorted(loads | {load_id for load_id, _ in lines}), lines)


def _mentions(contract: Contract) -> list[str]:
    return [column.name for column in contract.columns if column.name.endswith("_contact_id")]


def _gone(database: duckdb.DuckDBPyConnection, contract: Contract, since: int) -> str:
    """The table of keys any version of which names an erased person, with the request."""
    name = identifier(f"gone_{contract.name}")
    key = listed([f"rows.{identifier(part)}" for part in contract.stored_key])
    columns = {column.name for column in contract.columns}
    # No key is of nobody: a table without a row, of the same columns.
    parts = [f"select {key}, null::varchar as request_id from raw.{contract.name} as rows where false"]
    if "contact_id" in columns:
        parts.append(
            f"select {key}, erased.request_id from raw.{contract.name} as rows inner join erased_contacts as erased"
            f" on rows.contact_id = erased.contact_id where rows._load_id > {since}"
        )
        if contract.identifiers and contract.column("contact_id").nullable:
            parts.append(_unnamed(contract, key, since))
    names = listed([identifier(part) for part in contract.stored_key])
    database.execute(
        f"create or replace table {name} as select {names}, min(request_id) as request_id"
        f" from ({' union all '.join(parts)}) group by all"
    )
    return name


def _unnamed(contract: Contract, key: str, since: int) -> str:
    """Rows without contact whose identifiers are all of erased people."""
    joins, hashes, requests, every = [], [], [], []
    for column in contract.identifiers:
        table, name = identifier(f"erasing of {column.name}"), f"rows.{identifier(column.stored_name)}"
        joins.append(f"left join erasing as {table} on {table}.kind = {kind_sql(column)} and {table}.hash = {name}")
        hashes.append(name)
        requests.append(f"{table}.request_id")
        every.append(f"({name} is null or {table}.hash is not null)")
    return (
        f"select {key}, coalesce({listed(requests)}) as request_id from raw.{contract.name} as rows {' '.join(joins)}"
        f" where rows.contact_id is null and coalesce({listed(hashes)}) is not null and {' and '.join(every)}"
        f" and rows._load_id > {since}"
    )


def rewrite(database: duckdb.DuckDBPyConnection, contract: Contract, url: str, target: Path) -> int:
    """Write a load's file without erased people; returns how many rows went."""
    gone = identifier(f"gone_{contract.name}")
    source = f"read_parquet({literal(url)})"
    emptied = [
        f"case when {identifier(name)} not in (select contact_id from erased_contacts) then {identifier(name)} end"
        f" as {identifier(name)}"
        for name in _mentions(contract)
    ]
    if contract.name == STAYS:
        is_gone = f"exists (select 1 from {gone} as gone where {_same_key(contract)})"
        names = ["contact_id", *(column.stored_name for column in contract.identifiers)]
        emptied += [
            f"case when {is_gone} then null else {identifier(name)} end as {identifier(name)}" for name in names
        ]
        kept = f"{source} as rows"
    else:
        kept = f"{source} as rows anti join {gone} as gone on {_same_key(contract)}"
    selected = f"rows.* replace ({listed(emptied)})" if emptied else "rows.*"
    before = database.execute(f"select count(*) from {source}").fetchall()[0][0]
    left = database.execute(
        f"copy (select {selected} from {kept} order by _line) to {literal(target)} ({PARQUET})"
    ).fetchall()[0][0]
    return before - left


def _same_key(contract: Contract) -> str:
    # Only the hash of what identifies nobody is null.
    same = {name: "is not distinct from" if name.endswith("_hash") else "=" for name in contract.stored_key}
    return " and ".join(f"gone.{identifier(name)} {how} rows.{identifier(name)}" for name, how in same.items())
