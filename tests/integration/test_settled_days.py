"""What a night takes anew only in part, orders and tags of settled month-ends, is as a build of everything has it.

Between the nights a month turns, a channel becomes free, a product is to be bought again sooner and costs more, old
orders are refunded, rates of March are corrected and a tag is declared; each by itself moves what orders came to and
what users were like on days long past.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from csv_rows import rows_of, write_rows
from truth.business import load, nights_of, one_folder, runner
from userops.settings import Settings
from userops.simulate import simulate
from userops.tags.store import write_catalog
from userops.transform import increments
from userops.warehouse.connection import connect

USERS, FIRST = 400, date(2025, 1, 1)
HISTORY, OVER_THE_MONTH, NEXT = date(2025, 3, 30), date(2025, 4, 2), date(2025, 4, 3)
# A tag that is declared on the last night, and one that means something else from then on.
NEW, CHANGED = "one_time_buyer", "second_order_window"
AN_EARLIER_CATALOGUE = (
    f"delete from build.config_tags where tag_code = '{NEW}';"
    f" update build.config_tags set rule_sql = '(features.orders >= 3)' where tag_code = '{CHANGED}'"
)
AS_DECLARED = "select 1"
REFUNDED_AT = "2025-04-01T12:00:00+08:00"
SETTLED = "select as_of from build.int_feature_days where is_settled order by 1"
RESTATED = (
    "select (select count(*) from build.int_restated_users join build.int_users_acquired using (user_id)),"
    " (select count(*) from build.int_touched_users join build.int_users_acquired using (user_id)),"
    " (select count(*) from build.int_users_acquired)"
)
REPRICED = (
    "select (select count(*) from build.int_changed_goods),"
    " (select count(*) from build.int_orders_priced where currency <> 'CNY')"
)
COMPARED = (
    "int_orders_priced", "int_orders_counted", "int_category_orders", "int_user_tag_masks", "tag_history", "user_tags",
    "user_rfm",
)
# A night remembers in tables that no mart asks for.
SELECTION = " ".join(["+path:models/intermediate", *COMPARED])


class Warehouse:
    """Nights built on each other, and the same date built whole."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.url, self.settings = url, settings
        self.run = runner(url, settings)

    def night(self, day: date, catalogue: str) -> None:
        """Load the folder of the day and build, after a statement that changes the catalogue in the warehouse."""
        load(self.url, self.settings, day)
        write_catalog(self.url)
        with psycopg.connect(self.url) as connection:
            connection.execute(catalogue)
        self.build(day)

    def build(self, day: date) -> None:
        with connect(self.url, "transformer") as connection:
            plan = increments.plan(connection, self.settings, day)
        self.run(SELECTION, day, plan.incremental)
        with connect(self.url, "transformer") as connection:
            increments.remember(connection, plan)

    def ask(self, query: str) -> list[tuple]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()

    def tables(self) -> dict[str, list[tuple]]:
        return {name: self.ask(f"select * from build.{name} order by 1, 2, 3") for name in COMPARED}

    def whole(self, day: date) -> dict[str, list[tuple]]:
        """The same date with nothing to build on."""
        with connect(self.url, "transformer") as connection:
            connection.execute("delete from meta.build_state")
        self.build(day)
        return self.tables()


@pytest.fixture(scope="module")
def warehouse(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    home = tmp_path_factory.mktemp("settled")
    simulate(home / "nights", USERS, (NEXT - FIRST).days + 1, FIRST, seed=5)
    folders = nights_of(home / "nights")
    since = ""
    for day in (HISTORY, OVER_THE_MONTH, NEXT):
        one_folder([f for f in folders if since < f.name <= day.isoformat()], home / "landing" / day.isoformat())
        since = day.isoformat()
    over_the_month = home / "landing" / OVER_THE_MONTH.isoformat()
    rewrite(over_the_month / "channels.csv", free_search)
    rewrite(over_the_month / "fx_rates.csv", dearer_in_march)
    rewrite(home / "landing" / NEXT.isoformat() / "products.csv", twice_as_soon_and_dearer)
    refund_old_orders(home / "landing" / HISTORY.isoformat(), over_the_month)
    given = {"USEROPS_HOME": str(home), "USEROPS_LANDING": str(home / "landing"), "USEROPS_HASH_KEY": "key"}
    return Warehouse(warehouse_url, Settings.load(given))


def rewrite(path: Path, change: Callable[[dict[str, str]], None]) -> None:
    rows = rows_of(path)
    for row in rows:
        change(row)
    write_rows(path, rows)


def free_search(channel: dict[str, str]) -> None:
    if channel["channel_code"] == "search_ads":
        channel["is_paid"] = "false"


def dearer_in_march(rate: dict[str, str]) -> None:
    if rate["rate_date"].startswith("2025-03"):
        rate["rate"] = str(Decimal(rate["rate"]) * 2)


def twice_as_soon_and_dearer(product: dict[str, str]) -> None:
    if product["replenishment_days"]:
        product["replenishment_days"] = str(max(1, int(product["replenishment_days"]) // 2))
        product["unit_cost"] = str(Decimal(product["unit_cost"] or 1) * 2)


def refund_old_orders(history: Path, now: Path) -> None:
    """In full, of one in ten orders of January and February: they count on no day any more."""
    paid = {o["order_id"]: o for o in rows_of(history / "orders.csv") if o["paid_at"] and o["paid_at"] < "2025-03-01"}
    late = [
        {
            "refund_id": f"late-{order_id}", "order_id": order_id, "amount": paid[order_id]["paid_amount"],
            "refunded_at": REFUNDED_AT, "updated_at": REFUNDED_AT,
        }
        for order_id in sorted(paid)[::10]
    ]
    write_rows(now / "refunds.csv", rows_of(now / "refunds.csv") + late)


def test_tags_of_a_night_are_those_of_a_whole_build(warehouse: Warehouse) -> None:
    warehouse.night(HISTORY, AN_EARLIER_CATALOGUE)
    for day, catalogue in ((OVER_THE_MONTH, AN_EARLIER_CATALOGUE), (NEXT, AS_DECLARED)):
        warehouse.night(day, catalogue)
        built, settled = warehouse.tables(), warehouse.ask(SETTLED)
        restated, touched, users = warehouse.ask(RESTATED)[0]
        repriced, foreign = warehouse.ask(REPRICED)[0]
        whole = warehouse.whole(day)
        for name in COMPARED:
            assert built[name] == whole[name], f"{name} of {day}"
        if day == OVER_THE_MONTH:
            # February and before stand; 31 March was never a night's last day.
            assert settled[-1] == (date(2025, 2, 28),) and len(settled) == 5
            assert touched < restated < users
            # No foreign order before March is priced anew.
            assert 0 < repriced < foreign
        else:
            assert settled == []
            assert {NEW, CHANGED} <= {row[1] for row in built["tag_history"]}
