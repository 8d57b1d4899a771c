"""A business as platforms' files: exact rows of a tiny one, sums of a simulated one, and quirks that can be undone."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

import pytest
import yaml
from exports_read import bytes_of, latest_of
from hypothesis import given
from hypothesis import strategies as st

from csv_rows import rows_of
from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT
from userops.simulate import simulate
from userops.simulate.platforms import as_platforms, quirks
from userops.simulate.platforms.accounts import CHINA, keyed
from userops.simulate.platforms.cells import international, long_id, national
from userops.simulate.platforms.quirks import Quirks

ALL = "shopify,taobao,douyin,wecom,google_ads,ocean_engine"
FIRST, SECOND, THIRD = "2026-03-01", "2026-03-02", "2026-03-03"
EIGHT = "+08:00"


def write(folder: Path, tables: dict[str, list[dict]]) -> None:
    folder.mkdir(parents=True)
    for export, rows in tables.items():
        with (folder / f"{export}.csv").open("w", encoding="utf-8", newline="") as file:
            columns = [column.name for column in load_contracts()[export].columns]
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def order(name: str, contact: str, status: str, at: str, updated: str, **more: str) -> dict:
    paid = {"paid_at": f"{at}{EIGHT}"} if status != "created" else {}
    return {"order_id": name, "contact_id": contact, "status": status, "placed_at": f"{at}{EIGHT}",
            "updated_at": f"{updated}{EIGHT}", "currency": "CNY"} | paid | more


O1 = {"gross_amount": "50.00", "discount_amount": "5.00", "shipping_amount": "6.00", "paid_amount": "51.00",
      "sales_channel": "app"}
O2 = {"gross_amount": "1200.00", "discount_amount": "0.00", "shipping_amount": "0.00", "paid_amount": "1200.00",
      "sales_channel": "marketplace", "paid_at": ""}
CHANNEL = {"channel_name": "A channel", "domain": "public", "is_paid": "true", "pricing_model": "cpc",
           "started_on": "2025-01-01"}
CHANNELS = [CHANNEL | {"channel_code": code, "category": category} for code, category in (
    ("search_ads", "search_engine"), ("short_video", "short_video"), ("feed_ads", "new_media"))]
PRODUCTS = [{"sku": "TEA", "product_name": "Tea, green"}, {"sku": "CUP", "product_name": "Cup"}]
STAFF = [{"staff_id": "S1", "staff_name": "Colleague 1", "role": "employee"}]
GROUPS = [{"group_id": "G1", "group_name": "Group 1", "kind": "event", "owner_staff_id": "S1",
           "created_at": "2026-03-01T00:00:00"}]
SNAPSHOTS = {"channels": CHANNELS, "products": PRODUCTS, "staff": STAFF, "groups": GROUPS}


def ad(day: str, channel: str, keyword: str, impressions: int, clicks: int, cost: str) -> dict:
    return {"stat_date": day, "channel_code": channel, "campaign_id": f"AD_{channel}", "keyword": keyword,
            "impressions": str(impressions), "clicks": str(clicks), "cost": cost, "currency": "CNY",
            "updated_at": f"{day}T23:50:00{EIGHT}"}


def line(name: str, number: int, sku: str, quantity: int, price: str, amount: str, at: str) -> dict:
    return {"order_id": name, "line_no": str(number), "sku": sku, "quantity": str(quantity), "unit_price": price,
            "line_amount": amount, "updated_at": f"{at}{EIGHT}"}


def tiny(folder: Path) -> Path:
    """Two people: C1, a friend in a group, pays O1 of two lines and gets 9.00 back; C2 never pays O2."""
    write(folder / FIRST, SNAPSHOTS | {
        "contacts": [
            {"contact_id": "C1", "phone": "13800138001", "email": "Ann@Example.com", "unionid": "un1",
             "external_userid": "wm1", "nickname": "Ann", "gender": "f", "city": "Hangzhou", "email_consent": "true",
             "updated_at": f"2026-03-01T09:00:00{EIGHT}"},
            {"contact_id": "C2", "phone": "'+86139 0013 9002", "gender": "m",
             "updated_at": f"2026-03-01T09:30:00{EIGHT}"},
        ],
        "friendships": [{"staff_id": "S1", "contact_id": "C1", "added_at": "2026-03-01T09:00:00", "add_way": "scan",
                         "channel_code": "search_ads", "updated_at": f"2026-03-01T09:00:00{EIGHT}"}],
        "group_members": [
            {"group_id": "G1", "contact_id": name, "joined_at": f"2026-03-01T10:00:00{EIGHT}", "join_way": "scan",
             "updated_at": f"2026-03-01T10:00:00{EIGHT}"} for name in ("C1", "C2")],
        "orders": [order("O1", "C1", "paid", "2026-03-01T11:00:00", "2026-03-01T11:00:00", **O1),
                   order("O2", "C2", "created", "2026-03-01T12:00:00", "2026-03-01T12:00:00", **O2)],
        "order_lines": [line("O1", 1, "TEA", 2, "20.00", "36.00", "2026-03-01T11:00:00"),
                        line("O1", 2, "CUP", 1, "10.00", "9.00", "2026-03-01T11:00:00"),
                        line("O2", 1, "CUP", 1, "1200.00", "1200.00", "2026-03-01T12:00:00")],
        "refunds": [],
        "ad_stats": [ad(FIRST, "search_ads", "tea", 1234, 56, "78.90"), ad(FIRST, "search_ads", "", 10, 1, "1.00"),
                     ad(FIRST, "short_video", "x", 12000, 301, "1234.56"),
                     ad(FIRST, "short_video", "y", 1000, 9, "0.44"), ad(FIRST, "feed_ads", "", 5, 1, "2.00")],
        "touches": [
            {"touch_id": "T1", "occurred_at": f"2026-03-01T08:00:00{EIGHT}", "channel_code": "search_ads",
             "campaign_id": "AD_search_ads", "contact_id": "C1", "updated_at": f"2026-03-01T08:00:00{EIGHT}"}],
        "pushes": [
            {"push_id": f"P{number}", "contact_id": name, "medium": "sms",
             "sent_at": f"2026-03-01T13:00:00{EIGHT}", "updated_at": f"2026-03-01T13:00:00{EIGHT}"}
            for number, name in ((1, "C1"), (2, "C2"), (3, "C3"))],
    })
    write(folder / SECOND, SNAPSHOTS | {
        "contacts": [],
        "group_members": [
            {"group_id": "G1", "contact_id": "C1", "joined_at": f"2026-03-01T10:00:00{EIGHT}", "join_way": "scan",
             "left_at": f"2026-03-02T18:00:00{EIGHT}", "updated_at": f"2026-03-02T18:00:00{EIGHT}"}],
        "orders": [order("O1", "C1", "shipped", "2026-03-01T11:00:00", "2026-03-02T09:00:00", **O1),
                   order("O2", "C2", "cancelled", "2026-03-01T12:00:00", "2026-03-02T12:00:00", **O2)],
        "order_lines": [],
        "refunds": [{"refund_id": "R1", "order_id": "O1", "line_no": "2", "amount": "9.00", "reason": "damaged",
                     "refunded_at": f"2026-03-02T15:00:00{EIGHT}", "updated_at": f"2026-03-02T15:00:00{EIGHT}"}],
        "ad_stats": [ad(FIRST, "search_ads", "tea", 1274, 57, "79.90"),
                     ad(SECOND, "search_ads", "tea", 100, 3, "4.00")],
    })
    write(folder / THIRD, SNAPSHOTS | {
        "orders": [], "order_lines": [],
        "reviews": [{"review_id": "V1", "order_id": "O1", "sku": "TEA", "contact_id": "C1", "rating": "5",
                     "created_at": f"2026-03-03T10:00:00{EIGHT}", "updated_at": f"2026-03-03T10:00:00{EIGHT}"}],
        "erasure_requests": [{"request_id": "Q1", "contact_id": "C1", "scope": "erase",
                              "requested_at": f"2026-03-03T20:00:00{EIGHT}",
                              "updated_at": f"2026-03-03T20:00:00{EIGHT}"}],
    })
    return folder


@pytest.fixture(scope="module")
def business(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("tiny") / "business")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    simulate(folder, 200, 25, date(2026, 3, 1), 11)
    return folder


@pytest.fixture(scope="module", params=[False, True], ids=["clean", "quirks"])
def delivered(request: pytest.FixtureRequest, simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("delivered")
    as_platforms(simulated, out, ALL, quirks=request.param, seed=7)
    return out


def cells_of(path: Path, encoding: str = "utf-8-sig") -> list[dict]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding), newline="")))


def said(row: dict) -> dict:
    """The cells that are not empty."""
    return {name: cell for name, cell in row.items() if cell}


def expected(out: Path, day: str, export: str) -> list[dict]:
    return [said(row) for row in rows_of(out / "_truth" / "expected" / day / f"{export}.csv")]


# A tiny business, row by row.


def test_shopify_rows(business, tmp_path):
    as_platforms(business, tmp_path, "shopify")
    rows = [said(row) for row in cells_of(tmp_path / SECOND / "shopify" / "orders_export_1.csv")]
    of_order = {
        "Name": "#1001", "Email": "Ann@Example.com", "Financial Status": "partially_refunded",
        "Paid at": "2026-03-01 11:00:00 +0800", "Fulfillment Status": "fulfilled",
        "Fulfilled at": "2026-03-02 09:00:00 +0800", "Accepts Marketing": "yes", "Currency": "CNY",
        "Subtotal": "45.00", "Shipping": "6.00", "Taxes": "0.00", "Total": "51.00", "Discount Code": "OFFER",
        "Discount Amount": "5.00", "Created at": "2026-03-01 11:00:00 +0800",
        "Lineitem fulfillment status": "fulfilled",
        "Billing City": "Hangzhou", "Billing Zip": "10001", "Billing Phone": "+8613800138001",
        "Shipping Zip": "10001", "Payment Method": "Shopify Payments", "Refunded Amount": "9.00",
        "Outstanding Balance": "0.00", "Id": "5400000000007", "Source": "iphone", "Phone": "+8613800138001",
    }
    assert rows[:2] == [
        of_order | {"Lineitem quantity": "2", "Lineitem name": "Tea, green", "Lineitem price": "20.00",
                    "Lineitem sku": "TEA", "Lineitem discount": "4.00"},
        of_order | {"Lineitem quantity": "1", "Lineitem name": "Cup", "Lineitem price": "10.00",
                    "Lineitem sku": "CUP", "Lineitem discount": "1.00"},
    ]
    never_paid = {name: rows[2].get(name) for name in (
        "Name", "Email", "Financial Status", "Paid at", "Total", "Cancelled at", "Outstanding Balance", "Phone")}
    assert never_paid == {
        "Name": "#1002", "Email": None, "Financial Status": "voided", "Paid at": None, "Total": "1200.00",
        "Cancelled at": "2026-03-02 12:00:00 +0800", "Outstanding Balance": "0.00", "Phone": "+8613900139002"}
    assert len(rows) == 3


def test_shopify_expected(business, tmp_path):
    as_platforms(business, tmp_path, "shopify")
    latest = {"updated_at": f"2026-03-02T09:00:00{EIGHT}"}
    assert expected(tmp_path, SECOND, "orders")[0] == latest | {
        "order_id": "shopify:#1001", "contact_id": "shopify:shopify_ann@example.com", "phone": "+8613800138001",
        "status": "shipped", "placed_at": f"2026-03-01T11:00:00{EIGHT}", "paid_at": f"2026-03-01T11:00:00{EIGHT}",
        "gross_amount": "50.00", "discount_amount": "5.00", "shipping_amount": "6.00", "paid_amount": "51.00",
        "currency": "CNY", "sales_channel": "app", "channel_code": "shopify", "tax_amount": "0.00",
        "payment_method": "Shopify Payments", "is_test": "false"}
    assert expected(tmp_path, SECOND, "order_lines")[1] == latest | {
        "order_id": "shopify:#1001", "line_no": "2", "sku": "CUP", "quantity": "1", "unit_price": "10.00",
        "line_amount": "9.00", "line_key": "2", "line_kind": "goods", "product_name": "Cup"}
    assert expected(tmp_path, SECOND, "refunds") == [latest | {
        "refund_id": "shopify:#1001", "order_id": "shopify:#1001", "running_total": "9.00"}]
    # Without WeCom the business's own contacts stay, and the shop's come beside them.
    assert [row["contact_id"] for row in expected(tmp_path, FIRST, "contacts")] == [
        "C1", "C2", "shopify:shopify_ann@example.com", "shopify:shopify_+8613900139002"]
    first = {row["order_id"]: row for row in expected(tmp_path, FIRST, "orders")}
    assert (first["shopify:#1002"]["status"], first["shopify:#1002"]["paid_amount"]) == ("created", "0.00")


def test_taobao_rows(business, tmp_path):
    as_platforms(business, tmp_path, "taobao")
    folder = tmp_path / SECOND / "taobao"
    orders = cells_of(folder / "ExportOrderList202603022359.csv", "gb18030")
    first, second = long_id("3100", 1), long_id("3100", 2)
    shown = ("订单编号", "买家支付宝账号", "买家应付货款", "买家应付邮费", "总金额", "买家实际支付金额", "订单状态",
             "联系手机", "订单创建时间", "订单付款时间", "物流单号", "订单关闭原因", "退款金额", "打款商家金额")
    assert [[row[name] for name in shown] for row in orders] == [
        [first, "Ann@Example.com", "50.00", "6.00", "56.00", "42.00", "卖家已发货,等待买家确认", "13800138001",
         "2026-03-01 11:00:00", "2026-03-01 11:00:00", "No:7500001", "订单未关闭", "9.00", "0.00"],
        [second, "", "1200.00", "0.00", "1200.00", "0.00", "交易关闭", "13900139002", "2026-03-01 12:00:00", "", "",
         "买家未付款", "0.00", "0.00"],
    ]
    items = cells_of(folder / "ExportItemList202603022359.csv", "gb18030")
    shown = ("子订单编号", "主订单编号", "商品标题", "商品价格", "购买数量", "商家编码", "买家应付货款", "退款状态")
    assert [[row[name] for name in shown] for row in items] == [
        [long_id("3100", 1, 1), first, "Tea, green", "20.00", "2", "TEA", "36.00", "没有申请退款"],
        [long_id("3100", 1, 2), first, "Cup", "10.00", "1", "CUP", "9.00", "没有申请退款"],
        [second, second, "Cup", "1200.00", "1", "CUP", "1200.00", "没有申请退款"],
    ]
    order = expected(tmp_path, SECOND, "orders")[0]
    assert order["contact_id"] == f"taobao:tb_{orders[0]['买家会员名']}"
    assert (order["gross_amount"], order["discount_amount"], order["paid_amount"]) == ("50.00", "5.00", "51.00")
    assert expected(tmp_path, SECOND, "order_lines")[1]["line_key"] == long_id('3100', 1, 2)


def test_douyin_rows(business, tmp_path):
    as_platforms(business, tmp_path, "douyin")
    rows = cells_of(tmp_path / SECOND / "douyin" / "douyin_orders_20260302.csv")
    shown = ("主订单编号", "子订单编号", "商品数量", "商家编码", "订单应付金额", "运费", "收件人手机号", "订单状态",
             "售后状态", "取消原因", "商家实际承担优惠金额")
    first, second = long_id("6917", 1), long_id("6917", 2)
    assert [[row[name] for name in shown] for row in rows] == [
        [first, long_id("6917", 1, 1), "2", "TEA", "42.00", "6.00", "13800138001", "已发货", "", "", "4.00"],
        [first, long_id("6917", 1, 2), "1", "CUP", "9.00", "0.00", "13800138001", "已发货", "", "", "1.00"],
        [second, second, "1", "CUP", "1200.00", "0.00", "13900139002", "已关闭", "", "超时未支付", "0.00"],
    ]
    lines = expected(tmp_path, SECOND, "order_lines")
    money = ("line_status", "line_paid_amount", "line_shipping_amount", "unit_price", "line_amount")
    assert [[row[name] for name in money] for row in lines] == [
        ["shipped", "42.00", "6.00", "20.00", "36.00"], ["shipped", "9.00", "0.00", "10.00", "9.00"],
        ["cancelled", "0.00", "0.00", "1200.00", "1200.00"]]
    # The file cannot say that 9.00 of a line went back.
    assert expected(tmp_path, SECOND, "refunds") == []
    lost = yaml.safe_load((tmp_path / "_truth" / "cannot_say.yml").read_text())
    assert lost["douyin"]["refunds"]["amount"]["values"] == 1


def test_wecom_files(business, tmp_path):
    as_platforms(business, tmp_path, "shopify,wecom")
    pages = json.loads((tmp_path / FIRST / "wecom" / "wecom_contacts.json").read_text())
    assert pages == [{"errcode": 0, "errmsg": "ok", "next_cursor": "", "external_contact_list": [{
        "external_contact": {"external_userid": "wm1", "name": "Ann", "type": 1, "gender": 2, "unionid": "un1"},
        "follow_info": {"userid": "S1", "remark": "", "createtime": 1772326800, "add_way": 1, "state": "search_ads",
                        "remark_mobiles": ["13800138001"], "tag_id": []}}]}]
    chats = [
        json.loads((tmp_path / day / "wecom" / "wecom_groups.json").read_text())[0]["group_chat"]["member_list"]
        for day in (FIRST, SECOND)]
    owner = {"userid": "S1", "type": 1, "join_time": 1772294400, "join_scene": 1}
    # C2 is nobody's friend, so WeCom does not know it; C1 is gone from the list of the second day.
    assert chats == [
        [owner, {"userid": "wm1", "type": 2, "join_time": 1772330400, "join_scene": 3, "unionid": "un1"}], [owner]]
    assert expected(tmp_path, FIRST, "contacts")[-1] == {
        "contact_id": "wecom:wecom_wm1", "phone": "13800138001", "unionid": "un1", "external_userid": "wm1",
        "nickname": "Ann", "gender": "f", "source_channel_code": "search_ads", "wechat_consent": "true",
        "updated_at": f"2026-03-01T09:00:00{EIGHT}"}
    member = {"group_id": "wecom:wrG1", "contact_id": "wecom:wecom_wm1", "join_way": "scan",
              "joined_at": f"2026-03-01T10:00:00{EIGHT}"}
    assert expected(tmp_path, FIRST, "group_members") == [member | {"updated_at": f"2026-03-01T10:00:00{EIGHT}"}]
    midnight = f"2026-03-02T00:00:00{EIGHT}"
    assert expected(tmp_path, SECOND, "group_members") == [member | {"left_at": midnight, "updated_at": midnight}]


def test_advertising_reports(business, tmp_path):
    as_platforms(business, tmp_path, "google_ads,ocean_engine")
    assert (tmp_path / FIRST / "google_ads" / "google_ads_keywords.csv").read_text() == (
        'Search keyword report\n"2026-03-01 - 2026-03-01"\n'
        "Day,Campaign ID,Campaign,Search keyword,Currency code,Impr.,Clicks,Cost\n"
        "2026-03-01,2100000001,AD_search_ads,tea,CNY,1234,56,78.90\n"
        "2026-03-01,2100000001,AD_search_ads,,CNY,10,1,1.00\n")
    # A restated day is reported whole.
    assert [row["cost"] for row in expected(tmp_path, SECOND, "ad_stats")] == ["79.90", "1.00", "4.00"]
    assert (tmp_path / FIRST / "ocean_engine" / "ocean_engine_projects.csv").read_text().splitlines()[1] == (
        "2026-03-01,7300000001,AD_short_video,1235.00,13000,95.00,310,2.38,3.98,,,")
    # The third channel has no account, so its rows stay canonical.
    assert [row["channel_code"] for row in rows_of(tmp_path / FIRST / "ad_stats.csv")] == ["feed_ads"]
    assert expected(tmp_path, FIRST, "ad_stats")[-1] == {
        "stat_date": FIRST, "channel_code": "short_video", "campaign_id": "ocean_engine:7300000001",
        "level": "campaign", "impressions": "13000", "clicks": "310", "cost": "1235.00", "currency": "CNY",
        "updated_at": "2026-03-01T00:00:00"}


def test_advertising_reports_with_quirks(business, tmp_path):
    as_platforms(business, tmp_path, "google_ads,ocean_engine", quirks=True)
    google = (tmp_path / FIRST / "google_ads" / "google_ads_keywords.csv").read_text().splitlines()
    assert google[3:] == [
        '2026-03-01,2100000001,AD_search_ads,tea,CNY,"1,234",56,78.90',
        "2026-03-01,2100000001,AD_search_ads, --,CNY,10,1,1.00",
        'Total: Campaigns, --, --, --,CNY,"1,244",57,79.90', 'Total: Account, --, --, --,CNY,"1,244",57,79.90',
        'Total: Search, --, --, --,CNY,"1,244",57,79.90']
    ocean = (tmp_path / FIRST / "ocean_engine" / "ocean_engine_projects.csv").read_bytes()
    assert ocean.startswith(quirks.BOM)
    assert ocean.decode("utf-8-sig").splitlines()[1:] == [
        '2026-03-01,7300000001,AD_short_video,"1,235.00","13,000",95.00,310,2.38,3.98,--,--,--',
        '总计,,,"1,235.00","13,000",95.00,310,2.38,3.98,--,--,--']


# Canonical files beside the platforms'.


def test_canonical_rows_speak_of_sources_in_full(business, tmp_path):
    as_platforms(business, tmp_path, "shopify,wecom,google_ads")
    touch = rows_of(tmp_path / FIRST / "touches.csv")[0]
    assert (touch["contact_id"], touch["campaign_id"]) == ("wecom:wecom_wm1", "google_ads:2100000001")
    # C2 is the shop's alone, and nobody delivers C3.
    assert [row["contact_id"] for row in rows_of(tmp_path / FIRST / "pushes.csv")] == [
        "wecom:wecom_wm1", "shopify:shopify_+8613900139002"]
    review = rows_of(tmp_path / THIRD / "reviews.csv")[0]
    assert (review["order_id"], review["contact_id"]) == ("shopify:#1001", "wecom:wecom_wm1")
    assert [(row["request_id"], row["contact_id"]) for row in rows_of(tmp_path / THIRD / "erasure_requests.csv")] == [
        ("Q1", "wecom:wecom_wm1"), ("Q1-1", "shopify:shopify_ann@example.com")]
    assert [row["staff_id"] for row in rows_of(tmp_path / FIRST / "staff.csv")] == ["wecom:S1"]
    assert [row["channel_code"] for row in rows_of(tmp_path / FIRST / "channels.csv")] == [
        "search_ads", "short_video", "feed_ads", "shopify"]
    assert sorted(path.name for path in (tmp_path / FIRST).iterdir()) == [
        "ad_stats.csv", "channels.csv", "google_ads", "products.csv", "pushes.csv", "shopify", "staff.csv",
        "touches.csv", "wecom"]
    lost = yaml.safe_load((tmp_path / "_truth" / "cannot_say.yml").read_text())
    assert lost["canonical"]["pushes"]["rows_left_out"] == [
        {"rows": 1, "why": "the row speaks of a contact or an order that no source had delivered by that day"}]
    assert lost["wecom"]["contacts"]["rows_left_out"][0]["rows"] == 1
    assert sorted(lost["shopify"]["orders"]) == ["paid_amount", "sales_channel"]


def test_the_own_table_of_contacts_can_stay(business, tmp_path):
    as_platforms(business, tmp_path, "shopify,wecom", keep_contacts=True)
    assert [row["contact_id"] for row in rows_of(tmp_path / FIRST / "contacts.csv")] == ["C1", "C2"]
    assert [row["contact_id"] for row in rows_of(tmp_path / FIRST / "pushes.csv")] == ["C1", "C2", "C3"]
    assert [row["contact_id"] for row in rows_of(tmp_path / THIRD / "erasure_requests.csv")] == [
        "C1", "wecom:wecom_wm1", "shopify:shopify_ann@example.com"]


def test_ids_and_sources_are_listed(business, tmp_path):
    as_platforms(business, tmp_path, "shop_a=shopify,wecom", pseudonym=lambda prefix, name: f"{prefix}!{name}")
    ids = {(row["kind"], row["canonical_id"], row["platform_id"]) for row in rows_of(tmp_path / "_truth" / "ids.csv")}
    assert ids == {
        ("order", "O1", "shop_a:#1001"), ("order", "O2", "shop_a:#1002"), ("contact", "C1", "wecom:wecom!wm1"),
        ("contact", "C1", "shop_a:shopify!ann@example.com"), ("contact", "C2", "shop_a:shopify!+8613900139002"),
        ("staff", "S1", "wecom:S1"), ("group", "G1", "wecom:wrG1")}
    sources = yaml.safe_load((tmp_path / "_truth" / "sources.yml").read_text())["sources"]
    assert sources[0] == {
        "name": "shop_a", "platform": "shopify", "timezone": CHINA, "currency": "CNY",
        "required": ["orders", "order_lines"], "skus": "shared", "channel_code": "shop_a"}


def test_contact_ids_are_the_deployments_pseudonyms(business, tmp_path):
    as_platforms(business, tmp_path, "wecom", pseudonym=keyed("k"))
    wanted = f"wecom:wecom_{hashlib.sha256(b'kwm1').hexdigest()[:32]}"
    assert [row["contact_id"] for row in expected(tmp_path, FIRST, "contacts")] == [wanted]
    assert rows_of(tmp_path / FIRST / "touches.csv")[0]["contact_id"] == wanted


def test_on_a_quiet_day_a_source_sends_known_rows_again_but_not_of_the_erased(business, tmp_path):
    as_platforms(business, tmp_path, "shopify,wecom")
    assert [row["Name"] for row in cells_of(tmp_path / THIRD / "shopify" / "orders_export_1.csv")] == ["#1002"]
    assert [path.name for path in (tmp_path / THIRD / "wecom").iterdir()] == ["wecom_groups.json"]


# Which shop an order belongs to.


def test_an_order_goes_to_the_shop_that_can_say_most_of_it(business, tmp_path):
    as_platforms(business, tmp_path, "douyin,taobao,shopify")
    ids = {row["canonical_id"]: row["platform_id"].split(":")[0] for row in rows_of(tmp_path / "_truth" / "ids.csv")
           if row["kind"] == "order"}
    # O1: a refund in part, and an app's order. O2: the marketplace's, so one of the two Chinese shops.
    assert ids["O1"] == "shopify"
    assert ids["O2"] in ("taobao", "douyin")


def test_an_order_in_a_currency_that_no_shop_has_is_left_out(business, tmp_path):
    other = tiny(tmp_path / "business")
    for path in other.glob("*/orders.csv"):
        path.write_text(path.read_text().replace("CNY", "USD"))
    as_platforms(other, tmp_path / "out", "taobao")
    assert not (tmp_path / "out" / FIRST / "taobao").exists()
    lost = yaml.safe_load((tmp_path / "out" / "_truth" / "cannot_say.yml").read_text())
    assert lost["canonical"]["orders"]["rows_left_out"] == [
        {"rows": 2, "why": "no shop of the split sells in this currency"}]


# A simulated business: sums and counts.


def totals(out: Path) -> Iterator[tuple[str, Decimal, Decimal]]:
    """Full id, total and refunds of every order in the shops' files, as a reader with a calculator takes them."""
    for path in sorted(out.glob("20*/shopify/*.csv")):
        for row in cells_of(path):
            if row["Total"] and row["Payment Method"] != "Bogus":
                yield f"shopify:{row['Name']}", Decimal(row["Total"]), Decimal(row["Refunded Amount"])
    for path in sorted(out.glob("20*/taobao/ExportOrder*.csv")):
        for row in cells_of(path, "gb18030"):
            refund = Decimal(row["退款金额"])
            paid = Decimal(row["买家实际支付金额"]) + refund or Decimal(row["总金额"])
            yield f"taobao:{row['订单编号'].strip('=').strip(chr(34))}", paid, refund
    for path in sorted(out.glob("20*/douyin/*.csv")):
        sums: dict[str, Decimal] = {}
        back: dict[str, Decimal] = {}
        for row in cells_of(path):
            due, name = Decimal(row["订单应付金额"].replace(",", "")), row["主订单编号"].strip()
            sums[name] = sums.get(name, Decimal(0)) + due
            back[name] = back.get(name, Decimal(0)) + (due if row["售后状态"] == "退款成功" else 0)
        for name, due in sums.items():
            yield f"douyin:{name}", due, back[name]


