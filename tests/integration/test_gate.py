"""The suites against small hand-made tables: a clean night passes, each planted fault is caught by its check."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest

from userops.checks import CheckResult
from userops.gate.decision import decide
from userops.gate.runner import run_suite
from userops.ingest.tables import ensure_raw_tables
from userops.settings import Settings
from userops.warehouse.connection import connect

FIRST = date(2024, 3, 1)
DAY = FIRST + timedelta(days=29)
BEFORE = DAY - timedelta(days=1)
NIGHTS = 30
A_DAY = 240
HOME = tempfile.mkdtemp(prefix="userops-gate-")

ORDERS = f"""
insert into raw.orders (order_id, contact_id, status, placed_at, paid_at, gross_amount, discount_amount,
    shipping_amount, paid_amount, currency, sales_channel, channel_code, updated_at, _load_id, _line, _business_date)
select 'o' || d || '_' || n, 'c' || (n %% 100), 'paid', t.at, t.at + interval '1 second', 110, 10, 8, 108 + n, 'CNY',
    'app', case when n %% 20 > 0 then 'ads' end, t.at + interval '1 second', 1, n, %(first)s::date + d
from generate_series(0, {NIGHTS - 1}) as d, generate_series(1, {A_DAY}) as n,
    -- Ten orders an hour by day, from 8 to 20, more in the evening; unequal, so a moved clock can be seen.
    lateral (select (%(first)s::date + d + interval '8 hours'
        + interval '1 hour' * floor(12 * sqrt((n - 0.5) / {A_DAY})) + interval '1 second' * n
    ) at time zone 'Asia/Shanghai' as at) as t
"""
LINES = """
insert into raw.order_lines (order_id, line_no, sku, quantity, unit_price, line_amount, updated_at, _load_id, _line,
    _business_date)
select order_id, 1, 's1', 1, 100, paid_amount - shipping_amount, updated_at, 2, _line, _business_date from raw.orders
"""
CONTACTS = """
insert into raw.contacts (contact_id, gender, sms_consent, email_consent, wechat_consent, app_push_consent,
    weibo_consent, updated_at, _load_id, _line, _business_date)
