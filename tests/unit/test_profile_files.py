"""Profiles as files: what is wrong with one is said in plain words, and several make one."""

from pathlib import Path

import pytest
import yaml

from userops.errors import UseropsError
from userops.platforms.layout import Layout
from userops.platforms.loading import load_profile
from userops.settings import PROJECT_ROOT

SELECT = "select _row, id as order_id from staged"
GOOD = {
    "required": ["orders"],
    "files": ["orders_of_shop*.csv"],
    "header": {"Order": "id"},
    "exports": {"orders": {"row_per_line": True, "select": SELECT}},
}


def write(folder: Path, name: str, content: dict) -> Path:
    (folder / f"{name}.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return folder


def test_every_profile_of_the_project_can_be_read() -> None:
    names = [path.stem for path in (PROJECT_ROOT / "platforms").glob("*.yml")]
    assert len(names) > 8
    for name in names:
        assert load_profile(name).name == name


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": "red"}, "the profile: unknown entry 'colour' (known: files, header"),
        ({"profile": "x"}, "unknown entry 'profile'"),
        ({"encoding": "gb1803"}, "there is no encoding 'gb1803'"),
        ({"format": "xlsx"}, "format 'xlsx' is none of csv, json"),
        ({"delimiter": ";;"}, "delimiter ';;' is not one ASCII character"),
        ({"skip_lines": "two"}, "skip_lines is no number of lines"),
        ({"files": "orders.csv"}, "`files` is no list of texts"),
        ({"header": ["Order"]}, "`header` is not written as `name: value` pairs"),
        ({"header": {"Order": "Order No"}}, "name 'Order No' is not of small letters"),
        ({"optional": ["colour"]}, "'colour' is optional but no staging name"),
        ({"compute": {"id": "1"}}, "'id' is in `header` and in `compute`"),
        ({"compute": {"twice": 2}}, "twice is no SQL text"),
        ({"required": ["sales"]}, "'sales' is no export"),
        ({"values": {"currency": "EUR"}}, "'currency' cannot be the name of a value"),
        ({"clean": {"trim": " "}}, "`clean`: unknown entry 'trim'"),
        ({"refuse": [{"when": "count(*) = 0"}]}, "`refuse`: no `reason`"),
        ({"exports": {"sales": GOOD["exports"]["orders"]}}, "'sales' is no export (contracts/ holds them)"),
        ({"exports": {"orders": {"row_per_line": True}}}, "the profile, orders: no `select`"),
        ({"exports": {"orders": {"row_per_line": True, "select": "select 1"}}}, "the select does not give `_row`"),
        ({"exports": {"orders": {"select": SELECT}}}, "no export answers for every source row"),
        ({"exports": {"orders": {"select": SELECT, "row_per_line": True, "split_lines": True}}}, "not both"),
        ({"exports": {"orders": {"select": SELECT, "row_per_line": True, "max_set_aside_share": 2}}}, "no share"),
        ({"exports": {"orders": {"select": SELECT, "set_aside": [{"when": "true"}]}}}, "`set_aside`: no `reason`"),
        ({"layouts": [GOOD]}, "'exports' stands beside `layouts`"),
        ({"like": "shop"}, "`like` leads back to shop"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_mend(tmp_path: Path, change: dict, said: str) -> None:
    with pytest.raises(UseropsError) as caught:
        load_profile("shop", write(tmp_path, "shop", GOOD | change))
    assert said in caught.value.what
    assert caught.value.what.startswith("platforms/shop.yml cannot be read: ")
    assert "platforms/README.md" in caught.value.fix


@pytest.mark.parametrize("text", ["files: [", "- a\n- b", "", "files: [a]\nheader: {A: a}\n\texports: 1"])
def test_what_is_no_yaml_or_no_mapping_is_named_too(tmp_path: Path, text: str) -> None:
    (tmp_path / "shop.yml").write_text(text)
    with pytest.raises(UseropsError, match="platforms/shop.yml cannot be read"):
        load_profile("shop", tmp_path)


def test_a_profile_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    write(tmp_path, "shop", GOOD)
    with pytest.raises(UseropsError, match="no source profile 'shpo'.*one of canonical, shop"):
        load_profile("shpo", tmp_path)
    with pytest.raises(UseropsError, match="no source profile 'nobody'"):
        load_profile("other", write(tmp_path, "other", {"like": "nobody"}))


def test_canonical_is_no_profile() -> None:
    assert load_profile("canonical") is None
    assert load_profile("canonical,uci").name == "uci"


def test_several_profiles_are_one_with_all_layouts_and_requirements(tmp_path: Path) -> None:
    write(tmp_path, "shop", GOOD)
    write(tmp_path, "ads", GOOD | {"required": ["ad_stats", "orders"], "files": ["ads*.csv"]})
    write(tmp_path, "rest", {name: value for name, value in GOOD.items() if name != "required"})
    both = load_profile("shop, ads,shop,rest", tmp_path)
    assert both.name == "shop,ads,rest"
    assert both.required == ("orders", "ad_stats")
    assert [layout.profile for layout in both.layouts] == ["shop", "ads", "rest"]
    assert [layout.required for layout in both.layouts] == [("orders",), ("ad_stats", "orders"), None]
    assert load_profile("rest", tmp_path).required is None
    assert both.patterns_of("orders") == ["orders_of_shop*.csv", "ads*.csv", "orders_of_shop*.csv"]


@pytest.mark.parametrize(
    ("name", "owners"),
    [
        ("ads_1.csv", ["ads"]),
        ("ADS_1.CSV", ["ads"]),
        ("ads_1.csv.gz", ["ads"]),
        ("shop_orders_of_shop.csv", ["shop"]),
        ("twin_orders_of_shop.csv.zst", ["twin"]),
        ("orders_of_nobody.csv", []),
        ("ads_1.xlsx", []),
    ],
)
def test_a_file_belongs_to_the_layout_that_its_name_fits(tmp_path: Path, name: str, owners: list[str]) -> None:
    write(tmp_path, "shop", GOOD)
    write(tmp_path, "twin", {"like": "shop"})
    write(tmp_path, "ads", GOOD | {"files": ["ads*.csv"]})
    profile = load_profile("shop,twin,ads", tmp_path)
    assert [layout.profile for layout in profile.layouts_of(name)] == owners


def test_a_file_of_two_layouts_of_one_profile_is_an_error_of_the_profile(tmp_path: Path) -> None:
    layout = {name: value for name, value in GOOD.items() if name != "required"}
    write(tmp_path, "shop", {"layouts": [layout, layout]})
    with pytest.raises(UseropsError, match="narrow the patterns of `files` in platforms/shop.yml"):
        load_profile("shop", tmp_path).layouts_of("orders_of_shop1.csv")


def test_a_profile_like_another_changes_what_it_says(tmp_path: Path) -> None:
    write(tmp_path, "shop", GOOD | {"values": {"channel": "shop", "prefix": "s"}})
    write(tmp_path, "mine", {
        "like": "shop", "values": {"channel": "main street"}, "encoding": "gb18030", "header": {"Bestellung": "id"},
        "required": [],
    })
    mine, shop = load_profile("mine", tmp_path), load_profile("shop", tmp_path)
    layout = mine.layouts[0]
    assert (layout.encoding, shop.layouts[0].encoding) == ("gb18030", "utf-8")
    assert layout.header == {"Order": "id", "Bestellung": "id"}
    assert layout.values == {"channel": "main street", "prefix": "s"}
    assert mine.required == ()
    assert layout.exports == shop.layouts[0].exports


def test_of_several_layouts_like_changes_bytes_alone(tmp_path: Path) -> None:
    layout = {name: value for name, value in GOOD.items() if name != "required"}
    write(tmp_path, "shop", {"layouts": [layout, layout | {"files": ["items*.csv"]}]})
    write(tmp_path, "mine", {"like": "shop", "encoding": "gb18030"})
    assert {layout.encoding for layout in load_profile("mine", tmp_path).layouts} == {"gb18030"}
    write(tmp_path, "other", {"like": "shop", "files": ["x.csv"]})
    with pytest.raises(UseropsError, match="'files' cannot be changed in a profile that is `like` another"):
        load_profile("other", tmp_path)


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
