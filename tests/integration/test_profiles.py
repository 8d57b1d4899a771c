"""Platforms' own files become canonical rows: each profile against a fixture of its platform, rows worked out by hand.

The fixtures are written after what public parsers and vendors say of the files; no row is of a real person.
"""

import hashlib
import hmac
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import psycopg
import pytest

from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.ingest import landing, loader, tables
from userops.settings import Settings
from userops.warehouse.pg import connect

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "profiles"
DAY = date(2026, 3, 2)


def pseudonym(prefix: str, name: str) -> str:
    key = hmac.new(b"key", b"pseudonym", hashlib.sha256).hexdigest()
    return f"{prefix}_{hashlib.sha256((key + name).encode()).hexdigest()[:32]}"


@dataclass
class Place:
    """A landing place read by one profile, and the warehouse all tests of this file share."""

    settings: Settings
    connection: psycopg.Connection

    @property
    def folder(self) -> Path:
        path = Path(self.settings.landing) / DAY.isoformat()
        path.mkdir(parents=True, exist_ok=True)
        return path

    def read_by(self, profile: str, *fixtures: str) -> "Place":
        for fixture in fixtures:
            for path in (FIXTURES / fixture).iterdir():
                shutil.copy(path, self.folder)
        self.settings = replace(self.settings, profile=profile)
        return self

    def load(self) -> list[CheckResult]:
        results = landing.check_delivery(self.settings, DAY)
        sources = landing.list_folder(self.settings, DAY).sources
        for export in dict.fromkeys(source.export for source in sources):
            results += loader.load_export(self.connection, self.settings, export, DAY, "run")
        return results

    def rows(self, export: str, columns: str, order: str = "1") -> list[tuple]:
        return self.connection.execute(f"select {columns} from raw.{export} order by {order}").fetchall()

    def books(self) -> list[tuple]:
        return self.connection.execute(
            "select export, rows_in_file, rows_loaded, rows_quarantined from meta.load_files"
            " where state = 'loaded' order by export, file_name"
        ).fetchall()

    def quarantine(self) -> list[tuple]:
        return self.connection.execute(
            "select export, line, reason from quarantine.rows order by export, file_name, line"
        ).fetchall()


@pytest.fixture(scope="module")
def loader_connection(warehouse_url: str) -> Iterator[psycopg.Connection]:
    with connect(warehouse_url, "loader") as connection:
        tables.ensure_raw_tables(connection)
        connection.execute("set timezone = 'Asia/Shanghai'")
        connection.commit()
        yield connection


@pytest.fixture
def place(loader_connection: psycopg.Connection, warehouse_url: str, tmp_path: Path) -> Place:
    loader_connection.rollback()
    with psycopg.connect(warehouse_url) as admin:
        for name in load_contracts():
            admin.execute(f"delete from raw.{name}")
        admin.execute("truncate meta.load_files, quarantine.rows, vault.identifiers")
    settings = Settings.load({"USEROPS_LANDING": str(tmp_path), "USEROPS_HASH_KEY": "key"})
    return Place(settings, loader_connection)


def blocking(results: list[CheckResult]) -> list[str]:
    return [f"{result.subject} {result.check}: {result.observed}" for result in results if result.blocks]


ORDER = (
    "order_id, status, to_char(placed_at, 'MM-DD HH24:MI:SS'), to_char(paid_at, 'MM-DD HH24:MI:SS'),"
    " round(gross_amount, 2)::text, round(discount_amount, 2)::text, round(shipping_amount, 2)::text,"
    " round(paid_amount, 2)::text"
)
LINE = "order_id, line_no, sku, quantity, round(unit_price, 2)::text, round(line_amount, 2)::text"
REFUND = "refund_id, order_id, line_no, round(amount, 2)::text, to_char(refunded_at, 'MM-DD HH24:MI:SS'), reason"


