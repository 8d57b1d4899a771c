"""Every mart against an independent computation of its definition, on three business dates: no difference.

The business is simulated, drawn at random and made by hand (`oracle/businesses.py`); it lives in a zone whose clocks
change between the dates. `USEROPS_ORACLE_SEED` draws another one.
"""

import json
import os
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import psycopg
import pytest

from oracle.business import Business
from oracle.businesses import deliver
from oracle.compare import differences
from oracle.exports import Landing
from oracle.marts import MARTS
from oracle.warehouse import Built, with_user_ids
from userops.contracts.model import load_contracts
from userops.ingest import loader, tables
from userops.settings import Settings
from userops.warehouse.dbt import environment
from userops.warehouse.pg import connect

TIMEZONE, CURRENCY = "America/New_York", "CNY"
# The day of a clock change, the end of a month, and a day on which 90-day figures of the first months are mature.
BUSINESS_DATES = [date(2025, 3, 9), date(2025, 4, 30), date(2025, 5, 30)]
SEED = int(os.environ.get("USEROPS_ORACLE_SEED", "1"))


class Compared:
    """Both sides of one business date."""

    def __init__(self, business: Business, connection: psycopg.Connection) -> None:
        self.business = business
        built = Built(connection)
        self.user_ids, self.identity_differences = built.user_ids(business.identity)
        self.tables = {mart: built.rows(mart) for mart in (*MARTS, "user_merges")}

    def differences(self, mart: str) -> list[str]:
        """What the two sides say differently of a mart."""
        rows, key = MARTS[mart]
        return differences(mart, key, with_user_ids(rows(self.business), self.user_ids), self.tables[mart])


@pytest.fixture(scope="module")
def landing_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("oracle") / "landing"
    deliver(folder, ZoneInfo(TIMEZONE), BUSINESS_DATES, SEED)
    return folder


@pytest.fixture(scope="module")
def loaded_url(warehouse_url: str, landing_folder: Path) -> str:
    """All folders loaded, in no order: what holds does not hang on it."""
    given = {"USEROPS_LANDING": str(landing_folder), "USEROPS_HASH_KEY": "key", "USEROPS_TIMEZONE": TIMEZONE}
    settings = Settings.load(given)
    days = sorted(date.fromisoformat(folder.name) for folder in landing_folder.iterdir())
    Random(SEED).shuffle(days)
    with connect(warehouse_url, "loader") as connection:
        tables.ensure_raw_tables(connection)
        for day in days:
            for export in load_contracts():
                results = loader.load_export(connection, settings, export, day, "oracle")
                lost = [r.observed for r in results if r.blocks or (r.check == "bad_rows" and r.observed != "none")]
                assert not lost, f"{day} {export}: {lost}"
        connection.commit()
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute("analyze")
    return warehouse_url


@pytest.fixture(scope="module")
def compared(loaded_url: str, landing_folder: Path, tmp_path_factory) -> Iterator[dict[date, Compared]]:
    landing = Landing.read(landing_folder, ZoneInfo(TIMEZONE))
    run = dbt_runner(loaded_url, tmp_path_factory.mktemp("dbt"))
    sides = {}
    with psycopg.connect(loaded_url, autocommit=True) as connection:
        for day in BUSINESS_DATES:
            run(day)
            sides[day] = Compared(Business(landing, day, CURRENCY), connection)
    yield sides


def dbt_runner(url: str, target: Path):
    """Builds the models of a business date; the project is parsed once for all of them."""
    from dbt.cli.main import dbtRunner

    project = Settings.load({}).project_root / "dbt_project"
    places = ["--project-dir", str(project), "--profiles-dir", str(project), "--target-path", str(target)]
    options = [*places, "--log-path", str(target), "--quiet", "--no-use-colors", "--threads", "2"]

    def variables(day: date) -> list[str]:
        return ["--vars", json.dumps({"business_date": str(day), "timezone": TIMEZONE, "currency": CURRENCY})]

    os.environ.update(environment(url))
    parsed = dbtRunner().invoke(["parse", *options, *variables(BUSINESS_DATES[0])])
    assert parsed.success, parsed.exception

    def run(day: date) -> None:
        done = dbtRunner(manifest=parsed.result).invoke(["run", *options, *variables(day)])
        assert done.success, done.exception or [r.message for r in done.result if r.status != "success"]

    return run


def assert_none(found: list[str]) -> None:
    assert not found, f"{len(found)} differences, the first:\n" + "\n".join(found[:20])


@pytest.mark.parametrize("day", BUSINESS_DATES, ids=str)
def test_both_see_the_same_people(compared, day):
    assert_none(compared[day].identity_differences)


@pytest.mark.parametrize("day", BUSINESS_DATES, ids=str)
@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_is_its_definition(compared, mart, day):
    assert compared[day].tables[mart], f"{mart} is empty: the business has nothing to compare it by"
    assert_none(compared[day].differences(mart))


@pytest.mark.parametrize(("earlier", "later"), list(combinations(BUSINESS_DATES, 2)))
def test_the_id_stays_with_the_earliest_seen_identifier(compared, earlier, later):
    """Through merges and splits: the same earliest-seen identifiers, the same id."""
    before, after = compared[earlier], compared[later]
    ids = {seen: before.user_ids[user] for user, seen in before.business.identity.earliest_seen().items()}
    stays = {user: seen for user, seen in after.business.identity.earliest_seen().items() if seen in ids}
    assert len(stays) > len(ids) / 2
    assert_none([f"{sorted(seen)}: {ids[seen]}, later {after.user_ids[user]}" for user, seen in stays.items()
                 if after.user_ids[user] != ids[seen]])
