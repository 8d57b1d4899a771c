"""A mistake in a page is an error that names file, block and fix; and figures are added up as the blocks say."""

from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT
from userops.site import formats, measures
from userops.site.models import Figures
from userops.site.pages import query_columns, read_pages, read_vocabulary
from userops.site.privacy import assert_impersonal
from userops.site.query import Rows

DASHBOARDS = PROJECT_ROOT / "dashboards"
BLOCK = {
    "type": "bar",
    "id": "net",
    "title": {"en": "Net", "zh": "净额"},
    "read": {"en": "Read it.", "zh": "读法。"},
    "filters": {"period": "month"},
    "sql": "select month, net from marts.aarrr_monthly",
    "columns": ["month", "net"],
    "x": "month",
    "y": ["net"],
}
PAGE = {
    "title": {"en": "Try", "zh": "试"},
    "group": "business",
    "order": 1,
    "intro": {"en": "An attempt.", "zh": "尝试。"},
    "demo": {"en": "All simulated.", "zh": "均为模拟。"},
    "filters": {"period": None},
    "blocks": [BLOCK],
}


def read(folder: Path, page: dict) -> list:
    (folder / "try.yml").write_text(yaml.safe_dump(page, allow_unicode=True), encoding="utf-8")
    return read_pages(folder, read_vocabulary(DASHBOARDS))


def test_the_pages_of_the_project_are_right() -> None:
    pages = read_pages(DASHBOARDS, read_vocabulary(DASHBOARDS))
    assert pages[0].name == "overview"
    assert {path.stem for path in DASHBOARDS.glob("[!_]*.yml")} == {page.name for page in pages}


def test_a_column_takes_the_shared_name_and_format(tmp_path: Path) -> None:
    (page,) = read(tmp_path, PAGE)
    (block,) = page.blocks
    assert (block.columns["net"].zh, block.columns["net"].format) == ("净销售额", "money")
    assert page.filters["period"].en == "Months"
    assert query_columns(block) == {"month", "net"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tpye": "bar"}, "dashboards/try.yml, block net: tpye: Extra inputs are not permitted. Fix: remove it"),
        ({"type": "pie"}, "block net: Input tag 'pie' found using 'type' does not match any of the expected tags"),
        ({"title": {"en": "Net"}}, r"block net: title.zh: Field required. Fix: add it."),
        ({"y": ["gross"]}, "block net: 'gross' is not among its columns"),
        ({"order": ["-gross"]}, "block net: 'gross' is not among its columns"),
        ({"columns": ["month", "net", "odd"]}, "block net: 'odd' has no words. Fix: write `odd: {en: …, zh: …}` there"),
        ({"columns": ["month", {"net": {"en": "a", "zh": "b", "format": "euro"}}]}, "block net: columns.net.format"),
        ({"columns": ["month", {"net": {"en": "a", "zh": "b", "words": "odd"}}]}, "net has the unknown words 'odd'"),
        ({"filters": {}}, "dashboards/try.yml: filter 'period' is read by no block"),
        ({"filters": {"period": "month", "store": "net"}}, "filter 'store' is not declared"),
        ({"buckets": ["week"]}, r"buckets need columns to add up \(sum\)"),
    ],
)
def test_a_mistake_names_file_block_and_fix(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises(UseropsError, match=message):
        read(tmp_path, PAGE | {"blocks": [BLOCK | changes]})


def test_other_mistakes(tmp_path: Path) -> None:
    with pytest.raises(UseropsError, match="two blocks have the id 'net'"):
        read(tmp_path, PAGE | {"blocks": [BLOCK, BLOCK]})
    with pytest.raises(UseropsError, match="group 'odd' is none of business, users"):
        read(tmp_path, PAGE | {"group": "odd"})
    (tmp_path / "try.yml").write_text("title: a: b", encoding="utf-8")
    with pytest.raises(UseropsError, match="dashboards/try.yml: it is no YAML in line 1: "):
        read_pages(tmp_path, read_vocabulary(DASHBOARDS))


def figures(**block: object) -> Figures:
    card = {"id": "a", "title": BLOCK["title"], "read": BLOCK["read"]} | block.pop("figure")
    return Figures.model_validate({"type": "figures", "id": "b", "sql": "select 1", "figures": [card]} | block)


MONTHS = [
    {"month": "2026-01-01", "orders": 10, "users": 4},
    {"month": "2026-02-01", "orders": 6, "users": 3},
    {"month": "2026-02-01", "orders": None, "users": 2},
    {"month": "2026-03-01", "orders": 9, "users": 0},
]


def test_figures_of_the_last_period_beside_the_one_before() -> None:
    block = figures(figure={"sum": "orders"}, window="last", filters={"period": "month"})
    assert measures.initial(block, block.figures[0], MONTHS) == (9, 6, ["2026-03-01", "2026-02-01"])
    assert measures.initial(block, block.figures[0], MONTHS[:1]) == (10, None, ["2026-01-01"])


def test_a_ratio_leaves_out_rows_that_do_not_know_both() -> None:
    block = figures(figure={"ratio": ["orders", "users"]})
    assert measures.value(block.figures[0], MONTHS) == Decimal(25) / 7
    assert measures.value(block.figures[0], MONTHS[3:]) is None


def test_a_value_beside_an_earlier_one() -> None:
    block = figures(figure={"value": "orders", "previous": "users", "compared": BLOCK["title"]})
    assert measures.initial(block, block.figures[0], MONTHS[:1]) == (10, 4, [])


@pytest.mark.parametrize(
    ("value", "format", "shown"),
    [
        (None, "integer", "–"),
        (Decimal("1234567.5"), "money", "¥1,234,568"),
        (Decimal("12.345"), "price", "¥12.35"),
        (Decimal("0.12345"), "percent", "12.3%"),
        (Decimal("0.585"), "ratio", "0.59\xa0:\xa01"),
        (Decimal("-0.001"), "decimal", "0.00"),
        (Decimal("0.0274"), "factor", "0.027"),
    ],
)
def test_headline_numbers_before_any_script(value: object, format: str, shown: str) -> None:
    assert formats.show(value, format, "CNY") == shown


def test_data_of_a_page_is_json() -> None:
    assert formats.plain(Decimal("3.00"), ZoneInfo("UTC")) == 3
    assert formats.plain(Decimal("0.25"), ZoneInfo("UTC")) == 0.25
    assert formats.script("data", {"a": "<é"}) == 'window.data = {"a":"<é"};\n'


@pytest.mark.parametrize("name", ["user_id", "old_user_id", "contact_id", "phone", "unionid_hash", "request_id"])
def test_a_column_about_a_person_is_refused(name: str) -> None:
    with pytest.raises(UseropsError, match=f"try.yml, block net: column {name} is about one person"):
        assert_impersonal("try.yml", "net", Rows([name], []))


@pytest.mark.parametrize(
    "value",
    ["u_0006c1ff5a2b", "write to li@example.com", "+8613800138000", "13800138000", "9f86d081884c7d659a2feaa0c55ad015"],
)
def test_a_value_that_looks_like_a_person_is_refused(value: str) -> None:
    with pytest.raises(UseropsError, match="a value of column note looks like a person's identifier"):
        assert_impersonal("try.yml", "net", Rows(["note"], [(value,)]))


@pytest.mark.parametrize("value", ["ST1", "6901234567892", "2026-03-01", "price promotion 2026-01-22", None, 7])
def test_what_names_nobody_passes(value: object) -> None:
    assert_impersonal("try.yml", "net", Rows(["store_id"], [(value,)]))
