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

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from conftest import fresh_database
from truth.business import deliver, load, runner
from userops.warehouse.connection import connect
from userops.warehouse.schema import migrate

SEEDS = int(os.environ.get("SEEDS", "100"))
# Until a week after the fifth campaign: to the first buyers, to all (without effect), to idle buyers (there are none
# yet), to prospects, to buyers.
USERS, NIGHTS, FIRST, CAMPAIGNS = 2500, 77, date(2025, 1, 1), 4
LEAST_COVERAGE = 0.9
NAMES = ("campaign_id", "uplift_low", "uplift_high")


@pytest.fixture(scope="module")
def coverage(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bool]]:
    """By campaign: whether its interval holds the truth, a seed each."""
    found: dict[str, list[bool]] = defaultdict(list)
    with fresh_database(server_url) as url:
        run = None
        for seed in range(1, SEEDS + 1):
            started = time.monotonic()
            _empty(server_url, url)
            home = tmp_path_factory.mktemp("seed")
            settings, last, truth = deliver(home, USERS, NIGHTS, FIRST, seed)
            load(url, settings, last)
            for folder in ("nights", "landing"):
                shutil.rmtree(home / folder)
            run = run or runner(url, settings)
            run("+campaign_performance", last)
            for campaign, holds in _judged(url, truth["campaigns"]):
                found[campaign].append(holds)
            print(f"seed {seed}: {_counts(found)}, {time.monotonic() - started:.0f} s", flush=True)
    return found


def _empty(server_url: str, url: str) -> None:
    """The same database, for dbt's parse names it, as new."""
    name = conninfo_to_dict(url)["dbname"]
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'drop database "{name}" with (force)')
        admin.execute(f'create database "{name}"')
    migrate(url)


def _judged(url: str, known: dict[str, dict]) -> Iterator[tuple[str, bool]]:
    """(campaign, whether its interval holds the truth) of the campaigns with an interval."""
    with connect(url) as connection:
        rows = connection.execute(
            f"select {', '.join(NAMES)} from build.campaign_performance where uplift is not null order by campaign_id"
        ).fetchall()
    for campaign, low, high in rows:
        yield campaign, low <= known[campaign]["uplift"] <= high


def _counts(found: dict[str, list[bool]]) -> str:
    """How many intervals hold the truth."""
    return ", ".join(f"{campaign} {sum(held)} of {len(held)}" for campaign, held in sorted(found.items()))


def test_intervals_hold_the_truth_in_nine_of_ten_businesses(coverage: dict[str, list[bool]]) -> None:
    shares = {campaign: sum(held) / len(held) for campaign, held in coverage.items()}
    assert len(coverage) >= CAMPAIGNS
    assert all(share >= LEAST_COVERAGE for share in shares.values()), _counts(coverage)
