"""Spreadsheets (`.xlsx`, `.xls`) as CSV, by a process whose memory and time are bounded."""

import json
import subprocess
import sys
from pathlib import Path

from userops.ingest import workbook
from userops.ingest.records import Unreadable
from userops.platforms.layout import SPREADSHEETS

FORMATS = SPREADSHEETS


def csv_of_workbook(path: Path, out: Path, names: set[str]) -> tuple[int, str]:
    """Write the first sheet with a header of some of these names as CSV.

    Returns the rows above the header, and the day from which bare numbers are counted as dates. Raises Unreadable.
    """
    asked = json.dumps({"path": str(path), "out": str(out), "names": sorted(names)})
    done = subprocess.run(
        [sys.executable, "-I", workbook.__file__], input=asked, capture_output=True, text=True, check=False
    )
    if done.returncode == workbook.UNUSABLE:
        raise Unreadable(done.stderr.strip())
    if done.returncode:
        raise Unreadable("the workbook is broken, or grows past what one may have: deliver it as CSV, or in parts")
    found = json.loads(done.stdout)
    return found["titles"], found["epoch"]
