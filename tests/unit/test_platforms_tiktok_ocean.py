"""Reports of TikTok, Ocean Engine and Tencent Ads: totals, units without project, errors among answers, pages."""

import json
from pathlib import Path

import pytest
from platform_reading import CASES, PLATFORMS, Reader, one_by_one, reader

KEY = "stat_date, campaign_id, level, ad_group_id"
FIGURES = "impressions, clicks, cost, currency, platform_conversions, platform_conversion_value"
LEFT_OUT = "a metric is left out: unknown, not 0"
TOTAL = "a total is no campaign"
ERROR = "the platform answered with an error"


@pytest.fixture(scope="module")
def tiktok():
    with reader("tiktok_ads") as opened:
        yield opened


@pytest.fixture(scope="module")
def ocean():
    with reader("ocean_engine") as opened:
        yield opened


@pytest.fixture(scope="module")
def tencent():
    with reader("tencent_ads") as opened:
        yield opened


def test_tiktok_without_its_total_of_results(tiktok: Reader) -> None:
    read = tiktok.read(PLATFORMS / "tiktok_ads" / "tiktok_ads_campaigns.csv", "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-01 | Spring tea | campaign |  | 1250000 | 50547 | 12636.99 | USD | 310.000000 | 15500.50",
        "2026-03-02 | Old brand | campaign |  | 0 | 0 | 0.00 | USD | 0.000000 | ",
        "2026-03-02 | Spring tea | campaign |  | 5000 | 201 | 48.20 | USD | 2.000000 | ",
    ]
    assert read.set_aside == [(4, LEFT_OUT), (5, TOTAL)]


def test_tiktok_in_chinese_by_ad_group_with_the_sources_currency(tiktok: Reader) -> None:
    read = tiktok.read(PLATFORMS / "tiktok_ads_zh" / "tiktok_ads_zh.csv", "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | 春茶 | ad_group | 女性 25-34 | 5000 | 201 | 48.20 | CNY | 2.000000 | "
    ]
    assert read.set_aside == [(2, TOTAL)]


def test_a_tiktok_report_without_days_is_refused(tiktok: Reader, tmp_path: Path) -> None:
    text = "Campaign name,Cost,Impressions,Clicks (destination),Currency\nSpring,1,1,1,USD\n"
    read = tiktok.read_text(tmp_path, "tiktok_ads.csv", text, "ad_stats", KEY)
    assert read.refused.startswith("header: no column By Day or Date")


def test_ocean_engine_sets_its_total_row_aside(ocean: Reader) -> None:
    path = CASES / "ocean-engine-total-row" / "2026-03-02" / "ocean_engine_r.csv"
    read = ocean.read(path, "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | 7000001 | campaign |  | 10000 | 250 | 1234.50 | CNY |  | ",
        "2026-03-02 | 7000002 | campaign |  | 2000 | 40 | 100.00 | CNY |  | ",
    ]
    assert (read.set_aside, read.bad) == ([(3, TOTAL)], [])


def test_ocean_engine_by_project_with_the_headers_of_2026(ocean: Reader) -> None:
    path = PLATFORMS / "ocean_engine_projects" / "ocean_engine_projects.csv"
    read = ocean.read(path, "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | 7300000001 | campaign |  | 10000 | 250 | 1234.50 | CNY | 30.000000 | ",
        "2026-03-02 | 7300000002 | campaign |  | 2000 | 40 | 100.00 | CNY |  | ",
    ]
    assert read.set_aside == [(1, TOTAL)]


UNITS = "时间-天,{project}单元名称,单元ID,消耗,展示数,点击数\n2026-03-02,{id}新品,88,5.00,100,3\n"


def test_ocean_engine_units_belong_to_their_project(ocean: Reader, tmp_path: Path) -> None:
    text = UNITS.format(project="项目ID,", id="7300000001,")
    read = ocean.read_text(tmp_path, "ocean_engine_units.csv", text, "ad_stats", KEY)
    assert one_by_one(read.rows) == ["2026-03-02 | 7300000001 | ad_group | 88"]
    alone = ocean.read_text(tmp_path, "ocean_engine_units.csv", UNITS.format(project="", id=""), "ad_stats", KEY)
    assert alone.refused == "suspect_file: rows name no project or plan"


