"""What spreadsheets and careless writers do to cells: what is repaired, what identifies nobody, what refuses a file.

Long ids in scientific notation or with zeros for their last digits are lost for good, so the file is refused. Invisible
characters at a cell's edge and words for nothing in an identifier are taken off, and counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
FEWEST_ROUNDED, EXACT = 5, 15
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
    if not traits.has_invisible:
        return cell
    bare = f"nullif(trim({cell}, {literal(INVISIBLE)}), '')"
    return f"case when strlen({cell}) > length({cell}) then {bare} else {cell} end"


def hides(cell: str) -> str:
    """SQL of whether a cell holds an invisible character."""
    found = f"regexp_matches({cell}, {literal(f'[{INVISIBLE}]')})"
    return f"case when strlen({cell}) > length({cell}) then {found} end"


def is_nothing(cell: str) -> str:
    """SQL of whether a cell holds a word for nothing."""
    # `case` asks the second only of cells for which the first holds, `and` both of all.
    found = f"lower({cell}) in ({listed([literal(word) for word in NOTHING])})"
    return f"(case when strlen({cell}) <= 4 then {found} else false end)"


def is_damaged(cell: str) -> str:
    """SQL of whether a cell holds what a spreadsheet left of a long number."""
    return f"(case when contains({cell}, '.') then regexp_full_match({cell}, {literal(DAMAGED)}) else false end)"


def is_error(cell: str) -> str:
    """SQL of whether a cell holds an error of a spreadsheet."""
    return f"{cell} in ({listed([literal(word) for word in ERRORS])})"


@dataclass(frozen=True)
class Mended:
    """SQL of a cell as it is judged, of whether it was mended, and of whether it is a damaged identifier.

    A condition that is empty never holds.
    """

    text: str
    changed: str
    lost: str


def mended(cell: str, traits: Traits, is_key: bool, may_be_damaged: bool) -> Mended:
    """What becomes of a cell (SQL), of an id or identifier (`is_key`) or anything else."""
    text, lost = trimmed(cell, traits), is_damaged(cell) if may_be_damaged else ""
    changed = [f"{cell} is distinct from {text}"] if text != cell else []
    if is_key:
        changed.append(is_nothing(text))
        nobody = f"{is_nothing(text)} or {lost}" if lost else is_nothing(text)
        text = f"case when {nobody} then null else {text} end"
    return Mended(text, " or ".join(changed), lost)


def mended_columns(contract: Contract, present: set[str], traits: Traits) -> dict[str, Mended]:
    """The contract's columns that are mended, where a relation has them."""
    found = {}
    for column in contract.columns:
        if column.name in present:
            is_key = is_id(column) or column.identifier is not None
            damaged = column.identifier not in (None, "email")
            found[column.name] = mended(identifier(column.name), traits, is_key, damaged)
    return {name: cell for name, cell in found.items() if cell.changed or cell.lost}


def as_mended(contract: Contract, relation: str, present: set[str], traits: Traits) -> str:
    """A relation with its cells mended, and `_mended`: whether the row had any to mend."""
    found = mended_columns(contract, present, traits)
    changed = " or ".join(part for cell in found.values() for part in (cell.changed, cell.lost) if part) or "false"
    cells = {name: cell.text for name, cell in found.items()}
    for column in contract.columns:
        if column.name in present and column.type in ("date", "timestamptz"):
            text = cells.get(column.name, identifier(column.name))
            if traits.has_respelled_times:
                cells[column.name] = text = shapes.as_iso(text)
            if traits.epoch:
                cells[column.name] = shapes.dated(text, column.type, traits.epoch)
    replaced = listed([f"{text} as {identifier(name)}" for name, text in cells.items()])
    what = f"* replace ({replaced})" if replaced else "*"
    return f"(select {what}, coalesce({changed}, false) as _mended from {relation})"


def repairs(
    database: duckdb.DuckDBPyConnection, relation: str, cells: dict[str, Mended]
) -> list[Repair]:
    """What was mended in each column of a relation."""
    counts = []
    for cell in cells.values():
        counts += [f"count(*) filter (where {condition or 'false'})" for condition in (cell.changed, cell.lost)]
    if not counts:
        return []
    found = database.execute(f"select {listed(counts)} from {relation}").fetchall()[0]
    pairs = zip(found[::2], found[1::2], strict=True)
    return [Repair(name, *pair) for name, pair in zip(cells, pairs, strict=True) if any(pair)]


def contract_repairs(
    database: duckdb.DuckDBPyConnection, contract: Contract, relation: str, present: set[str], traits: Traits
) -> list[Repair]:
    """The same of the columns of a contract."""
    return repairs(database, relation, mended_columns(contract, present, traits))


def refuse_lost_ids(database: duckdb.DuckDBPyConnection, relation: str, columns: dict[str, str]) -> None:
    """Raise Refused where ids have lost digits; `columns` gives the id that each column is of, as `order_id`."""
    if columns:
        found = database.execute(f"select {listed(asked_of_ids(columns))} from {relation}").fetchall()[0]
        refuse_by(database, relation, columns, found)


def asked_of_ids(columns: Iterable[str]) -> list[str]:
    """Aggregates of a relation's columns of ids, two a column, for `refuse_by`."""
    asked = []
    for name in columns:
        cell = identifier(name)
        scientific = f"case when contains({cell}, '+') then regexp_full_match({cell}, {literal(SCIENTIFIC)}) end"
        asked += [f"bool_or({scientific})", f"max(strlen({cell}))"]
    return asked


def refuse_by(
    database: duckdb.DuckDBPyConnection, relation: str, columns: dict[str, str], found: Sequence
) -> None:
    """The same as `refuse_lost_ids`, where the aggregates were asked together with others."""
    for place, (name, what) in enumerate(columns.items()):
        scientific, longest = found[2 * place : 2 * place + 2]
        if scientific:
            raise _refused(what, "in scientific notation")
        if longest is not None and longest > EXACT and _is_rounded(database, relation, identifier(name)):
            raise _refused(what, "with zeros after the 15th digit")


def _is_rounded(database: duckdb.DuckDBPyConnection, relation: str, cell: str) -> bool:
    """Whether at least half of the long ids, and five or more, end in zeros."""
    is_rounded = f"regexp_full_match({cell}, {literal(ROUNDED)})"
    counts = f"count(*), count(*) filter (where {is_rounded})"
    where = f"where strlen({cell}) > {EXACT} and regexp_full_match({cell}, {literal(LONG)})"
    long, rounded = database.execute(f"select {counts} from {relation} {where}").fetchall()[0]
    if rounded < FEWEST_ROUNDED or 2 * rounded < long:
        return False
    long, rounded, sure = database.execute(
        f"select count(distinct {cell}), count(distinct {cell}) filter (where {is_rounded}),"
        f" count(*) filter (where regexp_full_match({cell}, {literal(SURELY_ROUNDED)})) from {relation} {where}"
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
