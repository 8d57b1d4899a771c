"""Rows of a delivered CSV file, read and written back under the header it has."""

import csv
from pathlib import Path

from userops.contracts.model import load_contracts

Row = dict[str, str]


def rows_of(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: list[Row]) -> None:
    """A column that a row does not name is empty."""
    with path.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_exports(folder: Path, tables: dict[str, list[dict]]) -> None:
    """A new folder with a file an export, under its contract's columns; one that a row does not name is empty."""
    folder.mkdir(parents=True)
    for export, rows in tables.items():
        with (folder / f"{export}.csv").open("w", encoding="utf-8", newline="") as file:
            columns = [column.name for column in load_contracts()[export].columns]
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
