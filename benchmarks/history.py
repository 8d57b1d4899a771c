"""Folders of a simulated business for the benchmarks: all but the last nights as one delivery, as a first one comes."""

import csv
import shutil
import zlib
from datetime import date, timedelta
from pathlib import Path

from userops.contracts.model import Contract, load_contracts
from userops.simulate import simulate

START = date(2025, 1, 1)
# Ten orders a user in 500 days: a simulated user places 1.4 at pace 1, about.
PACE = 10 / 1.4


# A night corrects an order for every four new ones: 5,000 beside 20,000 of a million users. The simulator tells each
# step of an order, which are some times more.
CORRECTED = 0.25


def deliver(place: Path, users: int, days: int, nights: int, pace: float, seed: int = 1) -> list[date]:
    """Simulate `days` + `nights` and write `place/landing`; returns the business dates, the first being the history."""
    simulated, landing = place / "simulated", place / "landing"
    simulate(simulated, users, days + nights, START, seed, pace=pace)
    first = START + timedelta(days=days - 1)
    folders = sorted(p for p in simulated.iterdir() if not p.name.startswith("_"))
    (landing / first.isoformat()).mkdir(parents=True)
    for contract in load_contracts().values():
        files = [p for f in folders if f.name <= first.isoformat() for p in f.glob(f"{contract.name}.csv")]
        if files:
            fold(contract, files, landing / first.isoformat() / f"{contract.name}.csv")
    for folder in folders:
        if folder.name > first.isoformat():
            shutil.copytree(folder, landing / folder.name)
            thin(landing / folder.name)
    shutil.rmtree(simulated)
    return [first + timedelta(days=k) for k in range(nights + 1)]


def fold(contract: Contract, files: list[Path], out: Path) -> None:
    """The newest version of each key of a delta, the last file of a snapshot."""
    if contract.mode != "delta":
        shutil.copyfile(files[-1], out)
        return
    rows: dict[tuple, list[str]] = {}
    for path in files:
        header, night = _rows(path)
        # Simulated lines have no key: the contract takes their number for it.
        key = [header.index("line_no" if name == "line_key" else name) for name in contract.key]
        rows.update({tuple(row[k] for k in key): row for row in night})
    _write(out, header, list(rows.values()))


def thin(folder: Path) -> None:
    """Of a night's orders, those placed on its day and `CORRECTED` times as many others: drawn, but always the same."""
    header, rows = _rows(folder / "orders.csv")
    placed, key = header.index("placed_at"), header.index("order_id")
    rows.sort(key=lambda row: zlib.crc32(row[key].encode()))
    new = [row for row in rows if row[placed].startswith(folder.name)]
    older = [row for row in rows if not row[placed].startswith(folder.name)]
    _write(folder / "orders.csv", header, new + older[: round(CORRECTED * len(new))])
    (folder / "_manifest.json").unlink(missing_ok=True)


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header, rows


def _write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
