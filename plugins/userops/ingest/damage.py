"""What spreadsheets and careless writers do to cells: what is repaired, what identifies nobody, what refuses a file.

Long ids in scientific notation or with zeros for their last digits are lost for good, so the file is refused. Invisible
characters at a cell's edge and words for nothing in an identifier are taken off, and counted.
"""

import duckdb

from userops.contracts.model import Column, Contract
from userops.ingest import shapes
from userops.ingest.outcome import Refused, Repair
from userops.ingest.traits import ERRORS, INVISIBLE, Traits
from userops.lake.sql import identifier, listed, literal

NOTHING = ("null", "\\n", "none", "nan", "-", "无")
ERROR_REASON = "is an error of a spreadsheet, such as #REF!"
# A source's name may stand before an id, and a mapping may write something behind it.
SCIENTIFIC = "(.*[^0-9A-Za-z.])?[0-9]([.][0-9]+)?[eE][+][0-9]{2,3}([^0-9A-Za-z].*)?"
LONG = "([a-z][a-z0-9_]*:)?[0-9]{16,}"
ROUNDED = "([a-z][a-z0-9_]*:)?[0-9]{15}0+"
FEWEST_ROUNDED = 5
# With so many zeros at the end each cell tells; with one or two each id, for an order of many lines proves nothing.
SURELY_ROUNDED = "([a-z][a-z0-9_]*:)?[0-9]{15}000+"
DAMAGED = "[0-9]([.][0-9]+)?[eE][+][0-9]{2,3}|[0-9]+[.]0+"
JSON = r"(?s)\s*([{]\s*([\"'].*)?[}]|\[\s*[{\[\"'].*\])\s*"


def is_id(column: Column) -> bool:
    """Whether a column holds ids, its own export's or another's."""
    return column.id_of is not None


def may_hide(column: Column) -> bool:
    """Whether an invisible character inside makes another value of it: in ids, not in spellings of phones."""
    return is_id(column) or column.identifier in ("unionid", "external_userid", "device_id")


def trimmed(cell: str, traits: Traits) -> str:
    """SQL of a cell without what nobody sees at its edges; empty cells are null."""
    return f"nullif(trim({cell}, {literal(INVISIBLE)}), '')" if traits.has_invisible else cell


def hides(cell: str) -> str:
    """SQL of whether a cell holds an invisible character."""
    return f"strlen({cell}) > length({cell}) and regexp_matches({cell}, {literal(f'[{INVISIBLE}]')})"


def without_nothing(cell: str) -> str:
    """SQL of a cell that is null where it holds a word for nothing."""
    words = listed([literal(word) for word in NOTHING])
    return f"case when strlen({cell}) <= 4 and lower({cell}) in ({words}) then null else {cell} end"


def is_damaged(cell: str) -> str:
    """SQL of whether a cell holds what a spreadsheet left of a long number."""
    return f"(contains({cell}, '.') and regexp_full_match({cell}, {literal(DAMAGED)}))"


def is_error(cell: str) -> str:
    """SQL of whether a cell holds an error of a spreadsheet."""
    return f"{cell} in ({listed([literal(word) for word in ERRORS])})"


def mended(column: Column, traits: Traits) -> str:
    """SQL of a contract column's text as it is judged; the column itself where nothing is ever mended."""
    cell = identifier(column.name)
    text = trimmed(cell, traits)
    if is_id(column) or column.identifier:
        text = without_nothing(text)
    if column.identifier:
        text = f"case when {is_damaged(cell)} then null else {text} end"
    return text


def as_mended(contract: Contract, relation: str, present: set[str], traits: Traits) -> str:
    """A relation with its cells mended, and `_mended`: whether the row had any to mend."""
    cells = {column.name: mended(column, traits) for column in contract.columns if column.name in present}
    cells = {name: text for name, text in cells.items() if text != identifier(name)}
    changed = " or ".join(f"{identifier(name)} is distinct from {text}" for name, text in cells.items()) or "false"
    for column in contract.columns:
        if traits.epoch and column.name in present and column.type in ("date", "timestamptz"):
            text = cells.get(column.name, identifier(column.name))
            cells[column.name] = shapes.dated(text, column.type, traits.epoch)
    replaced = listed([f"{text} as {identifier(name)}" for name, text in cells.items()])
    what = f"* replace ({replaced})" if replaced else "*"
    return f"(select {what}, ({changed}) as _mended from {relation})"


