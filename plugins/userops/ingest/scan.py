"""One pass over a delivered file before anything is loaded: its records counted, its text as UTF-8 on this machine.

The count stands beside DuckDB's. It also tells whether the file has anything in it that parsers read in different ways:
such a file is loaded record by record.
"""

import codecs
import csv
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

PIECE = 1 << 20
# Where a header is looked for.
MOST_TITLES, MOST_TITLE_BYTES = 15, 1 << 20


@dataclass
class Scan:
    """What one pass found.

    `path` is UTF-8 CSV, `lines_before` those before its first record, `titles` those before its header. `is_plain`: any
    parser of CSV reads the same cells. `seen` are the names met in a JSON file, `rowless` its pages without a row.
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
    found = Scan(
        path if as_is else scratch / "delivered.csv",
        layout.delimiter if layout else ",", layout.skip_lines if layout and layout.skip_lines != FIND_HEADER else 0,
    )  # fmt: skip
    with csv_bytes(delivered, path, contract, found) as data:
        decoded = utf8(data, encoding)
        if layout and layout.skip_lines == FIND_HEADER:
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
    names = set(delivered.layout.header) if delivered.layout else {column.name for column in contract.columns}
    if delivered.packed:
        with unpacked(path, delivered.packed) as stream, (scratch / "workbook").open("wb") as out:
            out.writelines(blocks(stream, unpacked_limit(path, delivered.packed)))
        path = scratch / "workbook"
    out = scratch / "delivered.csv"
    titles, epoch = spreadsheets.csv_of_workbook(path, out, names)
    found = Scan(out, ",", titles, traits=Traits(epoch=epoch))
    with out.open("rb") as stream:
        _count(found, utf8(blocks(stream), "utf-8"))
    return found


def _find_header(texts: Iterator[bytes], layout: Layout) -> tuple[int, Iterator[bytes]]:
    """How many lines stand before the first with a name of every column that must be there, and the text again.

    0 where no line among the first has them: the message about the header is of the first line then.
    """
    held = b""
    for text in texts:
        held += text
        if held.count(b"\n") > MOST_TITLES or len(held) > MOST_TITLE_BYTES:
            break
    lines = held.decode(errors="ignore").split("\n")[: MOST_TITLES + 1]
    found = 0
    for place, line in enumerate(lines):
        try:
            cells = next(csv.reader([line], delimiter=layout.delimiter), [])
        except csv.Error:
            continue
        if set(layout.names_in(cells).values()).issuperset(layout.needed):
            found = place
            break
    return found, chain([held] if held else [], texts)


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
    counts = _Counts(found.delimiter)
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
    splitter = Splitter(found.delimiter, header=found.header, ends_with_newline=False)
    for data in last:
        splitter.split(data)
    return splitter.incomplete_end()


@dataclass
class _Counts:
    """Records, and delimiters and line ends outside and inside of quotes."""

    delimiter: str
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
            lines = int(np.count_nonzero(codes == LINE_END))
            self.marks += int(np.count_nonzero(codes == ord(self.delimiter)))
            self.rows += lines - (_empty_lines(np.flatnonzero(codes == LINE_END)) if _has_empty(data) else 0)
            self.lines += lines
            self.ends += lines
            return
        quotes, line_ends = np.flatnonzero(codes == QUOTE), np.flatnonzero(codes == LINE_END)
        ends = outside(line_ends, quotes)
        self.is_plain = self.is_plain and _well_placed(codes, quotes, ord(self.delimiter))
        self.marks += len(outside(np.flatnonzero(codes == ord(self.delimiter)), quotes))
        self.rows += len(ends) - _empty_lines(ends)
        self.lines += len(line_ends)
        self.ends += len(ends)


def _has_empty(data: bytes) -> bool:
    return data.startswith(b"\n") or b"\n\n" in data


def _empty_lines(ends: np.ndarray) -> int:
    return int(np.count_nonzero(np.diff(ends, prepend=-1) == 1))


def _well_placed(codes: np.ndarray, quotes: np.ndarray, delimiter: int) -> bool:
    """Whether quotes stand around whole cells, or in pairs within them; the chunk ends with a line end."""
    opening, closing = quotes[::2], quotes[1::2]
    around = np.zeros(256, dtype=bool)
    around[[delimiter, LINE_END, QUOTE]] = True
    before = codes[opening[opening > 0] - 1]
    return bool(around[before].all() and around[codes[closing + 1]].all())