def test_every_order_is_in_one_shop_with_its_money(simulated, delivered):
    ids = {row["platform_id"]: row["canonical_id"] for row in rows_of(delivered / "_truth" / "ids.csv")
           if row["kind"] == "order"}
    found = {ids[name]: (total, refund) for name, total, refund in totals(delivered)}
    orders = {name: row for (name,), row in latest_of(simulated, "orders").items()}
    back: dict[str, Decimal] = dict.fromkeys(orders, Decimal(0))
    for row in latest_of(simulated, "refunds").values():
        back[row["order_id"]] += Decimal(row["amount"])
    assert found.keys() == orders.keys()
    # Taobao shows no discount before an order is paid.
    paid = {name for name, row in orders.items() if row["paid_at"]}
    assert {name: found[name] for name in paid} == {
        name: (Decimal(orders[name]["paid_amount"]), back[name]) for name in paid}
    assert {name.split(":")[0] for name in ids} == {"shopify", "taobao", "douyin"}


def test_expected_rows_are_sound(delivered):
    """Every key once a day, orders equal to their lines, references that somebody delivers."""
    contacts: set[str] = set()
    for folder in sorted((delivered / "_truth" / "expected").iterdir()):
        lines: dict[str, Decimal] = {}
        for row in rows_of(folder / "order_lines.csv"):
            lines[row["order_id"]] = lines.get(row["order_id"], Decimal(0)) + Decimal(row["line_amount"])
        orders = rows_of(folder / "orders.csv")
        goods = {row["order_id"]: Decimal(row["gross_amount"]) - Decimal(row["discount_amount"]) for row in orders
                 if row["paid_at"]}
        assert {name: lines[name] for name in goods} == goods
        for export in ("orders", "order_lines", "refunds", "contacts", "friendships", "group_members", "ad_stats"):
            rows = rows_of(folder / f"{export}.csv")
            keys = [tuple(row[name] for name in load_contracts()[export].key) for row in rows]
            assert len(keys) == len(set(keys)), export
        contacts |= {row["contact_id"] for row in rows_of(folder / "contacts.csv")}
        for export in ("orders", "friendships", "group_members", "pushes", "points", "memberships", "coupons"):
            named = {row["contact_id"] for row in rows_of(folder / f"{export}.csv")} - {""}
            assert named <= contacts, export


