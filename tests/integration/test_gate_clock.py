"""Nights on which the clocks change: an hour that was not is not missed, a doubled one is asked for twice."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from userops.checks import CheckResult
from userops.gate.runner import run_suite
from userops.ingest.tables import ensure_raw_tables
from userops.settings import Settings
from userops.warehouse.connection import connect

ZONE = "Europe/London"
SPRING, AUTUMN, ORDINARY = date(2025, 3, 30), date(2025, 10, 26), date(2025, 10, 24)
# Thirty orders in every hour there is, night and day, for five weeks up to and with the day.
ORDERS = """
insert into raw.orders (order_id, status, placed_at, paid_at, gross_amount, discount_amount, shipping_amount,
    paid_amount, currency, sales_channel, updated_at, _load_id, _line, _business_date)
select 'o' || row_number() over (), 'paid', at, at, 10, 0, 0, 10, 'GBP', 'app', at, 1, 1,
    (at at time zone 'Europe/London')::date
from generate_series(
    (%(day)s::date - 34)::timestamp at time zone 'Europe/London',
    (%(day)s::date + 1)::timestamp at time zone 'Europe/London' - interval '1 second', interval '2 minutes'
) as at
"""


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[str]:
    with connect(warehouse_url, "loader") as connection:
        ensure_raw_tables(connection)
    yield warehouse_url
    with psycopg.connect(warehouse_url) as admin:
        admin.execute("truncate raw.orders")


def hours(url: str, home: Path, day: date, lost: str = "false") -> dict[str, CheckResult]:
    with psycopg.connect(url) as admin:
        admin.execute(ORDERS, {"day": day})
        admin.execute(f"delete from raw.orders where _business_date = %s and {lost}", [day])
    settings = Settings.load({"USEROPS_TIMEZONE": ZONE, "USEROPS_CURRENCY": "GBP", "USEROPS_HOME": str(home)})
    results = run_suite(url, "raw", day, day - timedelta(days=1), settings)
    return {r.check: r for r in results if r.subject == "orders"}


@pytest.mark.parametrize("day", [SPRING, AUTUMN, ORDINARY])
def test_a_day_of_23_or_25_hours_is_whole(warehouse: str, tmp_path: Path, day: date) -> None:
    found = hours(warehouse, tmp_path, day)
    assert (found["hour_missing"].severity, found["hour_missing"].passed) == ("critical", True)
    assert found["hours_shifted"].passed


@pytest.mark.parametrize(
    ("day", "lost"),
    [
        (AUTUMN, "placed_at >= '2025-10-26 00:00Z' and placed_at < '2025-10-26 01:00Z'"),
        (AUTUMN, "placed_at >= '2025-10-26 01:00Z' and placed_at < '2025-10-26 02:00Z'"),
        (SPRING, "placed_at >= '2025-03-30 01:00Z' and placed_at < '2025-03-30 02:00Z'"),
    ],
    ids=["the first pass of the doubled hour", "its second pass", "the hour after the gap"],
)
def test_an_hour_that_was_is_missed(warehouse: str, tmp_path: Path, day: date, lost: str) -> None:
    assert hours(warehouse, tmp_path, day, lost)["hour_missing"].blocks
