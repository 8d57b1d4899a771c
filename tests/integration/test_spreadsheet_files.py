"""Spreadsheets through the loader into the lake: rows in = lake + quarantine, lines as in the sheet, damage refused."""

import csv
import shutil

import pytest
from platform_place import FIXTURES, Place, blocking

from workbooks import INSTANT, Cell, Sheet, write

PRODUCTS = ["sku", "product_name", "category", "subcategory", "list_price", "launched_on"]


def test_a_canonical_workbook_is_stored_with_its_lines(shop: Place) -> None:
    good = [[f"s{number}", "two\nlines", "c", "s", number, 46083] for number in range(1, 8)]
    bad = ["s9", "Pot", "c", "s", Cell("#REF!", "e"), None]
    write(shop.folder / "products.part1.xlsx", Sheet([["Products of March"], [], PRODUCTS, *good, [], bad, [], [None]]))
    results = shop.read_by("canonical").load()
    assert [(found.check, found.severity) for found in results if found.subject == "products" and not found.passed] == [
        ("bad_rows", "warning"), ("spreadsheet_errors", "warning")
    ]
    assert shop.books() == [("products", 8, 7, 1)]
    assert shop.quarantine() == [("products", 12, "list_price is an error of a spreadsheet, such as #REF!")]
    assert shop.rows("products", "sku, list_price::varchar, launched_on::varchar")[6] == ("s7", "7.00", "2026-03-02")


@pytest.mark.parametrize("ending", ["xlsx", "xls"])
def test_a_platforms_export_as_a_workbook(shop: Place, ending: str) -> None:
    """Both hold the rows of the CSV fixture; the older one was written with xlwt."""
    (path,) = (FIXTURES / "pinduoduo").iterdir()
    lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    if ending == "xlsx":
        placed = lines[0].index("订单成交时间")
        rows = [[cell or None for cell in line] for line in lines]
        rows[1][placed] = Cell("46083.41666666667", style=INSTANT)
        write(shop.folder / "pdd_orders_1.xlsx", Sheet([["拼多多 订单"], *rows]))
    else:
        shutil.copy(FIXTURES.parent / "spreadsheets" / "pdd_orders_1.xls", shop.folder)
    assert blocking(shop.read_by("pinduoduo").load()) == []
    ids = {line[lines[0].index("订单号")].strip() for line in lines[1:]}
    aside = {row[0] for row in shop.connection.execute("select raw_text from quarantine.rows").fetchall()}
    stored = {row[0] for row in shop.rows("orders", "order_id")}
    assert stored and ids - stored == {one for one in ids - stored if any(one in text for text in aside)}
    name = shop.connection.execute("select distinct file_name from meta.load_files").fetchall()
    assert name == [(f"pdd_orders_1.{ending}",)]


def test_a_mangled_export_is_refused_with_that_reason(shop: Place) -> None:
    shutil.copy(FIXTURES.parent / "spreadsheets" / "douyin_orders_1.csv", shop.folder)
    reason = "order ids in scientific notation: the file was saved by a spreadsheet; export it again"
    refused = [found for found in shop.read_by("douyin").load() if found.blocks]
    assert {(found.subject, found.check, found.observed) for found in refused} >= {
        ("orders", "spreadsheet_damage", reason), ("order_lines", "spreadsheet_damage", reason)
    }
    assert shop.books() == []


def test_what_is_no_workbook_is_refused(shop: Place) -> None:
    (shop.folder / "products.xls").write_text("<html><table></table></html>")
    (refused,) = [found for found in shop.read_by("canonical").load() if found.blocks and found.subject == "products"]
    assert refused.check == "file_readable" and "web page" in refused.observed
