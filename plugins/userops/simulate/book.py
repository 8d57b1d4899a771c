"""Row versions by the night that delivers them, and the folders they are written to."""

import csv
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from userops.simulate.columns import COLUMNS

MANIFEST = "_manifest.json"
# A spreadsheet runs cells that start with one of these.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Book:
    """Collects versions of rows; a version belongs to the day of its `updated_at`."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._rows: dict[str, dict[date, list[tuple[datetime, int, dict]]]] = defaultdict(lambda: defaultdict(list))
        self._count = 0

    def add(self, export: str, row: Mapping[str, object], at: datetime) -> None:
        """Deliver this version of the row in the night of the local moment `at`."""
        self._count += 1
        version = {**row, "updated_at": at}
        unknown = version.keys() - set(COLUMNS[export])
        if unknown:
            raise ValueError(f"{export} has no column {sorted(unknown)}")
        self._rows[export][at.date()].append((at, self._count, version))

    def rows(self, export: str, first: date, last: date) -> list[dict]:
        """The versions delivered from `first` to `last`, in the order they came to be."""
        found = [v for day, versions in self._rows[export].items() if first <= day <= last for v in versions]
        return [row for _, _, row in sorted(found, key=lambda version: version[:2])]

    def again(self, export: str, before: date, night: int) -> list[dict]:
        """One version from an earlier night: what a source re-delivers on a night without news."""
        known = self.rows(export, date.min, before)
        return [known[night % len(known)]] if known else []

    def text(self, export: str, rows: Iterable[Mapping[str, object]]) -> str:
        """Rows as CSV with the export's header."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS[export])
        for row in rows:
            writer.writerow([self._cell(row.get(name)) for name in COLUMNS[export]])
        return out.getvalue()

    def _cell(self, value: object) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, datetime):
            return value.replace(tzinfo=self._zone).isoformat()
        if isinstance(value, str) and value.startswith(FORMULA_STARTS):
            raise ValueError(f"a simulated cell must not start like a formula: {value[:1]!r}")
        return str(value)


def write_folder(folder: Path, texts: Mapping[str, str], *, new_manifest: bool) -> None:
    """Write `<export>.csv` files and name them in the manifest.

    Without `new_manifest` a manifest is only added to: a folder that came without one stays so, because a
    manifest that names some of its files would disown the others.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for export, text in texts.items():
        data = text.encode()
        (folder / f"{export}.csv").write_bytes(data)
        rows = sum(1 for _ in csv.reader(io.StringIO(text))) - 1
        entries.append({"name": f"{export}.csv", "rows": rows, "sha256": hashlib.sha256(data).hexdigest()})
    manifest = folder / MANIFEST
    kept: list[dict] = []
    if manifest.exists() and not new_manifest:
        named = {entry["name"] for entry in entries}
        kept = [entry for entry in json.loads(manifest.read_text())["files"] if entry["name"] not in named]
    elif not new_manifest:
        return
    content = {"business_date": folder.name, "files": [*kept, *entries]}
    manifest.write_text(json.dumps(content, indent=2) + "\n")


def money(cents: int) -> Decimal:
    """Cents as an amount with two decimals."""
    return Decimal(cents).scaleb(-2).quantize(Decimal("0.01"))
