"""Replay the shipped UCI Online Retail file as nightly deliveries in its own format."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import BinaryIO

from userops.errors import UseropsError
from userops.ingest.opening import blocks, unpacked
from userops.settings import PROJECT_ROOT

NAME = "online_retail.csv"
DATE_COLUMN = "InvoiceDate"


def source_file() -> Path:
    """The shipped file: 541,909 real order lines."""
    return PROJECT_ROOT / "data" / f"{NAME}.zst"


def _days() -> Iterator[tuple[bytes, str]]:
    """The header with an empty day, then every line with its day; no cell of this file holds a line end."""
    from csv import reader

    with unpacked(source_file(), ".zst") as stream:
        rest, place = b"", -1
        for block in blocks(stream):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                if place < 0:
                    place = line.decode().split(",").index(DATE_COLUMN)
                    yield line, ""
                else:
                    cells = line.split(b",") if b'"' not in line else next(reader([line.decode()]))
                    cell = cells[place]
                    yield line, (cell.decode() if isinstance(cell, bytes) else cell)[:10]


def split_online_retail(out_dir: Path, until: date, single_nights: int) -> list[date]:
    """Write one folder with all earlier lines, then `single_nights` folders of a day each; returns their dates.

    The bulk folder bears the date before the first single night, the newest that its lines may have.
    """
    days = sorted({day for _, day in _days() if day and day <= until.isoformat()})
    if single_nights < 1 or len(days) <= single_nights:
        raise UseropsError(f"{single_nights} single nights cannot be cut from {len(days)} days.",
                           fix=f"ask for 1 to {len(days) - 1}.")
    singles = days[-single_nights:]
    bulk = date.fromordinal(date.fromisoformat(singles[0]).toordinal() - 1).isoformat()
    with ExitStack() as stack:
        files = {day: _open(stack, Path(out_dir) / day) for day in [bulk, *singles]}
        for line, day in _days():
            if not day:
                for file in files.values():
                    file.write(line + b"\n")
            elif day <= until.isoformat():
                files.get(day, files[bulk]).write(line + b"\n")
    return [date.fromisoformat(day) for day in files]


def _open(stack: ExitStack, folder: Path) -> BinaryIO:
    folder.mkdir(parents=True, exist_ok=True)
    return stack.enter_context((folder / NAME).open("wb"))
