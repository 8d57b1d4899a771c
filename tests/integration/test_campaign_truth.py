"""The uplift of campaign_performance against a simulated business that knows what its messages brought about."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

from userops.contracts.model import load_contracts
from userops.ingest import loader, tables
from userops.settings import Settings
from userops.simulate import simulate
from userops.warehouse.dbt import environment
from userops.warehouse.pg import connect

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
NIGHTS, START, LAST = 150, date(2025, 1, 1), date(2025, 5, 30)


def one_folder(nights: Path, landing: Path) -> None:
    """All nights as one: every row of the deltas, the last snapshots; which is quicker to load than 150 folders."""
    rows: dict[str, list[str]] = defaultdict(list)
    for folder in sorted(p for p in nights.iterdir() if not p.name.startswith("_")):
        for file in folder.glob("*.csv"):
            lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
            is_delta = load_contracts()[file.stem].mode == "delta"
            rows[file.stem] = (rows[file.stem] or lines[:1]) + lines[1:] if is_delta else lines
    (landing / LAST.isoformat()).mkdir(parents=True)
    for export, lines in rows.items():
        (landing / LAST.isoformat() / f"{export}.csv").write_text("".join(lines), encoding="utf-8")


@pytest.fixture(scope="module")
def campaigns(warehouse_url, tmp_path_factory) -> list[tuple[dict, dict]]:
    """(truth, row of campaign_performance) of every campaign that has an uplift."""
    place = tmp_path_factory.mktemp("campaigns")
    simulate(place / "nights", 6000, NIGHTS, START, seed=4)
    one_folder(place / "nights", place / "landing")
    settings = Settings.load({"USEROPS_LANDING": str(place / "landing"), "USEROPS_HASH_KEY": "key"})
    with connect(warehouse_url, "loader") as connection:
        tables.ensure_raw_tables(connection)
        for export in load_contracts():
            loader.load_export(connection, settings, export, LAST, "test")
        connection.commit()
    dbt = [str(Path(sys.executable).parent / "dbt"), "run", "--select", "+campaign_performance", "--threads", "2"]
    paths = ["--project-dir", PROJECT, "--profiles-dir", PROJECT, "--target-path", place / "target"]
    variables = ["--log-path", place / "logs", "--vars", json.dumps({"business_date": LAST.isoformat()})]
    done = subprocess.run(
        [*dbt, *map(str, paths), *map(str, variables)],
        env=os.environ | environment(warehouse_url),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    truth = json.loads((place / "nights" / "_truth" / "truth.json").read_text())["campaigns"]
    names = ("campaign_id", "pushed_users", "control_users", "uplift", "uplift_low", "uplift_high")
    with connect(warehouse_url) as connection:
        found = connection.execute(
            f"select {', '.join(names)} from build.campaign_performance where uplift is not null"
        ).fetchall()
    return [(truth[row[0]], dict(zip(names, row, strict=True))) for row in found if row[0] in truth]


def test_intervals_hold_what_the_pushes_brought(campaigns):
    covered = [row["uplift_low"] <= known["uplift"] <= row["uplift_high"] for known, row in campaigns]
    assert len(covered) >= 8
    assert covered.count(False) <= 1  # one in twenty misses by its nature


def test_an_effect_is_told_from_none(campaigns):
    told = [(known["uplift"], row) for known, row in campaigns if row["pushed_users"] >= 300]
    assert any(uplift > 0 and row["uplift_low"] > 0 for uplift, row in told)
    assert all(row["uplift_low"] <= 0 <= row["uplift_high"] for uplift, row in told if uplift == 0)


def test_those_held_out_are_the_control_group(campaigns):
    for known, row in campaigns:
        assert abs(row["pushed_users"] - known["pushed"]) <= 0.02 * known["pushed"] + 1
        assert row["control_users"] >= 0.97 * known["held_out"] - 2