def test_taobao(place: Place) -> None:
    assert blocking(place.read_by("taobao", "taobao").load()) == []
    assert place.rows("orders", ORDER) == [
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
    assert place.rows("refunds", REFUND) == [
        ("3100000004-refund", "3100000004", None, "88.00", "03-02 11:01:00", "退款"),
        ("3100000006-refund", "3100000006", None, "50.00", "03-02 12:00:00", "订单未关闭"),
        ("3100000007-refund", "3100000007", None, "66.00", "03-02 13:00:00", "订单未关闭"),
    ]
    assert place.rows("order_lines", LINE, "1, 2") == [
        ("3100000001", 1, "CUP", 1, "1000.00", "100.00"),
        ("3100000001", 2, "TEA-G-250", 1, "120.00", "99.00"),
        ("3100000002", 1, f"tb_{hashlib.md5('茶杯 颜色分类:青'.encode()).hexdigest()}", 1, "59.00", "59.00"),
    ]
    bear, bao, guest, dew = (pseudonym("tb", name) for name in ("小熊家", "阿宝2019", "山间客", "白露"))
    assert place.rows("contacts", "contact_id, nickname, phone, email, city", "nickname collate \"C\"") == [
        (bear, "小熊家", "13800138001", "bear@example.com", "杭州市"),
        (guest, "山间客", "13700137003", None, "深圳市"),
        (dew, "白露", "13600136004", None, "成都市"),
        (bao, "阿宝2019", "13900139002", None, "上海市"),
    ]
    assert place.rows("orders", "contact_id", "order_id") == [
        (bear,), (bao,), (bao,), (guest,), (guest,), (bear,), (dew,), (None,)
    ]
    assert place.rows("orders", "distinct currency, sales_channel, channel_code") == [("CNY", "marketplace", "taobao")]
    assert place.books() == [("contacts", 4, 4, 0), ("order_lines", 4, 3, 1), ("orders", 8, 8, 0), ("refunds", 3, 3, 0)]
    assert place.quarantine() == [("order_lines", 4, "a gift is no sale (price 0)")]


def test_tmall_is_taobao_under_its_own_channel_with_the_older_items_file(place: Place) -> None:
    assert blocking(place.read_by("tmall", "tmall").load()) == []
    assert place.rows("orders", f"{ORDER}, channel_code, contact_id") == [
        ("3200000001", "paid", "03-02 15:00:00", "03-02 15:00:40", "80.00", "0.00", "0.00", "80.00", "tmall",
         pseudonym("tb", "小熊家"))
    ]
    assert place.rows("order_lines", f"{LINE}, updated_at::text") == [
        ("3200000001", 1, "TEA-W", 2, "40.00", "80.00", "2026-03-02 00:00:00+08")
    ]


def test_jd_shares_an_orders_money_among_its_lines(place: Place) -> None:
    assert blocking(place.read_by("jd", "jd").load()) == []
    assert place.rows("orders", ORDER) == [
        # 906.00 + 32.45 from the balance; 1097.00 + 6.00 freight less that is the discount.
        ("11729439001", "paid", "03-01 23:19:56", "03-01 23:20:30", "1097.00", "164.55", "6.00", "938.45"),
        ("11729439003", "created", "03-02 09:00:00", None, "758.00", "0.00", "0.00", "0.00"),
        ("11729439004", "completed", "02-27 09:00:00", "02-27 09:00:30", "226.00", "0.00", "0.00", "226.00"),
        ("11729439005", "paid", "03-02 11:00:00", "03-02 11:00:30", "113.00", "0.00", "0.00", "113.00"),
        ("11729439006", "cancelled", "03-02 12:00:00", None, "113.00", "0.00", "0.00", "0.00"),
    ]
    # 932.45 × 758 ÷ 1097 = 644.2999…; the rest is the cups'.
    assert place.rows("order_lines", LINE, "1, 2") == [
        ("11729439001", 1, "POT-1", 1, "758.00", "644.30"),
        ("11729439001", 2, "1002", 3, "113.00", "288.15"),
        ("11729439003", 1, "POT-1", 1, "758.00", "758.00"),
        ("11729439004", 1, "CUP-1", 2, "113.00", "226.00"),
        ("11729439005", 1, "CUP-1", 1, "113.00", "113.00"),
        ("11729439006", 1, "CUP-1", 1, "113.00", "113.00"),
    ]
    assert place.rows("refunds", REFUND) == [
        ("11729439005-refund", "11729439005", None, "113.00", "03-02 11:00:30", "(取消)等待出库")
    ]
    assert place.rows("contacts", "contact_id, nickname, phone", "nickname") == [
        (pseudonym("jd", "bear_7"), "bear_7", "13800138001"), (pseudonym("jd", "rds319"), "rds319", "13767111001")
    ]
    assert place.books() == [("contacts", 2, 2, 0), ("order_lines", 8, 6, 2), ("orders", 5, 5, 0), ("refunds", 1, 1, 0)]
    assert place.quarantine() == [
        ("order_lines", 4, "a gift is no sale (price 0)"),
        ("order_lines", 5, "a split parent: its parts are orders of their own"),
    ]


def test_jd_refunds_a_line_by_its_after_sales_status(place: Place) -> None:
    assert blocking(place.read_by("jd", "jd_after_sales").load()) == []
    assert place.rows("refunds", REFUND) == [
        ("11729439007-2-refund", "11729439007", 2, "200.00", "03-02 20:00:00", "退款成功")
    ]


def test_douyin_takes_cells_with_several_sub_orders_apart(place: Place) -> None:
    assert blocking(place.read_by("douyin", "douyin").load()) == []
    assert place.rows("orders", ORDER) == [
        ("6917000001", "completed", "03-01 20:54:10", "03-01 20:54:10", "74.90", "46.00", "0.00", "28.90"),
        ("6917000002", "paid", "03-02 10:00:00", "03-02 10:00:00", "64.00", "3.99", "6.00", "66.01"),
        ("6917000005", "shipped", "03-02 11:00:00", "03-02 11:00:00", "53.00", "13.00", "0.00", "40.00"),
        ("6917000007", "paid", "03-02 12:00:00", "03-02 12:00:00", "150.00", "0.00", "0.00", "150.00"),
        ("6917000010", "cancelled", "03-02 13:00:00", None, "15.90", "0.00", "0.00", "0.00"),
        ("6917000011", "paid", "03-02 14:00:00", "03-02 14:00:00", "15.90", "0.00", "0.00", "15.90"),
    ]
    cup = f"douyin_{hashlib.md5('茶杯 白'.encode()).hexdigest()}"
    assert place.rows("order_lines", LINE, "1, 2") == [
        ("6917000001", 1, "300400008", 1, "74.90", "28.90"),
        ("6917000002", 1, "300400008", 1, "32.00", "30.01"),
        ("6917000002", 2, "300400010", 1, "32.00", "30.00"),
        ("6917000005", 1, "300400008", 2, "26.50", "40.00"),
        ("6917000010", 1, "300400010", 1, "15.90", "15.90"),
        ("6917000011", 1, cup, 1, "15.90", "15.90"),
    ]
    assert place.rows("refunds", REFUND) == [
        ("6917000001-refund", "6917000001", None, "28.90", "03-02 13:18:29", "退款成功"),
        ("6917000011-refund", "6917000011", None, "15.90", "03-02 14:00:00", "退款成功"),
    ]
    assert place.rows("contacts", "contact_id, phone") == [(pseudonym("douyin", "13900139002"), "13900139002")]
    assert place.rows("orders", "order_id, contact_id is not null", "1")[1:3] == [
        ("6917000002", False), ("6917000005", True)
    ]
    # One row gave two lines; a gift and the cell that cannot be told apart are set aside.
    assert place.books() == [("contacts", 1, 1, 0), ("order_lines", 8, 6, 2), ("orders", 6, 6, 0), ("refunds", 2, 2, 0)]
    assert place.quarantine() == [
        ("order_lines", 5, "a gift is no sale (price 0)"),
        ("order_lines", 6, "several sub-orders in one cell whose pieces cannot be told apart"),
    ]


def test_pinduoduo(place: Place) -> None:
    assert blocking(place.read_by("pinduoduo", "pinduoduo").load()) == []
    assert place.rows("orders", ORDER) == [
        ("260227-100000000000005", "completed", "02-27 10:00:00", "02-27 10:00:00", "17.80", "1.00", "0.00", "16.80"),
        ("260301-100000000000003", "paid", "03-01 21:00:00", "03-01 21:00:00", "17.80", "0.00", "0.00", "17.80"),
        ("260302-100000000000001", "shipped", "03-02 09:30:00", "03-02 09:30:00", "1100.00", "80.00", "0.00",
         "1020.00"),
        # A blank time of the deal: the day that starts the order number.
        ("260302-100000000000002", "paid", "03-02 00:00:00", "03-02 00:00:00", "17.80", "0.00", "2.00", "19.80"),
        ("260302-100000000000004", "cancelled", "03-02 10:00:00", None, "17.80", "0.00", "0.00", "0.00"),
    ]
    assert place.rows("order_lines", LINE) == [
        ("260227-100000000000005", 1, "754299000002-白", 1, "17.80", "16.80"),
        ("260301-100000000000003", 1, "754299000002-白", 1, "17.80", "17.80"),
        ("260302-100000000000001", 1, "TEA-G-250", 10, "110.00", "1020.00"),
        ("260302-100000000000002", 1, "754299000002-白", 2, "8.90", "17.80"),
        ("260302-100000000000004", 1, "754299000002-白", 1, "17.80", "17.80"),
    ]
    assert place.rows("refunds", REFUND) == [
        ("260301-100000000000003-refund", "260301-100000000000003", None, "17.80", "03-01 21:00:00", "退款成功")
    ]
    assert place.rows("contacts", "contact_id") == []
    assert place.books() == [("contacts", 0, 0, 0), ("order_lines", 5, 5, 0), ("orders", 5, 5, 0), ("refunds", 1, 1, 0)]


def test_shopify_with_order_cells_on_the_first_row_only(place: Place) -> None:
    assert blocking(place.read_by("shopify", "shopify").load()) == []
    # Offsets of several zones: instants in China time.
    assert place.rows("orders", f"{ORDER}, currency, sales_channel") == [
        ("#1001", "shipped", "03-02 11:32:10", "03-02 11:32:11", "54.50", "5.00", "5.00", "54.50", "USD", "other"),
        ("#1002", "paid", "03-02 10:00:00", "03-02 10:00:00", "30.00", "0.00", "0.00", "30.00", "USD", "store"),
        ("#1003", "created", "03-02 19:00:00", None, "20.00", "0.00", "0.00", "0.00", "USD", "other"),
        ("#1004", "cancelled", "03-02 19:30:00", None, "20.00", "0.00", "0.00", "0.00", "USD", "other"),
        ("#1005", "paid", "03-02 20:00:00", "03-02 20:00:00", "20.00", "0.00", "0.00", "20.00", "USD", "other"),
    ]
    # 49.50 (54.50 less 5.00 shipping) at 40 to 10.
    assert place.rows("order_lines", LINE, "1, 2") == [
        ("#1001", 1, "TEA-G", 2, "20.00", "39.60"),
        ("#1001", 2, f"shopify_{hashlib.md5(b'Cup').hexdigest()}", 1, "10.00", "9.90"),
        ("#1002", 1, "CUP", 3, "10.00", "30.00"),
        ("#1003", 1, "TEA-G", 1, "20.00", "20.00"),
        ("#1004", 1, "TEA-G", 1, "20.00", "20.00"),
        ("#1005", 1, "TEA-G", 1, "20.00", "20.00"),
    ]
    assert place.rows("refunds", REFUND) == [
        ("#1002-refund", "#1002", None, "10.00", "03-02 10:00:00", "partially_refunded"),
        ("#1005-refund", "#1005", None, "20.00", "03-02 21:00:00", "refunded"),
    ]
    # Jane's later order withdrew the consent that came with the earlier one.
    assert place.rows("contacts", "contact_id, phone, email, city, email_consent", "email") == [
        (pseudonym("shopify", "jane@example.com"), "+12125550101", "jane@example.com", "New York", False),
        (pseudonym("shopify", "tom@example.com"), None, "tom@example.com", None, False),
        (pseudonym("shopify", "+14155550102"), "+14155550102", None, None, False),
    ]
    assert place.books() == [("contacts", 3, 3, 0), ("order_lines", 7, 6, 1), ("orders", 5, 5, 0), ("refunds", 2, 2, 0)]
    assert place.quarantine() == [("order_lines", 4, "a gift is no sale (price 0)")]


def test_shopify_with_order_cells_repeated_and_other_spellings(place: Place) -> None:
    assert blocking(place.read_by("shopify", "shopify_repeated").load()) == []
    assert place.rows("orders", ORDER) == [
        ("#2001", "paid", "03-02 20:00:00", "03-02 20:00:00", "30.00", "0.00", "0.00", "30.00")
    ]
    assert place.rows("order_lines", LINE, "1, 2") == [
        ("#2001", 1, "CUP", 1, "10.00", "10.00"), ("#2001", 2, "TEA-G", 1, "20.00", "20.00")
    ]


def test_wecom_has_a_friendship_for_each_follower_and_one_contact_for_each_person(place: Place) -> None:
    assert blocking(place.read_by("wecom", "wecom").load()) == []
    one, two, three = (pseudonym("wecom", f"wmAAA00{n}") for n in (1, 2, 3))
    columns = "contact_id, staff_id, to_char(added_at, 'MM-DD HH24:MI'), add_way, channel_code"
    assert set(place.rows("friendships", columns)) == {
        (one, "rocky", "03-02 08:00", "scan", "store_qr_01"),
        (one, "tommy", "03-02 10:00", "other", None),
        (two, "rocky", "03-02 09:00", "group", None),
        (three, "rocky", "03-02 11:00", "share", None),
        (three, "tommy", "03-02 12:00", "search", "live_01"),
    }
    columns = (
        "external_userid, contact_id, unionid, nickname, gender, phone, source_channel_code, wechat_consent,"
        " to_char(updated_at, 'HH24:MI')"
    )
    assert place.rows("contacts", columns) == [
        ("wmAAA001", one, "ozAAA001", "小熊", "m", "13800138001", "store_qr_01", True, "10:00"),
        ("wmAAA002", two, None, "阿宝", "u", None, None, True, "09:00"),
        ("wmAAA003", three, None, "山间客", "f", None, "live_01", True, "12:00"),
    ]
    assert place.books() == [
        ("contacts", 2, 2, 0), ("contacts", 1, 1, 0), ("friendships", 3, 3, 0), ("friendships", 2, 2, 0)
    ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"errcode": 0, "external_contact_list": [], "next_cursor": ""}, "the answer holds nobody"),
        ([], "the answer holds nobody"),
        ({"errcode": 41035, "errmsg": "missing", "external_contact_list": []}, "the answer holds nobody"),
        ({"errcode": 41035, "errmsg": "missing"}, "the platform answered with an error (errcode is not 0)"),
        ({"createtime": 0}, "every createtime is 0"),
        ({"createtime": 1772409600, "next_cursor": "r9"}, "the last page is missing: every page names a next one"),
    ],
)
def test_a_wecom_answer_of_nothing_is_refused_with_its_mend(place: Place, answer: dict | list, reason: str) -> None:
    if isinstance(answer, dict) and "createtime" in answer:
        follow = {"userid": "rocky", "createtime": answer["createtime"]}
        one = {"external_contact": {"external_userid": "wmAAA001"}, "follow_info": follow}
        answer = {"errcode": 0, "external_contact_list": [one], "next_cursor": answer.get("next_cursor", "")}
    (place.folder / "wecom_contacts.json").write_text(json.dumps(answer))
    refused = [result for result in place.read_by("wecom").load() if result.blocks]
    assert {(result.check, result.observed) for result in refused} >= {("suspect_file", reason)}
    assert all("wecom_contacts.json" in result.detail for result in refused)
    assert any("again" in result.detail or "fetch on" in result.detail for result in refused)
    assert place.rows("friendships", "1") == []


