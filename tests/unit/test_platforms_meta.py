"""Meta's reports: the currency of the header, three languages, totals, clicks that are not there."""

import pytest
from platform_reading import PLATFORMS, Reader, one_by_one, reader

KEY = "stat_date, campaign_id, level, ad_group_id, ad_id"
FIGURES = "impressions, clicks, cost, currency, platform_conversions, platform_conversion_value"


@pytest.fixture(scope="module")
def meta():
    with reader("meta_ads") as opened:
        yield opened


def test_campaigns_by_day_without_the_summary(meta: Reader) -> None:
    read = meta.read(PLATFORMS / "meta_ads" / "meta_ads_campaigns.csv", "ad_stats", f"{KEY}, {FIGURES}, channel_code")
    assert one_by_one(read.rows) == [
        "2026-03-01 | 1202100000001 | campaign |  |  | 5000 | 100 | 20.01 | EUR | 3.000000 | 150.50 | meta_ads",
        "2026-03-02 | 1202100000001 | campaign |  |  | 5850 | 155 | 30.70 | EUR | 2.000000 | 90.00 | meta_ads",
        # No link clicks stand there: all clicks do for them, and the cost stays.
        "2026-03-02 | 1202100000002 | campaign |  |  | 1000 | 3 | 8.00 | EUR |  |  | meta_ads",
    ]
    assert read.set_aside == [
        (1, "a total is no campaign"), (5, "a metric is left out: unknown, not 0"),
    ]
    assert not read.bad


def test_german_headers_with_decimal_commas_by_ad(meta: Reader) -> None:
    read = meta.read(PLATFORMS / "meta_ads_de" / "meta_ads_anzeigen.csv", "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | Frühling | ad | Frauen 25-34 | Bild B | 980 | 41 | 77.10 | EUR |  | ",
        "2026-03-02 | Frühling | ad | Frauen 25-34 | Video A | 1234 | 56 | 1078.90 | EUR | 4.000000 | 320.10",
    ]


ONE_DAY = "Campaign name,Reporting starts,Reporting ends,Amount Spent (USD),Impressions,Clicks (all)\n"


def test_an_older_report_of_one_day_counts_all_clicks(meta: Reader, tmp_path) -> None:
    text = ONE_DAY + "Spring,2026-03-02,2026-03-02,12.5,100,7\n"
    read = meta.read_text(tmp_path, "meta_ads.csv", text, "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == ["2026-03-02 | Spring | campaign |  |  | 100 | 7 | 12.50 | USD |  | "]


def test_a_report_over_several_days_is_refused(meta: Reader, tmp_path) -> None:
    text = ONE_DAY + "Spring,2026-03-01,2026-03-02,12.5,100,7\n"
    read = meta.read_text(tmp_path, "meta_ads.csv", text, "ad_stats", KEY)
    assert read.refused == "suspect_file: rows speak of several days, or of none"


def test_ages_of_a_chinese_report_are_added_up(meta: Reader) -> None:
    read = meta.read(PLATFORMS / "meta_ads_zh" / "meta_ads_adsets.csv", "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | 1202100000001 | ad_group | 女性 |  | 1500 | 15 | 28.00 | USD | 3.000000 | 90.00"
    ]
