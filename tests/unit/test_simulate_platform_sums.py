"""A simulated business as platforms' files: sums, counts, the columns that mappings read."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from exports_read import bytes_of, latest_of
from tiny_business import ALL, cells_of, layouts_of

from csv_rows import rows_of
from userops.contracts.model import load_contracts
from userops.simulate import simulate
from userops.simulate.platforms import as_platforms, quirks


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    simulate(folder, 200, 25, date(2026, 3, 1), 11)
    return folder


@pytest.fixture(scope="module", params=[False, True], ids=["clean", "quirks"])
def delivered(request: pytest.FixtureRequest, simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("delivered")
    as_platforms(simulated, out, ALL, quirks=request.param, seed=7)
    return out


def totals(out: Path) -> Iterator[tuple[str, Decimal, Decimal]]:
    """Full id, total and refunds of every order in the shops' files, as a reader with a calculator takes them."""
    for path in sorted(out.glob("20*/shopify/*.csv")):
        for row in cells_of(path):
            if row["Total"] and row["Payment Method"] != "Bogus":
                yield f"shopify:{row['Name']}", Decimal(row["Total"]), Decimal(row["Refunded Amount"])
    for path in sorted(out.glob("20*/taobao/ExportOrder*.csv")):
        for row in cells_of(path, "gb18030"):
            refund = Decimal(row["退款金额"])
            paid = Decimal(row["买家实际支付金额"]) + refund or Decimal(row["总金额"])
            yield f"taobao:{row['订单编号'].strip('=').strip(chr(34))}", paid, refund
    for path in sorted(out.glob("20*/douyin/*.csv")):
        sums: dict[str, Decimal] = {}
        back: dict[str, Decimal] = {}
        for row in cells_of(path):
            due, name = Decimal(row["订单应付金额"].replace(",", "")), row["主订单编号"].strip()
            sums[name] = sums.get(name, Decimal(0)) + due
            back[name] = back.get(name, Decimal(0)) + (due if row["售后状态"] == "退款成功" else 0)
        for name, due in sums.items():
            yield f"douyin:{name}", due, back[name]


def test_every_order_is_in_one_shop_with_its_money(simulated, delivered):
    ids = {row["platform_id"]: row["canonical_id"] for row in rows_of(delivered / "_truth" / "ids.csv")
           if row["kind"] == "order"}
    found = {ids[name]: (total, refund) for name, total, refund in totals(delivered)}
    orders = {name: row for (name,), row in latest_of(simulated, "orders").items()}
    back: dict[str, Decimal] = dict.fromkeys(orders, Decimal(0))
    for row in latest_of(simulated, "refunds").values():
        back[row["order_id"]] += Decimal(row["amount"])
    assert found.keys() == orders.keys()
    # Taobao shows no discount before an order is paid.
    paid = {name for name, row in orders.items() if row["paid_at"]}
    assert {name: found[name] for name in paid} == {
        name: (Decimal(orders[name]["paid_amount"]), back[name]) for name in paid}
    assert {name.split(":")[0] for name in ids} == {"shopify", "taobao", "douyin"}


def test_expected_rows_are_sound(delivered):
    """Every key once a day, orders equal to their lines, references that somebody delivers."""
    contacts: set[str] = set()
    for folder in sorted((delivered / "_truth" / "expected").iterdir()):
        lines: dict[str, Decimal] = {}
        for row in rows_of(folder / "order_lines.csv"):
            lines[row["order_id"]] = lines.get(row["order_id"], Decimal(0)) + Decimal(row["line_amount"])
        orders = rows_of(folder / "orders.csv")
        goods = {row["order_id"]: Decimal(row["gross_amount"]) - Decimal(row["discount_amount"]) for row in orders
                 if row["paid_at"]}
        assert {name: lines[name] for name in goods} == goods
        for export in ("orders", "order_lines", "refunds", "contacts", "friendships", "group_members", "ad_stats"):
            rows = rows_of(folder / f"{export}.csv")
            keys = [tuple(row[name] for name in load_contracts()[export].key) for row in rows]
            assert len(keys) == len(set(keys)), export
        contacts |= {row["contact_id"] for row in rows_of(folder / "contacts.csv")}
        for export in ("orders", "friendships", "group_members", "pushes", "points", "memberships", "coupons"):
            named = {row["contact_id"] for row in rows_of(folder / f"{export}.csv")} - {""}
            assert named <= contacts, export


