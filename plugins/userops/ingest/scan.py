"""One pass over a delivered file before anything is loaded: its records counted, its text as UTF-8 on this machine.

The count stands beside DuckDB's. It also tells whether the file has anything in it that parsers read in different ways:
such a file is loaded record by record.
"""

import codecs
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np

from userops.contracts.model import Contract
from userops.ingest import documents, spreadsheets
from userops.ingest.landing import DeliveredFile
from userops.ingest.opening import blocks, unpacked, unpacked_limit
from userops.ingest.records import LINE_END, QUOTE, Chunks, Head, Splitter, outside, utf8
from userops.ingest.traits import Traits
from userops.platforms.layout import FIND_HEADER, Layout
from userops.platforms.telling import first_records

PIECE = 1 << 20
# Where a header is looked for.
MOST_TITLES, MOST_TITLE_BYTES = 15, 1 << 20


@dataclass
class Scan:
    """What one pass found.

    `path` is UTF-8 CSV, `lines_before` those before its first record, `titles` those before its header. `is_plain`: any
    parser of CSV reads the same cells. `seen` are the names met in a JSON file, `rowless` its pages without a row;
    `has_blank_rows`: a row without a cell is a record of its own;
    `sheet` was read of a workbook, `other_sheets` were not.
    """

    path: Path
    delimiter: str
    titles: int = 0
    header: list[str] = field(default_factory=list)
    lines_before: int = 0
    rows: int = 0
    traits: Traits = field(default_factory=Traits)
    is_plain: bool = True
    line_end: str = "\n"
    has_line_ends_in_quotes: bool = False
    ends_line: bool = True
    incomplete: str = ""
    seen: set[str] = field(default_factory=set)
    rowless: list[list[str]] = field(default_factory=list)
    has_blank_rows: bool = False
    sheet: str = ""
    other_sheets: list[str] = field(default_factory=list)

    @property
    def rows_are_lines(self) -> bool:
        """Whether a line is a row of a sheet, whatever line ends its cells hold."""
        return self.traits.epoch is not None


def scan(delivered: DeliveredFile, path: Path, contract: Contract, scratch: Path) -> Scan:
    """Read the file once; what is no UTF-8 CSV is written as such to `scratch`. Raises Unreadable."""
    if delivered.format in spreadsheets.FORMATS:
        return _scan_workbook(delivered, path, contract, scratch)
    layout = delivered.layout if delivered.format == "csv" else None
    encoding = codecs.lookup(layout.encoding if layout else "utf-8").name
    as_is = delivered.format == "csv" and not delivered.packed and encoding == "utf-8"
    found = Scan(path if as_is else scratch / "delivered.csv", layout.delimiter if layout else ",")
    found.has_blank_rows = delivered.format in ("json", "jsonl", "parquet")
    with csv_bytes(delivered, path, contract, found) as data:
        decoded = utf8(data, encoding)
        if layout:
            found.titles, decoded = _find_header(decoded, layout)
        if as_is:
            _count(found, decoded)
        else:
            with found.path.open("wb") as out:
                _count(found, _written(decoded, out))
    if delivered.format in ("json", "jsonl"):
        found.traits.has_json = False
    return found


def _scan_workbook(delivered: DeliveredFile, path: Path, contract: Contract, scratch: Path) -> Scan:
    """The same of a spreadsheet: its sheet becomes CSV, titles and all."""
    said = delivered.source.said.sheet if delivered.source else ""
    if delivered.packed:
        with unpacked(path, delivered.packed) as stream, (scratch / "workbook").open("wb") as out:
            out.writelines(blocks(stream, unpacked_limit(path, delivered.packed)))
        path = scratch / "workbook"
    out = scratch / "delivered.csv"
    opened = spreadsheets.csv_of_workbook(path, out, spreadsheets.wanted(delivered.layout, contract, said))
    found = Scan(out, ",", opened.titles, traits=Traits(epoch=opened.epoch), sheet=opened.sheet)
    # Who named the sheet knows that there are others.
    found.other_sheets = [] if said else list(opened.others)
    with out.open("rb") as stream:
        _count(found, utf8(blocks(stream), "utf-8"))
    return found


def _find_header(texts: Iterator[bytes], layout: Layout) -> tuple[int, Iterator[bytes]]:
    """How many lines stand before the first with a name of every column that must be there, and the text again.

    Where no line among the first has them they are as many as the layout says: the message about the header is of that
    line then. People put titles above a header, and take them away.
    """
    held = b""
    for text in texts:
        held += text
        if held.count(b"\n") > MOST_TITLES or len(held) > MOST_TITLE_BYTES:
            break
    records = first_records(held.decode(errors="ignore"), layout.delimiter, MOST_TITLES + 1)
    wanted, said = set(layout.needed), 0 if layout.skip_lines == FIND_HEADER else int(layout.skip_lines)
    headers = (lines for lines, cells in records if wanted and wanted.issubset(layout.names_in(cells).values()))
    return next(headers, said), chain([held] if held else [], texts)


