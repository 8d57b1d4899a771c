"""The small inputs that once failed, as one business of many sources: delivered, judged, built and published together.

Each case of tests/fixtures/cases stands in a folder of its source. Amounts of all currencies convert at 1, so that a
case's money is readable in the marts.
"""

import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from conftest import fresh_database
from userops import run as steps
from userops.settings import Settings
from userops.warehouse import lease

CASES = Path(__file__).resolve().parents[1] / "fixtures" / "cases"
NEW_YORK = "timezone: America/New_York, currency: USD, default_country: US"
CHINA = "timezone: Asia/Shanghai, currency: CNY, default_country: CN"
# (source, case, what sources.yml says of it). Without a platform the files have the contracts' shape.
SOURCES = [
    ("cod", "shopify-cod-never-paid", "platform: shopify, timezone: Asia/Dhaka, currency: BDT, default_country: BD,"
     " counts_when: {'Cash on Delivery (COD)': delivered}"),
    ("balance", "shopify-order-edit-balance", f"platform: shopify, {NEW_YORK}"),
    ("untransacted", "shopify-paid-without-transaction", f"platform: shopify, {NEW_YORK}"),
    ("late_refund", "shopify-refund-weeks-later", f"platform: shopify, {NEW_YORK}"),
    ("free", "shopify-test-and-free-orders", f"platform: shopify, {NEW_YORK}"),
    ("tip", "shopify-tip-line", f"platform: shopify, {NEW_YORK}"),
    ("sub_orders", "douyin-sub-order-exported-alone", f"platform: douyin, {CHINA}"),
    ("masked", "marketplace-masked-buyers-only", f"platform: pinduoduo, {CHINA}"),
    ("gifts", "two-gifts-an-order", f"platform: jd, {CHINA}"),
    ("edited", "order-line-removed-by-edit", f"platform: canonical, {CHINA}"),
    ("missed", "missed-nights-never-loaded", f"platform: canonical, {CHINA}"),
    ("levels", "google-ads-campaign-and-keyword-report", "platform: google_ads, channel_code: levels"),
    ("ad_groups", "google-ads-keyword-in-two-ad-groups", "platform: google_ads, channel_code: ad_groups"),
    ("micros", "google-ads-micros-below-one", "platform: google_ads, channel_code: micros"),
    ("clicks", "ads-clicks-above-impressions", "platform: google_ads, channel_code: clicks"),
    ("totals", "ocean-engine-total-row", "platform: ocean_engine, channel_code: totals"),
    ("friends", "wecom-one-error-among-many", "platform: wecom"),
]
STORES = ("shop_a", "shop_b")
DAY, LATE = date(2026, 3, 5), date(2026, 4, 10)


def deliver(landing: Path, home: Path) -> None:
    """All cases up to DAY, and the file that comes weeks later."""
    entries = [f"- {{name: {name}, required: [], {said}}}" for name, _, said in SOURCES]
    entries += [f"- {{name: {name}, platform: shopify, required: [], {NEW_YORK}}}" for name in STORES]
    home.mkdir(parents=True)
    (home / "sources.yml").write_text("\n".join(["sources:", *entries, ""]), encoding="utf-8")
    for name, case, _ in SOURCES:
        for folder in (CASES / case).iterdir():
            if folder.is_dir() and folder.name.startswith("2026-"):
                shutil.copytree(folder, landing / folder.name / name)
    # Two shops whose order names overlap; the second one's file is known by its name.
    for path in (CASES / "shopify-two-stores-same-order-name").glob("2026-*/*.csv"):
        target = landing / path.parent.name / STORES["shop_b" in path.name]
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target / "orders_export_1.csv")
    rates = "rate_date,currency,rate\n" + "".join(f"2026-01-01,{currency},1\n" for currency in ("USD", "BDT", "CNY"))
    (landing / "2026-03-02" / "fx_rates.csv").write_text(rates, encoding="utf-8")


@pytest.fixture(scope="module")
def settings(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    place = tmp_path_factory.mktemp("cases")
    deliver(place / "landing", place / "home")
    with fresh_database(server_url) as url:
        yield Settings.load({
            "USEROPS_DATABASE_URL": url, "USEROPS_HASH_KEY": "k" * 64,
            "USEROPS_HOME": str(place / "home"), "USEROPS_LANDING": str(place / "landing"),
            "USEROPS_TIMEZONE": "America/New_York", "USEROPS_CURRENCY": "USD",
        })  # fmt: skip


@pytest.fixture(scope="module")
def published(settings: Settings) -> str:
    """The URL of the warehouse, after a run of DAY through every step and every check."""
    run = steps.begin(settings, DAY)
    for exports in run["work"].values():
        for export in exports:
            steps.ingest(settings, run, export)
    for name in steps.STEPS[2:-1]:
        getattr(steps, name)(settings, run)
    lease.release()
    return settings.database_url


def ask(url: str, query: str, *values: object) -> list[tuple]:
    with psycopg.connect(url) as connection:
        return connection.execute(query, values).fetchall()


def test_nothing_is_refused_and_what_is_set_aside_is_no_order(published: str) -> None:
    assert ask(published, "select file_name, reason from meta.load_files where state <> 'loaded'") == []
    assert {export for (export,) in ask(published, "select distinct export from quarantine.rows")} <= {
        "ad_stats", "contacts", "friendships", "contact_tags", "contact_identifiers",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "orders", "net"),
    [
        ("cod", 40, "2200.00"),
        ("balance", 201, "11055.00"),
        ("untransacted", 43, "2365.00"),
        ("sub_orders", 81, "4100.00"),
        ("masked", 60, None),
        ("gifts", 10, "1000.00"),
        ("edited", 21, "2100.00"),
        ("missed", 40, "4000.00"),
        ("shop_a", 24, "1320.00"),
        ("shop_b", 12, "660.00"),
    ],
)
def test_orders_and_money_are_the_shops_own(published: str, source: str, orders: int, net: str | None) -> None:
    query = "select sum(orders), sum(net) from marts.source_daily where source = %s"
    found = ask(published, query, source)[0]
    assert found[0] == orders
    assert net is None or found[1] == Decimal(net)


