"""Reports of Microsoft, Amazon and Baidu: what stands above and below the table, dates, money, rows added up."""

from datetime import date
from pathlib import Path

import pytest
from platform_reading import PLATFORMS, Reader, one_by_one, reader

KEY = "stat_date, campaign_id, level, ad_group_id, ad_id, keyword"
FIGURES = "impressions, clicks, cost, currency, platform_conversions, platform_conversion_value"
TOTAL = "a total is no campaign"


@pytest.fixture(scope="module")
def microsoft():
    with reader("microsoft_ads", date(2026, 3, 3)) as opened:
        yield opened


@pytest.fixture(scope="module")
def amazon():
    with reader("amazon_ads") as opened:
        yield opened


@pytest.fixture(scope="module")
def baidu():
    with reader("baidu_ads") as opened:
        yield opened


def test_microsoft_between_its_preamble_and_footer(microsoft: Reader) -> None:
    read = microsoft.read(PLATFORMS / "microsoft_ads" / "microsoft_ads_keywords.csv", "ad_stats", f"{KEY}, {FIGURES}")
    blue = "82945799304067 | keyword | 1178678112345678 |  | blue cup"
    assert one_by_one(read.rows) == [
        f"2026-03-01 | {blue} | 1500 | 15 | 28.00 | USD | 1.000000 | 55.00",
        "2026-03-02 | 82945799304068 | keyword | 1178678112345679 |  | red cup"
        " | 100 | 2 | 3.00 | USD | 0.000000 | 0.00",
    ]
    assert read.set_aside == [(4, TOTAL)]
    assert read.bad == [(5, "1 fields where the header has 17")]


def test_microsofts_api_has_names_in_one_word_and_no_preamble(microsoft: Reader, tmp_path: Path) -> None:
    text = "TimePeriod,CampaignName,CampaignId,Impressions,Clicks,CurrencyCode,Spend\n2026-03-02,B,7,10,1,EUR,0.5\n"
    read = microsoft.read_text(tmp_path, "microsoft_ads.csv", text, "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == ["2026-03-02 | 7 | campaign |  |  |  | 10 | 1 | 0.50 | EUR |  | "]


def test_a_day_that_is_no_month_first_date_is_a_bad_row(microsoft: Reader, tmp_path: Path) -> None:
    text = "TimePeriod,CampaignName,Impressions,Clicks,Spend\n31/3/2026,B,10,1,0.5\n"
    read = microsoft.read_text(tmp_path, "microsoft_ads.csv", text, "ad_stats", KEY)
    assert read.bad == [(1, "stat_date is not a valid date")]


def test_amazon_search_terms_are_added_to_their_targeting(amazon: Reader) -> None:
    read = amazon.read(PLATFORMS / "amazon_ads" / "amazon_ads_search_terms.csv", "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | Cups exact | keyword | Blue |  | blue cup | 1100 | 22 | 17.75 | USD | 3.000000 | 60.00",
        "2026-03-02 | Cups exact | keyword | Blue |  | red cup | 50 | 0 | 0.00 | USD | 0.000000 | 0.00",
    ]


def test_amazon_in_german_has_commas_in_headers_and_euros_in_cells(amazon: Reader) -> None:
    read = amazon.read(PLATFORMS / "amazon_ads_de" / "amazon_ads_produkte.csv", "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | Tassen | ad | Blau | T-1 |  | 1258 | 40 | 16.25 | EUR | 12.000000 | 1258.40",
        "2026-03-02 | Tassen | ad | Blau | T-2 |  | 300 | 3 | 1.50 | EUR | 0.000000 | 0.00",
    ]


def test_amazon_in_chinese(amazon: Reader) -> None:
    read = amazon.read(PLATFORMS / "amazon_ads_zh" / "amazon_ads_campaigns.csv", "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | 杯子 | campaign |  |  |  | 1000 | 20 | 16.25 | USD | 3.000000 | 60.00"
    ]


NEW_CONSOLE = "Start Date,End Date,Campaign Name,Impressions,Clicks,Total cost,Sales\n"


def test_amazons_new_console_names_the_currency_in_the_cell(amazon: Reader, tmp_path: Path) -> None:
    text = NEW_CONSOLE + '2026-03-02,2026-03-02,Cups,100,2,"USD 1,054.99",USD 9.00\n'
    read = amazon.read_text(tmp_path, "amazon_ads.csv", text, "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == ["2026-03-02 | Cups | campaign |  |  |  | 100 | 2 | 1054.99 | USD |  | "]


def test_an_amazon_report_over_several_days_is_refused(amazon: Reader, tmp_path: Path) -> None:
    text = NEW_CONSOLE + "2026-03-01,2026-03-02,Cups,100,2,USD 54.99,USD 9.00\n"
    read = amazon.read_text(tmp_path, "amazon_ads.csv", text, "ad_stats", KEY)
    assert read.refused == "suspect_file: rows speak of several days, or of none"


def test_baidus_hours_are_added_up_below_the_preamble(baidu: Reader) -> None:
    read = baidu.read(PLATFORMS / "baidu_ads" / "baidu_ads_keywords.csv", "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | 春茶 | keyword | 龙井 |  | {龙井}多少钱,一斤 | 15 | 0 | 0.00 | CNY |  | ",
        "2026-03-02 | 春茶 | keyword | 龙井 |  | 龙井 明前 | 1500 | 15 | 28.00 | CNY |  | ",
    ]
    assert read.set_aside == [(4, TOTAL)]


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("日期,推广计划,展现,点击,消费\n2026-03-01至2026-03-02,春茶,1,1,1.00\n", "rows speak of several days"),
        ("日期,账户,展现,点击,消费\n2026-03-02,茶铺,1,1,1.00\n", "rows name no plan"),
    ],
)
def test_a_baidu_report_without_days_or_plans_is_refused(baidu: Reader, tmp_path, text: str, refused: str) -> None:
    path = tmp_path / "baidu_ads.csv"
    path.write_text(text, encoding="gb18030")
    assert baidu.read(path, "ad_stats", KEY).refused == f"suspect_file: {refused}"


def test_a_baidu_report_in_another_encoding_is_refused_not_guessed(baidu: Reader, tmp_path: Path) -> None:
    text = "时间,推广计划,关键词,消费,展现,点击\n2026-03-02,春茶,龙井,1.00,1,1\n"
    assert baidu.read_text(tmp_path, "baidu_ads.csv", text, "ad_stats", KEY).refused
