"""Split delivered bytes into records without deciding on any value.

CSV is split by positions of quotes, delimiters and line ends (whole blocks at a time), so that the count of
records and of their fields does not depend on the parser that loads them.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

QUOTE, LINE_END, RETURN = ord('"'), ord("\n"), ord("\r")
# What nobody sees at the ends of a column's name.
BLANK = "".join(map(chr, range(33))) + "\u0085\u00a0\u3000\u200b\u200c\u200d\u200e\u200f\u2060\u202f\ufeff"
# A record that does not end within this many bytes means that a quote was never closed.
RECORD_LIMIT = 16 << 20
# Bad records are kept in memory until the file is judged; a file with this many is no file of the export.
MOST_BAD = 1_000_000


class Unreadable(Exception):
    """The bytes are not what the file's name says; the text is the reason shown to people."""


@dataclass(frozen=True)
class BadRecord:
    """A record with its number in the file (the first data row is 1), first line, text and reason."""

    row: int
    line: int
    text: str
    reason: str


def utf8(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Decode strictly, never guess; yields whole characters as UTF-8 without a byte order mark."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    first, is_utf8 = True, codecs.lookup(encoding).name == "utf-8"
    for data, last in _with_last(blocks):
        if is_utf8 and data.isascii() and not decoder.getstate()[0]:
            # Most files, and already what is wanted.
            first = first and not data
            yield from _without_zero(data)
            continue
        try:
            text = decoder.decode(data, last)
        except UnicodeDecodeError as error:
            raise Unreadable(f"not {encoding}: {error.reason} (byte {error.object[error.start]:#04x})") from error
        except UnicodeError as error:
            raise Unreadable(f"not {encoding}: {error}") from error
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        yield from _without_zero(text.encode())


def _without_zero(data: bytes) -> Iterator[bytes]:
    if b"\0" in data:
        raise Unreadable("a zero byte stands in the text")
    if data:
        yield data


def _with_last(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    for block in blocks:
        yield block, False
    yield b"", True


@dataclass
class Chunks:
    """UTF-8 text in pieces that end where a record ends, every line end as a line feed.

    What is counted on the way: line ends that were CR LF, and whether the last line had an end.
    """

    texts: Iterable[bytes]
    returns: int = 0
    ends_with_newline: bool = True

    def __iter__(self) -> Iterator[bytes]:
        rest, held = b"", b""
        for text in self.texts:
            # What was read before has its line ends already: a return inside quotes must not lose its fellow.
            fresh = held + text if held else text
            held = b"\r" if fresh.endswith(b"\r") else b""
            fresh = fresh[:-1] if held else fresh
            if b"\r" in fresh:
                self.returns += fresh.count(b"\r\n")
                fresh = fresh.replace(b"\r\n", b"\n")
            data = rest + fresh
            cut = _last_record_end(data)
            rest = data[cut:]
            if len(rest) > RECORD_LIMIT:
                raise Unreadable("a quote is opened and not closed (a record is longer than 16 MB)")
            if cut:
                yield data[:cut]
        if rest:
            if rest.count(b'"') % 2:
                raise Unreadable("a quote is opened and not closed by the end of the file")
            self.ends_with_newline = False
            yield rest + b"\n"


@dataclass
class Head:
    """What stands before the first record: title lines and the header."""

    delimiter: str = ","
    skip_lines: int = 0
    header: list[str] = field(default_factory=list)
    lines: int = 0
    _titles_left: int | None = None

    def take(self, data: bytes) -> bytes:
        """The data without titles and header; `header` is known once data is left, or the chunk ends with it."""
        if self.header:
            return data
        left = self.skip_lines if self._titles_left is None else self._titles_left
        while left and data:
            data = data[data.find(b"\n") + 1 :]
            left -= 1
            self.lines += 1
        self._titles_left = left
        return self._take_header(data) if data else data

    def _take_header(self, data: bytes) -> bytes:
        ends = _ends(data)
        if not len(ends):
            raise Unreadable("the header has a quote that is opened and not closed")
        end = int(ends[0]) + 1
        text = data[:end].decode()
        try:
            names = next(csv.reader(io.StringIO(text), delimiter=self.delimiter))
        except csv.Error as error:
            raise Unreadable(f"the first line is no header: {error}") from error
        self.header = [name.strip(BLANK) for name in names]
        self.lines += text.count("\n")
        if not any(self.header):
            raise Unreadable("the first line is empty: there is no header")
        return data[end:]

    def require(self) -> None:
        """At the end of the file: it had a header."""
        if self._titles_left:
            raise Unreadable(f"the file ends within the {self.skip_lines} lines before its header")
        if not self.header:
            raise Unreadable("the file is empty: it has no header")


@dataclass
class Splitter:
    """Counts and splits the records of UTF-8 text.

    Records whose numbers are in `wanted` are kept in `found`; those that cannot be rows in `bad`. With
    `rows_are_lines` a record counts as one line whatever its cells hold, as in a spreadsheet. Rows of delimiters alone,
    which spreadsheets leave below the last row, are none, unless `has_blank_rows`: an element of JSON is a record.
    """

    delimiter: str = ","
    wanted: frozenset[int] = frozenset()
    skip_lines: int = 0
    header: list[str] = field(default_factory=list)
    rows_are_lines: bool = False
    has_blank_rows: bool = False
    rows: int = 0
    bad: list[BadRecord] = field(default_factory=list)
    found: list[BadRecord] = field(default_factory=list)
    ends_with_newline: bool = True
    last_record: bytes = b""
    before_last: bytes = b""
    _line: int = 1

    def batches(self, texts: Iterable[bytes]) -> Iterator[list[tuple[int, bytes]]]:
        """Good records with their numbers, a chunk at a time."""
        chunks, head = Chunks(texts), Head(self.delimiter, self.skip_lines)
        for chunk in chunks:
            data = head.take(chunk)
            if head.header and not self.header:
                self.header, self._line = head.header, self._line + head.lines
            if data:
                yield self.split(data)
        self.ends_with_newline = chunks.ends_with_newline
        head.require()

    def split(self, data: bytes) -> list[tuple[int, bytes]]:
        """Count the records of a chunk and leave out those with a wrong number of fields."""
        codes = np.frombuffer(data, dtype=np.uint8)
        quotes = np.flatnonzero(codes == QUOTE)
        line_ends = np.flatnonzero(codes == LINE_END)
        ends = outside(line_ends, quotes)
        marks = outside(np.flatnonzero(codes == ord(self.delimiter)), quotes)
        starts = np.concatenate(([0], ends[:-1] + 1))
        fields = np.diff(np.searchsorted(marks, ends), prepend=0) + 1
        kept = ends != starts if self.has_blank_rows else ends - starts != fields - 1
        wrong = (fields != len(self.header)) & kept
        if b"\r" in data:
            wrong[np.searchsorted(ends, np.flatnonzero(codes == RETURN))] = True
        numbers = self.rows + np.cumsum(kept)
        counted = ends if self.rows_are_lines else line_ends
        lines = self._line + np.searchsorted(counted, starts)
        self._keep(data, wrong, kept, numbers, lines, starts, ends, fields)
        for at in np.flatnonzero(kept)[-2:]:
            self.before_last, self.last_record = self.last_record, data[starts[at] : ends[at]]
        self.rows += int(kept.sum())
        self._line += len(counted)
        return [(int(numbers[at]), data[starts[at] : ends[at]]) for at in np.flatnonzero(kept & ~wrong)]

    def _keep(
        self, data: bytes, wrong: np.ndarray, kept: np.ndarray, numbers: np.ndarray, lines: np.ndarray,
        starts: np.ndarray, ends: np.ndarray, fields: np.ndarray,
    ) -> None:  # fmt: skip
        """Remember records that are no rows, and those that somebody asked for."""
        if len(self.bad) + int(wrong.sum()) > MOST_BAD:
            raise Unreadable(f"more than {MOST_BAD:,} records have another number of fields than the header")
        for at in np.flatnonzero(wrong):
            reason = f"{fields[at]} fields where the header has {len(self.header)}"
            if fields[at] == len(self.header):
                reason = "a carriage return inside the row"
            self.bad.append(BadRecord(int(numbers[at]), int(lines[at]), data[starts[at] : ends[at]].decode(), reason))
        if self.wanted:
            for at in np.flatnonzero(np.isin(numbers, list(self.wanted)) & kept):
                self.found.append(BadRecord(int(numbers[at]), int(lines[at]), data[starts[at] : ends[at]].decode(), ""))

    def incomplete_end(self) -> str:
        """Why the last record looks cut off, or an empty text.

        Many writers leave out the last line end, so alone it proves nothing: the last cell must also be of
        another shape than the one above it.
        """
        if self.ends_with_newline or not self.rows:
            return ""
        if self.bad and self.bad[-1].row == self.rows:
            return "the last line is incomplete"
        mark = self.delimiter.encode()
        above, last = (record.rsplit(mark, 1)[-1] for record in (self.before_last, self.last_record))
        if above[:4].isdigit() and above[4:5] == b"-" and len(last) < len(above):
            return "the last line has no end and its last cell is shorter than the one above"
        return ""


def outside(positions: np.ndarray, quotes: np.ndarray) -> np.ndarray:
    """Those positions before which the number of quotes is even."""
    if not len(quotes):
        return positions
    return positions[np.searchsorted(quotes, positions) % 2 == 0]


def _ends(data: bytes) -> np.ndarray:
    codes = np.frombuffer(data, dtype=np.uint8)
    return outside(np.flatnonzero(codes == LINE_END), np.flatnonzero(codes == QUOTE))


def _last_record_end(data: bytes) -> int:
    if b'"' not in data:
        return data.rfind(b"\n") + 1
    ends = _ends(data)
    return int(ends[-1]) + 1 if len(ends) else 0


def cells(record: bytes, delimiter: str) -> list[str | None]:
    """The cells of a record; an empty one is None.

    A quote turns quoting on or off wherever it stands, and two quotes within quotes are one.
    """
    text = record.decode()
    if '"' not in text:
        return [cell or None for cell in text.split(delimiter)]
    found, cell, quoted, place = [], [], False, 0
    while place < len(text):
        character = text[place]
        if character == '"':
            if quoted and text[place + 1 : place + 2] == '"':
                cell.append(character)
                place += 1
            else:
                quoted = not quoted
        elif character == delimiter and not quoted:
            found.append("".join(cell) or None)
            cell = []
        else:
            cell.append(character)
        place += 1
    return [*found, "".join(cell) or None]
