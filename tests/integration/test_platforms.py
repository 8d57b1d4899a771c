"""Order platforms' own files become canonical rows: each profile against a fixture, rows worked out by hand.

The fixtures are written after what public parsers and vendors say of the files; no row is of a real person.
"""

import hashlib

from platform_place import LINE, ORDER, REFUND, Place, blocking, pseudonym


def test_taobao(shop: Place) -> None:
    assert blocking(shop.read_by("taobao", "taobao").load()) == []
    assert shop.rows("orders", ORDER) == [
        ("3100000001", "completed", "03-01 20:15:00", "03-01 20:16:30", "199.00", "0.00", "10.00", "209.00"),
        ("3100000002", "created", "03-02 10:00:00", None, "59.00", "0.00", "0.00", "0.00"),
        # 5.00 of it were paid with points.
        ("3100000003", "paid", "03-02 10:05:00", "03-02 10:06:00", "100.00", "5.00", "0.00", "95.00"),
        # Paid, then closed before anything was sent: it shows 0 because all of it went back.
        ("3100000004", "paid", "03-02 11:00:00", "03-02 11:01:00", "88.00", "0.00", "0.00", "88.00"),
        ("3100000005", "cancelled", "03-02 11:30:00", None, "45.00", "0.00", "6.00", "0.00"),
        # Received 250.00 after 50.00 went back.
        ("3100000006", "completed", "02-25 08:00:00", "02-25 08:02:00", "300.00", "0.00", "0.00", "300.00"),
        ("3100000007", "completed", "02-26 09:00:00", "02-26 09:00:30", "66.00", "0.00", "0.00", "66.00"),
        ("3100000008", "shipped", "03-02 14:00:00", "03-02 14:00:20", "30.00", "0.00", "0.00", "30.00"),
    ]
    assert shop.rows("refunds", REFUND) == [
        ("3100000004-refund", "3100000004", None, "88.00", "03-02 11:01:00", "退款"),
        ("3100000006-refund", "3100000006", None, "50.00", "03-02 12:00:00", None),
        ("3100000007-refund", "3100000007", None, "66.00", "03-02 13:00:00", None),
    ]
    assert shop.rows("order_lines", LINE, "1, 2") == [
        ("3100000001", 1, "CUP", 1, "1000.00", "100.00"),
        ("3100000001", 2, "TEA-G-250", 1, "120.00", "99.00"),
        ("3100000002", 1, f"tb_{hashlib.md5('茶杯 颜色分类:青'.encode()).hexdigest()}", 1, "59.00", "59.00"),
    ]
    bear, bao, guest, dew = (pseudonym("tb", name) for name in ("小熊家", "阿宝2019", "山间客", "白露"))
    assert shop.rows("contacts", "contact_id, nickname, phone, email, city", "nickname collate \"C\"") == [
        (bear, "小熊家", "13800138001", "bear@example.com", "杭州市"),
        (guest, "山间客", "13700137003", None, "深圳市"),
        (dew, "白露", "13600136004", None, "成都市"),
        (bao, "阿宝2019", "13900139002", None, "上海市"),
    ]
    assert shop.rows("orders", "contact_id", "order_id") == [
        (bear,), (bao,), (bao,), (guest,), (guest,), (bear,), (dew,), (None,)
    ]
    assert shop.rows("orders", "distinct currency, sales_channel, channel_code") == [("CNY", "marketplace", "taobao")]
    assert shop.books() == [("contacts", 4, 4, 0), ("order_lines", 4, 3, 1), ("orders", 8, 8, 0), ("refunds", 3, 3, 0)]
    assert shop.quarantine() == [("order_lines", 4, "a gift is no sale (price 0)")]


def test_tmall_is_taobao_under_its_own_channel_with_the_older_items_file(shop: Place) -> None:
    assert blocking(shop.read_by("tmall", "tmall").load()) == []
    assert shop.rows("orders", f"{ORDER}, channel_code, contact_id") == [
        ("3200000001", "paid", "03-02 15:00:00", "03-02 15:00:40", "80.00", "0.00", "0.00", "80.00", "tmall",
         pseudonym("tb", "小熊家"))
    ]
    assert shop.rows("order_lines", f"{LINE}, updated_at::text") == [
        ("3200000001", 1, "TEA-W", 2, "40.00", "80.00", "2026-03-02 00:00:00+08")
    ]


