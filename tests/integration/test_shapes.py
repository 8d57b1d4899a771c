"""Shapes of values: what the short cut accepts the regular expression accepts, and what that accepts can be cast."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql

from userops.ingest.row_validation import PERSONAL, PERSONAL_HAS
from userops.ingest.shapes import SHAPES, is_usual, is_valid

CELL = sql.Identifier("cell")
# Letters of values, and what looks like them: a long dash, a wide digit, an Arabic one, ends of lines.
LETTERS = st.text(alphabet="0123456789012-:+. TZeEtf\n–３٣", max_size=32)
# Texts one letter away from valid ones stand nearest to the border.
NEAR = st.one_of([st.from_regex(shape) for shape in SHAPES.values()])
CHANGED = st.tuples(NEAR, st.integers(0, 32), st.sampled_from(["", *"0123459-:+. TZeEx\n３"])).map(
    lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + 1 :]
)
CELLS = st.lists(st.one_of(LETTERS, NEAR, CHANGED), min_size=30, max_size=60)
USUAL = {
    "date": ["2026-03-02", "1999-12-31"],
    "timestamptz": [
        "2026-03-02 10:11:12", "2026-03-02T10:11:12", "2026-03-31T23:59:59Z", "2026-03-02T10:11:12+08:00",
        "2026-03-02 10:11:12.345678+00", "2026-03-02 00:00:00-0330",
    ],
    "numeric": ["0", "12", "12.5", "12.50", "0.0001", "123456789012.99"],
    "integer": ["0", "123456789"],
    "bigint": ["0", "123456789012345678"],
    "boolean": ["true", "false", "t", "f", "1", "0"],
}


@pytest.fixture(scope="module")
def connection(server_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server_url, autocommit=True) as opened:
        yield opened


def ask(connection: psycopg.Connection, question: sql.Composable, cells: list[str]) -> list[object]:
    query = sql.SQL("select {} from unnest(%s::text[]) with ordinality as given (cell, place) order by place")
    return [answer for (answer,) in connection.execute(query.format(question), [cells])]


@pytest.mark.parametrize("kind", SHAPES)
@settings(max_examples=25, deadline=None)
@given(cells=CELLS)
def test_the_short_cut_accepts_what_the_shape_accepts_and_that_can_be_cast(
    connection: psycopg.Connection, kind: str, cells: list[str]
) -> None:
    cells = [cell.replace("\0", "") for cell in cells]
    shape = sql.SQL("cell ~ {}").format(sql.Literal(SHAPES[kind]))
    value = sql.SQL("case when {} then cell::{} end is not null").format(is_valid(kind, CELL), sql.SQL(kind))
    together = sql.SQL("array[{}, {}, {}]").format(is_usual(kind, CELL), shape, value)
    for cell, (usual, valid, cast) in zip(cells, ask(connection, together, cells), strict=True):
        assert valid or not usual, cell
        assert cast == valid, cell


@pytest.mark.parametrize("kind", SHAPES)
def test_usual_values_take_the_short_cut(connection: psycopg.Connection, kind: str) -> None:
    assert ask(connection, is_usual(kind, CELL), USUAL[kind]) == [True] * len(USUAL[kind])


def test_an_empty_cell_has_no_shape(connection: psycopg.Connection) -> None:
    assert {kind: ask(connection, is_valid(kind, CELL), [None]) for kind in SHAPES} == {kind: [None] for kind in SHAPES}


@given(text=st.from_regex(PERSONAL))
def test_personal_data_has_what_is_looked_for_first(text: str) -> None:
    assert re.search(PERSONAL_HAS, text)
