"""The profile of a load: what its columns look like, in counts that name nobody.

A fault that no hand-written check names shows here: an id that lost its zeros, a status that is set back, phones that
moved by a row. It is made once, of at most SAMPLE rows spread evenly over the file, and kept with the load in
`meta.column_profiles`; the models below `models/quality/raw/profiles` compare loads. What is too old to be compared
with is forgotten.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import duckdb
import psycopg

from userops.contracts.model import Column, Contract
from userops.ingest.judging import TABLE
from userops.lake import LakeFile
from userops.lake.schema import select_files
from userops.lake.sql import identifier, listed, literal

# Rows that are looked at, and keys that are compared with what is stored of them.
SAMPLE, KEYS = 20_000, 2_000
# Loads before that are asked for those keys: what changes comes back within days, and reading more costs.
LOADS_COMPARED = 14
# Loads are compared with those of 90 days (`profile_limits` in dbt_project/macros/quality); a date that is run again a
# quarter later finds its own 90 days too.
KEPT = timedelta(days=180)
# A column with more different values is no code; of an id the most frequent shapes tell.
MOST_CODES, MOST_STAFF, MOST_SHAPES = 50, 500, 12
# Ids whose rows are counted one by one.
COUNTED = ("stores", "staff")
ROWS = "(rows)"
AGES = {0: "0", 1: "1", 7: "2-7", 31: "8-31", 366: "32-366"}


class Figure(NamedTuple):
    """One figure of a column: `part` is the value, hour, weekday, age, length or shape that is counted, else empty."""

    column: str
    kind: str
    figure: str
    part: str
    amount: float


def kind_of(column: Column, contract: Contract) -> str:
    """What a column is about: money, identifier, status, time, consent, or other.

    A large change of the first five blocks. A reference to another export's row is `other`: that it exists is asked
    by checks of references.
    """
    if column.is_identifier or (column.name in contract.key and column.type == "text" and not column.allowed):
        return "identifier"
    if column.type == "numeric":
        return "money"
    if column.type in ("date", "timestamptz"):
        return "time"
    if column.name.endswith("_consent"):
        return "consent"
    return "status" if column.name.rpartition("_")[2] == "status" else "other"


def profile(
    database: duckdb.DuckDBPyConnection, contract: Contract, business_date: date, timezone: str
) -> list[Figure]:
    """The figures of the good rows that were judged last, scaled to all of them; none without a row."""
    rows = database.execute(f"select count(*) from {TABLE} where _good").fetchall()[0][0]
    if not rows:
        return []
    every = -(-rows // SAMPLE)
    select = f"select * from {TABLE} where _good" + (f" and rowid % {every} = 0" if every > 1 else "")
    texts = listed([f"{identifier(c.name)}::varchar as {identifier(c.name)}" for c in contract.columns])
    database.execute(
        "create or replace temp table counted as select column_name, value, count(*) as n from"
        f" (select {texts} from ({select})) unpivot include nulls (value for column_name in (*)) group by all"
    )
    found = database.execute(" union all ".join(_counts(contract, business_date, timezone))).fetchall()
    found += _amounts(database, contract, select)
    database.execute("drop table counted")
    sampled = sum(amount for column, figure, _, amount in found
                  if figure in ("filled", "empty") and column == contract.columns[0].name)
    kinds = {column.name: kind_of(column, contract) for column in contract.columns}
    return [Figure(ROWS, "other", "rows", "", float(rows))] + [
        Figure(column, kinds[column], figure, part, _scaled(figure, amount, rows / sampled))
        for column, figure, part, amount in found
    ]


def changes(
    database: duckdb.DuckDBPyConnection, contract: Contract, stored: Sequence[LakeFile], load_id: int
) -> list[Figure]:
    """Of keys that earlier loads brought too: how many, and in how many the value of each column is another.

    `stored` are the files of the export, the newest last, that of the load among them; KEYS of its keys are compared
    with their newest version in the LOADS_COMPARED files before.
    """
    own = [file.url for file in stored if file.load_id == load_id]
    earlier = [file.url for file in stored if file.load_id < load_id][-LOADS_COMPARED:]
    others = [column for column in contract.columns
              if column.name not in (*contract.key, "updated_at") and (column.is_identifier or not column.personal)]
    if not own or not earlier or not others:
        return []
    names = [column.stored_name for column in others]
    key = listed([identifier(name) for name in contract.stored_key])
    order = listed(["updated_at"] * (contract.mode == "delta") + ["_load_id", "_line"])
    newest = f"qualify row_number() over (partition by {key} order by {order} desc) = 1"
    same = " and ".join(f"later.{identifier(name)} = earlier.{identifier(name)}" for name in contract.stored_key)
    differ = [f"count(*) filter (where later.{identifier(n)} is distinct from earlier.{identifier(n)})" for n in names]
    files = select_files(contract, earlier)
    counts = database.execute(
        f"with later as (select * from read_parquet({literal(own[0])}) {newest} order by hash({key}) limit {KEYS}),"
        f" earlier as (select files.* from ({files}) as files semi join later using ({key}) {newest})"
        f" select count(*), {listed(differ)} from later join earlier on {same}"
    ).fetchall()[0]
    if not counts[0]:
        return []
    return [Figure(ROWS, "other", "known", "", float(counts[0]))] + [
        Figure(column.name, kind_of(column, contract), "changed", "", float(count))
        for column, count in zip(others, counts[1:], strict=True)
    ]


def keep(connection: psycopg.Connection, load_id: int, figures: Iterable[Figure]) -> None:
    """Write down the figures of a load; the caller commits."""
    columns = "load_id, column_name, kind, figure, part, amount"
    with connection.cursor().copy(f"copy meta.column_profiles ({columns}) from stdin") as copy:
        for figure in figures:
            copy.write_row((load_id, *figure))


def is_kept(day: date, business_date: date) -> bool:
    """Whether a run of that business date keeps the profile of a load of the day."""
    return day > business_date - KEPT


def forget_old(connection: psycopg.Connection, business_date: date) -> None:
    """Delete the profiles that a run of the business date need not keep; the caller commits."""
    connection.execute(
        "delete from meta.column_profiles as profiles using meta.load_files as files"
        " where profiles.load_id = files.load_id and files.business_date <= %s",
        [business_date - KEPT],
    )


def _counts(contract: Contract, business_date: date, timezone: str) -> list[str]:
    """Queries over `counted`: column, figure, part, count."""
    counts = {"filled": "sum(n) filter (value is not null)", "empty": "sum(n) filter (value is null)",
              "distinct": "nullif(count(value), 0)", "commonest": "max(n) filter (value is not null)"}
    wide = listed([f"({amount})::double as {identifier(figure)}" for figure, amount in counts.items()])
    found = [
        "select column_name, figure, '' as part, amount from"
        f" (unpivot (select column_name, {wide} from counted group by all)"
        f" on {listed([identifier(figure) for figure in counts])} into name figure value amount)"
    ]
    codes = [column for column in contract.columns if _is_code(column)]
    found += [_values([c.name for c in codes if c.id_of is None], MOST_CODES)]
    found += [_values([c.name for c in codes if c.id_of], MOST_STAFF)]
    ids = [c.name for c in contract.columns if kind_of(c, contract) == "identifier" or c.id_of]
    digits, letters = "regexp_replace(value, '[0-9]+', '9', 'g')", r"regexp_replace(value, '\p{L}+', 'a', 'g')[:40]"
    found += [_most("length", "length(value)::varchar", ids), _most("shape", letters, ids, digits)]
    for column in contract.columns:
        if column.type in ("date", "timestamptz"):
            found += _times(column, business_date, timezone)
    return [query for query in found if query]


def _is_code(column: Column) -> bool:
    if column.personal or column.free_text or column.type not in ("text", "boolean", "integer"):
        return False
    return column.id_of in (None, *COUNTED)


def _values(columns: list[str], most: int) -> str:
    if not columns:
        return ""
    return (
        f"select column_name, 'value', value, n from counted where {_among(columns)} and value is not null"
        f" qualify count(*) over (partition by column_name) <= {most}"
    )


def _most(figure: str, part: str, columns: list[str], value: str = "value") -> str:
    """The most frequent parts of each column; the rest is one part more.

    `part` is worked out of the different texts of `value` alone: of ids without their digits there are few.
    """
    if not columns:
        return ""
    return (
        f"select column_name, {literal(figure)}, case when place <= {MOST_SHAPES} then part else '(other)' end, sum(n)"
        " from (select *, row_number() over (partition by column_name order by n desc, part) as place from"
        f" (select column_name, {part} as part, sum(n) as n from (select column_name, {value} as value, sum(n) as n"
        f" from counted where {_among(columns)} and value is not null group by all) group by all)) group by all"
    )


def _times(column: Column, business_date: date, timezone: str) -> list[str]:
    rows = f"from counted where column_name = {literal(column.name)} and value is not null group by all"
    at = "value::date"
    found = []
    if column.type == "timestamptz":
        at = f"timezone({literal(timezone)}, value::timestamptz)"
        found.append(f"select column_name, 'hour', extract(hour from {at})::varchar, sum(n) {rows}")
    age = f"date_diff('day', {at}::date, date {literal(business_date)})"
    ages = " ".join(f"when {age} <= {days} then {literal(name)}" for days, name in AGES.items())
    age = f"case when {age} < 0 then 'after' {ages} else 'older' end"
    return [
        *found,
        f"select column_name, 'weekday', extract(isodow from {at})::varchar, sum(n) {rows}",
        f"select column_name, 'age', {age}, sum(n) {rows}",
    ]


def _among(columns: list[str]) -> str:
    return f"column_name in ({listed([literal(name) for name in columns])})"


def _amounts(database: duckdb.DuckDBPyConnection, contract: Contract, select: str) -> list[tuple]:
    """Median and largest of each numeric column; zeros say that nothing was asked or paid."""
    names = [column.name for column in contract.columns if column.type in ("numeric", "bigint")]
    if not names:
        return []
    cells = [f"nullif({identifier(name)}, 0)" for name in names]
    values = listed([part for cell in cells for part in (f"median({cell})::double", f"max({cell})::double")])
    figures = [(name, figure, "") for name in names for figure in ("median", "largest")]
    found = database.execute(f"select {values} from ({select})").fetchall()[0]
    return [(*figure, amount) for figure, amount in zip(figures, found, strict=True) if amount is not None]


def _scaled(figure: str, amount: float, factor: float) -> float:
    return float(amount) if figure in ("median", "largest") else float(amount) * factor