def repairs(
    database: duckdb.DuckDBPyConnection, relation: str, cells: dict[str, tuple[str, str, str | None]]
) -> list[Repair]:
    """What was mended in each column of a relation.

    `cells` gives SQL for each: the cell, the cell as it is mended, and whether it is a damaged identifier (None: it is
    no identifier).
    """
    counts = []
    for cell, text, damaged in cells.values():
        lost = f"coalesce({damaged}, false)" if damaged else "false"
        counts.append(f"count(*) filter (where not {lost} and {cell} is distinct from {text})")
        counts.append(f"count(*) filter (where {lost})")
    if not counts:
        return []
    found = database.execute(f"select {listed(counts)} from {relation}").fetchall()[0]
    pairs = zip(found[::2], found[1::2], strict=True)
    return [Repair(name, *pair) for name, pair in zip(cells, pairs, strict=True) if any(pair)]


def contract_repairs(
    database: duckdb.DuckDBPyConnection, contract: Contract, relation: str, present: set[str], traits: Traits
) -> list[Repair]:
    """The same of the columns of a contract."""
    cells = {
        column.name: (cell, mended(column, traits), is_damaged(cell) if column.identifier else None)
        for column in contract.columns if (cell := identifier(column.name)) and column.name in present
    }
    return repairs(database, relation, {name: each for name, each in cells.items() if each[0] != each[1]})


def refuse_lost_ids(database: duckdb.DuckDBPyConnection, relation: str, columns: dict[str, str]) -> None:
    """Raise Refused where ids have lost digits; `columns` gives the id that each column is of, as `order_id`."""
    if not columns:
        return
    counts = []
    for name in columns:
        cell = identifier(name)
        counts += [
            f"count(*) filter (where contains({cell}, '+') and regexp_full_match({cell}, {literal(SCIENTIFIC)}))",
            f"count(*) filter (where strlen({cell}) > 15 and regexp_full_match({cell}, {literal(LONG)}))",
            f"count(*) filter (where strlen({cell}) > 15 and regexp_full_match({cell}, {literal(ROUNDED)}))",
        ]
    found = database.execute(f"select {listed(counts)} from {relation}").fetchall()[0]
    for place, (name, what) in enumerate(columns.items()):
        scientific, long, rounded = found[3 * place : 3 * place + 3]
        if scientific:
            raise _refused(what, "in scientific notation")
        if rounded >= FEWEST_ROUNDED and 2 * rounded >= long and _is_rounded(database, relation, identifier(name)):
            raise _refused(what, "with zeros after the 15th digit")


def _is_rounded(database: duckdb.DuckDBPyConnection, relation: str, cell: str) -> bool:
    """Whether at least half of the long ids, and five or more, end in zeros."""
    long, rounded, sure = database.execute(
        f"select count(distinct {cell}), count(distinct {cell}) filter (where regexp_full_match({cell},"
        f" {literal(ROUNDED)})), count(*) filter (where regexp_full_match({cell}, {literal(SURELY_ROUNDED)}))"
        f" from {relation} where regexp_full_match({cell}, {literal(LONG)})"
    ).fetchall()[0]
    return 2 * rounded >= long and max(rounded, sure) >= FEWEST_ROUNDED


def _refused(what: str, how: str) -> Refused:
    ids = f"{what.removesuffix('_id').replace('_', ' ')} ids" if what.endswith("_id") else f"{what}s"
    return Refused(
        "spreadsheet_damage", "contract", f"{ids} {how}: the file was saved by a spreadsheet; export it again",
        "ids with all their digits", "have it exported again and delivered as it is, without opening and saving it",
    )  # fmt: skip


def id_columns(contract: Contract, present: set[str]) -> dict[str, str]:
    """The contract's columns of ids that a relation has, for `refuse_lost_ids`."""
    return {column.name: column.name for column in contract.columns if is_id(column) and column.name in present}
