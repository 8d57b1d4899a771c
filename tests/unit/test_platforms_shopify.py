"""Shopify's files become rows: one test a quirk, figures worked out by hand."""

import hashlib

import pytest
from platform_reading import PLATFORMS, Rows, pseudonym, read

from userops.ingest.outcome import Refused

FIRST = PLATFORMS / "shopify" / "orders_export_1.csv"
KINDS = PLATFORMS / "shopify_kinds" / "orders_export_1.csv"
MONEY = "order_id status gross_amount discount_amount shipping_amount paid_amount"
LINE = "order_id line_no sku line_kind quantity line_amount"


def shopify(path, export: str) -> Rows:
    return read("shopify", path, export)


def test_order_cells_on_the_first_row_and_offsets_of_several_zones():
    assert shopify(FIRST, "orders").of(f"{MONEY} placed_at paid_at") == [
        ("#1001", "shipped", "54.50", "5.00", "5.00", "54.50", "03-02 11:32:10", "03-02 11:32:11"),
        ("#1002", "paid", "30.00", "0.00", "0.00", "30.00", "03-02 10:00:00", "03-02 10:00:00"),
        ("#1003", "created", "20.00", "0.00", "0.00", "0.00", "03-02 19:00:00", None),
        ("#1004", "cancelled", "20.00", "0.00", "0.00", "0.00", "03-02 19:30:00", None),
        # Cancelled, and all of its money is back.
        ("#1005", "cancelled", "20.00", "0.00", "0.00", "20.00", "03-02 20:00:00", "03-02 20:00:00"),
    ]


def test_lines_share_the_orders_money_and_a_gift_is_a_line():
    # 49.50 (54.50 less 5.00 shipping) at 40 to 10; a line without SKU is known by its name.
    assert shopify(FIRST, "order_lines").of(LINE, order_id="#1001") == [
        ("#1001", "1", "TEA-G", "goods", "2", "39.60"),
        ("#1001", "2", f"shopify_{hashlib.md5(b'Cup').hexdigest()}", "goods", "1", "9.90"),
        ("#1001", "3", "GIFT", "gift", "1", "0.00"),
    ]
    assert shopify(FIRST, "order_lines").quarantine == []


def test_order_cells_on_every_row_and_other_spellings():
    path = PLATFORMS / "shopify_repeated" / "shopify_orders.csv"
    assert shopify(path, "orders").of(MONEY) == [("#2001", "paid", "30.00", "0.00", "0.00", "30.00")]
    lines = shopify(path, "order_lines")
    assert lines.of("line_no sku line_amount") == [("1", "CUP", "10.00"), ("2", "TEA-G", "20.00")]


def test_a_file_brings_orders_whole():
    assert shopify(FIRST, "orders").whole == shopify(FIRST, "order_lines").whole == "order_id"


def test_the_place_of_sale_by_source():
    assert shopify(FIRST, "orders").of("order_id sales_channel")[:2] == [("#1001", "web"), ("#1002", "store")]
    assert shopify(KINDS, "orders").one("sales_channel", order_id="#3009") == ("other",)


def test_refunds_are_a_running_total_without_a_time():
    assert shopify(FIRST, "refunds").of("refund_id order_id running_total amount refunded_at") == [
        ("#1002", "#1002", "10.00", None, None), ("#1005", "#1005", "20.00", None, None)
    ]


def test_a_cancelled_order_keeps_its_status_until_all_its_money_is_back():
    orders = shopify(KINDS, "orders")
    assert orders.of("order_id status paid_amount", order_id="#3005") == [("#3005", "paid", "20.00")]
    assert orders.of("order_id status paid_amount", order_id="#3006") == [("#3006", "paid", "20.00")]
    assert shopify(FIRST, "orders").one("status", order_id="#1005") == ("cancelled",)


def test_tips_and_gift_cards_keep_their_price_and_bear_no_discount_and_no_tax():
    # 97.60 without shipping; 5.00 and 20.00 stand apart, so the tea is 80.00 − 10.00 + 2.60.
    assert shopify(KINDS, "order_lines").of("line_kind line_amount product_name", order_id="#3001") == [
        ("goods", "72.60", "Tea, green"), ("tip", "5.00", "Tip"), ("gift_card", "20.00", "Teahouse Gift Card - $20.00"),
    ]
    assert shopify(KINDS, "orders").one("gross_amount discount_amount tax_amount", order_id="#3001") == (
        "107.60", "10.00", "2.60")


