"""Days on which the clocks change: an hour that was not is not missed, a doubled one is asked for twice."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from measuring import make_raw_tables, measured
from userops.checks import CheckResult
from userops.settings import Settings

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


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clock")


@pytest.fixture(scope="module")
def raw(warehouse_url: str) -> str:
    make_raw_tables(warehouse_url)
    return warehouse_url


@pytest.fixture
def warehouse(raw: str) -> Iterator[str]:
    yield raw
    with psycopg.connect(raw) as admin:
        admin.execute("truncate raw.orders")


def hours(url: str, home: Path, day: date, lost: str = "false") -> dict[str, CheckResult]:
    with psycopg.connect(url) as admin:
        admin.execute(ORDERS, {"day": day})
        admin.execute(f"delete from raw.orders where _business_date = %s and {lost}", [day])
    settings = Settings.load({"USEROPS_TIMEZONE": ZONE, "USEROPS_CURRENCY": "GBP", "USEROPS_HOME": str(home)})
    return measured(settings, url, "raw", day, day - timedelta(days=1), "+export_hours")


@pytest.mark.parametrize("day", [SPRING, AUTUMN, ORDINARY])
def test_a_day_of_23_or_25_hours_is_whole(warehouse: str, home: Path, day: date) -> None:
    found = hours(warehouse, home, day)
    assert (found["hour_missing@orders"].severity, found["hour_missing@orders"].passed) == ("critical", True)
    assert found["hours_shifted@orders"].passed


@pytest.mark.parametrize(
    ("day", "lost"),
    [
        (AUTUMN, "placed_at >= '2025-10-26 00:00Z' and placed_at < '2025-10-26 01:00Z'"),
        (AUTUMN, "placed_at >= '2025-10-26 01:00Z' and placed_at < '2025-10-26 02:00Z'"),
        (SPRING, "placed_at >= '2025-03-30 01:00Z' and placed_at < '2025-03-30 02:00Z'"),
    ],
    ids=["the first pass of the doubled hour", "its second pass", "the hour after the gap"],
)
def test_an_hour_that_was_is_missed(warehouse: str, home: Path, day: date, lost: str) -> None:
    assert hours(warehouse, home, day, lost)["hour_missing@orders"].blocks