select 'c' || n, 'u', n %% 2 = 0, true, true, true, true, %(first)s::date, 3, n, %(first)s
from generate_series(0, 99) as n
"""


@pytest.fixture(scope="module")
def clean_raw(warehouse_url: str) -> str:
    with connect(warehouse_url, "loader") as connection:
        ensure_raw_tables(connection)
    with psycopg.connect(warehouse_url) as admin:
        for sql in (ORDERS, LINES, CONTACTS):
            admin.execute(sql, {"first": FIRST} if "%(" in sql else None)
    return warehouse_url


@pytest.fixture
def raw(clean_raw: str) -> Iterator[str]:
    """The clean tables, and the same again after the test has spoilt them."""
    tables = ("orders", "order_lines", "contacts", "touches", "ad_stats")
    with psycopg.connect(clean_raw, autocommit=True) as admin:
        for name in tables:
            admin.execute(f"create table if not exists public.kept_{name} as table raw.{name}")
        yield clean_raw
        for name in tables:
            admin.execute(f"truncate raw.{name}")
            admin.execute(f"insert into raw.{name} select * from public.kept_{name}")


def settings() -> Settings:
    return Settings.load({"USEROPS_HOME": HOME})


def judge(url: str, layer: str = "raw", since: date | None = BEFORE, day: date = DAY) -> dict[str, CheckResult]:
    return {f"{r.check}@{r.subject}": r for r in run_suite(url, layer, day, since, settings())}


def failing(results: dict[str, CheckResult]) -> set[str]:
    return {name for name, r in results.items() if not r.passed}


def spoil(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        for statement in statements:
            assert admin.execute(statement.replace("DAY", f"'{DAY}'::date")).rowcount, statement


def test_a_clean_night_passes_and_optional_exports_may_be_empty(raw: str) -> None:
    results = judge(raw)
    assert failing(results) == set()
    assert decide(results.values()) == "publish"
    assert results["clicks_above_impressions@ad_stats"].passed
    judged = {name for name, r in results.items() if r.severity != "info"}
    wanted = ("day_volume_collapsed", "rows_missing", "amount_level", "hours_shifted", "hour_missing", "cells_emptied")
    assert {f"{name}@orders" for name in wanted} <= judged


def test_a_backlog_in_one_folder_is_not_blocked(raw: str) -> None:
    spoil(raw, *(f"update raw.{t} set _business_date = DAY" for t in ("orders", "order_lines", "contacts")))
    assert failing(judge(raw, since=None)) == set()


def test_the_first_nights_lack_history(raw: str) -> None:
    results = judge(raw, since=FIRST + timedelta(days=2), day=FIRST + timedelta(days=3))
    assert failing(results) == set()
    assert results["day_volume_collapsed@orders"].severity == "info"
    assert results["day_volume_collapsed@orders"].observed.startswith("not enough history")


@pytest.mark.parametrize(
    ("check", "severity", "statements"),
    [
        ("orders_differ_from_lines@orders", "critical", ["update raw.orders set paid_amount = paid_amount * 100 where"
         " _business_date = DAY and _line % 100 = 7"]),
        ("most_orders_differ_from_lines@orders", "critical", ["update raw.orders set paid_amount = paid_amount * 100"
         " where _business_date = DAY"]),
        ("orders_of_unknown_contacts@orders", "critical", ["update raw.orders set contact_id = 'gone' || _line where"
         " _business_date = DAY and _line % 20 = 3"]),
        ("some_orders_of_unknown_contacts@orders", "warning", ["update raw.orders set contact_id = 'gone' where"
         " _business_date = DAY and _line = 3"]),
        ("orders_twice_with_other_content@orders", "critical", [
            "create temp table twin as select * from raw.orders where _business_date = DAY and _line % 100 = 3",
            "update twin set paid_amount = paid_amount + 5, gross_amount = 115",
            "insert into raw.orders select * from twin"]),
        ("rows_under_new_ids@orders", "warning", [
            "create temp table twin as select * from raw.orders where _business_date = DAY and _line % 4 = 3",
            "update twin set order_id = 'x' || order_id", "insert into raw.orders select * from twin",
            "insert into raw.order_lines (order_id, line_no, unit_price, quantity, line_amount, updated_at, _line,"
            " _business_date) select order_id, 1, 1, 1, paid_amount - 8, updated_at, 1, DAY from twin"]),
        ("day_volume_collapsed@orders", "critical", ["delete from raw.orders where _business_date = DAY and"
         " _line % 20 > 0"]),
        ("rows_missing@orders", "critical", [
            "delete from raw.orders where _business_date = DAY and _line % 10 > 4",
            "delete from raw.order_lines where _business_date = DAY and _line % 10 > 4"]),
        ("day_volume_unusual@orders", "warning", [
            "create temp table day as select * from raw.orders where _business_date = DAY",
            "create temp table many as select day.*, k from day cross join generate_series(1, 13) as k",
            "update many set order_id = order_id || '-' || k, placed_at = placed_at + k * interval '1 second',"
            " paid_at = paid_at + k * interval '1 second', updated_at = updated_at + interval '1 minute'",
            "alter table many drop column k", "insert into raw.orders select * from many",
            "insert into raw.order_lines (order_id, line_no, unit_price, quantity, line_amount, updated_at, _line,"
            " _business_date) select order_id, 1, 100, 1, 100, updated_at, 1, DAY from many",
            "update raw.order_lines set sku = 's1', line_amount = paid_amount - 8, unit_price = paid_amount"
            " from raw.orders where orders.order_id = order_lines.order_id and orders._business_date = DAY"]),
        ("amount_level@orders", "critical", ["update raw.orders set paid_amount = paid_amount / 7 where"
         " _business_date = DAY"]),
        ("hours_shifted@orders", "critical", ["update raw.orders set placed_at = placed_at - interval '8 hours' where"
         " _business_date = DAY"]),
        ("hour_missing@orders", "critical", ["delete from raw.orders where _business_date = DAY and"
         " extract(hour from placed_at at time zone 'Asia/Shanghai') = 17"]),
        ("cells_emptied@orders", "critical", ["update raw.orders set channel_code = null where _business_date = DAY"
         " and _line % 5 = 2"]),
        ("cells_emptied@orders", "critical", ["update raw.orders set channel_code = 'unknown' where"
         " _business_date = DAY and _line % 5 = 0"]),
        ("orders_in_the_future@orders", "critical", ["update raw.orders set paid_at = paid_at + interval '2 days' where"
         " _business_date = DAY and _line % 50 = 1"]),
        ("lines_of_unknown_orders@order_lines", "critical", [
            "delete from raw.orders where _business_date = DAY and _line % 50 = 1"]),
        ("orders_without_lines@order_lines", "critical", [
            "delete from raw.order_lines where _business_date = DAY and _line % 5 = 1"]),
        ("prices_not_positive@order_lines", "critical", ["update raw.order_lines set unit_price = 0"
         " where _business_date = DAY and _line % 20 = 1"]),
        ("clicks_above_impressions@ad_stats", "critical", ["insert into raw.ad_stats (stat_date, channel_code,"
         " impressions, clicks, _business_date) values (DAY, 'ads', 5, 100, DAY)"]),
        ("opt_outs_reset@contacts", "critical", ["insert into raw.contacts (contact_id, sms_consent, email_consent,"
         " wechat_consent, app_push_consent, weibo_consent, updated_at, _business_date) select 'c' || n, true, true,"
         " true, true, true, DAY, DAY from generate_series(0, 99) as n"]),
    ],
)  # fmt: skip
def test_a_planted_fault_is_caught(raw: str, check: str, severity: str, statements: list[str]) -> None:
    spoil(raw, *statements)
    results = judge(raw)
    assert check in failing(results), results[check]
    assert results[check].severity == severity
    assert decide(results.values()) == ("block" if severity == "critical" else "warn")


def test_lines_set_aside_by_the_contract_do_not_block_their_orders(raw: str) -> None:
    spoil(
        raw,
        "update raw.order_lines set line_amount = 1 where _business_date = DAY and _line = 3",
        "insert into meta.load_files (business_date, export, file_name, sha256, source, bytes, rows_in_file,"
        " rows_loaded, rows_quarantined, state) values (DAY, 'order_lines', 'f', 'x', 'canonical', 1, 240, 239, 1,"
        " 'loaded')",
    )
    found = judge(raw)
    spoil(raw, "delete from meta.load_files")
    assert "orders_differ_from_lines@orders" not in failing(found)
    assert "orders_differ_from_lines@orders" in failing(judge(raw))


def test_a_published_night_that_runs_again_is_judged_again(raw: str) -> None:
    spoil(raw, "update raw.orders set paid_amount = paid_amount * 100 where _business_date = DAY")
    assert "orders_differ_from_lines@orders" in failing(judge(raw, since=DAY))


def test_a_missing_table_is_no_answer_and_blocks(raw: str) -> None:
    with psycopg.connect(raw, autocommit=True) as admin:
        admin.execute("alter table raw.touches rename to touches_away")
        results = judge(raw)
        admin.execute("alter table raw.touches_away rename to touches")
    assert results["touches_of_unknown_channels@touches"].blocks
    assert "no answer" in results["touches_of_unknown_channels@touches"].observed


@pytest.fixture
def marts(warehouse_url: str) -> Iterator[str]:
    """A build of 100 users with 3 orders each; 100 users in two stages published the night before."""
    with psycopg.connect(warehouse_url, autocommit=True) as admin:
        admin.execute("set role transformer")
        admin.execute(
            "create table build.users as select 'u' || n as user_id, 3 as orders, 30::numeric as net,"
            " case when n <= 150 then 'new' else 'loyal' end as stage from generate_series(1, 300) as n"
        )
        admin.execute(
            "create table build.int_orders_counted as select n as order_id, 'u' || (n %% 300 + 1) as user_id,"
            " 10::numeric as net, %s::date - n %% 30 as order_day from generate_series(1, 900) as n",
            [DAY],
        )
        admin.execute("reset role")
        yield warehouse_url
        admin.execute("drop table build.users, build.int_orders_counted")
        admin.execute("drop view if exists marts.users")
        admin.execute("drop table if exists slot_0.users")
        admin.execute("truncate meta.publications")
        admin.execute("update meta.pointer set version = null, slot = null")


def publish(url: str, users: int, day: date = BEFORE) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            "create table slot_0.users as select 'u' || n as user_id,"
            f" case when n <= 150 then 'new' else 'loyal' end as stage from generate_series(1, {users}) as n"
        )
        admin.execute("create view marts.users as select * from slot_0.users")
        admin.execute("grant select on marts.users to bi_reader")
        admin.execute("insert into meta.publications values (1, %s, 'r', 0)", [day])
        admin.execute("update meta.pointer set version = 1, slot = 0")


def test_marts_pass_before_and_after_a_first_publication(marts: str) -> None:
    assert failing(judge(marts, "marts", None)) == set()
    publish(marts, 300)
    results = judge(marts, "marts")
    assert failing(results) == set()
    assert results["users_lost@users"].severity == "critical", "it was judged, not left out"
    assert results["stage_mix@users"].severity == "warning"


def test_lost_users_block(marts: str) -> None:
    publish(marts, 330)
    assert failing(judge(marts, "marts")) == {"users_lost@users"}


def test_fewer_users_on_an_earlier_date_are_normal(marts: str) -> None:
    publish(marts, 400, DAY + timedelta(days=5))
    assert "users_lost@users" not in failing(judge(marts, "marts"))


def test_a_fan_out_and_a_stage_drift_are_caught(marts: str) -> None:
    publish(marts, 300)
    spoil(marts, "update build.users set orders = 6 where user_id = 'u7'", "update build.users set stage = 'loyal'")
    results = judge(marts, "marts")
    assert {"users_sum_to_orders@users", "stage_mix@users"} == failing(results)
    assert results["users_sum_to_orders@users"].blocks


def test_the_settings_time_zone_is_used(raw: str) -> None:
    far = replace(settings(), timezone="America/Los_Angeles")
    results = {f"{r.check}@{r.subject}": r for r in run_suite(raw, "raw", DAY, BEFORE, far)}
    assert "orders_in_the_future@orders" not in failing(results)