def test_a_name_that_only_begins_like_a_tip_or_gift_card_is_of_goods():
    kinds = dict(shopify(KINDS, "order_lines").of("product_name line_kind"))
    assert (kinds["Gift card"], kinds["Gift card holder"], kinds["Tip jar"]) == ("gift_card", "goods", "goods")


def test_test_orders_by_gateway_or_tag_name_nobody():
    orders = shopify(KINDS, "orders")
    assert orders.of("order_id contact_id payment_method", is_test="true") == [
        ("#3003", None, "bogus"), ("#3004", None, "Shopify Payments")
    ]
    assert {row["email"] for row in shopify(KINDS, "contacts").good} == {"ann@example.com", "bo@example.com", None}


def test_what_is_paid_of_an_order_with_an_open_balance():
    order = shopify(KINDS, "orders").one("status gross_amount paid_amount", order_id="#3008")
    assert order == ("paid", "20.00", "7.50")


def test_an_unknown_status_goes_to_quarantine():
    assert shopify(KINDS, "orders").quarantine == [(9, "status is none of the allowed values")]


def test_personal_columns_may_be_cut_out():
    path = PLATFORMS / "shopify_cut" / "orders_export_1.csv"
    assert shopify(path, "orders").of("order_id contact_id phone paid_amount") == [("#3001", None, None, "102.60")]
    assert shopify(path, "contacts").good == []


def test_consents_say_nothing_where_the_file_says_nothing():
    # Jane's later order withdrew the consent that came with the earlier one; #1002 says nothing.
    contacts = shopify(FIRST, "contacts")
    assert contacts.of("email email_consent sms_consent wechat_consent") == [
        ("jane@example.com", "false", None, None), (None, None, None, None), ("tom@example.com", "false", None, None),
    ]


def test_customers_have_the_contact_ids_that_orders_name():
    customers = shopify(PLATFORMS / "shopify_customers" / "customers_export.csv", "contacts")
    assert customers.of("contact_id email phone city email_consent sms_consent") == [
        (pseudonym("shopify", "jane@example.com"), "jane@example.com", "+12125550101", "New York", "true", "false"),
        (pseudonym("shopify", "+14155550102"), None, "+14155550102", "San Francisco", "false", "true"),
        (pseudonym("shopify", "tom@example.com"), "tom@example.com", None, None, None, None),
    ]
    # The file has no date: its rows are of the end of the folder's.
    assert {row["updated_at"] for row in customers.good} == {"03-02 23:59:59"}
    # Of the business's day, which is over while the shop's still lasts.
    later = read("shopify", PLATFORMS / "shopify_customers" / "customers_export.csv", "contacts",
                 timezone="America/New_York", business_zone="Asia/Shanghai")
    assert {row["updated_at"] for row in later.good} == {"03-02 10:59:59"}
    orders = {row["contact_id"] for row in shopify(FIRST, "orders").good} - {None}
    assert orders == {row["contact_id"] for row in customers.good}
    assert customers.quarantine == [
        (3, "neither e-mail address nor phone: no order can name this customer"),
        (5, "a second customer with this address or phone"),
    ]


def test_products_of_several_rows_a_handle():
    products = shopify(PLATFORMS / "shopify_products" / "products_export_1.csv", "products")
    large = f"shopify_{hashlib.md5(b'Tea, green - 250 g').hexdigest()}"
    assert products.of("sku product_name category brand list_price unit_cost") == [
        ("TEA-G", "Tea, green - 100 g", "Tea", "Teahouse", "20.00", "7.2550"),
        (large, "Tea, green - 250 g", "Tea", "Teahouse", "45.00", None),
        # As order lines name the product without SKU.
        (f"shopify_{hashlib.md5(b'Cup').hexdigest()}", "Cup", "unknown", None, "10.00", None),
    ]
    assert products.quarantine == [
        (3, "a further picture, no variant"), (5, "a gift card is no product"), (6, "a second variant with this SKU")
    ]


def test_another_file_under_the_name_is_refused(tmp_path):
    path = tmp_path / "orders_export_1.csv"
    path.write_text("Order,Total\n1,2\n")
    with pytest.raises(Refused, match="no column Name"):
        shopify(path, "orders")
