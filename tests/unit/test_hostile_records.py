"""Whatever the bytes: a clear refusal, or every record accounted for. `make fuzz` goes on for ten minutes.

`FUZZ_SECONDS` says how long each fuzzer runs; each round prints the seed that repeats it.
"""

import contextlib
import io
import json
import os
import random
import time
from collections.abc import Callable

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from userops.ingest import documents
from userops.ingest.records import Splitter, Unreadable, utf8

SECONDS = float(os.environ.get("FUZZ_SECONDS") or 2)
PIECES = st.sampled_from(
    ["a", ",", '"', '""', "\n", "\r\n", "\r", " ", "\ufeff", "é", "订", ";", "=1+1", "\\.", "\\N", "\x1a", "\u2028"]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join)


def fuzz(test: Callable[[], None]) -> None:
    """Rounds with a new seed each until the time is over."""
    until = time.monotonic() + SECONDS
    while True:
        number = random.SystemRandom().randrange(2**32)
        print(f"seed {number}")
        seed(number)(test)()
        if time.monotonic() > until:
            return


def slow_split(text: str) -> list[str]:
    """A character at a time, as COPY reads CSV: a quote turns quoting on or off, wherever it stands."""
    found, record, quoted = [], "", False
    text = text.replace("\r\n", "\n")
    for character in text:
        quoted ^= character == '"'
        if character == "\n" and not quoted:
            found.append(record)
            record = ""
        else:
            record += character
    if quoted:
        raise Unreadable("open quote")
    return found + [record.removesuffix("\r")] * bool(record.removesuffix("\r"))


def fields(record: str) -> int:
    quoted, count = False, 1
    for character in record:
        quoted ^= character == '"'
        count += character == "," and not quoted
    return count


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def test_the_splitter_against_a_slow_one() -> None:
    @given(TEXTS, st.integers(1, 30))
    def one(text: str, size: int) -> None:
        header, data = "h1,h2\n", text
        splitter = Splitter()
        try:
            batches = list(splitter.batches(utf8(cut((header + data).encode(), size), "utf-8")))
        except Unreadable:
            with pytest.raises(Unreadable):
                slow_split(data)
            return
        wanted = [record for record in slow_split(data) if record.strip(",")]
        assert splitter.rows == len(wanted)
        good = [record for record in wanted if fields(record) == 2 and "\r" not in record]
        assert [record.decode() for batch in batches for _, record in batch] == good
        assert len(good) + len(splitter.bad) == splitter.rows
        assert [record.text for record in splitter.bad] == [r for r in wanted if r not in good]

    fuzz(one)


def test_any_bytes_in_any_encoding() -> None:
    @given(st.binary(max_size=300), st.sampled_from(["utf-8", "gb18030", "utf-16", "latin-1"]), st.integers(1, 64))
    def one(data: bytes, encoding: str, size: int) -> None:
        splitter = Splitter()
        try:
            batches = list(splitter.batches(utf8(cut(data, size), encoding)))
        except Unreadable:
            return
        kept = b"".join(record for batch in batches for _, record in batch)
        kept.decode()
        assert b"\0" not in kept

    fuzz(one)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


def test_any_json() -> None:
    @given(st.lists(JSON, max_size=5), st.binary(max_size=40))
    def one(rows: list, tail: bytes) -> None:
        lines = [json.dumps(row).encode() for row in rows]
        data = b"\n".join([*lines, tail])
        try:
            out = b"".join(documents.csv_of_json_lines([data], ["a", "b"], set()))
            assert out.count(b"\n") >= 1
        except Unreadable:
            pass
        with contextlib.suppress(Unreadable):
            document = json.dumps(rows).encode() + tail
            list(documents.csv_of_json([document], "utf-8", ("a=b",), {"a.b": "x", "c": "y"}, set()))

    fuzz(one)


def test_any_parquet() -> None:
    @given(st.binary(max_size=200), st.booleans())
    def one(data: bytes, framed: bool) -> None:
        with pytest.raises(Unreadable):
            list(documents.csv_of_parquet(io.BytesIO(b"PAR1" + data + b"PAR1" if framed else data)))

    fuzz(one)


@pytest.mark.parametrize(
    "data",
    [
        ("x" * 200_000 + ",b\n1,2\n").encode(),
        b"a,b\n\"" + b"x" * (17 << 20),
        b"a,b\n" + b"x" * (17 << 20),
    ],
    ids=["huge name", "huge quoted field", "huge line"],
)
def test_huge_fields_are_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        list(Splitter().batches(utf8(cut(data, 1 << 20), "utf-8")))


@pytest.mark.parametrize("line", [b"[" * 100_000, b'{"a":' * 100_000, b'{"a": "\\ud800"}'])
def test_json_that_is_deep_or_half_a_character_is_refused(line: bytes) -> None:
    with pytest.raises(Unreadable):
        list(documents.csv_of_json_lines([line], ["a"], set()))
