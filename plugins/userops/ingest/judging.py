"""Judge the staged rows of an export by its contract: values, bad rows with their reasons, keys in conflict."""

from datetime import date

import duckdb

from userops.contracts.model import Contract
from userops.ingest import damage, row_validation
from userops.ingest.outcome import Judged, Miscounted, Staged
from userops.ingest.row_validation import Rules
from userops.lake.schema import kind_sql
from userops.lake.sql import identifier, listed, literal
from userops.privacy.identifiers import IDENTIFIERS

TABLE = "judged"


def judge(database: duckdb.DuckDBPyConnection, contract: Contract, rules: Rules, staged: Staged) -> Judged:
    """Make the table `judged` of the staged rows; raises Miscounted if they are not as many as were counted."""
    rules.clock.register(database, rules.business_date)
    is_delta = contract.mode == "delta"
    select = row_validation.judged(contract, rules, staged.row, staged.relation, staged.present, staged.traits)
    database.execute(f"create or replace table {TABLE} as {select}")
    # One pass for all that is asked of the table as a whole: a small file's cost is its number of queries.
    key = listed([identifier(name) for name in _key(contract)])
    asked = [
        "count(*)", "count(*) filter (_good)", "sum(_hash)", "count(*) filter (_mended)",
        "max(updated_at) filter (_good)" if is_delta else "null", f"count(distinct hash({key})) filter (_good)",
    ]  # fmt: skip
    ids = damage.id_columns(contract, staged.present)
    counts = f"select {listed([*asked, *damage.asked_of_ids(ids)])} from {TABLE}"
    rows, good, hashed, mended, newest, keys, *of_ids = database.execute(counts).fetchall()[0]
    if rows != staged.rows - len(staged.bad) - len(staged.set_aside) - len(staged.damaged):
        raise Miscounted
    damage.refuse_by(database, TABLE, ids, of_ids)
    if mended:
        staged.repairs += damage.contract_repairs(database, contract, staged.unmended, staged.present, staged.traits)
    row = "_row" if staged.row else "rowid + 1"
    bad = _reasons(database, contract, rules, staged, row) if good < rows else []
    bad += [(record.row, record.reason) for record in staged.bad] + staged.damaged
    return Judged(
        row, bad,
        row_set_hash=f"{rows}:{hashed or 0}" if is_delta else None,
        newest_change=newest and newest.astimezone(rules.zone).date(),
        # Most files repeat no key: only those that do pay for comparing contents.
        conflicts=_conflicts(database, contract) if keys < good else 0,
    )  # fmt: skip


def _reasons(
    database: duckdb.DuckDBPyConnection, contract: Contract, rules: Rules, staged: Staged, row: str
) -> list[tuple[int, str]]:
    """Bad rows with the first reason of each, from their texts."""
    relation, number = staged.relation, staged.row
    if number is None:
        relation, number = f"(select row_number() over () as _row, * from {relation})", "_row"
    bad = f"(select * from {relation} where {number} in (select {row} from {TABLE} where not _good))"
    select = row_validation.reasons(contract, rules, number, bad, staged.present, staged.traits)
    found = database.execute(f"{select} order by _row").fetchall()
    if any(reason is None for _, reason in found):
        raise Miscounted
    return found


def _key(contract: Contract) -> list[str]:
    """The columns by which versions of a row are told apart."""
    return [*contract.key, *(["updated_at"] if contract.mode == "delta" else [])]


def _conflicts(database: duckdb.DuckDBPyConnection, contract: Contract) -> int:
    """How many good rows repeat a key (and instant) with another content, which versions cannot decide.

    A later line that only fills what was empty says nothing else than the earlier one.
    """
    names = _key(contract)
    others = [column.name for column in contract.columns if column.name not in names]
    key = listed([identifier(name) for name in names])
    good = f"from {TABLE} where _good"
    if not others:
        return 0
    differ = " or ".join(f"count(distinct {identifier(name)}) > 1" for name in others)
    content = listed([f"{identifier(column.name)} := {identifier(column.name)}" for column in contract.columns])
    return database.execute(
        f"select coalesce(sum(extra), 0)::bigint from (select count(distinct struct_pack({content})) - 1 as extra"
        f" {good} group by {key} having count(*) > 1 and ({differ}))"
    ).fetchall()[0][0]


def good_rows(contract: Contract, judged: Judged, load_id: int, business_date: date, source: str) -> str:
    """A SELECT of the good rows as the lake keeps them; IDENTIFIERS gives the hashes of identifiers."""
    values, joins = [], []
    for column in contract.columns:
        name = identifier(column.name)
        if column.is_identifier:
            hashes = identifier(f"hashes of {column.name}")
            values.append(f"{hashes}.hash as {identifier(column.stored_name)}")
            same = f"{hashes}.kind = {kind_sql(column)} and {hashes}.raw = rows.{name}"
            joins.append(f"left join {IDENTIFIERS} as {hashes} on {same}")
        elif not column.personal:
            values.append(f"rows.{name}")
    values += [f"{load_id}::bigint as _load_id", "rows._number as _line",
               f"date {literal(business_date)} as _business_date", f"{literal(source)} as _source"]
    return (
        f"select {listed(values)} from (select *, {judged.row} as _number from {TABLE} where _good) as rows"
        f" {' '.join(joins)}"
    )
