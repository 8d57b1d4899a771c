"""The uplift of campaign_performance against a simulated business that knows what its messages brought about."""

from datetime import date

import pytest

from oracle import driver
from truth.business import TIMEZONE, deliver


@pytest.fixture(scope="module")
def campaigns(warehouse_url, tmp_path_factory) -> list[tuple[dict, dict]]:
    """(truth, row of campaign_performance) of every campaign that has an uplift."""
    place = tmp_path_factory.mktemp("campaigns")
    last, truth = deliver(place / "landing", 6000, 150, date(2025, 1, 1), 4)
    settings = driver.settings_of(warehouse_url, place, "duckdb", TIMEZONE)
    driver.load(settings, last)
    tables = driver.build(settings, last, scores=False, relations=["campaign_performance"])
    rows = [row for row in tables["campaign_performance"] if row["uplift"] is not None]
    known = truth["campaigns"]
    return [(known[row["campaign_id"]], row) for row in rows if row["campaign_id"] in known]


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
