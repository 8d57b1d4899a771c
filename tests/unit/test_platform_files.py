"""Platforms as files: what is wrong with one is said with its file, line, entry and fix."""

from pathlib import Path

import pytest
import yaml

from userops.errors import UseropsError
from userops.platforms.layout import Layout
from userops.platforms.loading import load_platform, platform_names

SELECT = "select _row, id as order_id from staged"
GOOD = {
    "required": ["orders"],
    "files": ["orders_of_shop*.csv"],
    "header": {"Order": "id"},
    "exports": {"orders": {"row_per_line": True, "select": SELECT}},
}


def write(folder: Path, name: str, content: dict) -> Path:
    """A file platforms/<name>.yml below a folder; returns the folder platforms/."""
    place = folder / "platforms"
    place.mkdir(exist_ok=True)
    (place / f"{name}.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return place


def test_every_platform_of_the_project_can_be_read() -> None:
    assert len(platform_names()) > 8
    for name in platform_names():
        assert load_platform(name).name == name


def exports(**rules: object) -> dict:
    return {"exports": {"orders": {"row_per_line": True, "select": SELECT} | rules}}


LINES = {"order_lines": {"row_per_line": True, "select": "select _row, id as order_id, line_status from staged"}}


@pytest.mark.parametrize(
    ("change", "said", "fix"),
    [
        ({"colour": "red"}, "unknown entry 'colour'", "use one of: files, header"),
        ({"heder": {}}, "unknown entry 'heder'", "write `header:`"),
        ({"encoding": "gb1803"}, "there is no encoding 'gb1803'", "gb18030"),
        ({"format": "pdf"}, "format is 'pdf'", "use one of 'csv'"),
        ({"delimiter": ";;"}, "delimiter ';;' is not one ASCII character", ""),
        ({"skip_lines": "two"}, "skip_lines is no number of lines", "or auto"),
        ({"skip_lines": -1}, "skip_lines is no number of lines", "or auto"),
        ({"files": "orders.csv"}, 'files "orders.csv" is not a list', ""),
        ({"header": ["Order"]}, 'header ["Order"] is not `name: value` pairs', ""),
        ({"header": {"Order": "Order No"}}, "name 'Order No' is not of small letters", ""),
        ({"header": {"Order": True}}, "Order true is read as true or false, not as a word", "put it in quotes"),
        ({"optional": ["colour"]}, "'colour' is optional but no staging name", ""),
        ({"compute": {"id": "1"}}, "'id' is in `header` and in `compute`", ""),
        ({"compute": {"twice": 2}}, "twice 2 is read as a number, not as a word", "put it in quotes"),
        ({"required": ["sales"]}, "'sales' is no export", "contracts/"),
        ({"values": {"currency": "EUR"}}, "'currency' cannot be the name of a value", ""),
        ({"values": {"channel": 7}}, "channel 7 is read as a number, not as a word", "put it in quotes"),
        ({"clean": {"trim": " "}}, "unknown entry 'trim'", "write `strip:`"),
        ({"refuse": [{"when": "count(*) = 0"}]}, "no 'reason'", "add `reason:`"),
        ({"exports": {"sales": GOOD["exports"]["orders"]}}, "'sales' is no export", "contracts/"),
        ({"exports": {"orders": {"row_per_line": True}}}, "no 'select'", "add `select:`"),
        (exports(select="select 1"), "the select does not give `_row`", ""),
        ({"exports": {"orders": {"select": SELECT}}}, "no export answers for every source row", "row_per_line"),
        (exports(split_lines=True), "`row_per_line` and `split_lines`", "keep one"),
        (exports(max_set_aside_share=2), "max_set_aside_share 2: ", ""),
        (exports(set_aside=[{"when": "true"}]), "no 'reason'", "add `reason:`"),
        (exports(whole="sku"), "whole is 'sku'", "use one of order_id, stat_date, group_id, contact_id"),
        (exports(whole="group_id", select="select _row from staged"), None, ""),
        (exports(whole="stat_date"), "orders: `whole` names 'stat_date'", "contracts/orders.yml"),
        (exports(add=["clicks"]), "orders: `add` names 'clicks'", "contracts/orders.yml"),
        ({"exports": {"orders": {"split_lines": True, "add": ["paid_amount"], "select": SELECT}}},
         "`add` without `row_per_line`", "row_per_line: true"),
        ({"orders_from_lines": True, "exports": LINES},
         "`orders_from_lines`, and order_lines has no line_paid_amount", "line_shipping_amount"),
        ({"layouts": [GOOD]}, "'exports' stands beside `layouts`", "in each layout"),
        ({"like": "shop"}, "`like` leads back to shop", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_file_and_mend(
    tmp_path: Path, change: dict, said: str | None, fix: str
) -> None:
    folder = write(tmp_path, "shop", GOOD | change)
    if said is None:
        assert load_platform("shop", folder).name == "shop"
        return
    with pytest.raises(UseropsError) as caught:
        load_platform("shop", folder)
    assert said in caught.value.what
    assert caught.value.what.startswith("platforms/shop.yml:")
    assert fix in caught.value.fix
    assert "platforms/README.md" in caught.value.fix


def test_the_line_of_a_mistake_is_told_in_every_layout(tmp_path: Path) -> None:
    folder = write(tmp_path, "shop", {})
    (folder / "shop.yml").write_text(
        "required: [orders]\nlayouts:\n  - files: [a*.csv]\n    header: {A: a}\n    exports: {}\n"
        "  - files: [b*.csv]\n    header: {A: a}\n    expots: {}\n"
    )
    with pytest.raises(UseropsError, match=r"shop.yml:3 \(layout 1\): `files`, `header` or `exports` is empty"):
        load_platform("shop", folder)
    (folder / "shop.yml").write_text((folder / "shop.yml").read_text().replace(
        "exports: {}", f"exports: {{orders: {{row_per_line: true, select: {SELECT!r}}}}}"))  # fmt: skip
    load_platform.cache_clear()
    with pytest.raises(UseropsError, match=r"platforms/shop.yml:8 \(layout 2\): unknown entry 'expots'"):
        load_platform("shop", folder)


@pytest.mark.parametrize(
    "text", ["files: [", "- a\n- b", "", "files: [a]\nheader: {A: a}\n\texports: 1", "layouts: [1]"]
)
def test_what_is_no_yaml_or_no_mapping_is_named_too(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path, "shop", {})
    (folder / "shop.yml").write_text(text)
    with pytest.raises(UseropsError, match="platforms/shop.yml:[0-9]"):
        load_platform("shop", folder)


def test_words_that_yaml_1_1_takes_for_booleans_are_words(tmp_path: Path) -> None:
    """A computed column called `off`, and a header that maps to `no` (case profile-with-a-column-named-off)."""
    folder = write(tmp_path, "till_off", {})
    (folder / "till_off.yml").write_text(
        'files: [till_*.csv]\nheader: {Nr: no, Time: time}\ncompute:\n  off: "0"\n'
        "exports:\n  orders:\n    row_per_line: true\n"
        "    select: select _row, no as order_id, off as currency from staged\n"
    )
    (layout,) = load_platform("till_off", folder).layouts
    assert layout.compute == {"off": "0"}
    assert layout.columns == ("no", "time")


def test_a_platform_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    folder = write(tmp_path, "shop", GOOD)
    with pytest.raises(UseropsError, match="no platform 'shpo'.*one of canonical, shop"):
        load_platform("shpo", folder)
    with pytest.raises(UseropsError, match="no platform 'nobody'"):
        load_platform("other", write(tmp_path, "other", {"like": "nobody"}))


def test_a_platform_like_another_changes_what_it_says(tmp_path: Path) -> None:
    write(tmp_path, "shop", GOOD | {"values": {"channel": "shop", "prefix": "s"}})
    folder = write(tmp_path, "mine", {
        "like": "shop", "values": {"channel": "main street"}, "encoding": "gb18030", "header": {"Bestellung": "id"},
        "required": [],
    })  # fmt: skip
    mine, shop = load_platform("mine", folder), load_platform("shop", folder)
    layout = mine.layouts[0]
    assert (layout.encoding, shop.layouts[0].encoding) == ("gb18030", "utf-8")
    assert layout.header == {"Order": "id", "Bestellung": "id"}
    assert layout.values == {"channel": "main street", "prefix": "s"}
    assert mine.required == ()
    assert layout.exports == shop.layouts[0].exports
    assert layout.label == "mine/1"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"like": "shop", "colour": "red"}, "unknown entry 'colour'"),
        ({"like": "shop", "encoding": "gb1803"}, "there is no encoding"),
        ({"like": "shop", "header": ["x"]}, "`header` is not written as `name: value` pairs"),
        ({"like": "shop", "layouts": [GOOD]}, "'layouts' cannot be changed"),
    ],
)
def test_what_a_platform_like_another_says_is_checked(tmp_path: Path, given: dict, said: str) -> None:
    write(tmp_path, "shop", GOOD)
    with pytest.raises(UseropsError, match=f"platforms/mine.yml:.*{said}"):
        load_platform("mine", write(tmp_path, "mine", given))