def test_jd_shares_an_orders_money_among_its_lines(shop: Place) -> None:
    assert blocking(shop.read_by("jd", "jd").load()) == []
    assert shop.rows("orders", ORDER) == [
        # 906.00 + 32.45 from the balance; 1097.00 + 6.00 freight less that is the discount.
        ("11729439001", "paid", "03-01 23:19:56", "03-01 23:20:30", "1097.00", "164.55", "6.00", "938.45"),
        ("11729439003", "created", "03-02 09:00:00", None, "758.00", "0.00", "0.00", "0.00"),
        ("11729439004", "completed", "02-27 09:00:00", "02-27 09:00:30", "226.00", "0.00", "0.00", "226.00"),
        ("11729439005", "paid", "03-02 11:00:00", "03-02 11:00:30", "113.00", "0.00", "0.00", "113.00"),
        ("11729439006", "cancelled", "03-02 12:00:00", None, "113.00", "0.00", "0.00", "0.00"),
    ]
    # 932.45 × 758 ÷ 1097 = 644.2999…; the rest is the cups'.
    assert shop.rows("order_lines", LINE, "1, 2") == [
        ("11729439001", 1, "POT-1", 1, "758.00", "644.30"),
        ("11729439001", 2, "1002", 3, "113.00", "288.15"),
        ("11729439003", 1, "POT-1", 1, "758.00", "758.00"),
        ("11729439004", 1, "CUP-1", 2, "113.00", "226.00"),
        ("11729439005", 1, "CUP-1", 1, "113.00", "113.00"),
        ("11729439006", 1, "CUP-1", 1, "113.00", "113.00"),
    ]
    assert shop.rows("refunds", REFUND) == [
        ("11729439005-refund", "11729439005", None, "113.00", "03-02 11:00:30", "(取消)等待出库")
    ]
    assert shop.rows("contacts", "contact_id, nickname, phone", "nickname") == [
        (pseudonym("jd", "bear_7"), "bear_7", "13800138001"), (pseudonym("jd", "rds319"), "rds319", "13767111001")
    ]
    assert shop.books() == [("contacts", 2, 2, 0), ("order_lines", 8, 6, 2), ("orders", 5, 5, 0), ("refunds", 1, 1, 0)]
    assert shop.quarantine() == [
        ("order_lines", 4, "a gift is no sale (price 0)"),
        ("order_lines", 5, "a split parent: its parts are orders of their own"),
    ]


def test_jd_refunds_a_line_by_its_after_sales_status(shop: Place) -> None:
    assert blocking(shop.read_by("jd", "jd_after_sales").load()) == []
    assert shop.rows("refunds", REFUND) == [
        ("11729439007-2-refund", "11729439007", 2, "200.00", "03-02 20:00:00", "退款成功")
    ]


def test_douyin_takes_cells_with_several_sub_orders_apart(shop: Place) -> None:
    assert blocking(shop.read_by("douyin", "douyin").load()) == []
    assert shop.rows("orders", ORDER) == [
        ("6917000001", "completed", "03-01 20:54:10", "03-01 20:54:10", "74.90", "46.00", "0.00", "28.90"),
        ("6917000002", "paid", "03-02 10:00:00", "03-02 10:00:00", "64.00", "3.99", "6.00", "66.01"),
        ("6917000005", "shipped", "03-02 11:00:00", "03-02 11:00:00", "53.00", "13.00", "0.00", "40.00"),
        ("6917000007", "paid", "03-02 12:00:00", "03-02 12:00:00", "150.00", "0.00", "0.00", "150.00"),
        ("6917000010", "cancelled", "03-02 13:00:00", None, "15.90", "0.00", "0.00", "0.00"),
        ("6917000011", "paid", "03-02 14:00:00", "03-02 14:00:00", "15.90", "0.00", "0.00", "15.90"),
    ]
    cup = f"douyin_{hashlib.md5('茶杯 白'.encode()).hexdigest()}"
    assert shop.rows("order_lines", LINE, "1, 2") == [
        ("6917000001", 1, "300400008", 1, "74.90", "28.90"),
        ("6917000002", 1, "300400008", 1, "32.00", "30.01"),
        ("6917000002", 2, "300400010", 1, "32.00", "30.00"),
        ("6917000005", 1, "300400008", 2, "26.50", "40.00"),
        ("6917000010", 1, "300400010", 1, "15.90", "15.90"),
        ("6917000011", 1, cup, 1, "15.90", "15.90"),
    ]
    assert shop.rows("refunds", REFUND) == [
        ("6917000001-refund", "6917000001", None, "28.90", "03-02 13:18:29", "退款成功"),
        ("6917000011-refund", "6917000011", None, "15.90", "03-02 14:00:00", "退款成功"),
    ]
    assert shop.rows("contacts", "contact_id, phone") == [(pseudonym("douyin", "13900139002"), "13900139002")]
    assert shop.rows("orders", "order_id, contact_id is not null", "1")[1:3] == [
        ("6917000002", False), ("6917000005", True)
    ]
    # One row gave two lines; a gift and the cell that cannot be told apart are set aside.
    assert shop.books() == [("contacts", 1, 1, 0), ("order_lines", 8, 6, 2), ("orders", 6, 6, 0), ("refunds", 2, 2, 0)]
    assert shop.quarantine() == [
        ("order_lines", 5, "a gift is no sale (price 0)"),
        ("order_lines", 6, "several sub-orders in one cell whose pieces cannot be told apart"),
    ]


