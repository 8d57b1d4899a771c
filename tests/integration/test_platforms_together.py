"""Platforms in one folder, files under wrong names and of wrong bytes, the worked example of platforms/README.md."""

import re
import shutil
from pathlib import Path

import pytest
from platform_place import FIXTURES, LINE, ORDER, Place, blocking

from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT


def test_several_sources_read_one_folder(shop: Place) -> None:
    assert blocking(shop.read_by("taobao,wecom,ocean_engine", "taobao", "wecom", "ocean_engine").load()) == []
    assert [name for name, *_ in shop.books()] == [
        "ad_stats", "ad_stats", "contact_identifiers", "contact_identifiers", "contact_tags", "contact_tags",
        "contacts", "contacts", "contacts", "friendships", "friendships", "order_lines", "orders", "refunds",
    ]
    assert shop.rows("contacts", "count(*)") == [(7,)]


def test_a_name_of_two_platforms_is_told_apart_by_its_start(shop: Place) -> None:
    shop.read_by("taobao,tmall", "tmall")
    with pytest.raises(UseropsError, match="ExportOrder.*fits 2 sources: taobao, tmall.*start its name"):
        shop.load()
    for path in list(shop.folder.iterdir()):
        path.rename(path.with_name(f"tmall_{path.name}"))
    assert blocking(shop.load()) == []
    assert shop.rows("orders", "channel_code") == [("tmall",)]
    assert shop.connection.execute("select distinct source from meta.load_files").fetchall() == [("tmall",)]


def test_another_platforms_file_under_the_right_name_says_which_column_is_missing(shop: Place) -> None:
    shutil.copy(FIXTURES / "shopify" / "orders_export_1.csv", shop.folder / "ExportOrderList1.csv")
    refused = [result for result in shop.read_by("taobao").load() if result.blocks]
    assert {(result.check, result.observed) for result in refused} == {("header", "no column 订单编号")}
    assert all(
        result.detail == (
            "taobao/ExportOrderList1.csv: is it a file of taobao (ExportOrderList*.csv, taobao_orders*.csv)? Have it"
            " exported with that column, or add its spelling to `header` in platforms/taobao.yml"
        )
        for result in refused
    )


def test_another_platforms_file_under_its_own_name_says_what_was_awaited(shop: Place) -> None:
    shutil.copy(FIXTURES / "shopify" / "orders_export_1.csv", shop.folder)
    results = [result for result in shop.read_by("taobao").load() if not result.passed]
    assert [(result.check, result.subject, result.severity) for result in results] == [
        ("export_present", "orders", "critical"), ("unknown_file", "folder", "warning")
    ]
    assert "ExportOrderList*.csv" in results[0].expected
    assert "orders_export_1.csv was not read: name it as taobao names its files" in results[1].detail


def test_other_bytes_than_declared_are_refused(shop: Place) -> None:
    text = (FIXTURES / "taobao" / "ExportOrderList202603030101.csv").read_bytes().decode("gb18030")
    (shop.folder / "ExportOrderList1.csv").write_bytes(text.encode("utf-16"))
    results = [result for result in shop.read_by("taobao").load() if result.blocks]
    assert {result.check for result in results} == {"file_readable"}


def test_a_bad_row_of_a_platforms_file_is_quarantined_and_many_refuse_it(shop: Place) -> None:
    lines = (FIXTURES / "pinduoduo" / "pdd_orders.csv").read_text("utf-8-sig").splitlines()
    many = [lines[1].replace("000000000001", f"{n:012}") for n in range(200)]
    many[6] = many[6].replace('"1,020.00"', '"10,20"')
    many[7] = many[7].replace("已发货，待收货", "飞走了")
    lost = [many[n].replace("已发货，待收货", "飞走了") for n in range(8, 12)]
    (shop.folder / "pdd_orders.csv").write_text("\n".join([lines[0], *many]) + "\n")
    assert blocking(shop.read_by("pinduoduo").load()) == []
    assert shop.quarantine() == [
        ("orders", 8, "paid_amount is not a valid numeric"), ("orders", 9, "status is none of the allowed values")
    ]
    assert ("orders", 200, 198, 2) in shop.books()
    (shop.folder / "pdd_orders.csv").write_text("\n".join([lines[0], *many[:8], *lost]) + "\n")
    assert blocking(shop.load()) == [
        "orders bad_rows: 6 of 12 rows:"
        " status is none of the allowed values (5), paid_amount is not a valid numeric (1)"
    ]


def test_a_handful_of_bad_rows_warns_whatever_their_share(shop: Place) -> None:
    lines = (FIXTURES / "pinduoduo" / "pdd_orders.csv").read_text("utf-8-sig").splitlines()
    many = [lines[1].replace("000000000001", f"{n:012}") for n in range(10)]
    many[7] = many[7].replace("已发货，待收货", "飞走了")
    (shop.folder / "pdd_orders.csv").write_text("\n".join([lines[0], *many]) + "\n")
    (told,) = [result for result in shop.read_by("pinduoduo").load() if result.severity == "warning"]
    assert (told.check, told.subject, told.observed) == (
        "bad_rows", "orders", "1 of 10 rows: status is none of the allowed values (1)"
    )


def test_the_worked_example_of_the_readme(shop: Place, tmp_path: Path) -> None:
    text = (PROJECT_ROOT / "platforms" / "README.md").read_text(encoding="utf-8").split("## A worked example")[1]
    file, platform = (block.split("```")[0] for block in re.split(r"```(?:yaml)?\n", text)[1:4:2])
    (tmp_path / "platforms").mkdir()
    (tmp_path / "platforms" / "till.yml").write_text(platform, encoding="utf-8")
    (shop.folder / "till_2026-03-02.csv").write_text(file, encoding="utf-8")
    shop.settings = shop.settings.model_copy(update={"project_root": tmp_path})
    assert blocking(shop.read_by("till").load()) == []
    assert shop.rows("orders", ORDER) == [
        ("T-17", "completed", "03-02 10:15:00", "03-02 10:15:00", "1200.00", "0.00", "0.00", "1200.00")
    ]
    assert shop.rows("order_lines", LINE) == [("T-17", 1, "Cup", 2, "600.00", "1200.00")]
    assert shop.quarantine() == [("order_lines", 4, "a voided ticket"), ("orders", 4, "a voided ticket")]