def test_ocean_engine_reads_all_pages_and_the_csv(place: Place) -> None:
    assert blocking(place.read_by("ocean_engine", "ocean_engine").load()) == []
    columns = "stat_date::text, campaign_id, keyword, impressions, clicks, cost::text, currency, channel_code"
    same = ("CNY", "ocean_engine")
    assert place.rows("ad_stats", columns, "1, 2") == [
        ("2026-02-28", "7300000001", "", 10, 1, "2.68", *same),
        ("2026-02-28", "7300000002", "", 0, 0, "0.00", *same),
        ("2026-03-01", "7300000001", "", 5000, 80, "99.99", *same),
        # 12,000 shown, 2.51 % of them clicked.
        ("2026-03-02", "1765000001", "", 12000, 301, "1234.57", *same),
        ("2026-03-02", "1765000002", "", 0, 0, "0.00", *same),
        ("2026-03-02", "7300000001", "", 1000, 12, "1.01", *same),
        ("2026-03-02", "7300000002", "", 300, 0, "20.50", *same),
    ]
    assert place.books() == [("ad_stats", 6, 5, 1), ("ad_stats", 2, 2, 0)]
    assert place.quarantine() == [("ad_stats", 4, "a metric is left out: unknown, not 0")]


def test_an_ocean_engine_report_with_a_page_missing_is_refused(place: Place) -> None:
    pages = json.loads((FIXTURES / "ocean_engine" / "ocean_engine_report.json").read_text())
    (place.folder / "ocean_engine_report.json").write_text(json.dumps([pages[0], pages[2]]))
    assert blocking(place.read_by("ocean_engine").load()) == [
        "ad_stats suspect_file: pages of the report are missing"
    ]