def test_the_same_arguments_give_the_same_bytes(simulated, tmp_path):
    for name, seed in (("one", 7), ("two", 7), ("other", 8)):
        as_platforms(simulated, tmp_path / name, ALL, quirks=True, seed=seed)
    one = bytes_of(tmp_path / "one")
    assert bytes_of(tmp_path / "two") == one
    assert bytes_of(tmp_path / "other") != one
    as_platforms(simulated, tmp_path / "two", ALL, quirks=True, seed=8)
    assert bytes_of(tmp_path / "two") == bytes_of(tmp_path / "other")


def test_every_quirk_happens(simulated, tmp_path):
    as_platforms(simulated, tmp_path, ALL, quirks=True, seed=7)

    def text(pattern: str, encoding: str = "utf-8") -> str:
        return "".join(path.read_bytes().decode(encoding) for path in sorted(tmp_path.glob(f"20*/{pattern}")))

    shopify, douyin, wecom = text("shopify/*"), text("douyin/*"), text("wecom/*.json")
    taobao, items = text("taobao/ExportOrder*", "gb18030"), text("taobao/ExportItem*", "gb18030")
    assert all(sign in shopify for sign in (",'+86", ",'10001,", " -0500,", " +0000,", " +0100,", " +0800,", "Bogus"))
    assert re.search(r"\n(#\d+,)[^,]*,paid,.*\n\1[^,]*,,,", shopify)
    assert all(sign in taobao for sign in ('"=""3100', "\"'139", "元\"", "，", "收货地址 ", "\"'null\"", "**"))
    assert all(sign in items for sign in ('"=""3100', "无退款申请"))
    assert all(sign in douyin for sign in ("﻿", '"\t6917', ";\t6917", '"-"', "$$密文"))
    assert all(sign in wecom for sign in ("84061", "139-0000-", "139 0000 ", "+86 139", '"12345"', '"follow_user"'))


