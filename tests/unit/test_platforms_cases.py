"""Deliveries of shops that once gave wrong figures: what their files become now."""

from collections import Counter
from datetime import date

import pytest
from platform_reading import CASES, pseudonym, read

from userops.ingest.outcome import Refused
from userops.platforms.loading import load_platform
from userops.platforms.source import SourceEntries, make_source

NEW_YORK = {"timezone": "America/New_York", "currency": "USD"}


def test_shopify_cash_on_delivery_is_not_paid_and_says_how_it_is_paid():
    path = CASES / "shopify-cod-never-paid/2026-03-02/orders_export_1.csv"
    orders = read("shopify", path, "orders", timezone="Asia/Dhaka", currency="BDT")
    assert Counter(orders.of("status paid_at paid_amount payment_method")) == {
        ("created", None, "0.00", "Cash on Delivery (COD)"): 40
    }


def test_shopify_cash_on_delivery_counts_where_the_source_says_so():
    path = CASES / "shopify-cod-never-paid/2026-03-02/orders_export_1.csv"
    rule = {"Cash on Delivery (COD)": "delivered"}
    orders = read("shopify", path, "orders", timezone="Asia/Dhaka", currency="BDT", counts_when=rule)
    assert Counter(orders.of("status paid_at paid_amount")) == {("shipped", "03-02 12:00:00", "55.00"): 40}


def test_shopify_edited_order_with_an_open_balance():
    path = CASES / "shopify-order-edit-balance/2026-03-02/orders_export_1.csv"
    orders, lines = (read("shopify", path, export, **NEW_YORK) for export in ("orders", "order_lines"))
    assert len(orders.good) == 201
    assert orders.one("gross_amount discount_amount paid_amount", order_id="#2001") == ("110.00", "0.00", "55.00")
    # The lines are of the goods, whatever is paid of them.
    assert lines.of("sku line_amount", order_id="#2001") == [("CUP", "50.00"), ("POT", "60.00")]


def test_shopify_paid_without_a_transaction_is_paid():
    path = CASES / "shopify-paid-without-transaction/2026-03-02/orders_export_1.csv"
    orders = read("shopify", path, "orders", **NEW_YORK)
    assert Counter(orders.of("status paid_amount")) == {("paid", "55.00"): 43}


def test_shopify_refund_weeks_later():
    folder = CASES / "shopify-refund-weeks-later"
    first, later = ("2026-03-02", "2026-04-10")
    assert read("shopify", folder / first / "orders_export_1.csv", "refunds", **NEW_YORK).good == []
    refunds = read("shopify", folder / later / "orders_export_1.csv", "refunds", date(2026, 4, 10), **NEW_YORK)
    # Without a time: what the day of the folder is, staging knows.
    assert refunds.of("refund_id running_total amount refunded_at") == [("#1001", "55.00", None, None)]
    orders = read("shopify", folder / later / "orders_export_1.csv", "orders", date(2026, 4, 10), **NEW_YORK)
    assert orders.one("status paid_amount", order_id="#1001") == ("shipped", "55.00")


def test_shopify_test_and_free_orders():
    path = CASES / "shopify-test-and-free-orders/2026-03-02/orders_export_1.csv"
    orders = read("shopify", path, "orders", **NEW_YORK)
    assert orders.of("order_id contact_id paid_amount", is_test="true") == [("#2002", None, "55.00")]
    ann = pseudonym("shopify", "u1001@example.com")
    assert orders.of("order_id status gross_amount discount_amount paid_amount", contact_id=ann) == [
        ("#1001", "paid", "50.00", "0.00", "55.00"), ("#2009", "shipped", "50.00", "50.00", "0.00")
    ]
    contacts = read("shopify", path, "contacts", **NEW_YORK)
    assert len(contacts.good) == 20 and "test@example.com" not in {row["email"] for row in contacts.good}


