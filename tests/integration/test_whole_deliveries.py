"""What deliveries replace as a set, on PostgreSQL; the unit tests of the models say the same on DuckDB."""

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest

from conftest import fresh_database
from measuring import build, make_raw_tables
from userops.settings import Settings
from userops.warehouse.schema import migrate

DAY = date(2024, 3, 10)
LOADS = """
insert into meta.load_files (load_id, export, source, layout, whole, business_date, file_name, sha256, bytes,
    rows_in_file, rows_loaded, rows_quarantined, state) overriding system value
select n, export, 'shop', layout, whole, day::date, name, n::text, 1, 1, 1, 0, 'loaded' from (values
    (1, 'order_lines', 'shop/1', 'order_id', '2024-03-01', 'a.csv'),
    (2, 'order_lines', 'shop/1', 'order_id', '2024-03-02', 'a.csv'),
    (3, 'order_lines', 'shop/1', 'order_id', '2024-03-02', 'B.csv'),
    (4, 'orders', 'shop/1', 'order_id', '2024-03-02', 'a.csv'),
    (5, 'contact_tags', 'wecom/1', 'contact_id', '2024-03-01', 'c.json'),
    (6, 'contact_tags', 'wecom/1', 'contact_id', '2024-03-03', 'c.json'),
    (7, 'contacts', 'wecom/1', 'contact_id', '2024-03-03', 'c.json'),
    (8, 'refunds', 'shop/1', null, '2024-03-02', 'a.csv')
) as loads (n, export, layout, whole, day, name)
"""
LINES = """
insert into raw.order_lines (order_id, line_no, line_key, sku, quantity, unit_price, line_amount, line_kind,
    line_status, line_paid_amount, updated_at, _load_id, _line, _business_date, _source)
select 'o1', n, n::text, 'CUP', n, price, n * price, 'goods', status, n * price, '2024-03-01', load, line, day::date,
    'shop' from (values
    (1, 60, 'paid', 1, 1, '2024-03-01'), (2, 40, 'paid', 1, 2, '2024-03-01'),
    (1, 60, 'shipped', 3, 1, '2024-03-02'), (2, 0, 'paid', 2, 1, '2024-03-02')
) as lines (n, price, status, load, line, day)
"""
ORDERS = """
insert into raw.orders (order_id, status, placed_at, paid_at, gross_amount, discount_amount, shipping_amount,
    paid_amount, currency, sales_channel, updated_at, _load_id, _line, _business_date, _source)
values ('o1', 'paid', '2024-03-01', '2024-03-01', 7, 0, 0, 7, 'CNY', 'app', '2024-03-01', 4, 1, '2024-03-02', 'shop')
"""
TAGS = """
insert into raw.contact_tags (contact_id, staff_id, tag_name, updated_at, _load_id, _line, _business_date, _source)
values ('c1', 's', 'vip', '2024-03-01', 5, 1, '2024-03-01', 'shop'),
    ('c2', 's', 'vip', '2024-03-01', 5, 2, '2024-03-01', 'shop')
"""
CONTACTS = """
insert into raw.contacts (contact_id, updated_at, _load_id, _line, _business_date, _source)
values ('c1', '2024-03-01', 7, 1, '2024-03-03', 'shop')
"""
TOTALS = """
insert into raw.refunds (refund_id, order_id, running_total, updated_at, _load_id, _line, _business_date, _source)
select 'o1', 'o1', total, '2024-03-01', 8, 1, day::date, 'shop' from (values
    (20, '2024-03-02'), (50, '2024-03-03'), (30, '2024-03-05'), (45, '2024-03-06')
) as totals (total, day)
"""
MODELS = "+stg_order_lines +stg_orders +stg_refunds +stg_contact_tags +stg_group_members +stg_ad_stats"


@pytest.fixture(scope="module")
def url(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with fresh_database(server_url) as url:
        migrate(url)
        make_raw_tables(url)
        with psycopg.connect(url) as admin:
            for statement in (LOADS, LINES, ORDERS, TAGS, CONTACTS, TOTALS):
                admin.execute(statement)
        home = tmp_path_factory.mktemp("whole")
        settings = Settings.load({"USEROPS_HOME": str(home), "USEROPS_DATABASE_URL": url})
        build(settings, url, "", DAY, None, select=MODELS)
        yield url


def rows(url: str, query: str) -> list[tuple]:
    with psycopg.connect(url) as reader:
        reader.execute("set time zone 'Asia/Shanghai'")
        return [tuple(map(str, row)) for row in reader.execute(query).fetchall()]


def test_the_newest_delivery_of_an_order_has_all_its_lines(url: str) -> None:
    # By bytes `a.csv` comes after `B.csv`, whatever the collation of the database.
    found = rows(url, "select line_key, line_kind from staging.stg_order_lines")
    assert found == [("2", "gift")]


def test_lines_with_a_status_make_their_order(url: str) -> None:
    found = rows(url, "select status, gross_amount, paid_amount from staging.stg_orders")
    assert found == [("paid", "0.00", "0.00")]


def test_a_tag_that_its_contact_no_longer_has_was_removed(url: str) -> None:
    found = rows(url, "select contact_id, removed_at from staging.stg_contact_tags order by contact_id")
    assert found == [("c1", "2024-03-03 00:00:00+08:00"), ("c2", "None")]


def test_increases_of_a_running_total_are_refunds(url: str) -> None:
    found = rows(
        url, "select refund_id, amount, refunded_at, is_date_estimated from staging.stg_refunds order by refund_id"
    )
    assert found == [
        ("o1-refund-1", "20.00", "2024-03-01 08:00:00+08:00", "True"),
        ("o1-refund-2", "10.00", "2024-03-03 23:59:59+08:00", "False"),
        ("o1-refund-3", "15.00", "2024-03-06 23:59:59+08:00", "True"),
    ]
