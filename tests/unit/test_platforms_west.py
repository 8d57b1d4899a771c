"""Western shops' files become rows: one test a quirk, figures worked out by hand."""

import hashlib

import pytest
from platform_reading import PLATFORMS, pseudonym, read

from userops.ingest.outcome import Refused

MONEY = "order_id status gross_amount discount_amount shipping_amount paid_amount"
WOO = PLATFORMS / "woocommerce" / "orders-export-2026-03-02.csv"
ADVANCED = PLATFORMS / "woocommerce_advanced" / "orders-2026-03-02-23-59-00.csv"
AMAZON = PLATFORMS / "amazon" / "amazon_orders_20260302.txt"
OLDER_AMAZON = PLATFORMS / "amazon_older" / "amazon_orders_20260302.txt"
MAGENTO = PLATFORMS / "magento" / "magento_orders.csv"
EBAY = PLATFORMS / "ebay" / "ebay_orders.csv"
UCI = PLATFORMS / "uci" / "online_retail.csv"


# WooCommerce


def test_woocommerce_takes_an_orders_totals_once():
    assert read("woocommerce", WOO, "orders").of(f"{MONEY} payment_method") == [
        ("1901", "paid", "61.50", "10.00", "5.95", "57.45", "stripe"),
        # Cash on delivery: not paid while it is processing, paid when it is completed.
        ("1902", "created", "10.00", "0.00", "0.00", "0.00", "cod"),
        ("1903", "completed", "10.00", "0.00", "0.00", "10.00", "cod"),
        ("1904", "paid", "20.00", "0.00", "0.00", "20.00", "stripe"),
        ("1905", "completed", "20.00", "0.00", "0.00", "20.00", "stripe"),
        ("1906", "created", "20.00", "0.00", "0.00", "0.00", "bacs"),
        ("1907", "cancelled", "20.00", "0.00", "0.00", "0.00", "stripe"),
    ]


def test_woocommerce_fees_gifts_and_deleted_products():
    # 57.45 less 5.95 shipping and the fee of 2.00 are 49.50, at 32 to 8.
    cup = f"woo_{hashlib.md5(b'Cup').hexdigest()}"
    assert read("woocommerce", WOO, "order_lines").of("line_no line_key sku line_kind unit_price line_amount",
                                                      order_id="1901") == [
        ("1", "31", "TEA", "goods", "20.0000", "39.60"), ("4", "fee", "woo_fee", "fee", "2.0000", "2.00"),
        ("2", "32", cup, "goods", "10.0000", "9.90"), ("3", "33", "SAMPLE", "gift", "0.0000", "0.00"),
    ]


def test_woocommerce_refunds_are_running_totals():
    assert read("woocommerce", WOO, "refunds").of("refund_id running_total refunded_at") == [
        ("1904", "20.00", None), ("1905", "5.00", None)
    ]


def test_woocommerce_words_of_other_languages_go_to_quarantine():
    assert read("woocommerce", WOO, "orders").quarantine == [(10, "status is none of the allowed values")]


def test_woocommerce_buyers_by_e_mail_else_phone():
    assert read("woocommerce", WOO, "contacts").of("contact_id email phone")[:3] == [
        (pseudonym("woo", "ann@example.com"), "ann@example.com", "+4930123456"),
        (pseudonym("woo", "bo@example.com"), "bo@example.com", None),
        (pseudonym("woo", "+4930555"), None, "+49 30 555"),
    ]


def test_woocommerce_advanced_export_names_no_currency_and_refunds_in_rows_of_their_own():
    orders = read("woocommerce", ADVANCED, "orders", currency="GBP")
    assert orders.of(f"{MONEY} currency payment_method") == [
        ("2001", "paid", "50.00", "5.00", "5.00", "50.00", "GBP", "Credit card"),
        ("2002", "created", "10.00", "0.00", "0.00", "0.00", "GBP", "Cash on delivery"),
    ]
    lines = read("woocommerce", ADVANCED, "order_lines")
    assert lines.of("line_key sku unit_price line_amount", order_id="2001") == [
        ("1", "TEA", "20.0000", "36.00"), ("2", "CUP", "10.0000", "9.00")
    ]
    assert lines.quarantine == [(4, "a refund as a row of its own, which names no order")]