def test_shopify_tip_line():
    path = CASES / "shopify-tip-line/2026-03-02/orders_export_1.csv"
    lines = read("shopify", path, "order_lines", **NEW_YORK)
    assert lines.of("line_kind product_name line_amount", order_id="#2005") == [
        ("goods", "Cup", "50.00"), ("tip", "Tip", "5.00")
    ]
    # The first row decides about the buyer.
    assert read("shopify", path, "orders", **NEW_YORK).one("contact_id paid_amount", order_id="#2005") == (
        pseudonym("shopify", "tip@example.com"), "60.00")


def test_shopify_two_shops_name_their_orders_alike_and_sources_keep_them_apart():
    found = []
    for path in sorted((CASES / "shopify-two-stores-same-order-name").glob("*/*.csv")):
        day, shop = date.fromisoformat(path.parent.name), path.name.removesuffix("_orders_1.csv")
        orders = read("shopify", path, "orders", day, name="orders_export_1.csv", **NEW_YORK)
        found += [(shop, order) for (order,) in orders.of("order_id")]
    assert (len(found), len(set(found)), len({order for _, order in found})) == (36, 36, 24)


@pytest.mark.parametrize(("name", "exports"), [
    ("shop_b_orders_1.csv", ["order_lines", "orders", "refunds", "contacts"]), ("shop_b_customers.csv", ["contacts"]),
    ("shop_b_products_2026.csv", ["products"]),
])  # fmt: skip
def test_a_shops_own_file_names_tell_which_kind_of_file_they_are(name, exports):
    said = SourceEntries(name="shop_b", platform="shopify", files=("shop_b*.csv",))
    (layout,) = make_source(said, load_platform("shopify")).layouts_of(name)
    assert list(layout.exports) == exports


def test_douyin_sub_order_exported_alone():
    folder, lines = CASES / "douyin-sub-order-exported-alone", {}
    for day in (date(2026, 3, 2), date(2026, 3, 3)):
        path = folder / day.isoformat() / "douyin_orders_1.csv"
        for row in read("douyin", path, "order_lines", day).good:
            lines[row["order_id"], row["line_key"]] = row
    columns = ("sku", "line_status", "line_paid_amount", "line_amount", "quantity", "unit_price")
    assert [tuple(row[name] for name in columns) for (order, _), row in lines.items() if order == "69001"] == [
        ("TEA", "paid", "60.00", "60.00", "1", "60.0000"), ("CUP", "shipped", "40.00", "40.00", "1", "40.0000")
    ]
    paid = [float(row["line_paid_amount"]) for row in lines.values()]
    assert (len({order for order, _ in lines}), sum(paid)) == (81, 4100)


def test_two_gifts_an_order():
    path = CASES / "two-gifts-an-order/2026-03-02/jd_orders.csv"
    lines = read("jd", path, "order_lines")
    assert lines.quarantine == []
    assert Counter(lines.of("sku line_kind unit_price line_amount")) == {
        ("LIP", "goods", "100.0000", "100.00"): 10, ("S1", "gift", "0.0000", "0.00"): 10,
        ("S2", "gift", "0.0000", "0.00"): 10,
    }
    assert Counter(read("jd", path, "orders").of("gross_amount paid_amount")) == {("100.00", "100.00"): 10}


@pytest.mark.parametrize("day", [date(2026, 3, 2), date(2026, 3, 3)])
def test_masked_buyers_alone_make_orders_without_contacts(day):
    path = CASES / "marketplace-masked-buyers-only" / day.isoformat() / "pdd_orders.csv"
    assert Counter(read("pinduoduo", path, "orders", day).of("contact_id phone paid_amount")) == {
        (None, None, "19.80"): 30
    }
    assert len(read("pinduoduo", path, "order_lines", day).good) == 30
    assert read("pinduoduo", path, "contacts", day).good == []


@pytest.mark.parametrize(("platform", "path"), [
    ("douyin", "excel-mangled-order-ids/2026-03-02/douyin_orders_1.csv"),
    ("jd", "excel-mangled-order-ids/jd/2026-03-02/jd_orders.csv"),
])  # fmt: skip
def test_ids_that_a_spreadsheet_mangled_refuse_the_file(platform, path):
    with pytest.raises(Refused, match="order ids in scientific notation: the file was saved by a spreadsheet"):
        read(platform, CASES / path, "orders")
