"""Measures and expectations together, over small hand-made tables: a clean day passes, planted faults are caught."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from measuring import failing, judge, judge_plainly, make_raw_tables, measured, spoil
from userops.checks import CheckResult
from userops.gate.decision import decide
from userops.settings import Settings

FIRST = date(2024, 3, 1)
DAY = FIRST + timedelta(days=29)
BEFORE = DAY - timedelta(days=1)
DAYS = 30

ORDERS = """
insert into raw.orders (order_id, contact_id, status, placed_at, paid_at, gross_amount, discount_amount,
    shipping_amount, paid_amount, currency, sales_channel, channel_code, updated_at, _load_id, _line, _business_date)
select 'o' || d || '_' || n, 'c' || (n %% 100), 'paid', t.at, t.at + interval '1 second', 110 + n, 10, 8, 108 + n,
    'CNY', 'app', case when n %% 20 > 0 then 'ads' end, t.at + interval '1 second', 1, n, %(first)s::date + d
from generate_series(0, %(days)s - 1) as d, generate_series(1, %(a_day)s) as n,
    -- Some an hour by day, from 8 to 20, more in the evening; unequal, so a moved clock can be seen.
    lateral (select (%(first)s::date + d + interval '8 hours'
        + interval '1 hour' * floor(12 * sqrt((n - 0.5) / %(a_day)s)) + interval '1 second' * n
    ) at time zone 'Asia/Shanghai' as at) as t
"""
LINES = """
insert into raw.order_lines (order_id, line_no, sku, quantity, unit_price, line_amount, updated_at, _load_id, _line,
    _business_date)
select order_id, 1, 's1', 1, paid_amount - shipping_amount, paid_amount - shipping_amount, updated_at, 2, _line,
    _business_date
from raw.orders
"""
CONTACTS = """
insert into raw.contacts (contact_id, gender, sms_consent, email_consent, wechat_consent, app_push_consent,
    weibo_consent, updated_at, _load_id, _line, _business_date)
select 'c' || n, 'u', n %% 2 = 0, true, true, true, true, %(first)s::date, 3, n, %(first)s
from generate_series(0, 99) as n
"""
TABLES = ("orders", "order_lines", "contacts", "points", "touches", "ad_stats")
# Lines of the orders that were planted, as they are of those from before.
LINES_OF = """
insert into raw.order_lines (order_id, line_no, sku, unit_price, quantity, line_amount, updated_at, _load_id, _line,
    _business_date)
