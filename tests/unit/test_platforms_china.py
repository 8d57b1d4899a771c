"""Chinese shops' files become rows: one test a quirk, figures worked out by hand."""

import hashlib

import pytest
from platform_reading import PLATFORMS, changed, pseudonym, read

from userops.ingest.outcome import Refused

MONEY = "order_id status gross_amount discount_amount shipping_amount paid_amount"
LINE = "order_id line_key sku line_kind quantity unit_price line_amount"
TAOBAO = PLATFORMS / "taobao" / "ExportOrderList202603030101.csv"
JD = PLATFORMS / "jd" / "jd_orders.csv"
DOUYIN = PLATFORMS / "douyin" / "douyin_orders_20260302.csv"
PDD = PLATFORMS / "pinduoduo" / "pdd_orders.csv"


# Taobao and Tmall


def test_taobao_orders():
    assert read("taobao", TAOBAO, "orders").of(MONEY) == [
        ("3100000001", "completed", "199.00", "0.00", "10.00", "209.00"),
        ("3100000002", "created", "59.00", "0.00", "0.00", "0.00"),
        # 5.00 of it were paid with points.
        ("3100000003", "paid", "100.00", "5.00", "0.00", "95.00"),
        # Paid, then closed before anything was sent.
        ("3100000004", "cancelled", "88.00", "0.00", "0.00", "88.00"),
        ("3100000005", "cancelled", "45.00", "0.00", "6.00", "0.00"),
        # Received 250.00 after 50.00 went back.
        ("3100000006", "completed", "300.00", "0.00", "0.00", "300.00"),
        # The shop received 0.00.
        ("3100000007", "completed", "66.00", "0.00", "0.00", "66.00"),
        ("3100000008", "shipped", "30.00", "0.00", "0.00", "30.00"),
    ]


def test_taobao_refunds_are_running_totals():
    assert read("taobao", TAOBAO, "refunds").of("refund_id running_total amount refunded_at reason") == [
        ("3100000004", "88.00", None, None, "退款"), ("3100000006", "50.00", None, None, None),
        ("3100000007", "66.00", None, None, None),
    ]


def test_taobao_paid_is_what_was_received_and_given_back(tmp_path):
    """Of 300.00 with 20.00 off, all 280.00 went back."""
    path = changed(tmp_path, TAOBAO, '"300.00","0","250.00"', '"300.00","0","0.00"', "gb18030")
    path = changed(tmp_path, path, '"50.00","2026-03-02 12:00:00"', '"280.00","2026-03-02 12:00:00"', "gb18030")
    order = read("taobao", path, "orders").one("discount_amount paid_amount", order_id="3100000006")
    assert order == ("20.00", "280.00")
    assert read("taobao", path, "refunds").one("running_total", order_id="3100000006") == ("280.00",)


def test_taobao_closed_with_a_parcel_and_part_of_the_money_back_stays_shipped(tmp_path):
    path = changed(tmp_path, TAOBAO, '"250.00","0","交易成功"', '"250.00","0","交易关闭"', "gb18030")
    assert read("taobao", path, "orders").one("status paid_amount", order_id="3100000006") == ("shipped", "300.00")


def test_taobao_masked_members_name_nobody_and_consents_say_nothing():
    assert read("taobao", TAOBAO, "orders").one("contact_id phone", order_id="3100000008") == (None, None)
    contacts = read("taobao", TAOBAO, "contacts")
    assert contacts.of("nickname phone email city email_consent") == [
        ("小熊家", "13800138001", "bear@example.com", "杭州市", None),
        ("阿宝2019", "13900139002", None, "上海市", None),
        ("山间客", "13700137003", None, "深圳市", None), ("白露", "13600136004", None, "成都市", None),
    ]
    assert contacts.one("contact_id", nickname="小熊家") == (pseudonym("tb", "小熊家"),)


def test_taobao_an_unknown_status_goes_to_quarantine(tmp_path):
    path = changed(tmp_path, TAOBAO, '"等待买家付款"', '"等待仓库"', "gb18030")
    assert read("taobao", path, "orders").quarantine == [(2, "status is none of the allowed values")]


