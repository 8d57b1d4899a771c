"""Read simulated exports back, and hold rows against their contracts."""

import hashlib
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path

from csv_rows import rows_of
from userops.contracts.model import Contract, load_contracts


def folders_of(out: Path) -> list[Path]:
    return sorted(out.glob("20*"))


def versions_of(out: Path, export: str) -> list[dict]:
    return [row for folder in folders_of(out) for row in rows_of(folder / f"{export}.csv")]


def latest_of(out: Path, export: str) -> dict[tuple, dict]:
    """The last version of each key over all folders."""
    key = load_contracts()[export].key
    return {tuple(r[k] for k in key): r for r in sorted(versions_of(out, export), key=changed_at)}


def changed_at(row: dict) -> datetime:
    return datetime.fromisoformat(row["updated_at"])


def bytes_of(out: Path) -> dict[str, str]:
    return {
        str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(out.rglob("*.*"))
        if p.is_file()
    }


def faults_of(contract: Contract, row: dict, end: datetime) -> list[str]:
    """Which of the rules of the contract the row breaks."""
    faults = []
    moments: dict[str, datetime] = {}
    for column in contract.columns:
        value, name = row[column.name], column.name
        if value == "":
            may_be = column.nullable or column.empty is not None or column.otherwise is not None
            faults += [] if may_be else [f"{name} is empty"]
            continue
        if column.type == "timestamptz":
            moments[name] = datetime.fromisoformat(value)
            moments[name] = moments[name] if moments[name].tzinfo else moments[name].replace(tzinfo=end.tzinfo)
        forbidden = bool(column.allowed) and value not in column.allowed
        forbidden |= bool(column.pattern) and not re.match(column.pattern, value)
        outside = column.min is not None and Decimal(value) < Decimal(str(column.min))
        late = column.past and (moments[name] >= end if name in moments else value > f"{end - timedelta(days=1):%F}")
        if forbidden or outside or late:
            faults.append(f"{name} = {value} before {end}")
    return faults + [rule.reason for rule in contract.row_rules if not _holds(rule.rule, row, moments)]


def _holds(rule: str, row: dict, moments: dict[str, datetime]) -> bool:
    """Rules of the form `a >= b`; the others are left to the loader's tests."""
    match = re.fullmatch(r"(\w+) (>=|<=|>) (\w+)", rule)
    if not match or not row.get(match[1]):
        return True
    left, sign, right = match.groups()
    if left in moments:
        return right not in moments or moments[left] >= moments[right]
    first, second = row[left], row.get(right, right)
    if "-" not in first[1:]:  # a number, no date
        first, second = Decimal(first), Decimal(second)
    return {">=": first >= second, "<=": first <= second, ">": first > second}[sign]


def rows_of_all(out: Path, zone: tzinfo) -> Iterator[tuple[Contract, dict, datetime]]:
    for folder in folders_of(out):
        after = date.fromisoformat(folder.name) + timedelta(days=1)
        end = datetime(after.year, after.month, after.day, tzinfo=zone)
        for path in sorted(folder.glob("*.csv")):
            for row in rows_of(path):
                yield load_contracts()[path.stem], row, end
