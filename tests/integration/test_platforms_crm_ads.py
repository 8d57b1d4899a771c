"""WeCom's and advertising platforms' answers and reports become canonical rows; answers of nothing are refused."""

import json
import shutil
from datetime import date

import pytest
from platform_place import DAY, FIXTURES, Place, blocking, pseudonym


def test_wecom_has_a_friendship_for_each_follower_and_one_contact_for_each_person(shop: Place) -> None:
    assert blocking(shop.read_by("wecom", "wecom").load()) == []
    one, two, three = (pseudonym("wecom", f"wmAAA00{n}") for n in (1, 2, 3))
    columns = "contact_id, staff_id, strftime(added_at, '%m-%d %H:%M'), add_way, channel_code"
    assert set(shop.rows("friendships", columns)) == {
        (one, "rocky", "03-02 08:00", "scan", "store_qr_01"),
        (one, "tommy", "03-02 10:00", "other", None),
        (two, "rocky", "03-02 09:00", "group", None),
        (three, "rocky", "03-02 11:00", "share", None),
        (three, "tommy", "03-02 12:00", "search", "live_01"),
    }
    columns = (
        "external_userid, contact_id, unionid, nickname, gender, phone, source_channel_code, wechat_consent,"
        " strftime(updated_at, '%H:%M')"
    )
    assert shop.rows("contacts", columns) == [
        ("wmAAA001", one, "ozAAA001", "小熊", "m", "13800138001", "store_qr_01", True, "10:00"),
        ("wmAAA002", two, None, "阿宝", "u", None, None, True, "09:00"),
        ("wmAAA003", three, None, "山间客", "f", None, "live_01", True, "12:00"),
    ]
    assert set(shop.rows("contact_tags", "contact_id, staff_id, tag_name, group_name")) == {
        (one, "rocky", "et1", None), (three, "rocky", "个人", "来源"), (three, "tommy", "茶", None),
    }
    assert shop.books() == [
        ("contact_identifiers", 1, 1, 0), ("contact_identifiers", 0, 0, 0), ("contact_tags", 1, 1, 0),
        ("contact_tags", 2, 2, 0), ("contacts", 2, 2, 0), ("contacts", 1, 1, 0),
        ("friendships", 3, 3, 0), ("friendships", 2, 2, 0),
    ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"errcode": 0, "external_contact_list": [], "next_cursor": ""}, "the answer holds nobody"),
        ([], "the answer holds nobody"),
        (
            {"errcode": 41035, "errmsg": "missing", "external_contact_list": []},
            "the platform answered with an error (errcode is not 0)",
        ),
        ({"errcode": 41035, "errmsg": "missing"}, "the platform answered with an error (errcode is not 0)"),
        ({"createtime": 0}, "every createtime is 0"),
        ({"createtime": 1772409600, "next_cursor": "r9"}, "the last page is missing: it names a next one"),
    ],
)
def test_a_wecom_answer_of_nothing_is_refused_with_its_mend(shop: Place, answer: dict | list, reason: str) -> None:
    if isinstance(answer, dict) and "createtime" in answer:
        follow = {"userid": "rocky", "createtime": answer["createtime"]}
        one = {"external_contact": {"external_userid": "wmAAA001"}, "follow_info": follow}
        answer = {"errcode": 0, "external_contact_list": [one], "next_cursor": answer.get("next_cursor", "")}
    (shop.folder / "wecom_contacts.json").write_text(json.dumps(answer))
    refused = [result for result in shop.read_by("wecom").load() if result.blocks]
    assert {(result.check, result.observed) for result in refused} >= {("suspect_file", reason)}
    assert all("wecom_contacts.json" in result.detail for result in refused)
    assert any("again" in result.detail or "fetch on" in result.detail for result in refused)
    assert shop.rows("friendships", "1") == []


