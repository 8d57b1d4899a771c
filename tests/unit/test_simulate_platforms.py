"""A business as platforms' files: exact rows of a tiny one, which shop gets an order, mistakes."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from tiny_business import EIGHT, FIRST, SECOND, THIRD, cells_of, expected, said, tiny

from csv_rows import rows_of
from userops.errors import UseropsError
from userops.simulate.platforms import as_platforms, quirks
from userops.simulate.platforms.accounts import CHINA, keyed
from userops.simulate.platforms.cells import long_id


@pytest.fixture(scope="module")
def business(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("tiny") / "business")


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
