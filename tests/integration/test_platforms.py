"""Shops' own files are stored: every row of a file is loaded or in quarantine, and a load says what it brings whole.

What each file's rows become is asked without a server, in `tests/unit/test_platforms_*.py`.
"""

import pytest
from platform_place import LINE, ORDER, REFUND, Place, blocking, pseudonym

Books = list[tuple[str, int, int, int]]
SHOPS: dict[str, tuple[list[str], Books]] = {
    "taobao": (["taobao"],
               [("contacts", 4, 4, 0), ("order_lines", 4, 4, 0), ("orders", 8, 8, 0), ("refunds", 3, 3, 0)]),
    "jd": (["jd"], [("contacts", 2, 2, 0), ("order_lines", 8, 8, 0), ("orders", 6, 6, 0), ("refunds", 1, 1, 0)]),
    # A row gave two lines, and one is set aside.
    "douyin": (["douyin"],
               [("contacts", 1, 1, 0), ("order_lines", 8, 7, 1), ("orders", 6, 6, 0), ("refunds", 2, 2, 0)]),
    "pinduoduo": (["pinduoduo"],
                  [("contacts", 0, 0, 0), ("order_lines", 5, 5, 0), ("orders", 5, 5, 0), ("refunds", 1, 1, 0)]),
    "shopify": (["shopify", "shopify_products"],
                [("contacts", 3, 3, 0), ("order_lines", 7, 7, 0), ("orders", 5, 5, 0), ("products", 6, 3, 3),
                 ("refunds", 2, 2, 0)]),
    "woocommerce": (["woocommerce"],
                    [("contacts", 4, 4, 0), ("order_lines", 11, 11, 0), ("orders", 8, 7, 1), ("refunds", 2, 2, 0)]),
    "amazon": (["amazon"], [("order_lines", 10, 8, 2), ("orders", 6, 5, 1)]),
    "magento": (["magento"], [("contacts", 3, 3, 0), ("orders", 7, 5, 2), ("refunds", 2, 2, 0)]),
    "ebay": (["ebay"], [("contacts", 2, 2, 0), ("order_lines", 7, 3, 4), ("orders", 2, 2, 0)]),
    "wechat_shop": (["wechat_shop"],
                    [("contacts", 1, 1, 0), ("order_lines", 5, 5, 0), ("orders", 4, 4, 0), ("refunds", 2, 2, 0)]),
    "kuaishou_shop": (["kuaishou_shop"],
                      [("contacts", 1, 1, 0), ("order_lines", 6, 6, 0), ("orders", 6, 6, 0), ("refunds", 1, 1, 0)]),
}  # fmt: skip


@pytest.mark.parametrize("platform", SHOPS)
def test_every_row_is_loaded_or_in_quarantine(shop: Place, platform: str) -> None:
    fixtures, books = SHOPS[platform]
    assert blocking(shop.read_by(platform, *fixtures).load()) == []
    assert shop.books() == books


def test_rows_of_a_shop_are_stored_as_its_file_says(shop: Place) -> None:
    assert blocking(shop.read_by("tmall", "tmall").load()) == []
    assert shop.rows("orders", f"{ORDER}, channel_code, contact_id") == [
        ("3200000001", "paid", "03-02 15:00:00", "03-02 15:00:40", "80.00", "0.00", "0.00", "80.00", "tmall",
         pseudonym("tb", "小熊家"))
    ]
    assert shop.rows("order_lines", f"{LINE}, line_key, line_kind, updated_at::text") == [
        ("3200000001", 1, "TEA-W", 2, "40.00", "80.00", "1", "goods", "2026-03-02 00:00:00+08")
    ]


def test_a_refund_without_a_time_is_stored_as_a_running_total(shop: Place) -> None:
    assert blocking(shop.read_by("shopify", "shopify").load()) == []
    assert shop.rows("refunds", f"{REFUND}, round(running_total, 2)::text") == [
        ("#1002", "#1002", None, None, None, None, "10.00"), ("#1005", "#1005", None, None, None, None, "20.00")
    ]


def test_a_load_says_of_which_orders_it_brings_all_rows(shop: Place) -> None:
    assert blocking(shop.read_by("shopify", "shopify").load()) == []
    asked = "select export, layout, whole from meta.load_files order by export"
    assert shop.connection.execute(asked).fetchall() == [
        ("contacts", "shopify/1", None), ("order_lines", "shopify/1", "order_id"), ("orders", "shopify/1", "order_id"),
        ("refunds", "shopify/1", None),
    ]