def test_pinduoduo(shop: Place) -> None:
    assert blocking(shop.read_by("pinduoduo", "pinduoduo").load()) == []
    assert shop.rows("orders", ORDER) == [
        ("260227-100000000000005", "completed", "02-27 10:00:00", "02-27 10:00:00", "17.80", "1.00", "0.00", "16.80"),
        ("260301-100000000000003", "paid", "03-01 21:00:00", "03-01 21:00:00", "17.80", "0.00", "0.00", "17.80"),
        ("260302-100000000000001", "shipped", "03-02 09:30:00", "03-02 09:30:00", "1100.00", "80.00", "0.00",
         "1020.00"),
        # A blank time of the deal: the day that starts the order number.
        ("260302-100000000000002", "paid", "03-02 00:00:00", "03-02 00:00:00", "17.80", "0.00", "2.00", "19.80"),
        ("260302-100000000000004", "cancelled", "03-02 10:00:00", None, "17.80", "0.00", "0.00", "0.00"),
    ]
    assert shop.rows("order_lines", LINE) == [
        ("260227-100000000000005", 1, "754299000002-白", 1, "17.80", "16.80"),
        ("260301-100000000000003", 1, "754299000002-白", 1, "17.80", "17.80"),
        ("260302-100000000000001", 1, "TEA-G-250", 10, "110.00", "1020.00"),
        ("260302-100000000000002", 1, "754299000002-白", 2, "8.90", "17.80"),
        ("260302-100000000000004", 1, "754299000002-白", 1, "17.80", "17.80"),
    ]
    assert shop.rows("refunds", REFUND) == [
        ("260301-100000000000003-refund", "260301-100000000000003", None, "17.80", "03-01 21:00:00", "退款成功")
    ]
    assert shop.rows("contacts", "contact_id") == []
    assert shop.books() == [("contacts", 0, 0, 0), ("order_lines", 5, 5, 0), ("orders", 5, 5, 0), ("refunds", 1, 1, 0)]


def test_shopify_with_order_cells_on_the_first_row_only(shop: Place) -> None:
    assert blocking(shop.read_by("shopify", "shopify").load()) == []
    # Offsets of several zones: instants in China time.
    assert shop.rows("orders", f"{ORDER}, currency, sales_channel") == [
        ("#1001", "shipped", "03-02 11:32:10", "03-02 11:32:11", "54.50", "5.00", "5.00", "54.50", "USD", "other"),
        ("#1002", "paid", "03-02 10:00:00", "03-02 10:00:00", "30.00", "0.00", "0.00", "30.00", "USD", "store"),
        ("#1003", "created", "03-02 19:00:00", None, "20.00", "0.00", "0.00", "0.00", "USD", "other"),
        ("#1004", "cancelled", "03-02 19:30:00", None, "20.00", "0.00", "0.00", "0.00", "USD", "other"),
        ("#1005", "paid", "03-02 20:00:00", "03-02 20:00:00", "20.00", "0.00", "0.00", "20.00", "USD", "other"),
    ]
    # 49.50 (54.50 less 5.00 shipping) at 40 to 10.
    assert shop.rows("order_lines", LINE, "1, 2") == [
        ("#1001", 1, "TEA-G", 2, "20.00", "39.60"),
        ("#1001", 2, f"shopify_{hashlib.md5(b'Cup').hexdigest()}", 1, "10.00", "9.90"),
        ("#1002", 1, "CUP", 3, "10.00", "30.00"),
        ("#1003", 1, "TEA-G", 1, "20.00", "20.00"),
        ("#1004", 1, "TEA-G", 1, "20.00", "20.00"),
        ("#1005", 1, "TEA-G", 1, "20.00", "20.00"),
    ]
    assert shop.rows("refunds", REFUND) == [
        ("#1002-refund", "#1002", None, "10.00", "03-02 10:00:00", "partially_refunded"),
        ("#1005-refund", "#1005", None, "20.00", "03-02 21:00:00", "refunded"),
    ]
    # Jane's later order withdrew the consent that came with the earlier one.
    assert shop.rows("contacts", "contact_id, phone, email, city, email_consent", "email") == [
        (pseudonym("shopify", "jane@example.com"), "+12125550101", "jane@example.com", "New York", False),
        (pseudonym("shopify", "tom@example.com"), None, "tom@example.com", None, False),
        (pseudonym("shopify", "+14155550102"), "+14155550102", None, None, False),
    ]
    assert shop.books() == [("contacts", 3, 3, 0), ("order_lines", 7, 6, 1), ("orders", 5, 5, 0), ("refunds", 2, 2, 0)]
    assert shop.quarantine() == [("order_lines", 4, "a gift is no sale (price 0)")]


def test_shopify_with_order_cells_repeated_and_other_spellings(shop: Place) -> None:
    assert blocking(shop.read_by("shopify", "shopify_repeated").load()) == []
    assert shop.rows("orders", ORDER) == [
        ("#2001", "paid", "03-02 20:00:00", "03-02 20:00:00", "30.00", "0.00", "0.00", "30.00")
    ]
    assert shop.rows("order_lines", LINE, "1, 2") == [
        ("#2001", 1, "CUP", 1, "10.00", "10.00"), ("#2001", 2, "TEA-G", 1, "20.00", "20.00")
    ]