@pytest.mark.parametrize("fixture", ["google_ads", "google_ads_editor"])
def test_google_ads_past_its_titles_and_without_its_totals(place: Place, fixture: str) -> None:
    assert blocking(place.read_by("google_ads", fixture).load()) == []
    columns = "stat_date::text, campaign_id, keyword, impressions, clicks, cost::text, currency"
    assert place.rows("ad_stats", columns, "1, 2") == [
        ("2026-03-01", "2100000001", "green tea", 1234, 56, "1078.90", "USD"),
        ("2026-03-02", "2100000001", "green tea", 980, 41, "77.10", "USD"),
        ("2026-03-02", "2100000002", "", 15, 0, "0.00", "USD"),
    ]
    assert place.books() == [("ad_stats", 4, 3, 1)]
    assert place.quarantine() == [("ad_stats", 7, "a total is no campaign")]


def test_google_ads_money_of_the_api_is_in_millionths(place: Place) -> None:
    assert blocking(place.read_by("google_ads", "google_ads_api").load()) == []
    assert place.rows("ad_stats", "campaign_id, impressions, clicks, cost::text, currency") == [
        ("2100000001", 980, 41, "77.11", "USD")
    ]
    assert place.quarantine() == [("ad_stats", 2, "a metric is left out: unknown, not 0")]


