"""What staging a file comes to: rows to judge, or a refusal of the whole file."""

from dataclasses import dataclass, field

from userops.ingest.records import BadRecord


class Refused(Exception):
    """The whole file is refused; carries what the check result says."""

    def __init__(self, check: str, layer: str, observed: str, expected: str, fix: str) -> None:
        super().__init__(observed)
        self.check, self.layer, self.observed, self.expected, self.fix = check, layer, observed, expected, fix


@dataclass
class Staged:
    """What staging found: rows counted by the splitter, records that are no rows, header surprises.

    `columns` are those of the contract (or layout) that the file has; None where a format leaves empty ones out.
    """

    rows: int
    bad: list[BadRecord]
    unknown_columns: list[str] = field(default_factory=list)
    set_aside: list[tuple[int, str]] = field(default_factory=list)
    source_rows: int = 0
    columns: list[str] | None = None
    ends_line: bool = True