def test_no_quirk_happens_unless_asked(simulated, tmp_path):
    as_platforms(simulated, tmp_path, ALL, seed=7)
    for path in tmp_path.glob("20*/*/*"):
        data = path.read_bytes()
        assert not data.startswith(quirks.BOM)
        shown = data.decode("gb18030" if "Export" in path.name else "utf-8")
        signs = ("\t", '="', "'", "元\"", "总计", "Total:", "$$密文", "Bogus", "84061")
        assert not any(sign in shown for sign in signs)
    assert {row["line_kind"] for path in tmp_path.glob("_truth/expected/*/order_lines.csv")
            for row in rows_of(path)} == {"goods"}


def test_gifts_and_test_orders_are_expected(simulated, tmp_path):
    as_platforms(simulated, tmp_path, "shopify", quirks=True, seed=7)
    lines = [row for path in tmp_path.glob("_truth/expected/*/order_lines.csv") for row in rows_of(path)]
    gifts = [row for row in lines if row["line_kind"] == "gift"]
    assert gifts and {(row["unit_price"], row["line_amount"], row["quantity"]) for row in gifts} == {
        ("0.00", "0.00", "1")}
    orders = [row for path in tmp_path.glob("_truth/expected/*/orders.csv") for row in rows_of(path)]
    tests = [row for row in orders if row["is_test"] == "true"]
    assert tests and {(row["contact_id"], row["phone"], row["payment_method"]) for row in tests} == {("", "", "Bogus")}


