"""Splitting: the count of records never depends on block borders, quotes or line ends."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from userops.ingest.documents import csv_of_json_lines
from userops.ingest.records import Splitter, Unreadable, cells, utf8
from userops.ingest.scan import _Counts

CELLS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def split(data: bytes, size: int = 7, encoding: str = "utf-8", **options: object) -> tuple[Splitter, list[bytes]]:
    splitter = Splitter(**options)
    batches = splitter.batches(utf8(cut(data, size), encoding))
    return splitter, [record for batch in batches for _, record in batch]


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=20), st.integers(1, 40), st.sampled_from(["\n", "\r\n"]))
def test_splits_as_the_csv_module_does(rows: list, size: int, line_end: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b", "c"), *rows])
    splitter, kept = split(out.getvalue().encode(), size)
    assert splitter.header == ["a", "b", "c"]
    assert splitter.rows == len(rows)
    assert splitter.bad == []
    assert [[cell or "" for cell in cells(record, ",")] for record in kept] == [list(row) for row in rows]


@given(st.lists(st.integers(1, 5), max_size=30), st.integers(1, 40))
def test_rows_are_good_or_bad_and_none_is_lost(widths: list[int], size: int) -> None:
    data = "a,b,c\n" + "".join(",".join("x" * width) + "\n" for width in widths)
    splitter, kept = split(data.encode(), size)
    assert splitter.rows == len(widths) == len(kept) + len(splitter.bad)
    assert [record.row for record in splitter.bad] == [n for n, width in enumerate(widths, 1) if width != 3]
    assert all(record.line == record.row + 1 for record in splitter.bad)


def test_line_numbers_pass_over_line_ends_in_quotes() -> None:
    splitter, _ = split(b'a,b\n"1\n1",2\n3\n', wanted=frozenset({1}))
    assert [(record.row, record.line, record.text) for record in splitter.bad] == [(2, 4, "3")]
    assert [(record.line, record.text) for record in splitter.found] == [(2, '"1\n1",2')]


@pytest.mark.parametrize("quoted", [b"", b'"x,\n,,\ny"'])
def test_rows_of_delimiters_alone_are_none_as_empty_lines_are(quoted: bytes) -> None:
    data = b"1," + quoted + b",\n,,\n\n,,3\n,,\n,\n"
    splitter, kept = split(b"a,b,c\n" + data, wanted=frozenset({2}))
    assert kept == [b"1," + quoted + b",", b",,3"]
    assert (splitter.rows, splitter.bad) == (2, [])
    assert [record.text for record in splitter.found] == [",,3"]
    # An element of JSON that has nothing that is read is a record all the same.
    told, _ = split(b"a,b,c\n" + data, has_blank_rows=True)
    for has_blank_rows, rows in ((False, splitter.rows), (True, told.rows)):
        counts = _Counts(",", has_blank_rows)
        counts.add(data)
        assert counts.rows == rows
    assert told.rows == 5


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert split(b"\xef\xbb\xbfa,b\n1,2\n", size=1)[0].header == ["a", "b"]


def test_an_open_quote_is_not_read_to_the_end() -> None:
    with pytest.raises(Unreadable, match="not closed"):
        split(b'a,b\n1,"2\n3,4\n')


def test_bytes_in_another_encoding_are_refused() -> None:
    with pytest.raises(Unreadable, match="not utf-8"):
        split("a,b\n订单,2\n".encode("gb18030"))
    assert split("a,b\n订单,2\n".encode("gb18030"), encoding="gb18030")[1] == ["订单,2".encode()]


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_has_no_header(data: bytes) -> None:
    with pytest.raises(Unreadable, match="no header"):
        split(data)


@pytest.mark.parametrize(
    ("end", "cut_off"),
    [(b"2026-01-02\n", False), (b"2026-01-02", False), (b"2026-01", True), (b"", True)],
)
def test_a_last_line_that_was_cut_is_seen(end: bytes, cut_off: bool) -> None:
    last = b"2," + end if end else b"2"
    assert bool(split(b"a,b\n1,2026-01-01\n" + last)[0].incomplete_end()) is cut_off


def test_a_zero_byte_is_refused() -> None:
    with pytest.raises(Unreadable, match="zero byte"):
        list(utf8([b"a\0b"], "utf-8"))


def test_json_lines_become_csv_and_names_are_remembered() -> None:
    seen: set[str] = set()
    data = csv_of_json_lines([b'{"a": 1.50, "c": true}\n{"a": "x,', b'y", "b": null}'], ["a", "b"], seen)
    assert b"".join(data) == b'a,b\n1.50,\n"x,y",\n'
    assert seen == {"a", "b", "c"}


@pytest.mark.parametrize("line", [b"[1]", b"{", b'{"a": 1, "a": 2}'])
def test_a_line_that_is_no_json_object_refuses_the_file(line: bytes) -> None:
    with pytest.raises(Unreadable, match="line 1"):
        list(csv_of_json_lines([line], ["a"], set()))