def test_woocommerce_an_empty_currency_beside_others_is_bad(tmp_path):
    path = tmp_path / WOO.name
    path.write_text(WOO.read_text().replace("20.00,0.00,EUR,bacs", "20.00,0.00,,bacs"))
    assert (8, "currency is empty") in read("woocommerce", path, "orders").quarantine


# Amazon


def test_amazon_adds_items_without_tax_and_leaves_cancelled_ones_out():
    assert read("amazon", AMAZON, "orders").of(f"{MONEY} currency placed_at") == [
        # 30.00 + 3.00 gift wrap − 3.00 promotion + 5.00 − 1.00 shipping.
        ("111-0000001-0000001", "shipped", "33.00", "3.00", "4.00", "34.00", "EUR", "03-02 04:04:21"),
        ("111-0000002-0000002", "created", "0.00", "0.00", "0.00", "0.00", "CNY", "03-02 09:00:00"),
        ("111-0000003-0000003", "cancelled", "0.00", "0.00", "0.00", "0.00", "EUR", "03-02 11:00:00"),
        ("111-0000005-0000005", "completed", "100.00", "0.00", "0.00", "100.00", "INR", "03-02 11:00:00"),
        ("111-0000007-0000007", "shipped", "50.00", "0.00", "0.00", "50.00", "INR", "03-02 11:00:00"),
    ]


def test_amazon_lines_gift_wrap_and_items_taken_out():
    assert read("amazon", AMAZON, "order_lines").of("line_key sku line_kind quantity unit_price line_amount",
                                                    order_id="111-0000001-0000001") == [
        ("5001", "TEA", "goods", "2", "15.0000", "27.00"),
        ("5001-wrap", "amazon_gift_wrap", "fee", "1", "3.0000", "3.00"),
        ("5002", "CUP", "goods", "0", "0.0000", "0.00"), ("5003", "SAMPLE", "gift", "1", "0.0000", "0.00"),
    ]


def test_amazon_what_is_set_aside_and_why():
    assert read("amazon", AMAZON, "order_lines").quarantine == [
        (4, "an item without a price yet"), (6, "an order of another shop that Amazon sends")
    ]
    # A word of another language.
    assert read("amazon", AMAZON, "orders").quarantine == [(8, "status is none of the allowed values")]


def test_amazon_older_reports_have_no_item_id_and_lines_go_by_their_place():
    lines = read("amazon", OLDER_AMAZON, "order_lines")
    assert lines.of("line_key sku line_amount") == [
        ("1", "TEA", "27.00"), ("1-wrap", "amazon_gift_wrap", "3.00"), ("2", "SAMPLE", "0.00")
    ]
    assert lines.whole == "order_id"


def test_amazon_bytes_of_another_encoding_refuse_the_file(tmp_path):
    path = tmp_path / AMAZON.name
    path.write_bytes(AMAZON.read_text(encoding="utf-8").encode("cp1252"))
    with pytest.raises(Refused, match="not utf-8"):
        read("amazon", path, "orders")


# Magento


def test_magento_orders_with_both_kinds_of_clock():
    orders = read("magento", MAGENTO, "orders", currency="GBP")
    assert orders.of(f"{MONEY} placed_at currency") == [
        ("000000012", "paid", "60.00", "10.00", "5.00", "55.00", "03-02 10:04:00", "GBP"),
        ("000000013", "created", "20.00", "0.00", "0.00", "0.00", "03-02 14:04:00", "GBP"),
        ("000000014", "completed", "20.00", "0.00", "0.00", "20.00", "02-27 13:30:00", "GBP"),
        # Tax on top of Subtotal.
        ("000000015", "completed", "24.00", "0.00", "0.00", "24.00", "03-01 09:00:00", "GBP"),
        ("000000018", "cancelled", "20.00", "0.00", "0.00", "0.00", "03-02 11:45:00", "GBP"),
    ]
    assert orders.quarantine == [(5, "an order in another currency than the shop's"), (6, "status is empty")]


def test_magento_refunds_and_buyers():
    assert read("magento", MAGENTO, "refunds").of("refund_id running_total") == [
        ("000000014", "20.00"), ("000000015", "4.00")
    ]
    assert read("magento", MAGENTO, "orders").one("contact_id", order_id="000000012") == (
        pseudonym("magento", "ann@example.com"),)


