"""Advertising reports as the workbooks that TikTok, Amazon and Xiaohongshu offer first."""

import csv
from pathlib import Path

import pytest
from platform_reading import PLATFORMS, one_by_one, reader

from workbooks import DAY, Cell, Sheet, write


@pytest.mark.parametrize(
    ("platform", "fixture"),
    [
        ("tiktok_ads", "tiktok_ads/tiktok_ads_campaigns.csv"),
        ("xiaohongshu_ads", "xiaohongshu_ads/xiaohongshu_ads.csv"),
        ("google_ads", "google_ads_zh/google_ads_zh.csv"),
        ("amazon_ads", "amazon_ads/amazon_ads_search_terms.csv"),
        ("microsoft_ads", "microsoft_ads/microsoft_ads_keywords.csv"),
        ("meta_ads", "meta_ads/meta_ads_campaigns.csv"),
    ],
)
def test_a_workbook_gives_the_rows_of_its_csv(tmp_path: Path, platform: str, fixture: str) -> None:
    path = PLATFORMS / fixture
    with path.open(encoding="utf-8-sig", newline="") as text:
        book = write(tmp_path / f"{path.stem}.xlsx", Sheet(rows=list(csv.reader(text))))
    with reader(platform) as opened:
        columns = "stat_date, campaign_id, keyword, clicks, cost, currency"
        assert opened.read(book, "ad_stats", columns).rows == opened.read(path, "ad_stats", columns).rows != []


def test_days_and_numbers_of_a_workbook_are_no_texts(tmp_path: Path) -> None:
    head = ["Date", "Currency", "Campaign Name", "Impressions", "Clicks", "Spend", "7 Day Total Sales "]
    # 2 March 2026 is day 46083 of the sheet's calendar.
    row = [Cell("46083", style=DAY), "EUR", "Cups", 1000, 20, 16.25, 60]
    book = write(tmp_path / "amazon_ads.xlsx", Sheet([head, row]))
    columns = "stat_date, campaign_id, impressions, cost, platform_conversion_value, updated_at"
    with reader("amazon_ads") as opened:
        read = opened.read(book, "ad_stats", columns)
    assert one_by_one(read.rows) == ["2026-03-02 | Cups | 1000 | 16.25 | 60.00 | 2026-03-01 16:00:00+00:00"]