# The platform files undo the quirks.


@lru_cache
def layouts_of(platform: str) -> list[dict]:
    content = yaml.safe_load((PROJECT_ROOT / "platforms" / f"{platform}.yml").read_text())
    return content.get("layouts") or [content]


def cleaned(cell: str, platform: str) -> str:
    """What `clean` of a platform's first layout makes of a cell, as platforms/README.md says it."""
    rule = layouts_of(platform)[0].get("clean", {})
    cell = cell.strip(rule.get("strip", "") + " ")
    if rule.get("unwrap") and cell.startswith('="') and cell.endswith('"'):
        cell = cell[2:-1]
    return "" if cell in rule.get("missing", ()) else cell


def number(cell: str) -> Decimal:
    return Decimal(cell.replace(",", "").removesuffix("元"))


IDS = st.from_regex(r"[1-9][0-9]{9,18}", fullmatch=True)
PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
AMOUNTS = st.decimals(0, 10**9, places=2).map(str)


@given(IDS)
def test_ids_are_freed_of_what_protects_them(name):
    assert cleaned(quirks.as_formula(name), "taobao") == name
    assert cleaned(quirks.tab_before(name), "douyin") == name
    parts = quirks.in_one_cell([quirks.tab_before(name), quirks.tab_before(name)])
    assert [cleaned(part, "douyin") for part in parts.split(";")] == [name, name]