def test_taobao_newer_list_without_members_or_parcels():
    path = PLATFORMS / "taobao_newer" / "ExportOrderList202603032359.csv"
    assert read("taobao", path, "orders").of(f"{MONEY} contact_id phone updated_at") == [
        # The phone stands within the address.
        ("3300000001", "shipped", "88.00", "8.00", "0.00", "80.00", None, "13800138001", "03-02 09:00:00"),
        ("3300000002", "cancelled", "50.00", "0.00", "0.00", "50.00", None, None, "03-01 11:00:30"),
        # Sent, and 20.00 of 60.00 are back.
        ("3300000003", "shipped", "60.00", "0.00", "0.00", "60.00", None, None, "03-01 18:00:00"),
    ]
    assert read("taobao", path, "refunds").of("refund_id running_total") == [
        ("3300000002", "50.00"), ("3300000003", "20.00")
    ]
    assert read("taobao", path, "contacts").good == []


def test_taobao_lines_are_known_by_their_sub_order():
    lines = read("taobao", PLATFORMS / "taobao" / "ExportItemList202603030101.csv", "order_lines")
    assert lines.whole is None
    cup = f"tb_{hashlib.md5('茶杯 颜色分类:青'.encode()).hexdigest()}"
    assert lines.of(LINE) == [
        ("3100000001", "3100000012", "TEA-G-250", "goods", "1", "120.0000", "99.00"),
        ("3100000001", "3100000011", "CUP", "goods", "1", "1000.0000", "100.00"),
        ("3100000001", "3100000013", "GIFT", "gift", "1", "0.0000", "0.00"),
        ("3100000002", "3100000002", cup, "goods", "1", "59.0000", "59.00"),
    ]


def test_tmall_has_a_channel_of_its_own_and_the_older_items_file_brings_orders_whole():
    folder = PLATFORMS / "tmall"
    orders = read("tmall", folder / "ExportOrderList20260303.csv", "orders")
    assert orders.of("order_id channel_code contact_id") == [("3200000001", "tmall", pseudonym("tb", "小熊家"))]
    lines = read("tmall", folder / "ExportOrderDetailList20260303.csv", "order_lines")
    assert lines.of(f"{LINE} updated_at") == [
        ("3200000001", "1", "TEA-W", "goods", "2", "40.0000", "80.00", "03-02 00:00:00")
    ]
    assert lines.whole == "order_id"


# JD


def test_jd_takes_the_orders_money_once():
    assert read("jd", JD, "orders").of(MONEY) == [
        # 906.00 + 32.45 from the balance; 1097.00 + 6.00 freight less that is the discount.
        ("11729439001", "paid", "1097.00", "164.55", "6.00", "938.45"),
        # Split: its parts are orders of their own.
        ("11729439002", "cancelled", "758.00", "0.00", "0.00", "758.00"),
        ("11729439003", "created", "758.00", "0.00", "0.00", "0.00"),
        ("11729439004", "completed", "226.00", "0.00", "0.00", "226.00"),
        ("11729439005", "cancelled", "113.00", "0.00", "0.00", "113.00"),
        ("11729439006", "cancelled", "113.00", "0.00", "0.00", "0.00"),
    ]


def test_jd_lines_share_it_and_a_gift_is_a_line():
    # 932.45 × 758 ÷ 1097 = 644.2999…; the rest is the cups'.
    lines = read("jd", JD, "order_lines")
    assert lines.of("line_key sku line_kind quantity line_amount", order_id="11729439001") == [
        ("1", "POT-1", "goods", "1", "644.30"), ("2", "1002", "goods", "3", "288.15"),
        ("3", "GIFT", "gift", "1", "0.00"),
    ]
    assert (lines.whole, lines.quarantine) == ("order_id", [])


def test_jd_cash_on_delivery_is_not_paid_and_says_so():
    assert read("jd", JD, "orders").of("status paid_at payment_method", order_id="11729439003") == [
        ("created", None, "货到付款")
    ]


def test_jd_cash_on_delivery_counts_when_it_is_completed(tmp_path):
    sent = "0.00,,POT-1,,PC,无"
    path = changed(tmp_path, JD, sent, "0.00,,POT-1,2026-03-02 18:00:00,PC,无", "gb18030")
    path = changed(tmp_path, path, "758.00,等待确认收货", "758.00,完成", "gb18030")
    orders = read("jd", path, "orders", counts_when={"货到付款": "delivered"})
    assert orders.of("status paid_at paid_amount", order_id="jd:11729439003") == [
        ("completed", "03-02 18:00:00", "758.00")
    ]
    # Others count when they are paid.
    assert orders.one("status paid_amount", order_id="jd:11729439001") == ("paid", "938.45")