def test_two_shops_with_the_same_order_names_have_36_buyers(published: str) -> None:
    query = "select count(distinct user_id) from build.int_orders_counted where order_id like 'shop\\__:%%'"
    assert ask(published, query) == [(36,)]


def test_a_sub_order_that_comes_alone_leaves_the_other_as_it_was(published: str) -> None:
    query = "select sku, sum(line_amount) from build.int_order_lines where order_id = %s group by sku order by sku"
    assert ask(published, query, "sub_orders:69001") == [("CUP", Decimal("40.00")), ("TEA", Decimal("60.00"))]


def test_a_line_that_an_edit_removes_is_sold_to_nobody(published: str) -> None:
    query = "select sku, line_amount from build.int_order_lines where order_id = %s"
    assert ask(published, query, "edited:e1") == [("CUP", Decimal("100.00"))]


def test_gifts_are_stored_beside_what_was_bought(published: str) -> None:
    query = (
        "select line_kind, count(*) from staging.stg_order_lines where order_id like 'gifts:%%' group by 1 order by 1"
    )
    assert ask(published, query) == [("gift", 20), ("goods", 10)]


def test_a_tip_is_paid_and_no_product(published: str) -> None:
    assert ask(published, "select net from build.int_orders_counted where order_id = 'tip:#2005'") == [
        (Decimal("60.00"),)
    ]
    assert ask(published, "select sku from build.int_order_lines where order_id = 'tip:#2005'") == [("CUP",)]


def test_a_test_of_the_shop_is_nobodys_and_a_free_order_counts(published: str) -> None:
    query = "select order_id, user_id is not null from build.int_orders_counted where order_id = any(%s) order by 1"
    assert ask(published, query, ["free:#2002", "free:#2009"]) == [("free:#2009", True)]
    assert ask(published, "select count(*) from build.map_order_user where order_id = 'free:#2002'") == [(0,)]


@pytest.mark.parametrize(
    ("channel", "day", "clicks", "cost"),
    [
        ("levels", "2026-03-02", 55, "88.00"),
        ("ad_groups", "2026-03-02", 17, "31.00"),
        ("ad_groups", "2026-03-03", 15, "28.00"),
        ("micros", "2026-03-02", 6, "2.60"),
    ],
)
def test_a_days_advertising_costs_what_the_platform_charged(
    published: str, channel: str, day: str, clicks: int, cost: str
) -> None:
    query = "select clicks, cost from marts.channel_daily where channel_code = %s and day = %s"
    assert ask(published, query, channel, day) == [(clicks, Decimal(cost))]


def test_keywords_cost_what_their_own_rows_say(published: str) -> None:
    query = "select keyword, cost from marts.keyword_costs where keyword = 'red cup'"
    assert ask(published, query) == [("red cup", Decimal("8.00"))]


def test_rows_with_more_clicks_than_impressions_and_rows_beside_a_total_keep_their_cost(published: str) -> None:
    query = "select channel_code, sum(cost) > 0 from marts.channel_daily where channel_code = any(%s) group by 1"
    assert sorted(ask(published, query, ["clicks", "totals"])) == [("clicks", True), ("totals", True)]


def test_one_error_among_many_answers_leaves_the_others(published: str) -> None:
    assert ask(published, "select count(*) from build.map_contact_user where contact_id like 'friends:%%'")[0][0] >= 1


def test_a_refund_that_comes_weeks_later_is_dated_when_it_was_first_seen(published: str, settings: Settings) -> None:
    """Last of the file: without the gate, as nothing else is delivered by then, and without scores."""
    run = steps.begin(settings, LATE)
    for exports in run["work"].values():
        for export in exports:
            steps.ingest(settings, run, export)
    steps.prepare(settings, run)
    steps.resolve_identity(settings, run)
    steps.build(settings, run)
    lease.release()
    query = (
        "select day, is_date_estimated, sum(refunds) from build.refunds_daily where source = 'late_refund'"
        " group by day, is_date_estimated"
    )
    assert ask(published, query) == [(LATE, True, 1)]