def test_a_last_page_without_a_row_is_a_page(shop: Place) -> None:
    """WeCom, Ocean Engine and Tencent Ads end a report of full pages with an empty one."""
    wecom = json.loads((FIXTURES / "wecom" / "wecom_contacts.json").read_text())
    for page in wecom:
        page["next_cursor"] = "more"
    last = {"errcode": 0, "external_contact_list": [], "next_cursor": ""}
    (shop.folder / "wecom_contacts.json").write_text(json.dumps([*wecom, last]))
    assert blocking(shop.read_by("wecom").load()) == []
    assert shop.books() == [
        ("contact_identifiers", 1, 1, 0), ("contact_tags", 1, 1, 0), ("contacts", 2, 2, 0), ("friendships", 3, 3, 0),
    ]


@pytest.mark.parametrize(("platform", "rows"), [("ocean_engine", "rows"), ("tencent_ads", "list")])
@pytest.mark.parametrize("code", [0, 40100])
def test_a_report_ends_with_a_page_without_a_row(shop: Place, platform: str, rows: str, code: int) -> None:
    """It counts among the pages, and an error that stands in it is one."""
    pages = json.loads((FIXTURES / platform / f"{platform}_report.json").read_text())
    full = len(pages)
    for page in pages:
        page["data"]["page_info"]["total_page"] = full + 1
    pages.append({"code": code, "data": {rows: [], "page_info": {"page": full + 1, "total_page": full + 1}}})
    (shop.folder / f"{platform}_report.json").write_text(json.dumps(pages))
    refused = ["ad_stats suspect_file: the platform answered with an error (code is not 0)"]
    assert blocking(shop.read_by(platform).load()) == (refused if code else [])
    assert bool(shop.books()) == (code == 0)
    pages.pop()
    (shop.folder / f"{platform}_report.json").write_text(json.dumps(pages))
    assert blocking(shop.load()) == ["ad_stats suspect_file: pages of the report are missing"]


def test_a_wecom_group_is_delivered_whole_every_night(shop: Place) -> None:
    """Who is no longer listed has left: staging sees that by the list being whole."""
    shop.read_by("wecom")
    contacts = (FIXTURES / "wecom" / "wecom_contacts.json").read_text()
    for day in (date(2026, 3, 1), DAY):
        # The fixture's own instants are of the second day.
        earlier = contacts.replace('"createtime": 1772', '"createtime": 1771')
        (shop.folder_of(day) / "wecom_contacts.json").write_text(earlier)
        shutil.copy(FIXTURES / "wecom_groups" / f"{day}.json", shop.folder_of(day) / "wecom_groups.json")
        assert blocking(shop.load(day)) == []
    one, two, three = (pseudonym("wecom", f"wmAAA00{n}") for n in (1, 2, 3))
    columns = (
        "_business_date::text, contact_id, strftime(joined_at, '%m-%d %H:%M'), join_way, inviter_contact_id,"
        " strftime(left_at, '%m-%d %H:%M')"
    )
    found = shop.rows("group_members", columns, "1, joined_at")
    assert found == [
        ("2026-03-01", one, "03-01 09:00", "scan", None, None),
        ("2026-03-01", two, "03-01 10:00", "invite", one, None),
        ("2026-03-02", one, "03-01 09:00", "scan", None, None),
        ("2026-03-02", three, "03-02 10:00", "link", None, None),
    ]
    whole = "select distinct layout, whole from meta.load_files where export = 'group_members'"
    assert shop.connection.execute(whole).fetchall() == [("wecom/2", "group_id")]
    assert shop.rows("groups", "distinct group_id, group_name, kind, owner_staff_id") == [
        ("wrOgAAA01", "茶友一群", "community", "rocky"), ("wrOgAAA02", "wrOgAAA02", "community", "tommy")
    ]
    shop.load()
    assert shop.rows("group_members", columns, "1, joined_at") == found
    assert {reason for _, _, reason in shop.quarantine()} == {"a member of staff is no contact"}