select order_id, 1, 's1', paid_amount, 1, paid_amount - 8, updated_at, 2, 1, DAY from
"""


def business(url: str, a_day: int) -> None:
    """A clean business with so many orders a day, in empty tables."""
    with psycopg.connect(url) as admin:
        for sql in (ORDERS, LINES, CONTACTS):
            admin.execute(sql, {"first": FIRST, "days": DAYS, "a_day": a_day} if "%(" in sql else None)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gate")


@pytest.fixture(scope="module")
def clean(warehouse_url: str) -> str:
    make_raw_tables(warehouse_url)
    business(warehouse_url, 240)
    with psycopg.connect(warehouse_url) as admin:
        for name in TABLES:
            admin.execute(f"create table public.kept_{name} as table raw.{name}")
    return warehouse_url


@pytest.fixture
def raw(clean: str) -> Iterator[str]:
    """The clean tables, and the same again after the test has spoilt them."""
    yield clean
    with psycopg.connect(clean, autocommit=True) as admin:
        for name in TABLES:
            admin.execute(f"truncate raw.{name}")
            admin.execute(f"insert into raw.{name} select * from public.kept_{name}")
        admin.execute("delete from meta.load_files")


def settings(home: Path, **place: str) -> Settings:
    named = {f"USEROPS_{name.upper()}": text for name, text in place.items()}
    return Settings.load({"USEROPS_HOME": str(home)} | named)


def plant(url: str, *statements: str) -> None:
    spoil(url, *statements, DAY=DAY)


def test_a_clean_day_passes_and_optional_exports_may_be_empty(raw: str, home: Path) -> None:
    results = judge(settings(home), raw, "raw", DAY, BEFORE)
    assert failing(results) == set()
    assert decide(results.values()) == "publish"
    judged = {name for name, r in results.items() if r.severity != "info"}
    wanted = ("day_volume_collapsed", "rows_missing", "amount_level", "hours_shifted", "hour_missing", "cells_emptied")
    assert {f"{name}@orders" for name in wanted} <= judged
    assert not any(name.endswith("@touches") for name in judged)


def test_a_backlog_in_one_folder_is_not_blocked(raw: str, home: Path) -> None:
    plant(raw, *(f"update raw.{t} set _business_date = DAY" for t in ("orders", "order_lines", "contacts")))
    assert failing(measured(settings(home), raw, "raw", DAY, None)) == set()


def test_the_first_days_lack_history(raw: str, home: Path) -> None:
    results = measured(settings(home), raw, "raw", FIRST + timedelta(days=3), FIRST + timedelta(days=2))
    assert failing(results) == set()
    assert results["day_volume_collapsed@orders"].severity == "info"
    assert results["day_volume_collapsed@orders"].observed == "not enough to tell: history days 3, judged from 14"


C, W = "critical", "warning"
FAULTS = {
    "amounts and references": (
        {
            "orders_differ_from_lines@orders": C, "some_orders_differ_from_lines@orders": W,
            "orders_of_unknown_contacts@orders": C, "lines_above_their_price@order_lines": C,
            "clicks_above_impressions@ad_stats": C, "opt_outs_reset@contacts": C, "cells_emptied@orders": C,
        },
        [
            "update raw.orders set gross_amount = gross_amount * 100 where _business_date = DAY and _line % 30 = 7",
            "update raw.orders set contact_id = 'gone' || _line where _business_date = DAY and _line % 20 = 3",
            "update raw.orders set channel_code = null where _business_date = DAY and _line % 5 = 2",
            "update raw.order_lines set unit_price = 0 where _business_date = DAY and _line % 20 = 1",
            "insert into raw.ad_stats (stat_date, channel_code, campaign_id, keyword, impressions, clicks, _load_id,"
            " _line, _business_date) select DAY, 'ads', 'c', n::text, 5, 100, 9, n, DAY"
            " from generate_series(1, 20) as n",
            "insert into raw.contacts (contact_id, sms_consent, email_consent, wechat_consent, app_push_consent,"
            " weibo_consent, updated_at, _load_id, _line, _business_date) select 'c' || n, true, true, true, true,"
            " true, DAY, 9, n, DAY from generate_series(0, 99) as n",
        ],
    ),
    "everything times 100, and the clock moved": (
        {
            "most_orders_differ_from_lines@orders": C, "orders_differ_from_lines@orders": C, "amount_level@orders": C,
            "hours_shifted@orders": C,
        },
        ["update raw.orders set paid_amount = paid_amount * 100, gross_amount = gross_amount * 100,"
         " placed_at = placed_at - interval '8 hours' where _business_date = DAY"],
    ),
    "twice and under new ids": (
        {"orders_twice_with_other_content@orders": C, "rows_under_new_ids@orders": W},
        [
            "insert into raw.orders select * from raw.orders where _business_date = DAY and _line % 30 = 3",
            "update raw.orders set paid_amount = paid_amount + 5, gross_amount = 115 where ctid in (select max(ctid)"
            " from raw.orders where _business_date = DAY group by order_id having count(*) > 1)",
            "create table public.twin as select * from raw.orders where _business_date = DAY and _line % 4 = 2",
            "update public.twin set order_id = 'x' || order_id",
            "insert into raw.orders select * from public.twin", f"{LINES_OF} public.twin",
        ],
    ),
    "words for nothing, tomorrow, no lines": (
        {
            "cells_emptied@orders": C, "orders_in_the_future@orders": C, "some_orders_in_the_future@orders": W,
            "orders_without_lines@orders": C, "lines_of_unknown_orders@order_lines": C,
        },
        [
            "update raw.orders set channel_code = 'unknown' where _business_date = DAY and _line % 5 = 0",
            "update raw.orders set paid_at = paid_at + interval '2 days' where _business_date = DAY and _line % 30 = 1",
            "delete from raw.order_lines where _business_date = DAY and _line % 5 = 1",
            "delete from raw.orders where _business_date = DAY and _line % 30 = 2",
        ],
    ),
    "a day collapsed": (
        {"day_volume_collapsed@orders": C, "rows_missing@orders": C},
        ["delete from raw.orders where _business_date = DAY and _line % 20 > 0"],
    ),
    "half of the rows missing": (
        {"rows_missing@orders": C},
        [
            "delete from raw.orders where _business_date = DAY and _line % 10 > 4",
            "delete from raw.order_lines where _business_date = DAY and _line % 10 > 4",
        ],
    ),
    "thirteen times the orders": (
        {"day_volume_unusual@orders": W},
        [
            "create table public.many as select day.*, k from raw.orders as day cross join generate_series(1, 13) as k"
            " where _business_date = DAY",
            "update public.many set order_id = order_id || '-' || k, placed_at = placed_at + k * interval '1 second',"
            " paid_at = paid_at + k * interval '1 second', updated_at = updated_at + interval '1 minute'",
            "alter table public.many drop column k", "insert into raw.orders select * from public.many",
            f"{LINES_OF} public.many",
        ],
    ),
    "an hour missing": (
        {"hour_missing@orders": C},
        ["delete from raw.orders where _business_date = DAY"
         " and extract(hour from placed_at at time zone 'Asia/Shanghai') = 17"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_caught(raw: str, home: Path, name: str) -> None:
    checks, statements = FAULTS[name]
    with psycopg.connect(raw, autocommit=True) as admin:
        admin.execute("drop table if exists public.twin, public.many")
    # A table that is made from a query says how many rows it got only through `insert`.
    made = [s for s in statements if s.startswith(("create", "alter"))]
    for statement in statements:
        if statement in made:
            with psycopg.connect(raw, autocommit=True) as admin:
                admin.execute(statement.replace("DAY", f"'{DAY}'::date"))
        else:
            plant(raw, statement)
    results = judge(settings(home), raw, "raw", DAY, BEFORE)
    assert set(checks) <= failing(results), results
    assert {check: results[check].severity for check in checks} == checks
    assert decide(results.values()) == ("block" if C in checks.values() else "warn")
    assert judge_plainly(settings(home), raw, "raw") == results


HANDFUL = [
    "update raw.orders set contact_id = 'gone' || _line where _business_date = DAY and _line <= BAD",
    "update raw.orders set gross_amount = gross_amount * 2 where _business_date = DAY"
    " and _line between 11 and 10 + BAD",
    "update raw.orders set paid_at = DAY + interval '2 days' where _business_date = DAY"
    " and _line between 21 and 20 + BAD",
    "delete from raw.order_lines where _business_date = DAY and _line between 31 and 30 + BAD",
    "delete from raw.orders where _business_date = DAY and _line between 41 and 40 + BAD",
    "insert into raw.orders (order_id, contact_id, status, placed_at, paid_at, gross_amount, discount_amount,"
    " shipping_amount, paid_amount, currency, sales_channel, updated_at, _load_id, _line, _business_date)"
    " select order_id, contact_id, 'completed', placed_at, paid_at, gross_amount, discount_amount, shipping_amount,"
    " paid_amount, currency, sales_channel, updated_at, _load_id, _line + 1000, DAY from raw.orders"
    " where _business_date = DAY and _line between 6 and 5 + BAD",
    "insert into raw.points (entry_id, contact_id, points, reason, occurred_at, updated_at, _load_id, _line,"
    " _business_date) select 'p' || n, 'gone', 1, 'review', DAY, DAY, 9, n, DAY from generate_series(1, BAD) as n",
    "insert into raw.ad_stats (stat_date, channel_code, campaign_id, keyword, impressions, clicks, _load_id, _line,"
    " _business_date) select DAY, 'ads', 'c', n::text, case when n <= BAD then 5 else 500 end, 100, 9, n, DAY"
    " from generate_series(1, 30) as n",
]


def test_a_handful_of_bad_rows_warns_and_blocks_nowhere(raw: str, home: Path) -> None:
    plant(raw, *(statement.replace("BAD", "5") for statement in HANDFUL))
    results = measured(settings(home), raw, "raw", DAY, BEFORE)
    assert [name for name, result in results.items() if result.blocks] == []
    assert {
        "some_orders_differ_from_lines@orders", "some_orders_of_unknown_contacts@orders",
        "some_orders_in_the_future@orders", "some_lines_of_unknown_orders@order_lines",
        "some_orders_twice_with_other_content@orders", "some_clicks_above_impressions@ad_stats",
    } <= failing(results)  # fmt: skip


def test_one_bad_row_of_each_kind_never_stops_a_small_business(raw: str, home: Path) -> None:
    with psycopg.connect(raw) as admin:
        admin.execute("truncate raw.orders, raw.order_lines, raw.contacts")
    business(raw, 50)
    plant(raw, *(statement.replace("BAD", "1") for statement in HANDFUL))
    results = measured(settings(home), raw, "raw", DAY, BEFORE)
    assert [name for name, result in results.items() if result.blocks] == []
    assert results["rows_of_unknown_contacts@points"].observed == "not enough to tell: row count 1, judged from 100"


def test_a_marketplace_without_contacts_passes(raw: str, home: Path) -> None:
    plant(raw, "update raw.orders set contact_id = null", "delete from raw.contacts")
    results = measured(settings(home), raw, "raw", DAY, BEFORE)
    assert failing(results) == set()
    assert results["orders_of_unknown_contacts@unknown_references"].observed == "nothing to measure"


def test_lines_set_aside_by_the_contract_do_not_block_their_orders(raw: str, home: Path) -> None:
    measures = "+orders_against_lines +deliveries"
    plant(raw, "update raw.order_lines set line_amount = 1 where _business_date = DAY and _line <= 8")
    results = measured(settings(home), raw, "raw", DAY, BEFORE, measures)
    assert "orders_differ_from_lines@orders" in failing(results)
    plant(
        raw,
        "insert into meta.load_files (business_date, source, export, file_name, sha256, bytes, rows_in_file,"
        " rows_loaded, rows_quarantined, state)"
        " values (DAY, 'canonical', 'order_lines', 'f', 'x', 1, 240, 232, 8, 'loaded')",
    )
    results = measured(settings(home), raw, "raw", DAY, BEFORE, measures)
    assert results["orders_differ_from_lines@orders"].passed
    assert results["rows_set_aside@order_lines"].observed == (
        "8 of 240 rows were set aside; on the days before never more than 0"
    )


def test_an_open_balance_and_gifts_are_no_reason_to_distrust_a_file(raw: str, home: Path) -> None:
    plant(
        raw,
        "update raw.orders set paid_amount = 0 where _business_date = DAY and _line <= 8",
        "insert into raw.order_lines (order_id, line_no, line_key, sku, quantity, unit_price, line_amount, updated_at,"
        " _load_id, _line, _business_date) select order_id, n, n::text, 's' || n, 1, 0, 0, updated_at, 2, _line, DAY"
        " from raw.orders cross join generate_series(2, 3) as n where _business_date = DAY",
    )
    results = measured(settings(home), raw, "raw", DAY, BEFORE, "+orders_against_lines +order_line_rows")
    asked = {
        "orders_differ_from_lines@orders", "some_orders_differ_from_lines@orders",
        "most_orders_differ_from_lines@orders", "lines_above_their_price@order_lines",
    }  # fmt: skip
    assert asked <= results.keys() and not asked & failing(results)


def test_a_published_date_that_runs_again_is_judged_again(raw: str, home: Path) -> None:
    plant(raw, "update raw.orders set gross_amount = gross_amount * 100 where _business_date = DAY")
    results = measured(settings(home), raw, "raw", DAY, DAY, "+orders_against_lines")
    assert "orders_differ_from_lines@orders" in failing(results)


def test_the_time_zone_of_the_business_is_used(raw: str, home: Path) -> None:
    far = settings(home, timezone="America/Los_Angeles")
    assert measured(far, raw, "raw", DAY, BEFORE, "+future_rows")["orders_in_the_future@orders"].passed


@pytest.fixture
def marts(clean: str) -> Iterator[str]:
    """A build of 300 users with 3 orders each, in two stages."""
    with psycopg.connect(clean, autocommit=True) as admin:
        admin.execute("set role transformer")
        admin.execute(
            "create table build.users as select 'u' || n as user_id, 3 as orders, 30::numeric as net,"
            " case when n <= 150 then 'new' else 'loyal' end as stage from generate_series(1, 300) as n"
        )
        admin.execute(
            "create table build.int_orders_counted as select n::text as order_id, 'u' || (n %% 300 + 1) as user_id,"
            " 10::numeric as net, %s::date - n %% 30 as order_day from generate_series(1, 900) as n", [DAY]
        )
        admin.execute("reset role")
        yield clean
        admin.execute("drop table build.users, build.int_orders_counted; delete from meta.published_figures")


def publish(url: str, users: int) -> None:
    """What the publication kept of a version with so many users, half of them new."""
    with psycopg.connect(url) as admin:
        for figure, subject, value in (
            ("users", "all", users), ("users_in_stage", "new", users / 2), ("users_in_stage", "loyal", users / 2)
        ):
            admin.execute(
                "insert into meta.published_figures values (1, 'users', %s, %s, %s)", [figure, subject, value]
            )


def of_marts(home: Path, url: str, day: date | None = BEFORE) -> dict[str, CheckResult]:
    return judge(settings(home), url, "marts", DAY, day, day and (1, day))


def test_marts_pass_before_and_after_a_first_publication(marts: str, home: Path) -> None:
    assert failing(of_marts(home, marts, None)) == set()
    publish(marts, 300)
    results = of_marts(home, marts)
    assert failing(results) == set()
    assert results["users_lost@users"].severity == "critical", "it was judged, not left out"
    assert results["stage_mix@users"].severity == "warning"


def test_lost_users_block(marts: str, home: Path) -> None:
    publish(marts, 330)
    results = of_marts(home, marts)
    assert failing(results) == {"users_lost@users", "some_users_lost@users"}
    assert results["users_lost@users"].observed == "30 users fewer than the 330 of the published version"


def test_fewer_users_on_an_earlier_date_are_normal(marts: str, home: Path) -> None:
    publish(marts, 400)
    assert failing(of_marts(home, marts, DAY + timedelta(days=5))) == set()


def test_a_fan_out_and_a_stage_drift_are_caught(marts: str, home: Path) -> None:
    publish(marts, 300)
    plant(marts, "update build.users set orders = 6 where user_id = 'u7'", "update build.users set stage = 'loyal'")
    results = of_marts(home, marts)
    assert failing(results) == {"users_sum_to_orders@users", "stage_mix@users"}
    assert results["users_sum_to_orders@users"].blocks


def test_a_business_without_users_is_published(marts: str, home: Path) -> None:
    plant(marts, "delete from build.users", "update build.int_orders_counted set user_id = null")
    results = of_marts(home, marts, None)
    assert failing(results) == set()
    assert results["users_net_negative@users"].severity == "info"