def test_a_total_of_qianchuans_whole_domain_report(ocean: Reader, tmp_path: Path) -> None:
    text = "日期,计划ID,整体消耗,整体展现次数,整体点击次数\n2026-03-02,9,5.5,100,3\n合计,,5.5,100,3\n"
    read = ocean.read_text(tmp_path, "qianchuan.csv", text, "ad_stats", f"{KEY}, cost")
    assert one_by_one(read.rows) == ["2026-03-02 | 9 | campaign |  | 5.50"]
    assert read.set_aside == [(2, TOTAL)]


def ocean_answer(day: str, page: int = 1, pages: int = 1) -> dict:
    row = {"dimensions": {"stat_time_day": day, "cdp_project_id": "7"},
           "metrics": {"stat_cost": "1", "show_cnt": "10", "click_cnt": "1"}}
    return {"code": 0, "data": {"rows": [row], "page_info": {"page": page, "total_page": pages}}}


def tencent_answer(day: str, page: int = 1, pages: int = 1) -> dict:
    row = {"date": day, "campaign_id": 7, "view_count": 10, "valid_click_count": 1, "cost": 100}
    return {"code": 0, "data": {"list": [row], "page_info": {"page": page, "total_page": pages}}}


@pytest.mark.parametrize(("platform", "answer"), [("ocean_engine", ocean_answer), ("tencent_ads", tencent_answer)])
def test_one_error_among_answers_is_set_aside_and_errors_alone_refuse(platform: str, answer, request, tmp_path) -> None:
    opened: Reader = request.getfixturevalue("ocean" if platform == "ocean_engine" else "tencent")
    error = {"code": 40002, "message": "no permission", "data": {}}

    def read(*answers: dict):
        return opened.read_text(tmp_path, f"{platform}.json", json.dumps(answers), "ad_stats", "stat_date::text")

    one = read(answer("2026-03-01"), answer("2026-03-02"), error)
    assert (one.rows, one.set_aside) == ([("2026-03-01",), ("2026-03-02",)], [(3, ERROR)])
    assert read(error).refused == "suspect_file: the platform answered with an error (code is not 0)"
    missing = "suspect_file: pages of the report are missing"
    assert read(answer("2026-03-02", 1, 2), error).refused == missing
    # A report of two pages is whole; of the one of three beside it two are missing.
    assert read(answer("2026-03-01", 1, 2), answer("2026-03-01", 2, 2), answer("2026-03-02", 3, 3)).refused == missing


def test_tencent_ads_by_ad_group_within_its_campaign(tencent: Reader, tmp_path: Path) -> None:
    rows = [{"date": "2026-03-02", "campaign_id": 1, "adgroup_id": 2, "view_count": 10, "valid_click_count": 1,
             "cost": 5, "conversions_count": 1},
            {"date": "2026-03-02", "adgroup_id": 3, "view_count": 10, "valid_click_count": 12, "cost": 105}]
    answer = {"code": 0, "data": {"list": rows, "page_info": {"page": 1, "total_page": 1}}}
    read = tencent.read_text(tmp_path, "tencent_ads.json", json.dumps(answer), "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | 1 | ad_group | 2 | 10 | 1 | 0.05 | CNY | 1.000000 | ",
        # In the newer kind of account the ad group is the top, and more clicks than impressions are no error.
        "2026-03-02 | 3 | campaign |  | 10 | 12 | 1.05 | CNY |  | ",
    ]


def test_tencent_ads_file_of_the_console_is_in_yuan(tencent: Reader) -> None:
    read = tencent.read(PLATFORMS / "tencent_ads_file" / "tencent_ads_report.csv", "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | 880001 | campaign |  | 12000 | 301 | 1234.57 | CNY | 12.000000 | ",
        "2026-03-02 | 880002 | campaign |  | 0 | 0 | 0.00 | CNY | 0.000000 | ",
    ]
    assert read.set_aside == [(3, TOTAL)]
