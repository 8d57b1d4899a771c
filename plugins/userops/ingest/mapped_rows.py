"""What becomes of the rows that a platform's SQL gives: texts for the contract, and rows of one key added."""

import duckdb

from userops.contracts.model import Contract
from userops.ingest import shapes
from userops.ingest.outcome import Refused
from userops.lake.sql import identifier, listed

# More digits than a delivered cell may have: a mapping computed them.
COMPUTED, SHORTEST = "[+-]?[0-9]{1,18}[.][0-9]{19,}", 21
EXACT = "decimal(38, 18)"
SUM = "decimal(38, 6)"


def types_of(database: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """The columns of a relation with their types, in their order."""
    return {row[0]: row[1] for row in database.execute(f"describe {relation}").fetchall()}


def as_text(contract: Contract, name: str, kind: str) -> str:
    """A column of a mapping as text; a decimal that it computed is rounded half up to the contract's places."""
    cell = identifier(name)
    column = next((column for column in contract.columns if column.name == name), None)
    if column is None or column.type != "numeric":
        return f"{cell}::varchar as {cell}"
    if kind.startswith("DECIMAL"):
        return f"round({cell}, {column.scale})::varchar as {cell}"
    if kind in ("DOUBLE", "FLOAT"):
        return f"coalesce(round(try_cast({cell} as {EXACT}), {column.scale})::varchar, {cell}::varchar) as {cell}"
    if kind != "VARCHAR":
        return f"{cell}::varchar as {cell}"
    rounded = f"round(try_cast({cell} as {EXACT}), {column.scale})::varchar"
    # Hardly any cell is as long: its length is told much faster than its shape.
    computed = f"strlen({cell}) >= {SHORTEST} and {shapes.has_shape(cell, COMPUTED)}"
    return f"case when {computed} then coalesce({rounded}, {cell}) else {cell} end as {cell}"


def add(database: duckdb.DuckDBPyConnection, contract: Contract, columns: tuple[str, ...]) -> None:
    """Add the rows of `stage` that have one key: a report by device or match type is finer than the export.

    Every source row goes into one of them. The first row of a key gives the other columns, the latest `updated_at`.
    Rows with a cell that is no number stay alone, for the contract to judge; two currencies are not added.
    """
    present = list(types_of(database, "stage"))
    summed = [name for name in columns if name in present]
    key = [name for name in (*contract.key, "currency") if name in present and name not in summed]
    _refuse_doubled(database)
    words = [f"({identifier(name)} is null or {shapes.has_shape(identifier(name), _shape(contract, name))})"
             for name in summed]
    database.execute(
        f"create or replace table single as select *, ({' and '.join(words) or 'false'}) as _adds from stage"
    )
    cells = []
    for name in present:
        cell = identifier(name)
        if name == "_row":
            cells.append("min(_row) as _row")
        elif name in summed:
            kind = "hugeint" if contract.column(name).type in ("integer", "bigint") else SUM
            cells.append(f"sum({cell}::{kind})::varchar as {cell}")
        elif name == "updated_at":
            cells.append(f"coalesce(arg_max({cell}, instant({cell})), min({cell})) as {cell}")
        else:
            cells.append(f"arg_min({cell}, _row) as {cell}" if name not in key else cell)
    grouped = f" group by {listed([identifier(name) for name in key])}" if key else ""
    names = listed([identifier(name) for name in present])
    database.execute(
        f"create or replace table stage as select {names} from"
        f" (select {listed(cells)} from single where _adds{grouped} having count(*) > 0)"
        f" union all select {names} from single where not _adds"
    )


def _shape(contract: Contract, name: str) -> str:
    return shapes.SHAPES[contract.column(name).type]


def _refuse_doubled(database: duckdb.DuckDBPyConnection) -> None:
    """With `add`, a source row that gave two rows would be counted twice."""
    doubled = database.execute("select count(*) - count(distinct _row) from stage").fetchall()[0][0]
    if doubled:
        raise Refused("rows_accounted", "manifest", f"{doubled} rows of the export are of a source row that gave one",
                      "one row of each source row", "let the platform's `select` give one row for each `_row`")


