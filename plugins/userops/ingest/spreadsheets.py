"""Spreadsheets (`.xlsx`, `.xls`) as CSV, by a process whose memory and time are bounded."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from userops.contracts.model import Contract
from userops.ingest import workbook
from userops.ingest.records import Unreadable
from userops.ingest.workbook import Wanted
from userops.platforms.layout import SPREADSHEETS, Layout

FORMATS = SPREADSHEETS


@dataclass(frozen=True)
class Opened:
    """What is known of a workbook whose sheet became CSV.

    `titles` are rows above the header, `epoch` is the day from which bare numbers are counted as dates, `others` are
    the sheets that hold something and were not read.
    """

    titles: int
    epoch: str
    sheet: str = ""
    others: tuple[str, ...] = ()


def wanted(layout: Layout | None, contract: Contract, sheet: str = "") -> Wanted:
    """What a workbook of a layout, or else of the contract's shape, is searched for."""
    if layout is None:
        needed = [[column.name] for column in contract.columns if column.must_stand]
        return Wanted([column.name for column in contract.columns], needed, sheet)
    spellings: dict[str, list[str]] = {}
    for name, staging in layout.header.items():
        spellings.setdefault(staging, []).append(name)
    # What stands in the place of a star is not known, so such a column tells no sheets apart.
    plain = [spellings[column] for column in layout.needed if not any("*" in name for name in spellings[column])]
    return Wanted(list(layout.header), plain, sheet)


def any_of(names: Iterable[str]) -> Wanted:
    """Where nothing is known of the workbook: a sheet with some of these names."""
    return Wanted(sorted(set(names)), [])


def csv_of_workbook(path: Path, out: Path, wanted: Wanted) -> Opened:
    """Write the sheet that has what is wanted as CSV; raises Unreadable."""
    asked = json.dumps({"path": str(path), "out": str(out), "wanted": wanted._asdict()})
    done = subprocess.run(
        [sys.executable, "-I", workbook.__file__], input=asked, capture_output=True, text=True, check=False
    )
    if done.returncode == workbook.UNUSABLE:
        raise Unreadable(done.stderr.strip())
    if done.returncode:
        raise Unreadable("the workbook is broken, or grows past what one may have: deliver it as CSV, or in parts")
    found = json.loads(done.stdout)
    return Opened(found["titles"], found["epoch"], found["sheet"], tuple(found["others"]))