def test_jd_refunds_of_a_cancelled_order_and_of_a_line_but_not_of_a_split_order():
    assert read("jd", JD, "refunds").of("refund_id running_total") == [("11729439005", "113.00")]
    after_sales = PLATFORMS / "jd_after_sales" / "jd_orders.csv"
    assert read("jd", after_sales, "refunds").of("refund_id running_total refunded_at reason") == [
        ("11729439007", "200.00", None, "退款成功")
    ]


def test_jd_the_sentinel_of_an_unpaid_order_is_no_time(tmp_path):
    paid, unpaid = "0.00,2026-02-27 09:00:30,CUP-1,2026-03-02 10:00:00", "0.00,0001-01-01 00:00:00,CUP-1,"
    path = changed(tmp_path, JD, paid, unpaid, "gb18030")
    assert read("jd", path, "orders").one("status paid_at", order_id="11729439004") == ("created", None)


def test_jd_amounts_that_differ_within_an_order_refuse_the_file(tmp_path):
    path = changed(tmp_path, JD, "茶杯,3,在线支付,2026-03-01 23:19:56,113.00,1097.00,932.45,32.45,906.00",
                   "茶杯,3,在线支付,2026-03-01 23:19:56,113.00,1097.00,932.45,32.45,148.00", "gb18030")
    with pytest.raises(Refused, match="应付金额 differs within an order"):
        read("jd", path, "orders")


def test_jd_an_unknown_status_goes_to_quarantine_paid_or_not(tmp_path):
    path = changed(tmp_path, JD, "113.00,(取消)等待付款", "113.00,出库异常", "gb18030")
    assert read("jd", path, "orders").quarantine == [(8, "status is none of the allowed values")]


# Douyin


def test_douyin_sub_orders_have_a_state_and_money_of_their_own():
    lines = read("douyin", DOUYIN, "order_lines")
    assert lines.of("line_key line_kind quantity unit_price line_amount line_status line_paid_amount line_paid_at"
                    " line_shipping_amount") == [
        ("6917000001", "goods", "1", "74.9000", "28.90", "completed", "28.90", "03-01 20:54:10", "0.00"),
        # Two sub-orders in one cell share its figures.
        ("6917000003", "goods", "1", "32.0000", "30.01", "paid", "33.01", "03-02 10:00:00", "3.00"),
        ("6917000004", "goods", "1", "32.0000", "30.00", "paid", "33.00", "03-02 10:00:00", "3.00"),
        ("6917000005", "goods", "2", "26.5000", "40.00", "shipped", "40.00", "03-02 11:00:00", "0.00"),
        ("6917000006", "gift", "1", "0.0000", "0.00", "shipped", "0.00", "03-02 11:00:00", "0.00"),
        ("6917000010", "goods", "1", "15.9000", "15.90", "cancelled", "0.00", None, "0.00"),
        # Closed and refunded: it keeps its status, and its refund takes the money back.
        ("6917000011", "goods", "1", "15.9000", "15.90", "paid", "15.90", "03-02 14:00:00", "0.00"),
    ]
    assert (lines.whole, lines.quarantine) == (
        None, [(5, "several sub-orders in one cell whose pieces cannot be told apart")])


def test_douyin_orders_add_their_sub_orders():
    assert read("douyin", DOUYIN, "orders").of(MONEY) == [
        ("6917000001", "completed", "74.90", "46.00", "0.00", "28.90"),
        ("6917000002", "paid", "64.00", "3.99", "6.00", "66.01"),
        ("6917000005", "shipped", "53.00", "13.00", "0.00", "40.00"),
        ("6917000007", "paid", "150.00", "0.00", "0.00", "150.00"),
        ("6917000010", "cancelled", "15.90", "0.00", "0.00", "0.00"),
        ("6917000011", "paid", "15.90", "0.00", "0.00", "15.90"),
    ]


def test_douyin_an_order_is_as_far_as_its_least_advanced_sub_order(tmp_path):
    sent, closed = '"已发货","-","-","2026-03-02 18:00:00","5.00"', '"已关闭","-","不想要了","-","5.00"'
    path = changed(tmp_path, DOUYIN, sent, closed)
    assert read("douyin", path, "orders").of(MONEY, order_id="6917000005") == [
        ("6917000005", "shipped", "0.00", "0.00", "0.00", "0.00")
    ]
    assert read("douyin", path, "order_lines").one("line_status", line_key="6917000005") == ("cancelled",)