@given(PHONES)
def test_phones_are_freed_of_apostrophes_and_spellings(phone):
    assert cleaned(quirks.apostrophe(phone), "taobao") == phone
    assert cleaned(quirks.apostrophe(international(phone)), "shopify") == f"+86{phone}"
    assert {national(quirks.spelled_by_staff(phone, how)) for how in range(4)} == {phone}


@given(AMOUNTS)
def test_amounts_are_freed_of_separators_and_units(amount):
    assert number(quirks.thousands(amount)) == Decimal(amount)
    assert number(quirks.yuan(amount)) == Decimal(amount)


@given(st.sampled_from([("douyin", "-"), ("taobao", "null"), ("google_ads", " --"), ("ocean_engine", "--")]))
def test_words_for_nothing_are_nothing(pair):
    platform, word = pair
    clean = next(layout["clean"] for layout in layouts_of(platform) if "clean" in layout)
    assert word.strip() in clean["missing"]
    assert quirks.missing_as(word)("") == word
    assert quirks.missing_as(word)("x") == "x"
    assert quirks.both(quirks.missing_as("null"), quirks.apostrophe)("") == "'null"
    assert cleaned("'null", "taobao") == ""


@given(st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)), st.sampled_from(quirks.OFFSETS))
def test_an_instant_is_the_same_in_every_offset(moment, minutes):
    known = moment.replace(microsecond=0).astimezone()
    assert datetime.strptime(quirks.in_offset(known, minutes), "%Y-%m-%d %H:%M:%S %z") == known


