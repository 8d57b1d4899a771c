"""What reading a file comes to: rows to judge, or a refusal of the whole file."""

from dataclasses import dataclass, field

from userops.ingest.records import BadRecord
from userops.ingest.traits import Traits

# A share is told apart from a handful.
HANDFUL = 5


def above(count: int, share: float, rows: int) -> bool:
    """Whether so many of the rows are more than the share allows, and more than a handful."""
    return count > share * rows and count > HANDFUL


class Refused(Exception):
    """The whole file is refused; carries what the check result says."""

    def __init__(self, check: str, layer: str, observed: str, expected: str, fix: str) -> None:
        super().__init__(observed)
        self.check, self.layer, self.observed, self.expected, self.fix = check, layer, observed, expected, fix


class Miscounted(Exception):
    """DuckDB found other records than the count that stands beside it: the file is read record by record."""


@dataclass(frozen=True)
class Repair:
    """What was mended in a column: cells without what nobody sees or means, and damaged identifiers that were lost."""

    column: str
    mended: int
    lost: int


@dataclass
class Staged:
    """The rows of an export as text, in DuckDB.

    `relation` is what stands after `from`; `row` is the SQL of a row's number there, None for its place (1 the first).
    `rows` are those of the export, bad ones included, `source_rows` those of the file; `bad` are records that are no
    rows, `set_aside` rows that the platform's rules take out. `columns` are those of the contract (or layout) that the
    file has, None if the format leaves empty ones out; `present` those of the contract that the relation has.
    `damaged` are rows in whose cells a spreadsheet left an error, `repairs` what was mended;
    `unmended` is the relation before that. `sheet` is the one that was read of a workbook, `other_sheets` were not.
    """

    relation: str
    row: str | None
    present: set[str]
    rows: int
    source_rows: int
    bad: list[BadRecord]
    traits: Traits
    ends_line: bool
    columns: list[str] | None = None
    unknown_columns: list[str] = field(default_factory=list)
    sheet: str = ""
    other_sheets: list[str] = field(default_factory=list)
    set_aside: list[tuple[int, str]] = field(default_factory=list)
    damaged: list[tuple[int, str]] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    unmended: str = ""


@dataclass
class Judged:
    """The rows with their values, in the table `judged`; `row` is the SQL of a row's number there.

    `bad` are row numbers and reasons, of records that are no rows too, but not of rows set aside.
    """

    row: str
    bad: list[tuple[int, str]]
    row_set_hash: str | None
    newest_change: object | None
    conflicts: int