def test_douyin_a_price_of_three_pieces_keeps_four_places(tmp_path):
    path = changed(tmp_path, DOUYIN, '"2","\t300400008","40.00"', '"3","\t300400008","40.00"')
    assert read("douyin", path, "order_lines").one("unit_price quantity", line_key="6917000005") == ("17.6667", "3")


def test_douyin_refunds_are_of_the_sub_order():
    assert read("douyin", DOUYIN, "refunds").of("refund_id order_id running_total refunded_at") == [
        ("6917000001", "6917000001", "28.90", None), ("6917000011", "6917000011", "15.90", None)
    ]


def test_douyin_may_count_what_is_completed_alone():
    lines = read("douyin", DOUYIN, "order_lines", counts_when="delivered")
    assert lines.of("line_key line_status line_paid_amount line_paid_at")[:2] == [
        ("6917000001", "completed", "28.90", "03-02 13:18:29"), ("6917000003", "created", "0.00", None)
    ]
    orders = read("douyin", DOUYIN, "orders", counts_when="delivered")
    assert orders.of("order_id status paid_amount")[:2] == [
        ("douyin:6917000001", "completed", "28.90"), ("douyin:6917000002", "created", "0.00")
    ]


def test_douyin_encrypted_phones_name_nobody():
    assert read("douyin", DOUYIN, "contacts").of("contact_id phone sms_consent") == [
        (pseudonym("douyin", "13900139002"), "13900139002", None)
    ]


def test_douyin_an_unknown_status_goes_to_quarantine(tmp_path):
    path = changed(tmp_path, DOUYIN, '"已关闭","-","超时未支付"', '"已冻结","-","超时未支付"')
    assert read("douyin", path, "orders").quarantine == [(6, "status is none of the allowed values")]
    assert (6, "line_status is none of the allowed values") in read("douyin", path, "order_lines").quarantine


# Pinduoduo


def test_pinduoduo_orders():
    assert read("pinduoduo", PDD, "orders").of(f"{MONEY} placed_at") == [
        ("260302-100000000000001", "shipped", "1100.00", "80.00", "0.00", "1020.00", "03-02 09:30:00"),
        # A blank time of the deal: the day that starts the order number.
        ("260302-100000000000002", "paid", "17.80", "0.00", "2.00", "19.80", "03-02 00:00:00"),
        ("260301-100000000000003", "paid", "17.80", "0.00", "0.00", "17.80", "03-01 21:00:00"),
        ("260302-100000000000004", "cancelled", "17.80", "0.00", "0.00", "0.00", "03-02 10:00:00"),
        ("260227-100000000000005", "completed", "17.80", "1.00", "0.00", "16.80", "02-27 10:00:00"),
    ]
    assert read("pinduoduo", PDD, "refunds").of("refund_id running_total") == [("260301-100000000000003", "17.80")]


def test_pinduoduo_a_discount_of_the_payment(tmp_path):
    text = PDD.read_text(encoding="utf-8").replace("平台优惠折扣(元),", "平台优惠折扣(元),多多支付立减金额(元),", 1)
    lines = text.splitlines()
    lines[1:] = [lines[1].replace('"30.00","1,020.00"', '"30.00","2.00","1,018.00"')]
    path = tmp_path / PDD.name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert read("pinduoduo", path, "orders").of("discount_amount paid_amount") == [("82.00", "1018.00")]
    assert read("pinduoduo", path, "order_lines").of("line_amount") == [("1018.00",)]


def test_pinduoduo_cancelled_and_refunded_is_cancelled(tmp_path):
    path = changed(tmp_path, PDD, "未发货，退款成功", "已取消，退款成功")
    assert read("pinduoduo", path, "orders").one("status paid_amount", order_id="260301-100000000000003") == (
        "cancelled", "17.80")


def test_pinduoduo_a_gift_is_a_line(tmp_path):
    path = changed(tmp_path, PDD, '"已取消","17.80"', '"已取消","0"')
    lines = read("pinduoduo", path, "order_lines")
    assert lines.one("line_kind line_amount", order_id="260302-100000000000004") == ("gift", "0.00")
    assert (len(lines.good), lines.quarantine) == (5, [])