@given(st.lists(st.fixed_dictionaries({"Name": IDS, "Total": AMOUNTS, "Sku": IDS}), min_size=1, max_size=4))
def test_order_level_cells_stay_on_the_first_row(rows):
    shown = quirks.on_first_row_only(rows, ["Name", "Sku"])
    assert shown[0] == rows[0]
    assert shown[1:] == [row | {"Total": ""} for row in rows[1:]]


@given(PHONES, st.text("买家abc", min_size=2, max_size=9))
def test_masked_cells_name_nobody(phone, name):
    assert quirks.masked(phone) == f"{phone[0]}**********"
    assert quirks.masked(name) == f"{name[0]}**{name[-1]}"
    assert quirks.encrypted("$$") == "$$密文"


def test_small_quirks():
    assert quirks.full_width_comma("买家已付款,等待卖家发货") == "买家已付款，等待卖家发货"
    assert quirks.padded(["a", "b"], ["b"]) == ["a", "b "]
    assert quirks.with_bom(b"x") == b"\xef\xbb\xbfx"
    assert quirks.total_row(("Day", "Cost", "X"), "Total", {"Cost": "3"}, " --") == {
        "Day": "Total", "Cost": "3", "X": " --"}
    assert [cell and quirks.thousands(cell) for cell in ("", "1234.50", "-1234")] == ["", "1,234.50", "-1,234"]


