"""JSON documents become rows: every element once, every path found or absent, whatever the nesting."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from userops.ingest.documents import (
    _ABSENT,
    _at,
    _elements,
    csv_of_documents,
    csv_of_json,
    csv_of_json_pages,
)
from userops.ingest.records import Splitter, Unreadable, cells

NAMES = st.sampled_from(["a", "b", "c", "user", "订单"])
TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8)
LEAVES = st.one_of(TEXTS, st.booleans(), st.none(), st.integers(-9, 9).map(str))
TREES = st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=12)


def leaves(tree: object, path: str = "") -> Iterator[tuple[str, object]]:
    if path:
        yield path, tree
    if isinstance(tree, dict):
        for name, inner in tree.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)


@given(st.dictionaries(NAMES, TREES, max_size=4))
def test_every_path_of_a_tree_is_found(tree: dict) -> None:
    for path, value in leaves(tree):
        assert _at(tree, path) is value


@given(st.dictionaries(NAMES, TREES, max_size=4), st.lists(NAMES, min_size=1, max_size=4).map(".".join))
def test_a_path_that_a_tree_has_not_is_absent_and_not_null(tree: dict, path: str) -> None:
    assert (_at(tree, path) is _ABSENT) == (path not in dict(leaves(tree)))


PAGES = st.lists(
    st.fixed_dictionaries({
        "page": st.integers(1, 9).map(str),
        "data": st.fixed_dictionaries({
            "rows": st.lists(st.fixed_dictionaries({
                "id": TEXTS, "followers": st.lists(st.fixed_dictionaries({"staff": TEXTS}), max_size=3),
            }), max_size=3),
        }),
    }),
    max_size=4,
)


@given(PAGES)
def test_lists_in_lists_give_a_row_for_every_innermost_element(pages: list[dict]) -> None:
    rows = list(_elements(pages, ("data.rows", "followers=follower"), []))
    assert [(row["page"], row["id"], row["follower"]["staff"]) for row in rows] == [
        (page["page"], row["id"], follower["staff"])
        for page in pages for row in page["data"]["rows"] for follower in row["followers"]
    ]


@given(PAGES)
def test_a_list_read_as_another_name_is_as_the_object_of_that_name(pages: list[dict]) -> None:
    single = [page | {"data": {"rows": [row | {"follower": one} for row in page["data"]["rows"]
                                        for one in row["followers"]]}} for page in pages]
    for page in single:
        for row in page["data"]["rows"]:
            row.pop("followers")
    many = _elements(pages, ("data.rows", "followers=follower"), [])
    assert [row["follower"] for row in _elements(single, ("data.rows", "followers=follower"), [])] == [
        row["follower"] for row in many
    ]


@given(st.lists(st.dictionaries(NAMES, LEAVES, max_size=3), max_size=6))
def test_rows_come_out_as_the_csv_module_reads_them(documents: list[dict]) -> None:
    seen: set[str] = set()
    data = b"".join(csv_of_documents([documents], (), {"a": "first", "订单": "second", "b": "first"}, seen))
    splitter = Splitter(has_blank_rows=True)
    words = {None: None, "": None, True: "true", False: "false"}
    found = [cells(record, ",") for batch in splitter.batches([data]) for _, record in batch]
    expected = [[row.get("a", row.get("b")), row.get("订单")] for row in documents]
    assert splitter.header == ["a", "订单"]
    assert found == [[words.get(v, v) for v in row] for row in expected]
    assert splitter.rows == len(documents)
    used = {"b"} if any("b" in row and "a" not in row for row in documents) else set()
    assert seen == used | {name for row in documents for name in row if name in ("a", "订单")}


def test_numbers_keep_their_digits_and_other_shapes_their_json() -> None:
    document = b'{"rows": [{"cost": 1.005, "ids": ["x", 2], "n": 1e2}]}'
    data = b"".join(csv_of_json([document], "utf-8", ("rows",), {"cost": "c", "ids": "i", "n": "n"}, set()))
    assert data.decode() == 'cost,ids,n\n1.005,"[""x"", ""2""]",1e2\n'


def test_a_page_a_line_is_as_one_list_of_pages() -> None:
    pages = [{"rows": [{"id": 1}, {"id": 2}]}, {"rows": []}, {"rows": [{"id": 3}]}]
    lines = "\n".join(json.dumps(page) for page in pages).encode()
    one = b"".join(csv_of_json([json.dumps(pages).encode()], "utf-8", ("rows",), {"id": "id"}, set()))
    assert b"".join(csv_of_json_pages([lines], "utf-8", ("rows",), {"id": "id"}, set())) == one == b"id\n1\n2\n3\n"


def test_a_page_whose_list_is_empty_has_no_row_and_is_still_a_page() -> None:
    pages = [{"next": "r2", "rows": [{"id": 1}]}, {"next": "", "page": 2, "rows": []}]
    seen, rowless = set(), []
    header = {"next": "next", "page": "number", "id": "id"}
    data = b"".join(csv_of_json([json.dumps(pages).encode()], "utf-8", ("rows",), header, seen, rowless))
    assert data == b"next,page,id\nr2,,1\n"
    assert rowless == [["", "2", ""]] and seen == {"next", "page", "id"}


@given(PAGES)
def test_every_list_is_taken_apart_or_known_to_be_empty(pages: list[dict]) -> None:
    empty: list[dict] = []
    rows = list(_elements(pages, ("data.rows", "followers=follower"), empty))
    lists = [page["data"]["rows"] for page in pages]
    assert len(empty) == sum(not rows for rows in lists) + sum(not one["followers"] for rows in lists for one in rows)
    assert len(rows) == sum(len(one["followers"]) for rows in lists for one in rows)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"{", "no JSON document"),
        (b'{"a": 1, "a": 2}', "each field once"),
        (b"[1, 2]", "a list of JSON objects was expected"),
        (b'"text"', "a list of JSON objects was expected"),
        (b'{"a": "\\u0000"}', "a zero character"),
        (b'{"a": "\\ud800"}', "half a character"),
        (b"[" * 100_000, "no JSON document"),
        ("{\"a\": \"订\"}".encode("gb18030"), "not utf-8"),
    ],
)
def test_what_is_no_list_of_objects_is_unreadable(document: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        list(csv_of_json([document], "utf-8", (), {"a": "a"}, set()))


@given(st.integers(0, 3), st.integers(1, 30))
def test_title_lines_are_passed_over_wherever_blocks_end(titles: int, size: int) -> None:
    text = "a title\n" * titles + "a,b\n1,2\n3\n"
    data = text.encode()
    splitter = Splitter(skip_lines=titles)
    batches = list(splitter.batches([data[at : at + size] for at in range(0, len(data), size)]))
    kept = [record for batch in batches for _, record in batch]
    assert (splitter.header, kept) == (["a", "b"], [b"1,2"])
    assert [record.line for record in splitter.bad] == [titles + 3]


@pytest.mark.parametrize("data", [b"", b"one\n", b"one\ntwo\n"])
def test_a_file_of_titles_alone_has_no_header(data: bytes) -> None:
    with pytest.raises(Unreadable, match="no header|within the 2 lines|empty"):
        list(Splitter(skip_lines=2).batches([data]))
