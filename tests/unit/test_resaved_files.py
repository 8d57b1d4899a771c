"""Files that a spreadsheet opened and saved again: the times that it wrote its own way are read as they were."""

import re
from pathlib import Path

import duckdb
import pytest
from platform_reading import PLATFORMS, reader

from userops.ingest import shapes
from userops.ingest.traits import Traits

TAOBAO = PLATFORMS / "taobao" / "ExportOrderList202603030101.csv"
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):\d\d(?! [+-])")


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("2026/3/2 9:05", "2026-03-02 09:05:00"), ("2026/12/31 23:59:07", "2026-12-31 23:59:07"),
        ("2026-3-2 9:05", "2026-03-02 09:05:00"), ("2026/3/2", "2026-03-02"), ("2026-03-02 09:05:00",) * 2,
        # No day, no time of a day, an order in which nobody knows the month, a longer text.
        ("2026/2/30", "2026/2/30"), ("2026/3/2 24:05", "2026/3/2 24:05"), ("3/2/2026", "3/2/2026"),
        ("at 2026/3/2", "at 2026/3/2"), (None, None),
    ],
)  # fmt: skip
def test_times_as_spreadsheets_write_them(cell: str | None, iso: str | None) -> None:
    query = f"select {shapes.as_iso('cell')} from (select ?::varchar as cell)"
    with duckdb.connect() as database:
        assert database.execute(query, [cell]).fetchall() == [(iso,)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"#1,2026/3/2 9:05\n", True), (b"#1,2026-3-2\n", True), (b"#1,2026-03-02 9:05\n", True),
        (b"#1,2026-03-02 09:05:00,1380-0138,12/2026\n", False), (b"#1,2026-03-02T09:05:00+08:00\n", False),
    ],
)  # fmt: skip
def test_a_file_is_asked_once_whether_it_has_such_times(text: bytes, found: bool) -> None:
    traits = Traits()
    traits.look(text)
    assert traits.has_respelled_times is found


@pytest.mark.parametrize(
    ("platform", "file", "encoding", "export", "columns"),
    [
        ("taobao", "taobao/ExportOrderList202603030101.csv", "gb18030", "orders", "order_id, placed_at, paid_at"),
        ("jd", "jd/jd_orders.csv", "gb18030", "order_lines", "order_id, sku, line_amount, updated_at"),
        ("douyin", "douyin/douyin_orders_20260302.csv", "utf-8", "orders", "order_id, placed_at, paid_at, updated_at"),
        ("woocommerce", "woocommerce/orders-export-2026-03-02.csv", "utf-8", "orders", "order_id, placed_at"),
    ],
)  # fmt: skip
def test_a_platforms_file_saved_again_gives_the_same_rows(
    tmp_path: Path, platform: str, file: str, encoding: str, export: str, columns: str
) -> None:
    text, found = (PLATFORMS / file).read_bytes().decode(encoding), []
    with reader(platform) as opened:
        for spelled in (lambda m: f"{m[0][:-2]}00", lambda m: f"{m[1]}/{int(m[2])}/{int(m[3])} {int(m[4])}:{m[5]}"):
            path = tmp_path / Path(file).name
            path.write_bytes(TIME.sub(spelled, text).encode(encoding))
            found.append(opened.read(path, export, columns))
    assert len(found[0].rows) > 2
    assert found[0] == found[1]


def test_titles_above_the_header_and_empty_rows_below_change_nothing(tmp_path: Path) -> None:
    text = TAOBAO.read_bytes().decode("gb18030")
    framed = f'订单报表\r\n"导出时间\r\n2026-03-02",,\r\n\r\n{text}{"," * 30}\r\n{"," * 30}\r\n'
    path = tmp_path / TAOBAO.name
    path.write_bytes(framed.encode("gb18030"))
    with reader("taobao") as opened:
        columns = "order_id, placed_at, paid_at, status, paid_amount"
        plain, found = (opened.read(each, "orders", columns) for each in (TAOBAO, path))
    assert len(plain.rows) == 8
    assert found == plain