def test_ocean_engine_reads_all_pages_and_the_csv(shop: Place) -> None:
    assert blocking(shop.read_by("ocean_engine", "ocean_engine").load()) == []
    columns = "stat_date::text, campaign_id, keyword, impressions, clicks, cost::text, currency, channel_code"
    same = ("CNY", "ocean_engine")
    assert shop.rows("ad_stats", columns, "1, 2") == [
        ("2026-02-28", "7300000001", "", 10, 1, "2.68", *same),
        ("2026-02-28", "7300000002", "", 0, 0, "0.00", *same),
        ("2026-03-01", "7300000001", "", 5000, 80, "99.99", *same),
        # 12,000 shown, 2.51 % of them clicked.
        ("2026-03-02", "1765000001", "", 12000, 301, "1234.57", *same),
        ("2026-03-02", "1765000002", "", 0, 0, "0.00", *same),
        ("2026-03-02", "7300000001", "", 1000, 12, "1.01", *same),
        ("2026-03-02", "7300000002", "", 300, 0, "20.50", *same),
    ]
    assert shop.books() == [("ad_stats", 6, 5, 1), ("ad_stats", 2, 2, 0)]
    assert shop.quarantine() == [("ad_stats", 4, "a metric is left out: unknown, not 0")]


def test_an_ocean_engine_report_with_a_page_missing_is_refused(shop: Place) -> None:
    pages = json.loads((FIXTURES / "ocean_engine" / "ocean_engine_report.json").read_text())
    (shop.folder / "ocean_engine_report.json").write_text(json.dumps([pages[0], pages[2]]))
    assert blocking(shop.read_by("ocean_engine").load()) == [
        "ad_stats suspect_file: pages of the report are missing"
    ]


def test_tencent_ads_money_is_in_fen(shop: Place) -> None:
    assert blocking(shop.read_by("tencent_ads", "tencent_ads").load()) == []
    columns = "stat_date::text, campaign_id, keyword, impressions, clicks, cost::text, currency, channel_code"
    same = ("CNY", "tencent_ads")
    assert shop.rows("ad_stats", columns, "1, 2") == [
        ("2026-03-01", "880001", "", 5000, 80, "99.99", *same),
        ("2026-03-02", "880001", "", 12000, 301, "1234.57", *same),
        ("2026-03-02", "880002", "", 0, 0, "0.00", *same),
        ("2026-03-02", "880003", "", 100, 1, "0.50", *same),
    ]
    assert shop.quarantine() == [("ad_stats", 5, "a metric is left out: unknown, not 0")]


@pytest.mark.parametrize("said, reason", [
    ('"code": 0', None),
    ('"code": 11017', "the platform answered with an error (code is not 0)"),
])
def test_a_tencent_ads_report_with_an_error_or_by_account_is_refused(shop: Place, said, reason) -> None:
    text = (FIXTURES / "tencent_ads" / "tencent_ads_report.json").read_text().replace('"code": 0', said)
    if reason is None:
        text, reason = text.replace("campaign_id", "account_id"), "rows name neither campaign nor ad group"
    (shop.folder / "tencent_ads_report.json").write_text(text)
    assert blocking(shop.read_by("tencent_ads").load()) == [f"ad_stats suspect_file: {reason}"]


@pytest.mark.parametrize("fixture", ["google_ads", "google_ads_editor"])
def test_google_ads_past_its_titles_and_without_its_totals(shop: Place, fixture: str) -> None:
    assert blocking(shop.read_by("google_ads", fixture).load()) == []
    columns = "stat_date::text, campaign_id, keyword, impressions, clicks, cost::text, currency"
    assert shop.rows("ad_stats", columns, "1, 2") == [
        ("2026-03-01", "2100000001", "green tea", 1234, 56, "1078.90", "USD"),
        ("2026-03-02", "2100000001", "green tea", 980, 41, "77.10", "USD"),
        ("2026-03-02", "2100000002", "", 15, 0, "0.00", "USD"),
    ]
    assert shop.books() == [("ad_stats", 4, 3, 1)]
    assert shop.quarantine() == [("ad_stats", 7, "a total is no campaign")]


def test_google_ads_money_of_the_api_is_in_millionths(shop: Place) -> None:
    assert blocking(shop.read_by("google_ads", "google_ads_api").load()) == []
    assert shop.rows("ad_stats", "campaign_id, impressions, clicks, cost::text, currency") == [
        ("2100000001", 980, 41, "77.11", "USD")
    ]
    assert shop.quarantine() == [("ad_stats", 2, "a metric is left out: unknown, not 0")]
