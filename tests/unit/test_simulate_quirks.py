"""What real files do to their cells, and that it can be undone."""

from datetime import datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tiny_business import layouts_of

from userops.simulate.platforms import quirks
from userops.simulate.platforms.cells import international, national
from userops.simulate.platforms.quirks import Quirks


def cleaned(cell: str, platform: str) -> str:
    """What `clean` of a platform's first layout makes of a cell, as platforms/README.md says it."""
    rule = layouts_of(platform)[0].get("clean", {})
    cell = cell.strip(rule.get("strip", "") + " ")
    if rule.get("unwrap") and cell.startswith('="') and cell.endswith('"'):
        cell = cell[2:-1]
    return "" if cell in rule.get("missing", ()) else cell


def number(cell: str) -> Decimal:
    return Decimal(cell.replace(",", "").removesuffix("元"))


IDS = st.from_regex(r"[1-9][0-9]{9,18}", fullmatch=True)
PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
AMOUNTS = st.decimals(0, 10**9, places=2).map(str)


@given(IDS)
def test_ids_are_freed_of_what_protects_them(name):
    assert cleaned(quirks.as_formula(name), "taobao") == name
    assert cleaned(quirks.tab_before(name), "douyin") == name
    parts = quirks.in_one_cell([quirks.tab_before(name), quirks.tab_before(name)])
    assert [cleaned(part, "douyin") for part in parts.split(";")] == [name, name]


@given(PHONES)
def test_phones_are_freed_of_apostrophes_and_spellings(phone):
    assert cleaned(quirks.apostrophe(phone), "taobao") == phone
    assert cleaned(quirks.apostrophe(international(phone)), "shopify") == f"+86{phone}"
    assert {national(quirks.spelled_by_staff(phone, how)) for how in range(4)} == {phone}


@given(AMOUNTS)
def test_amounts_are_freed_of_separators_and_units(amount):
    assert number(quirks.thousands(amount)) == Decimal(amount)
    assert number(quirks.yuan(amount)) == Decimal(amount)


@given(st.sampled_from([("douyin", "-"), ("taobao", "null"), ("google_ads", " --"), ("ocean_engine", "--")]))
def test_words_for_nothing_are_nothing(pair):
    platform, word = pair
    clean = next(layout["clean"] for layout in layouts_of(platform) if "clean" in layout)
    assert word.strip() in clean["missing"]
    assert quirks.missing_as(word)("") == word
    assert quirks.missing_as(word)("x") == "x"
    assert quirks.both(quirks.missing_as("null"), quirks.apostrophe)("") == "'null"
    assert cleaned("'null", "taobao") == ""


@given(st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)), st.sampled_from(quirks.OFFSETS))
def test_an_instant_is_the_same_in_every_offset(moment, minutes):
    known = moment.replace(microsecond=0).astimezone()
    assert datetime.strptime(quirks.in_offset(known, minutes), "%Y-%m-%d %H:%M:%S %z") == known


@given(st.lists(st.fixed_dictionaries({"Name": IDS, "Total": AMOUNTS, "Sku": IDS}), min_size=1, max_size=4))
def test_order_level_cells_stay_on_the_first_row(rows):
    shown = quirks.on_first_row_only(rows, ["Name", "Sku"])
    assert shown[0] == rows[0]
    assert shown[1:] == [row | {"Total": ""} for row in rows[1:]]


@given(PHONES, st.text("买家abc", min_size=2, max_size=9))
def test_masked_cells_name_nobody(phone, name):
    assert quirks.masked(phone) == f"{phone[0]}**********"
    assert quirks.masked(name) == f"{name[0]}**{name[-1]}"
    assert quirks.encrypted("$$") == "$$密文"


def test_small_quirks():
    assert quirks.full_width_comma("买家已付款,等待卖家发货") == "买家已付款，等待卖家发货"
    assert quirks.padded(["a", "b"], ["b"]) == ["a", "b "]
    assert quirks.with_bom(b"x") == b"\xef\xbb\xbfx"
    assert quirks.total_row(("Day", "Cost", "X"), "Total", {"Cost": "3"}, " --") == {
        "Day": "Total", "Cost": "3", "X": " --"}
    assert [cell and quirks.thousands(cell) for cell in ("", "1234.50", "-1234")] == ["", "1,234.50", "-1,234"]


def test_chances_depend_on_seed_and_subject_alone():
    on = Quirks(True, 1)
    hits = [on.happens(0.3, "gift", name) for name in range(2000)]
    assert 500 < sum(hits) < 700
    assert hits == [on.happens(0.3, "gift", name) for name in range(2000)]
    assert hits != [Quirks(True, 2).happens(0.3, "gift", name) for name in range(2000)]
    assert not any(Quirks(False, 1).happens(1, "gift", name) for name in range(9))