def test_of_several_layouts_like_changes_bytes_alone(tmp_path: Path) -> None:
    layout = {name: value for name, value in GOOD.items() if name != "required"}
    write(tmp_path, "shop", {"layouts": [layout, layout | {"files": ["items*.csv"]}]})
    folder = write(tmp_path, "mine", {"like": "shop", "encoding": "gb18030"})
    assert {layout.encoding for layout in load_platform("mine", folder).layouts} == {"gb18030"}
    write(tmp_path, "named", {"like": "shop", "files": ["x*.csv"]})
    assert load_platform("named", folder).files == ("x*.csv",)
    write(tmp_path, "wrong", {"like": "shop", "files": "x.csv"})
    with pytest.raises(UseropsError, match="platforms/wrong.yml:.*is not a list"):
        load_platform("wrong", folder)
    write(tmp_path, "other", {"like": "shop", "header": {"X": "id"}})
    with pytest.raises(UseropsError, match="'header' cannot be changed in a platform that is `like` another"):
        load_platform("other", folder)


def layout_of(header: dict[str, str]) -> Layout:
    return Layout(files=("x",), header=header, exports={})


def test_versions_of_a_header_differ_in_capitals_blanks_and_brackets() -> None:
    layout = layout_of({"Campaign name": "campaign", "7 Day Total Sales": "sales", "消耗(元)": "cost"})
    found = layout.names_in(["Campaign Name", "7 Day Total Sales ", "7Day Total Sales", "消耗（元）", "Reach"])
    assert found == {
        "Campaign Name": "campaign", "7 Day Total Sales ": "sales", "7Day Total Sales": "sales", "消耗（元）": "cost",
    }


def test_a_star_in_a_header_stands_for_any_text_that_the_sql_may_read() -> None:
    layout = layout_of({"Amount spent (*)": "cost", "Amount spent": "cost", "Cost (*)": "other", "Day": "day"})
    assert layout.starred_in(["Day", "Amount Spent (EUR)"]) == {"cost": "EUR"}
    assert layout.names_in(["Day", "Amount spent (EUR)"]) == {"Day": "day", "Amount spent (EUR)": "cost"}
    assert layout.starred_in(["Amount spent", "Amount spent ()"]) == {}
