"""Writes landing folders: rows of several makers merged into the folders of a few dates."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from oracle.exports import KEYS, SNAPSHOTS

# A night that erases is built whole: after this day nobody asks for it, so that later nights build on those before.
ERASED_BY = date(2025, 4, 1)
Cells = dict[str, str]


class Delivery:
    """Rows on their way, by folder date and export; cells are texts, as in the files."""

    def __init__(self, zone: ZoneInfo, dates: Iterable[date]) -> None:
        self.zone, self.dates = zone, sorted(dates)
        self.rows: dict[date, dict[str, list[Cells]]] = {day: defaultdict(list) for day in self.dates}

    def folder_of(self, day: date) -> date:
        """The first folder on or after a day."""
        return next(folder for folder in self.dates if folder >= day)

    def add(self, export: str, row: dict[str, object], folder: date) -> None:
        """Put a row into a folder; None is an empty cell."""
        self.rows[folder][export].append({name: text_of(value) for name, value in row.items()})

    def add_known(self, export: str, row: dict[str, object], updated_at: datetime, later: int = 0) -> date:
        """Put a row into the folder of its change, or so many folders later; returns that folder's date.

        A folder has one version of a key and instant: two of them would be refused.
        """
        first = self.dates.index(self.folder_of(updated_at.astimezone(self.zone).date()))
        folder = self.dates[min(first + later, len(self.dates) - 1)]
        if self.holds(export, row, updated_at, folder):
            return folder
        self.add(export, row | {"updated_at": updated_at}, folder)
        return folder

    def holds(self, export: str, row: dict[str, object], updated_at: datetime, folder: date) -> bool:
        """Whether the folder has a version of that key and instant: a second one there would be refused."""
        return any(
            all(cell_of(other, k) == cell_of(row, k) for k in KEYS[export])
            and datetime.fromisoformat(other["updated_at"]) == updated_at
            for other in self.rows[folder][export]
        )

    def add_simulated(self, source: Path) -> None:
        """Take over simulated nights; of several snapshots for one folder the last is kept."""
        for night in sorted(p for p in source.iterdir() if p.name[:2] == "20"):
            asks_too_late = date.fromisoformat(night.name) > ERASED_BY
            exports = self.rows[self.folder_of(date.fromisoformat(night.name))]
            for file in sorted(night.glob("*.csv")):
                with file.open(encoding="utf-8", newline="") as lines:
                    rows = [with_offset(row) for row in csv.DictReader(lines)]
                if file.stem == "erasure_requests" and asks_too_late:
                    continue
                if file.stem in SNAPSHOTS:
                    exports[file.stem] = rows
                else:
                    exports[file.stem] += rows

    def write(self, out: Path) -> None:
        """One CSV file an export and folder that has rows, with the same columns in every folder."""
        columns: dict[str, dict[str, None]] = defaultdict(dict)
        for exports in self.rows.values():
            for export, rows in exports.items():
                columns[export] |= dict.fromkeys(name for row in rows for name in row)
        for day, exports in self.rows.items():
            folder = out / day.isoformat()
            folder.mkdir(parents=True)
            for export, rows in exports.items():
                if not rows:
                    continue
                with (folder / f"{export}.csv").open("w", encoding="utf-8", newline="") as file:
                    writer = csv.DictWriter(file, list(columns[export]), restval="", lineterminator="\n")
                    writer.writeheader()
                    writer.writerows(rows)


def cell_of(row: dict[str, object], column: str) -> str:
    """A cell of a key, where a line without key goes by its number."""
    return text_of(row.get(column)) or (text_of(row["line_no"]) if column == "line_key" else "")


def with_offset(row: Cells) -> Cells:
    """The simulator's instants without an offset are local to its own timezone: here they get one."""
    bare = [name for name, text in row.items() if name.endswith("_at") and text and text[-6] not in "+-"]
    return row | {name: f"{row[name]}+08:00" for name in bare}


def text_of(value: object) -> str:
    """A cell's text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
