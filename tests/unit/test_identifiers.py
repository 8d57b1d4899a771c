"""Identifiers: what SQL normalises is what Python does, and hashes are the same bytes."""

import re
from collections.abc import Iterator

import duckdb
import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from userops.privacy.identifiers import IDENTIFIERS, hash_distinct, hash_sql, normalise, usual
from userops.privacy.keys import hashed

COUNTRIES = ("CN", "US", "GB", "DE", "IT", "FR", "RU", "SG", "MX", "AR")


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def ask(database: duckdb.DuckDBPyConnection, expression: str, cells: list[str]) -> list[object]:
    database.register("given", pa.table({"cell": pa.array(cells, pa.string()), "place": range(len(cells))}))
    return [row[0] for row in database.execute(f"select {expression} from given order by place").fetchall()]


def phones(country: str) -> st.SearchStrategy[str]:
    """Numbers of the country, whole, with prefixes, a digit changed, and any digits."""
    code = phonenumbers.country_code_for_region(country)
    known = phonenumbers.PhoneMetadata.metadata_for_region(country)
    proper = st.from_regex(re.compile(known.mobile.national_number_pattern, re.ASCII), fullmatch=True)
    prefixes = st.sampled_from(["", "0", "00", f"+{code}", f"00{code}", f"{code}", "+1", "'", " ", "17951", "1"])
    gaps = st.lists(st.sampled_from(["", "", "", " ", "-", "  ", " -"]), min_size=14, max_size=14)
    spaced = st.tuples(gaps, proper).map(
        lambda drawn: "".join(gap + digit for gap, digit in zip(drawn[0], drawn[1], strict=False))
    )
    return st.one_of(
        st.tuples(prefixes, proper).map("".join),
        st.tuples(prefixes, spaced).map("".join),
        st.tuples(prefixes, st.text(alphabet="0123456789", min_size=6, max_size=13)).map("".join),
        st.text(alphabet="0123456789+- ()ext", max_size=16),
    )


@pytest.mark.parametrize("country", COUNTRIES)
@given(data=st.data())
def test_a_usual_phone_is_what_the_library_says(database, country: str, data: st.DataObject) -> None:
    cells = data.draw(st.lists(phones(country), min_size=20, max_size=40))
    for cell, value in zip(cells, ask(database, usual("phone", "cell", country), cells), strict=True):
        assert value is None or value == normalise("phone", cell, country), cell


def test_chinese_mobiles_are_usual(database) -> None:
    cells = ["13800138000", "+86138 0013 8000", "'199-1234-5678", "16612345678"]
    assert ask(database, usual("phone", "cell", "CN"), cells) == [
        "+8613800138000", "+8613800138000", "+8619912345678", "+8616612345678"
    ]  # fmt: skip


TEXTS = st.text(alphabet="aA1zZ.@-_+:% \t\u00a0é订İſ", min_size=1, max_size=14)
EMAILS = st.one_of(TEXTS, st.emails(), st.tuples(TEXTS, st.just("@example.com")).map("".join))


@pytest.mark.parametrize("kind", ["email", "unionid", "external_userid", "device_id"])
@given(cells=st.lists(EMAILS, min_size=20, max_size=40))
def test_another_usual_identifier_is_what_python_says(database, kind: str, cells: list[str]) -> None:
    for cell, value in zip(cells, ask(database, usual(kind, "cell", "CN"), cells), strict=True):
        assert value is None or value == normalise(kind, cell, "CN"), cell


@pytest.mark.parametrize("key", ["k", "k" * 64, "k" * 65, "订" * 40])
@given(cells=st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1))
def test_a_hash_has_the_same_bytes(database, key: str, cells: list[str]) -> None:
    found = ask(database, hash_sql(key, "phone", "cell"), cells)
    assert found == [hashed(key, "phone", cell) for cell in cells]


def test_every_distinct_value_is_normalised_and_hashed_once(database) -> None:
    cells = ["13800138000", " 138-0013-8000", "'13800138000", "12", "13800138000", None]
    database.register("given", pa.table({"phone": pa.array(cells, pa.string())}))
    hash_distinct(database, "given", {"phone": "phone"}, "key", "CN")
    hashed_phone = hashed("key", "phone", "+8613800138000")
    assert sorted(database.execute(f"select raw, value, hash from {IDENTIFIERS}").fetchall()) == [
        (" 138-0013-8000", "+8613800138000", hashed_phone), ("'13800138000", "+8613800138000", hashed_phone),
        ("12", None, None), ("13800138000", "+8613800138000", hashed_phone),
    ]  # fmt: skip
