"""The interval of a campaign's uplift holds the truth in at least 90 of 100 businesses drawn anew.

Each seed is a business of its own with the same calendar of campaigns. A campaign of the calendar is covered in a seed
where `uplift_low` <= uplift <= `uplift_high`, the uplift being that of the truth: pushed people who ordered because of
the message ÷ pushed people. Its coverage is the share of the seeds in which it has an interval; each campaign must
reach it alone, so that those without effect cannot make up for those with one. `SEEDS` is the number of businesses.
"""

import os
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import date

import pytest

from conftest import fresh_database
from oracle import driver
from truth.business import TIMEZONE, deliver

SEEDS = int(os.environ.get("SEEDS", "100"))
# Until a week after the fifth campaign: to the first buyers, to all (without effect), to idle buyers (there are none
# yet), to prospects, to buyers.
USERS, NIGHTS, FIRST, CAMPAIGNS = 2500, 77, date(2025, 1, 1), 4
LEAST_COVERAGE = 0.9


@pytest.fixture(scope="module")
def coverage(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bool]]:
    """By campaign: whether its interval holds the truth, a seed each."""
    found: dict[str, list[bool]] = defaultdict(list)
    place = tmp_path_factory.mktemp("seeds")  # one for all: dbt parses the project once
    for seed in range(1, SEEDS + 1):
        started = time.monotonic()
        last, truth = deliver(place / "landing", USERS, NIGHTS, FIRST, seed)
        with fresh_database(server_url) as url:
            settings = driver.settings_of(url, place, "duckdb", TIMEZONE)
            driver.load(settings, last)
            tables = driver.build(settings, last, scores=False, relations=["campaign_performance"])
        for campaign, holds in _judged(tables["campaign_performance"], truth["campaigns"]):
            found[campaign].append(holds)
        for folder in ("landing", "lake"):
            shutil.rmtree(place / folder, ignore_errors=True)
        print(f"seed {seed}: {_counts(found)}, {time.monotonic() - started:.0f} s", flush=True)
    return found


def _judged(rows: list[dict], known: dict[str, dict]) -> Iterator[tuple[str, bool]]:
    """(campaign, whether its interval holds the truth) of the campaigns with an interval."""
    for row in rows:
        if row["uplift"] is not None:
            truth = known[row["campaign_id"]]["uplift"]
            yield row["campaign_id"], row["uplift_low"] <= truth <= row["uplift_high"]


def _counts(found: dict[str, list[bool]]) -> str:
    """How many intervals hold the truth."""
    return ", ".join(f"{campaign} {sum(held)} of {len(held)}" for campaign, held in sorted(found.items()))


def test_intervals_hold_the_truth_in_nine_of_ten_businesses(coverage: dict[str, list[bool]]) -> None:
    shares = {campaign: sum(held) / len(held) for campaign, held in coverage.items()}
    assert len(coverage) >= CAMPAIGNS
    assert all(share >= LEAST_COVERAGE for share in shares.values()), _counts(coverage)
