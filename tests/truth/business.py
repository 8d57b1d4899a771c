"""Simulated businesses with known truth, delivered as one night."""

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from userops.contracts.model import load_contracts
from userops.simulate import simulate

TIMEZONE = "Asia/Shanghai"  # the simulator's


def deliver(landing: Path, users: int, nights: int, first: date, seed: int) -> tuple[date, dict]:
    """Put a business into one folder: its date, which is that of the last night, and the truth."""
    last = first + timedelta(days=nights - 1)
    with TemporaryDirectory() as simulated:
        truth = simulate(Path(simulated), users, nights, first, seed)
        one_folder(nights_of(Path(simulated)), landing / last.isoformat())
    return last, truth


def nights_of(simulated: Path) -> list[Path]:
    """The folders of a simulation in their order."""
    return sorted(p for p in simulated.iterdir() if not p.name.startswith("_"))


def one_folder(nights: list[Path], folder: Path) -> None:
    """Nights as one: every row of the deltas, the last snapshots; which is quicker to load than many folders."""
    rows: dict[str, list[str]] = defaultdict(list)
    for night in nights:
        for file in night.glob("*.csv"):
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            is_delta = load_contracts()[file.stem].mode == "delta"
            rows[file.stem] = (rows[file.stem] or lines[:1]) + lines[1:] if is_delta else lines
    folder.mkdir(parents=True)
    for export, lines in rows.items():
        (folder / f"{export}.csv").write_text("".join(lines), encoding="utf-8")