@contextmanager
def csv_bytes(delivered: DeliveredFile, path: Path, contract: Contract, found: Scan) -> Iterator[Iterable[bytes]]:
    """The file's bytes, unpacked, as CSV in the layout's encoding."""
    layout = delivered.layout
    with unpacked(path, delivered.packed) as stream:
        data = blocks(stream, unpacked_limit(path, delivered.packed))
        if layout and delivered.format in ("json", "jsonl"):
            read = documents.csv_of_json if delivered.format == "json" else documents.csv_of_json_pages
            yield _joined(read(data, layout.encoding, layout.each, layout.header, found.seen, found.rowless))
        elif delivered.format == "jsonl":
            yield _joined(documents.csv_of_json_lines(data, [c.name for c in contract.columns], found.seen))
        elif delivered.format == "parquet":
            yield documents.csv_of_parquet(stream)
        else:
            yield data


def _joined(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Rows in larger pieces."""
    held: list[bytes] = []
    size = 0
    for row in rows:
        held.append(row)
        size += len(row)
        if size > PIECE:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _written(texts: Iterable[bytes], out: BinaryIO) -> Iterator[bytes]:
    for text in texts:
        out.write(text)
        yield text


def _count(found: Scan, texts: Iterable[bytes]) -> None:
    chunks, head = Chunks(_told(texts, found)), Head(found.delimiter, found.titles)
    last: deque[bytes] = deque(maxlen=2)
    counts = _Counts(found.delimiter, found.has_blank_rows)
    # numpy lets go of the interpreter: a chunk is counted while the next one is read and decoded.
    with ThreadPoolExecutor(1) as beside:
        counted: Future | None = None
        for chunk in chunks:
            data = head.take(chunk)
            if counted:
                counted.result()
            counted = beside.submit(counts.add, data) if data else None
            if data:
                last.append(data)
        if counted:
            counted.result()
    head.require()
    found.header, found.lines_before = head.header, head.lines
    found.rows, found.ends_line = counts.rows, chunks.ends_with_newline
    found.has_line_ends_in_quotes = counts.lines > counts.ends
    _settle_line_ends(found, chunks, counts.lines + head.lines)
    fields = len(head.header)
    # A header of several lines is counted in other ways, and so are empty lines of a file with one column.
    found.is_plain = (
        found.is_plain and counts.is_plain and counts.marks == (fields - 1) * counts.rows and fields > 1
        and head.lines == found.titles + 1
    )
    if not found.ends_line:
        found.incomplete = _incomplete_end(found, last)


def _told(texts: Iterable[bytes], found: Scan) -> Iterator[bytes]:
    for text in texts:
        found.traits.look(text)
        yield text


def _settle_line_ends(found: Scan, chunks: Chunks, lines: int) -> None:
    """One kind of line end throughout, or the file is not plain."""
    if not chunks.returns:
        return
    found.line_end = "\r\n"
    whole = lines - (0 if chunks.ends_with_newline else 1)
    found.is_plain = chunks.returns == whole and not found.has_line_ends_in_quotes


def _incomplete_end(found: Scan, last: Iterable[bytes]) -> str:
    """Look at the end of the file as the splitter does."""
    splitter = Splitter(
        found.delimiter, header=found.header, has_blank_rows=found.has_blank_rows, ends_with_newline=False
    )
    for data in last:
        splitter.split(data)
    return splitter.incomplete_end()


@dataclass
class _Counts:
    """Records, and delimiters and line ends outside and inside of quotes."""

    delimiter: str
    has_blank_rows: bool = False
    rows: int = 0
    marks: int = 0
    lines: int = 0
    ends: int = 0
    is_plain: bool = True

    def add(self, data: bytes) -> None:
        """Count a chunk of whole records."""
        if b"\r" in data:
            self.is_plain = False
        codes = np.frombuffer(data, dtype=np.uint8)
        if b'"' not in data:
            lines, marks = int(np.count_nonzero(codes == LINE_END)), codes == ord(self.delimiter)
            self.marks += int(np.count_nonzero(marks))
            self.rows += lines
            if self._may_be_empty(data):
                self.rows -= self._empty(np.flatnonzero(codes == LINE_END), np.flatnonzero(marks))
            self.lines += lines
            self.ends += lines
            return
        quotes, line_ends = np.flatnonzero(codes == QUOTE), np.flatnonzero(codes == LINE_END)
        ends = outside(line_ends, quotes)
        self.is_plain = self.is_plain and _well_placed(codes, quotes, ord(self.delimiter))
        marks = outside(np.flatnonzero(codes == ord(self.delimiter)), quotes)
        self.marks += len(marks)
        self.rows += len(ends) - self._empty(ends, marks)
        self.lines += len(line_ends)
        self.ends += len(ends)

    def _may_be_empty(self, data: bytes) -> bool:
        starts = (b"\n",) if self.has_blank_rows else (b"\n", self.delimiter.encode())
        return data.startswith(starts) or any(b"\n" + start in data for start in starts)

    def _empty(self, ends: np.ndarray, marks: np.ndarray) -> int:
        """How many records are empty lines, or hold delimiters alone."""
        lengths = np.diff(ends, prepend=-1) - 1
        most = 0 if self.has_blank_rows else np.diff(np.searchsorted(marks, ends), prepend=0)
        return int(np.count_nonzero(lengths == most))


def _well_placed(codes: np.ndarray, quotes: np.ndarray, delimiter: int) -> bool:
    """Whether quotes stand around whole cells, or in pairs within them; the chunk ends with a line end."""
    opening, closing = quotes[::2], quotes[1::2]
    around = np.zeros(256, dtype=bool)
    around[[delimiter, LINE_END, QUOTE]] = True
    before = codes[opening[opening > 0] - 1]
    return bool(around[before].all() and around[codes[closing + 1]].all())
