"""Files of WeChat shops, Kuaishou shops and Youzan become rows: one test a quirk, figures worked out by hand."""

import pytest
from platform_reading import PLATFORMS, changed, pseudonym, read

from userops.ingest.outcome import Refused

MONEY = "order_id status gross_amount discount_amount shipping_amount paid_amount"
YOUZAN = PLATFORMS / "youzan" / "youzan_orders.csv"
WECHAT = PLATFORMS / "wechat_shop" / "wechat_shop_orders.csv"
KUAISHOU = PLATFORMS / "kuaishou_shop" / "kuaishou_orders_20260302.csv"


# WeChat shops


def test_wechat_shop_takes_the_orders_payment_once():
    assert read("wechat_shop", WECHAT, "orders").of(f"{MONEY} sales_channel") == [
        ("3700000000000000001", "shipped", "130.00", "20.00", "5.00", "115.00", "live"),
        ("3700000000000000002", "created", "10.00", "0.00", "0.00", "0.00", "mini_program"),
        # Paid, cancelled, and the money is not back.
        ("3700000000000000003", "paid", "10.00", "0.00", "0.00", "10.00", "mini_program"),
        ("3700000000000000004", "cancelled", "10.00", "0.00", "0.00", "10.00", "mini_program"),
    ]
    lines = read("wechat_shop", WECHAT, "order_lines")
    assert lines.of("line_key sku line_amount", order_id="3700000000000000001") == [
        ("1", "TEA-250", "100.00"), ("2", "1002-白", "10.00")
    ]
    assert lines.whole == "order_id"


def test_wechat_shop_adds_the_lines_refunds_and_masked_recipients_name_nobody():
    assert read("wechat_shop", WECHAT, "refunds").of("refund_id running_total") == [
        ("3700000000000000001", "10.00"), ("3700000000000000004", "10.00")
    ]
    assert read("wechat_shop", WECHAT, "orders").one("contact_id", order_id="3700000000000000001") == (None,)


def test_wechat_shop_payments_that_differ_within_an_order_refuse_the_file(tmp_path):
    rest = "115.00,5.00,20.00,微信支付,2026-03-02 10:00:30,4200001,直播带货,茶杯"
    path = changed(tmp_path, WECHAT, f"8001,,130.00,115.00,{rest}", f"8001,,130.00,10.00,{rest}")
    with pytest.raises(Refused, match="订单实际支付金额 differs within an order"):
        read("wechat_shop", path, "orders")


# Kuaishou shops


def test_kuaishou_money_with_signs_and_commas_and_ids_of_spreadsheets():
    assert read("kuaishou_shop", KUAISHOU, "orders").of(f"{MONEY} sales_channel") == [
        ("2606100000000001", "shipped", "1299.90", "20.00", "10.00", "1289.90", "live"),
        ("2606100000000002", "cancelled", "20.00", "0.00", "0.00", "0.00", "marketplace"),
        ("2606100000000003", "cancelled", "20.00", "0.00", "0.00", "20.00", "marketplace"),
        ("2606100000000004", "completed", "20.00", "0.00", "0.00", "20.00", "marketplace"),
        ("2606100000000005", "paid", "0.00", "0.00", "0.00", "0.00", "live"),
        # Closed, and the after-sale case is still open.
        ("2606100000000006", "paid", "20.00", "0.00", "0.00", "20.00", "marketplace"),
    ]


def test_kuaishou_refunds_of_closed_orders_alone():
    """How much went back of an order that is not closed, the file does not say."""
    assert read("kuaishou_shop", KUAISHOU, "refunds").of("refund_id running_total") == [("2606100000000003", "20.00")]


def test_kuaishou_a_gift_is_an_order_whose_line_is_a_gift():
    lines = read("kuaishou_shop", KUAISHOU, "order_lines")
    assert lines.of("sku line_kind line_amount")[0::4] == [("POT", "goods", "1279.90"), ("SPOON", "gift", "0.00")]


# Youzan


def test_youzan_orders_under_a_header_with_one_name_twice():
    orders = read("youzan", YOUZAN, "orders")
    assert orders.of(f"{MONEY} sales_channel") == [
        ("E20260302100000000000001", "paid", "120.00", "20.00", "8.00", "106.00", "mini_program"),
        ("E20260302110000000000002", "cancelled", "50.00", "0.00", "0.00", "0.00", "other"),
        ("E20260228090000000000003", "cancelled", "50.00", "0.00", "0.00", "50.00", "mini_program"),
        ("E20260227090000000000004", "completed", "50.00", "0.00", "0.00", "50.00", "mini_program"),
    ]
    assert orders.quarantine == [(5, "status is none of the allowed values")]


def test_youzan_refunds_and_buyers():
    assert read("youzan", YOUZAN, "refunds").of("refund_id running_total") == [
        ("E20260228090000000000003", "50.00"), ("E20260227090000000000004", "12.50")
    ]
    # A TAB before the phone; the masked one names nobody, and the recipient's is not the buyer's.
    assert read("youzan", YOUZAN, "contacts").of("contact_id phone nickname") == [
        (pseudonym("youzan", "13800138001"), "13800138001", "小熊")
    ]


def test_youzan_lines_come_to_the_order_without_its_discount():
    lines = read("youzan", PLATFORMS / "youzan" / "youzan_items.csv", "order_lines")
    assert lines.of("line_key sku line_kind quantity line_amount", order_id="E20260302100000000000001") == [
        ("1", "TEA-250", "goods", "2", "100.00"), ("2", "SAMPLE", "gift", "1", "0.00")
    ]
    assert lines.whole == "order_id"


def test_youzan_customers_have_the_contact_ids_that_orders_name():
    customers = read("youzan", PLATFORMS / "youzan" / "youzan_customers.csv", "contacts")
    assert customers.of("contact_id nickname gender birth_year registered_at") == [
        (pseudonym("youzan", "13800138001"), "小熊", "f", "1990", "01-02 10:00:00")
    ]
    assert customers.quarantine == [
        (2, "no phone, or a masked one: no order can name this customer"), (3, "a second customer with this phone")
    ]
