"""Damage in the cells of a platform's file, looked for before the platform's SQL hides it."""

import duckdb

from userops.contracts.model import Contract, load_contracts
from userops.ingest import damage, lineage, shapes
from userops.ingest.outcome import Staged
from userops.ingest.traits import Traits
from userops.lake.sql import identifier, listed
from userops.platforms.layout import Layout

# The rows of `delivered` in which no spreadsheet left an error.
GOOD = "unhurt"


def refuse_lost_ids(database: duckdb.DuckDBPyConnection, layout: Layout, cells: dict[str, str]) -> None:
    """Raise Refused where ids of any export of the file have lost digits: the file is one, whatever is read of it."""
    ids: dict[str, str] = {}
    for export in layout.exports:
        for name, what in lineage.sources_of(layout, load_contracts()[export])[0].items():
            if name in cells:
                ids.setdefault(name, what)
    cleaned = listed([f"{cells[name]} as {identifier(name)}" for name in ids])
    damage.refuse_lost_ids(database, f"(select {cleaned or 'null'} from delivered)", ids)


def mend(
    database: duckdb.DuckDBPyConnection, layout: Layout, contract: Contract, cells: dict[str, str], staged: Staged,
    traits: Traits,
) -> dict[str, str]:  # fmt: skip
    """The SQL of a platform's cells with those that feed ids and identifiers mended; makes the view GOOD.

    `cells` gives the SQL of each column as the layout cleans it. Times that a spreadsheet respelled are read as they
    were, since a platform's SQL compares them as texts; an id may look like one.
    """
    staged.row = staged.row or "rowid + 1"
    _set_errors_aside(database, cells, staged, traits)
    ids, personal = lineage.sources_of(layout, contract)
    mended = {
        name: damage.mended(cell, traits, name in ids or name in personal, name in personal)
        for name, cell in cells.items()
    }
    changed = {name: cell for name, cell in mended.items() if cell.changed or cell.lost}
    # Each is compared with the cell as the layout cleans it: what the layout takes off is no news.
    staged.repairs += damage.repairs(database, GOOD, changed)
    texts = {name: cell.text for name, cell in mended.items()}
    if traits.has_respelled_times:
        texts |= {name: shapes.as_iso(text) for name, text in texts.items() if name not in ids and name not in personal}
    return texts


def _set_errors_aside(
    database: duckdb.DuckDBPyConnection, cells: dict[str, str], staged: Staged, traits: Traits
) -> None:
    """A row with a spreadsheet's error in a cell that is read is bad, before anything is worked out of it."""
    good = f"select *, {staged.row} as _place from delivered"
    if traits.has_errors and cells:
        cases = [f"when {damage.is_error(cell)} then '{name}'" for name, cell in cells.items()]
        database.execute(
            f"create or replace table hurt as select * from (select {staged.row} as _place,"
            f" case {' '.join(cases)} end as name from delivered) where name is not null"
        )
        found = database.execute("select _place, name from hurt order by 1").fetchall()
        staged.damaged = [(row, f"{name} {damage.ERROR_REASON}") for row, name in found]
        good += f" where {staged.row} not in (select _place from hurt)"
    database.execute(f"create or replace temp view {GOOD} as {good}")
