"""Rows into the folders of their nights: formatted in blocks, kept as bytes, written and hashed as they go."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from userops.contracts.model import load_contracts
from userops.simulate.clock import Clock
from userops.simulate.csv_columns import Column, Moments

MANIFEST = "_manifest.json"
FORMATS = ("csv", "csv.gz", "csv.zst", "parquet")
# A spreadsheet runs cells that start with one of these; + and - are harmless before a digit.
FORMULA_STARTS = ("=", "@", "\t", "\r")
BLOCK_ROWS = 1 << 15
KEPT_BYTES = 192 << 20
# Columns that name a row of another export; they are empty where a business has no such export.
REFERENCES = {
    "stores": ("store_id",), "communities": ("community_id",), "groups": ("group_id",), "coupons": ("coupon_id",),
    "campaigns": ("campaign_id",), "staff": ("courier_id",), "products": ("sku",),
}


@dataclass
class File:
    """One file on its way: what was counted and hashed of it so far."""

    path: Path
    rows: int = 0
    sha256: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    kept: bytearray = field(default_factory=bytearray)
    last_row: bytes = b""
    is_begun: bool = False


class Delivery:
    """Takes rows of exports and lays each into the folder of the day it was made or changed."""

    def __init__(self, out: Path, clock: Clock, exports: Iterable[str], *, format: str = "csv",
                 folders: Sequence[date] = (), new_manifest: bool = True) -> None:
        """`format`: one of FORMATS. `folders`: dates that exist already, each taking what came since the one before;
        else one a night."""
        self.clock, self.moments, self.format = clock, Moments(clock), format
        self.exports = tuple(exports)
        self.new_manifest = new_manifest
        self.columns = {name: tuple(column.name for column in load_contracts()[name].columns) for name in self.exports}
        self._blank = {column for export, names in REFERENCES.items() if export not in self.exports for column in names}
        self.days = [clock.number(day) for day in folders] or list(range(clock.nights))
        self.folders = [Path(out) / clock.date(day).isoformat() for day in self.days]
        # The folder of each day that has one: its own, or the next later one.
        self._folder_of = np.searchsorted(self.days, np.arange(self.days[-1] + 1)).astype(np.int16)
        self.rows = dict.fromkeys(self.exports, 0)
        self._size = 0
        self._snapshots: dict[str, tuple[Sequence, bytes, int]] = {}
        # Parquet is written from the finished text: a file of it cannot grow.
        name = "csv" if format == "parquet" else format
        self._files = {export: [File(folder / f"{export}.{name}") for folder in self.folders]
                       for export in self.exports}
        for folder in self.folders:
            folder.mkdir(parents=True, exist_ok=True)
        for export, files in self._files.items():
            header = (",".join(self.columns[export]) + "\n").encode()
            for file in files:
                file.kept += header

    def wants(self, export: str) -> bool:
        """Whether the business has this export."""
        return export in self.exports

    def add(self, export: str, at: np.ndarray, columns: Mapping[str, Column], until: np.ndarray | None = None) -> None:
        """Deliver rows made or changed at the moments `at`, those alone that lie before the end and before `until`."""
        if export not in self.exports:
            return
        known = self.clock.end if until is None else np.minimum(until, self.clock.end)
        rows = np.flatnonzero((at >= 0) & (at < known))
        if not len(rows):
            return
        if "updated_at" in self.columns[export]:
            columns = {"updated_at": self.moments.instant(at)} | dict(columns)
        unknown = set(columns) - set(self.columns[export])
        if unknown:
            raise ValueError(f"{export} has no column {sorted(unknown)}")
        places = self._folder_of[self.clock.day(at[rows])]
        order = np.argsort(places, kind="stable")
        rows, places = rows[order], places[order]
        for start in range(0, len(rows), BLOCK_ROWS):
            self._add_block(export, rows[start : start + BLOCK_ROWS], places[start : start + BLOCK_ROWS], columns)
        if self._size > KEPT_BYTES:
            self.flush()

    def _add_block(self, export: str, rows: np.ndarray, places: np.ndarray, columns: Mapping[str, Column]) -> None:
        data, ends = text_of(rows, [columns.get(name) if name not in self._blank else None
                                  for name in self.columns[export]])
        cuts = np.flatnonzero(np.diff(places)) + 1
        first_rows, last_rows = np.append(0, cuts), np.append(cuts, len(rows))
        starts = np.append(0, ends)
        for first, last in zip(first_rows.tolist(), last_rows.tolist(), strict=True):
            file = self._files[export][places[first]]
            file.kept += data[starts[first] : starts[last]]
            file.rows += last - first
            file.last_row = data[starts[last - 1] : starts[last]]
        self.rows[export] += len(rows)
        self._size += len(data)

    def snapshot(
        self, export: str, folder: int, rows: Sequence[Mapping[str, object]], *, grows: bool = False
    ) -> None:
        """The whole of a small table as one folder shows it; where it `grows`, the rows come after the earlier ones."""
        if export not in self.exports:
            return
        known, text, count = self._snapshots.get(export, ([], b"", 0))
        if grows:
            text, count = text + self._snapshot_text(export, rows), count + len(rows)
        elif rows != known:
            text, count = self._snapshot_text(export, rows), len(rows)
        self._snapshots[export] = rows, text, count
        self._append(export, folder, text, count)

    def _snapshot_text(self, export: str, rows: Sequence[Mapping[str, object]]) -> bytes:
        out = io.StringIO()
        names = [(name, name not in self._blank) for name in self.columns[export]]
        csv.writer(out, lineterminator="\n").writerows(
            [_plain(row.get(name)) if shown else "" for name, shown in names] for row in rows)
        return out.getvalue().encode()

    def _append(self, export: str, folder: int, data: bytes, rows: int) -> None:
        file = self._files[export][folder]
        file.kept += data
        file.rows += rows
        self.rows[export] += rows
        self._size += len(data)

    def never_empty(self, exports: Iterable[str]) -> None:
        """A required export is never empty: a source without news sends something known once more."""
        for export in exports:
            known = b""
            for number, file in enumerate(self._files[export]):
                if not file.rows and known:
                    self._append(export, number, known, 1)
                known = file.last_row or known

    def flush(self) -> None:
        """Write what is kept."""
        for file in (file for files in self._files.values() for file in files if file.kept):
            data = _packed(bytes(file.kept), self.format)
            file.sha256.update(data)
            with open(file.path, "ab" if file.is_begun else "wb") as out:
                out.write(data)
            file.kept, file.is_begun = bytearray(), True
        self._size = 0

    def close(self) -> None:
        """Write the rest and the manifests."""
        self.flush()
        for number, folder in enumerate(self.folders):
            files = [files[number] for files in self._files.values()]
            if self.format == "parquet":
                files = [_as_parquet(file) for file in files]
            entries = [{"name": f.path.name, "rows": f.rows, "sha256": f.sha256.hexdigest()} for f in files]
            _write_manifest(folder, entries, new=self.new_manifest)


def text_of(rows: np.ndarray, columns: Sequence[Column | None]) -> tuple[bytes, np.ndarray]:
    """Rows as CSV text, and where each ends."""
    cells = [None if column is None else column(rows) for column in columns]
    width = sum(1 if cell is None else cell.shape[1] + 1 for cell in cells)
    lines = np.empty((len(rows), width), dtype=np.uint8)
    place = 0
    for cell in cells:
        if cell is not None:
            lines[:, place : place + cell.shape[1]] = cell
            place += cell.shape[1]
        lines[:, place] = ord(",")
        place += 1
    lines[:, -1] = ord("\n")
    data = lines.tobytes().translate(None, b"\0")
    # No cell holds a line end.
    return data, np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")) + 1


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if text.startswith(FORMULA_STARTS):
        raise ValueError(f"a simulated cell must not start like a formula: {text[:1]!r}")
    return text


def _packed(data: bytes, format: str) -> bytes:
    """The bytes as one more member of a packed file; readers take members one after another."""
    if format == "csv.gz":
        import gzip

        return gzip.compress(data, compresslevel=5, mtime=0)
    if format == "csv.zst":
        import zstandard

        return zstandard.ZstdCompressor(level=3).compress(data)
    return data


def _as_parquet(file: File) -> File:
    """The finished text as Parquet, every column as text, an empty cell as null."""
    import pyarrow as pa
    import pyarrow.csv as arrow_csv
    import pyarrow.parquet as parquet

    with file.path.open(newline="", encoding="utf-8") as text:
        names = next(csv.reader(text))
    options = arrow_csv.ConvertOptions(
        column_types={name: pa.string() for name in names}, null_values=[""], strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    whole = arrow_csv.read_csv(file.path, convert_options=options)
    path = file.path.with_suffix(".parquet")
    parquet.write_table(whole, path, compression="zstd")
    file.path.unlink()
    return File(path, whole.num_rows, hashlib.sha256(path.read_bytes()))


def _write_manifest(folder: Path, entries: list[dict], *, new: bool) -> None:
    """Without `new` a manifest is only added to: a folder that came without one stays so, because a manifest that
    names some of its files would disown the others."""
    path = folder / MANIFEST
    kept: list[dict] = []
    if path.exists() and not new:
        named = {entry["name"] for entry in entries}
        kept = [entry for entry in json.loads(path.read_text())["files"] if entry["name"] not in named]
    elif not new:
        return
    files = ",\n".join(f"  {json.dumps(entry)}" for entry in [*kept, *entries])
    path.write_text(f'{{"business_date": "{folder.name}", "files": [\n{files}\n]}}\n')