def test_several_profiles_read_one_folder(place: Place) -> None:
    assert blocking(place.read_by("taobao,wecom,ocean_engine", "taobao", "wecom", "ocean_engine").load()) == []
    assert [name for name, *_ in place.books()] == [
        "ad_stats", "ad_stats", "contacts", "contacts", "contacts", "friendships", "friendships", "order_lines",
        "orders", "refunds",
    ]
    assert place.rows("contacts", "count(*)") == [(7,)]


def test_a_name_of_two_platforms_is_told_apart_by_its_start(place: Place) -> None:
    place.read_by("taobao,tmall", "tmall")
    with pytest.raises(UseropsError, match="ExportOrder.*fits more than one layout of taobao, tmall.*start the file"):
        place.load()
    for path in list(place.folder.iterdir()):
        path.rename(path.with_name(f"tmall_{path.name}"))
    assert blocking(place.load()) == []
    assert place.rows("orders", "channel_code") == [("tmall",)]
    assert place.connection.execute("select distinct profile from meta.load_files").fetchall() == [("tmall",)]


def test_another_platforms_file_under_the_right_name_says_which_column_is_missing(place: Place) -> None:
    shutil.copy(FIXTURES / "shopify" / "orders_export_1.csv", place.folder / "ExportOrderList1.csv")
    refused = [result for result in place.read_by("taobao").load() if result.blocks]
    assert {(result.check, result.observed) for result in refused} == {("header", "no column 订单编号")}
    assert all(
        result.detail == (
            "ExportOrderList1.csv: is it a file of taobao (ExportOrderList*.csv, taobao_orders*.csv)? Have it exported"
            " with that column, or add its spelling to `header` in profiles/taobao.yml"
        )
        for result in refused
    )


