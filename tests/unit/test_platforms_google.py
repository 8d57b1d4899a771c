"""Google's reports: optional titles, three languages, totals, levels, rows added, the API's money and pages."""

import json
from datetime import date
from pathlib import Path

import pytest
from platform_reading import CASES, PLATFORMS, Reader, one_by_one, reader

KEY = "stat_date, campaign_id, level, ad_group_id, keyword"
FIGURES = "impressions, clicks, cost, currency, platform_conversions, platform_conversion_value"
TOTAL = "a total is no campaign"
NIGHT = "2026-03-02"


@pytest.fixture(scope="module")
def google():
    with reader("google_ads", date(2026, 3, 3)) as opened:
        yield opened


def test_clicks_above_impressions_stay(google: Reader) -> None:
    path = CASES / "ads-clicks-above-impressions" / NIGHT / "google_ads_c.csv"
    read = google.read(path, "ad_stats", "campaign_id, clicks, impressions, cost")
    assert one_by_one(read.rows) == ["111 | 15 | 1500 | 28.00", "112 | 20 | 15 | 3.00"]
    assert (read.bad, read.set_aside) == ([], [])


def test_a_campaign_report_beside_a_keyword_report_is_of_another_level(google: Reader) -> None:
    folder = CASES / "google-ads-campaign-and-keyword-report" / NIGHT
    columns = "level, campaign_id, keyword, cost"
    assert one_by_one(google.read(folder / "google_ads_campaigns.csv", "ad_stats", columns).rows) == [
        "campaign | 111 |  | 28.00", "campaign | 222 |  | 60.00",
    ]
    assert one_by_one(google.read(folder / "google_ads_keywords.csv", "ad_stats", columns).rows) == [
        "keyword | 111 | blue cup | 20.00", "keyword | 111 | red cup | 8.00",
    ]


def test_a_keyword_in_two_ad_groups_and_match_types(google: Reader) -> None:
    folder = CASES / "google-ads-keyword-in-two-ad-groups"
    read = google.read(folder / NIGHT / "google_ads_kw.csv", "ad_stats", f"{KEY}, clicks, impressions, cost")
    assert one_by_one(read.rows) == [
        "2026-03-02 | 111 | keyword | Cups | blue cup | 15 | 1500 | 28.00",
        "2026-03-02 | 111 | keyword | Pots | blue cup | 2 | 100 | 3.00",
    ]
    assert [sum(row[place] for row in read.rows) for place in (-3, -2)] == [17, 1600]
    assert (read.set_aside, read.conflicts) == ([(4, TOTAL), (5, TOTAL)], 0)


def test_a_campaign_report_by_device_is_added_up(google: Reader) -> None:
    path = CASES / "google-ads-keyword-in-two-ad-groups" / "2026-03-03" / "google_ads_c.csv"
    read = google.read(path, "ad_stats", f"{KEY}, clicks, impressions, cost")
    assert one_by_one(read.rows) == ["2026-03-03 | 111 | campaign |  |  | 15 | 1500 | 28.00"]
    # The word stands in a column that nobody reads.
    assert (read.set_aside, read.conflicts) == ([(3, TOTAL)], 0)


def test_money_below_one_unit_is_money(google: Reader) -> None:
    path = CASES / "google-ads-micros-below-one" / NIGHT / "google_ads.json"
    read = google.read(path, "ad_stats", "campaign_id, cost")
    assert one_by_one(read.rows) == ["111 | 2.50", "112 | 0.10"]
    assert read.bad == []


def test_german_headers_and_numbers_and_a_campaign_that_begins_like_a_total(google: Reader) -> None:
    read = google.read(PLATFORMS / "google_ads_de" / "google_ads_keywords_de.csv", "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | 2100000007 | keyword | Tassen | blaue tasse | 1734 | 61 | 1086.90 | EUR | 3.000000 | 150.00",
        "2026-03-02 | 2100000007 | keyword | Tassen | rote tasse | 15 | 0 | 0.00 | EUR | 0.000000 | 0.00",
    ]
    assert read.set_aside == [(4, TOTAL), (5, TOTAL)]


def test_chinese_headers_without_an_id(google: Reader) -> None:
    read = google.read(PLATFORMS / "google_ads_zh" / "google_ads_zh.csv", "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | 品牌 | keyword | 杯子 | 蓝色 杯子 | 1234 | 56 | 88.10 | CNY | 1.000000 | "
    ]
    assert read.set_aside == [(2, TOTAL)]


def test_a_row_without_keyword_in_a_report_of_keywords_is_no_campaign_report(google: Reader) -> None:
    """It would stand in the way of its campaign's keywords, and take the place of the day's campaign report."""
    read = google.read(PLATFORMS / "google_ads" / "google_ads_campaigns.csv", "ad_stats", "keyword, level", "1")
    assert read.rows == [("", "keyword"), ("green tea", "keyword"), ("green tea", "keyword")]


PLAIN = "Day,Campaign ID,Ad group ID,Impr.,Clicks,Cost,Currency code\n"
ROW = "2026-03-02,111,7,100,3,1.50,USD\n"


@pytest.mark.parametrize("titles", ["", "Ad group report\nAll time\n", "sep=,\nAd group report\n\"1 - 2 March\"\n"])
def test_titles_may_stand_above_the_header(google: Reader, tmp_path: Path, titles: str) -> None:
    read = google.read_text(tmp_path, "google_ads.csv", titles + PLAIN + ROW, "ad_stats", f"{KEY}, cost")
    assert one_by_one(read.rows) == ["2026-03-02 | 111 | ad_group | 7 |  | 1.50"]


def test_a_report_without_days_is_refused(google: Reader, tmp_path: Path) -> None:
    text = "Campaign report\nAll time\nCampaign,Impr.,Clicks,Cost\nBrand,1,1,1.00\n"
    read = google.read_text(tmp_path, "google_ads.csv", text, "ad_stats", "1")
    assert read.refused.startswith("header: no column Day or Tag")


def answer(campaign: str, **more: object) -> dict:
    metrics = {"impressions": "10", "clicks": "1", "costMicros": "1000000", "conversions": 1.5}
    return {"results": [{"segments": {"date": NIGHT}, "campaign": {"id": campaign}, "metrics": metrics}]} | more


MISSING = "suspect_file: the last page is missing: it names a next one"
ERROR = {"error": {"code": 403, "status": "PERMISSION_DENIED"}}


@pytest.mark.parametrize(
    ("answers", "refused", "rows"),
    [
        ([answer("1", nextPageToken="x"), answer("2")], "", 2),
        ([answer("1", nextPageToken="x"), {"results": []}], "", 1),
        ([answer("1", nextPageToken="x")], MISSING, 0),
        ([answer("1"), answer("2", nextPageToken="x")], MISSING, 0),
        ([answer("1"), ERROR], "", 1),
        ([ERROR], "suspect_file: the platform answered with an error", 0),
    ],
)
def test_pages_and_errors_of_the_api(google: Reader, tmp_path: Path, answers: list, refused: str, rows: int) -> None:
    read = google.read_text(tmp_path, "google_ads.json", json.dumps(answers), "ad_stats", "platform_conversions::text")
    assert (read.refused, read.rows) == (refused, [("1.500000",)] * rows)
    assert [reason for _, reason in read.set_aside] == (
        ["the platform answered with an error"] if rows and ERROR in answers else []
    )