def test_the_same_arguments_give_the_same_bytes(simulated, tmp_path):
    for name, seed in (("one", 7), ("two", 7), ("other", 8)):
        as_platforms(simulated, tmp_path / name, ALL, quirks=True, seed=seed)
    one = bytes_of(tmp_path / "one")
    assert bytes_of(tmp_path / "two") == one
    assert bytes_of(tmp_path / "other") != one
    as_platforms(simulated, tmp_path / "two", ALL, quirks=True, seed=8)
    assert bytes_of(tmp_path / "two") == bytes_of(tmp_path / "other")


def test_every_quirk_happens(simulated, tmp_path):
    as_platforms(simulated, tmp_path, ALL, quirks=True, seed=7)

    def text(pattern: str, encoding: str = "utf-8") -> str:
        return "".join(path.read_bytes().decode(encoding) for path in sorted(tmp_path.glob(f"20*/{pattern}")))

    shopify, douyin, wecom = text("shopify/*"), text("douyin/*"), text("wecom/*.json")
    taobao, items = text("taobao/ExportOrder*", "gb18030"), text("taobao/ExportItem*", "gb18030")
    assert all(sign in shopify for sign in (",'+86", ",'10001,", " -0500,", " +0000,", " +0100,", " +0800,", "Bogus"))
    assert re.search(r"\n(#\d+,)[^,]*,paid,.*\n\1[^,]*,,,", shopify)
    assert all(sign in taobao for sign in ('"=""3100', "\"'139", "元\"", "，", "收货地址 ", "\"'null\"", "**"))
    assert all(sign in items for sign in ('"=""3100', "无退款申请"))
    assert all(sign in douyin for sign in ("﻿", '"\t6917', ";\t6917", '"-"', "$$密文"))
    assert all(sign in wecom for sign in ("84061", "139-0000-", "139 0000 ", "+86 139", '"12345"', '"follow_user"'))


def test_no_quirk_happens_unless_asked(simulated, tmp_path):
    as_platforms(simulated, tmp_path, ALL, seed=7)
    for path in tmp_path.glob("20*/*/*"):
        data = path.read_bytes()
        assert not data.startswith(quirks.BOM)
        shown = data.decode("gb18030" if "Export" in path.name else "utf-8")
        signs = ("\t", '="', "'", "元\"", "总计", "Total:", "$$密文", "Bogus", "84061")
        assert not any(sign in shown for sign in signs)
    assert {row["line_kind"] for path in tmp_path.glob("_truth/expected/*/order_lines.csv")
            for row in rows_of(path)} == {"goods"}


def test_gifts_and_test_orders_are_expected(simulated, tmp_path):
    as_platforms(simulated, tmp_path, "shopify", quirks=True, seed=7)
    lines = [row for path in tmp_path.glob("_truth/expected/*/order_lines.csv") for row in rows_of(path)]
    gifts = [row for row in lines if row["line_kind"] == "gift"]
    assert gifts and {(row["unit_price"], row["line_amount"], row["quantity"]) for row in gifts} == {
        ("0.00", "0.00", "1")}
    orders = [row for path in tmp_path.glob("_truth/expected/*/orders.csv") for row in rows_of(path)]
    tests = [row for row in orders if row["is_test"] == "true"]
    assert tests and {(row["contact_id"], row["phone"], row["payment_method"]) for row in tests} == {("", "", "Bogus")}


@pytest.mark.parametrize(("platform", "pattern", "encoding", "titles"), [
    ("shopify", "orders_export_1.csv", "utf-8", 0), ("taobao", "ExportOrderList*", "gb18030", 0),
    ("taobao", "ExportItemList*", "gb18030", 0), ("douyin", "douyin_orders*", "utf-8-sig", 0),
    ("google_ads", "google_ads*.csv", "utf-8", 2)])
def test_files_have_the_columns_that_the_platform_file_reads(delivered, platform, pattern, encoding, titles):
    path = next(delivered.glob(f"20*/{platform}/{pattern}"))
    text = path.read_bytes().decode(encoding).splitlines()[titles]
    present = {name.strip() for name in next(csv.reader([text]))}
    said = next(layout for layout in layouts_of(platform)
                if any(fnmatchcase(path.name, file) for file in layout["files"]))
    read = {column for name, column in said["header"].items() if name in present}
    assert set(said["header"].values()) - set(said.get("optional", ())) <= read