def test_another_platforms_file_under_its_own_name_says_what_was_awaited(place: Place) -> None:
    shutil.copy(FIXTURES / "shopify" / "orders_export_1.csv", place.folder)
    results = [result for result in place.read_by("taobao").load() if not result.passed]
    assert [(result.check, result.subject, result.severity) for result in results] == [
        ("export_present", "orders", "critical"), ("unknown_file", "folder", "warning")
    ]
    assert "ExportOrderList*.csv" in results[0].expected
    assert "orders_export_1.csv was not read: name it as taobao names its files" in results[1].detail


def test_other_bytes_than_declared_are_refused(place: Place) -> None:
    text = (FIXTURES / "taobao" / "ExportOrderList202603030101.csv").read_bytes().decode("gb18030")
    (place.folder / "ExportOrderList1.csv").write_bytes(text.encode("utf-16"))
    results = [result for result in place.read_by("taobao").load() if result.blocks]
    assert {result.check for result in results} == {"file_readable"}


def test_a_bad_row_of_a_platforms_file_is_quarantined_and_many_refuse_it(place: Place) -> None:
    lines = (FIXTURES / "pinduoduo" / "pdd_orders.csv").read_text("utf-8-sig").splitlines()
    many = [lines[1].replace("000000000001", f"{n:012}") for n in range(200)]
    many[6] = many[6].replace('"1,020.00"', '"10,20"')
    many[7] = many[7].replace("已发货，待收货", "飞走了")
    (place.folder / "pdd_orders.csv").write_text("\n".join([lines[0], *many]) + "\n")
    assert blocking(place.read_by("pinduoduo").load()) == []
    assert place.quarantine() == [
        ("orders", 8, "paid_amount is not a valid numeric"), ("orders", 9, "status is none of the allowed values")
    ]
    assert ("orders", 200, 198, 2) in place.books()
    (place.folder / "pdd_orders.csv").write_text("\n".join([lines[0], *many[:8]]) + "\n")
    assert blocking(place.load()) == [
        "orders bad_rows: 2 of 8 rows: paid_amount is not a valid numeric (1), status is none of the allowed values (1)"
    ]