# eBay


def test_ebay_an_order_of_several_items_has_a_row_of_its_own():
    assert read("ebay", EBAY, "orders", timezone="America/New_York", currency="USD").of(
        f"{MONEY} tax_amount currency placed_at"
    ) == [
        ("12-00001-00001", "shipped", "1050.00", "0.00", "5.00", "1065.00", "10.00", "USD", "03-01 00:00:00"),
        ("12-00002-00002", "paid", "50.00", "0.00", "0.00", "50.00", "0.00", "USD", "03-02 00:00:00"),
    ]
    lines = read("ebay", EBAY, "order_lines")
    assert lines.of("order_id line_key sku quantity unit_price line_amount") == [
        ("12-00001-00001", "7001", "POT", "1", "1000.0000", "1000.00"),
        ("12-00001-00001", "7002", "ebay_2002", "2", "25.0000", "50.00"),
        ("12-00002-00002", "7003", "CUP", "2", "25.0000", "50.00"),
    ]


def test_ebay_frame_and_unpaid_orders_are_set_aside():
    assert read("ebay", EBAY, "order_lines").quarantine == [
        (1, "an order's own row"), (5, "not paid yet: it has no order number"), (6, "3 fields where the header has 21"),
        (7, "1 fields where the header has 21"),
    ]


def test_ebay_its_own_addresses_are_no_e_mail():
    assert read("ebay", EBAY, "contacts").of("contact_id email phone city") == [
        (pseudonym("ebay", "tea_fan"), None, "+1 212 555 0101", "New York"),
        (pseudonym("ebay", "cup_fan"), "bo@example.com", None, "Boston"),
    ]


# Every shop that tells of deliveries


@pytest.mark.parametrize(("platform", "path", "counted"), [
    ("shopify", PLATFORMS / "shopify" / "orders_export_1.csv", {"shopify:#1001"}),
    ("taobao", PLATFORMS / "taobao" / "ExportOrderList202603030101.csv",
     {"taobao:3100000001", "taobao:3100000006", "taobao:3100000007"}),
    ("pinduoduo", PLATFORMS / "pinduoduo" / "pdd_orders.csv", {"pinduoduo:260227-100000000000005"}),
    ("woocommerce", WOO, {"woocommerce:1903", "woocommerce:1905"}),
    ("amazon", AMAZON, {"amazon:111-0000005-0000005"}),
    ("ebay", EBAY, {"ebay:12-00001-00001"}),
    ("youzan", PLATFORMS / "youzan" / "youzan_orders.csv", {"youzan:E20260227090000000000004"}),
    ("wechat_shop", PLATFORMS / "wechat_shop" / "wechat_shop_orders.csv", set()),
    ("kuaishou_shop", PLATFORMS / "kuaishou_shop" / "kuaishou_orders_20260302.csv",
     {"kuaishou_shop:2606100000000001", "kuaishou_shop:2606100000000004"}),
])  # fmt: skip
def test_orders_may_count_when_they_are_delivered(platform, path, counted):
    orders = read(platform, path, "orders", counts_when="delivered")
    kept = [row for row in orders.good if row["status"] != "cancelled"]
    assert {row["order_id"] for row in kept if row["paid_at"]} == counted
    assert {row["paid_amount"] for row in kept if not row["paid_at"]} <= {"0.00"}


# UCI Online Retail


def test_uci_alone_sets_its_zero_lines_aside():
    lines = read("uci", UCI, "order_lines", timezone="Europe/London", currency="GBP")
    assert lines.of("order_id line_key sku line_kind line_amount") == [
        ("536365", "1", "85123A", "goods", "15.30"), ("536365", "2", "85123A", "goods", "15.30"),
        ("C536379", "1", "D", "goods", "27.50"),
    ]
    assert lines.quarantine == [(3, "unit price is not above 0")]
    assert lines.whole == "order_id"


def test_uci_cancellations_count_nowhere():
    assert read("uci", UCI, "orders", timezone="Europe/London", currency="GBP").of("order_id status paid_amount") == [
        ("536365", "completed", "30.60"), ("C536379", "cancelled", "27.50")
    ]