def test_chances_depend_on_seed_and_subject_alone():
    on = Quirks(True, 1)
    hits = [on.happens(0.3, "gift", name) for name in range(2000)]
    assert 500 < sum(hits) < 700
    assert hits == [on.happens(0.3, "gift", name) for name in range(2000)]
    assert hits != [Quirks(True, 2).happens(0.3, "gift", name) for name in range(2000)]
    assert not any(Quirks(False, 1).happens(1, "gift", name) for name in range(9))


@pytest.mark.parametrize(("platform", "pattern", "encoding", "titles"), [
    ("shopify", "orders_export_1.csv", "utf-8", 0), ("taobao", "ExportOrderList*", "gb18030", 0),
    ("taobao", "ExportItemList*", "gb18030", 0), ("douyin", "douyin_orders*", "utf-8-sig", 0),
    ("google_ads", "google_ads*.csv", "utf-8", 2)])
def test_files_have_the_columns_that_the_platform_file_reads(delivered, platform, pattern, encoding, titles):
    path = next(delivered.glob(f"20*/{platform}/{pattern}"))
    text = path.read_bytes().decode(encoding).splitlines()[titles]
    present = {name.strip() for name in next(csv.reader([text]))}
    said = next(layout for layout in layouts_of(platform)
                if any(fnmatchcase(path.name, file) for file in layout["files"]))
    read = {column for name, column in said["header"].items() if name in present}
    assert set(said["header"].values()) - set(said.get("optional", ())) <= read


# Mistakes.


@pytest.mark.parametrize(("split", "message"), [
    ("", "No platform"), ("etsy", "writes no files of 'etsy'"), ("shopify,shopify", "Two sources are named"),
    ("wecom,other=wecom", "one WeCom"), ("google_ads,more=google_ads", "no paid channel of category search_engine")])
def test_a_split_that_cannot_be(business, tmp_path, split, message):
    with pytest.raises(UseropsError, match=message):
        as_platforms(business, tmp_path, split)


def test_folders_that_are_not_the_simulators(business, tmp_path):
    with pytest.raises(UseropsError, match="holds no simulated business as CSV"):
        as_platforms(tmp_path, tmp_path / "out", "shopify")
    with pytest.raises(UseropsError, match="holds the business itself"):
        as_platforms(business, business, "shopify")
    (tmp_path / "out" / FIRST).mkdir(parents=True)
    with pytest.raises(UseropsError, match="days that were not simulated"):
        as_platforms(business, tmp_path / "out", "shopify")
    with pytest.raises(UseropsError, match="reports CNY"):
        as_platforms(business, tmp_path / "other", "ocean_engine", currency="EUR")
