"""Reports of Kuaishou and Xiaohongshu: which impressions and clicks are meant, totals on top, texts for numbers."""

import json
from pathlib import Path

import pytest
from platform_reading import PLATFORMS, Reader, one_by_one, reader

KEY = "stat_date, campaign_id, level, ad_group_id, ad_id"
FIGURES = "impressions, clicks, cost, currency, platform_conversions"
LEFT_OUT = "a metric is left out: unknown, not 0"
TOTAL = "a total is no campaign"


@pytest.fixture(scope="module")
def kuaishou():
    with reader("kuaishou_ads") as opened:
        yield opened


@pytest.fixture(scope="module")
def xiaohongshu():
    with reader("xiaohongshu_ads") as opened:
        yield opened


def test_kuaishou_pages_beside_an_answer_with_an_error(kuaishou: Reader) -> None:
    read = kuaishou.read(PLATFORMS / "kuaishou_ads" / "kuaishou_ads.json", "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-01 | 5100000001 | campaign |  |  | 400 | 9 | 7.50 | CNY | ",
        "2026-03-02 | 5100000001 | campaign |  |  | 5000 | 120 | 88.12 | CNY | 4.000000",
        "2026-03-02 | 5100000002 | campaign |  |  | 0 | 0 | 0.00 | CNY | 0.000000",
    ]
    assert read.set_aside == [(4, "the platform answered with an error")]


def test_a_kuaishou_page_that_is_missing_is_told_by_the_count(kuaishou: Reader, tmp_path: Path) -> None:
    pages = json.loads((PLATFORMS / "kuaishou_ads" / "kuaishou_ads.json").read_text())
    read = kuaishou.read_text(tmp_path, "kuaishou_ads.json", json.dumps([pages[0], pages[2]]), "ad_stats", KEY)
    assert read.refused == "suspect_file: pages of the report are missing"
    read = kuaishou.read_text(tmp_path, "kuaishou_ads.json", json.dumps(pages[2]), "ad_stats", KEY)
    assert read.refused == "suspect_file: the platform answered with an error (code is not 0)"


def test_kuaishou_counts_what_viewers_do_in_the_feed(kuaishou: Reader) -> None:
    read = kuaishou.read(PLATFORMS / "kuaishou_ads" / "kuaishou_ads_groups.csv", "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | 5100000001 | ad_group | 6100000001 |  | 5000 | 120 | 88.12 | CNY | 4.000000"
    ]
    # The second group's 行为数 is left out: its clicks on the cover are no substitute.
    assert read.set_aside == [(2, LEFT_OUT), (3, TOTAL)]


def test_kuaishou_covers_where_that_is_all_there_is(kuaishou: Reader, tmp_path: Path) -> None:
    text = "日期,广告计划名称,花费（元）,封面曝光数,封面点击数\n2026-03-02,春茶,1.5,900,12\n"
    read = kuaishou.read_text(tmp_path, "kuaishou_ads.csv", text, "ad_stats", "campaign_id, impressions, clicks, cost")
    assert one_by_one(read.rows) == ["春茶 | 900 | 12 | 1.50"]


def test_xiaohongshu_by_note_with_its_total_on_top(xiaohongshu: Reader) -> None:
    path = PLATFORMS / "xiaohongshu_ads" / "xiaohongshu_ads.csv"
    read = xiaohongshu.read(path, "ad_stats", f"{KEY}, {FIGURES}")
    assert one_by_one(read.rows) == [
        "2026-03-02 | 9001 | ad | 通投 | 66aa01 | 14872 | 558 | 1317.01 | CNY | ",
        "2026-03-02 | 9001 | ad | 通投 | 66aa02 | 1000 | 30 | 50.20 | CNY | ",
    ]
    assert read.set_aside == [(1, TOTAL), (4, LEFT_OUT)]
