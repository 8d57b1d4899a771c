"""Split delivered bytes into records without deciding on any value.

CSV is split by positions of quotes, delimiters and line ends (whole blocks at a time), so that the count of
records and of their fields does not depend on the parser that later loads them.
"""

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from userops.errors import first_line

QUOTE, LINE_END, RETURN = ord('"'), ord("\n"), ord("\r")
# A record that does not end within this many bytes means that a quote was never closed.
RECORD_LIMIT = 16 << 20
# Bad records are kept in memory until the file is judged; a file with this many is no file of the export.
MOST_BAD = 1_000_000
DOCUMENT_LIMIT = 256 << 20


class Unreadable(Exception):
    """The bytes are not what the file's name says; the text is the reason shown to people."""


@dataclass(frozen=True)
class BadRecord:
    """A record with its number in the file (the first data row is 1), first line, text and reason."""

    row: int
    line: int
    text: str
    reason: str


@dataclass
class Splitter:
    """Counts and splits; once `pieces` has given its first, empty piece the `header` is known.

    Records whose numbers are in `wanted` are kept in `found`; those that cannot be rows in `bad`.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    wanted: frozenset[int] = frozenset()
    skip_lines: int = 0
    header: list[str] = field(default_factory=list)
    rows: int = 0
    bad: list[BadRecord] = field(default_factory=list)
    found: list[BadRecord] = field(default_factory=list)
    ends_with_newline: bool = True
    last_record: bytes = b""
    before_last: bytes = b""
    _line: int = 1

    def pieces(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """CSV bytes (UTF-8, no header) that hold whole good records only."""
        titles = self.skip_lines
        for data in self._whole_records(utf8(blocks, self.encoding)):
            while titles and data:
                data = data[data.find(b"\n") + 1 :]
                titles -= 1
                self._line += 1
            if data and not self.header:
                data = self._take_header(data)
                yield b""
            if data:
                yield self._good(data)
        if titles:
            raise Unreadable(f"the file ends within the {self.skip_lines} lines before its header")
        if not self.header:
            raise Unreadable("the file is empty: it has no header")

    def _whole_records(self, decoded: Iterable[bytes]) -> Iterator[bytes]:
        rest, held = b"", b""
        for block in decoded:
            # What was read before has its line ends already: a return inside quotes must not lose its fellow.
            fresh = held + block
            held = b"\r" if fresh.endswith(b"\r") else b""
            data = rest + fresh[: len(fresh) - len(held)].replace(b"\r\n", b"\n")
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

    def _take_header(self, data: bytes) -> bytes:
        end = int(_ends(data)[0]) + 1
        text = data[:end].decode()
        try:
            names = next(csv.reader(io.StringIO(text), delimiter=self.delimiter))
        except csv.Error as error:
            raise Unreadable(f"the first line is no header: {error}") from error
        self.header = [name.strip() for name in names]
        self._line += text.count("\n")
        if not any(self.header):
            raise Unreadable("the first line is empty: there is no header")
        return data[end:]

    def _good(self, data: bytes) -> bytes:
        """Count the records of a block and leave out those with a wrong number of fields."""
        codes = np.frombuffer(data, dtype=np.uint8)
        quotes = np.flatnonzero(codes == QUOTE)
        line_ends = np.flatnonzero(codes == LINE_END)
        ends = _outside(line_ends, quotes)
        marks = _outside(np.flatnonzero(codes == ord(self.delimiter)), quotes)
        starts = np.concatenate(([0], ends[:-1] + 1))
        fields = np.diff(np.searchsorted(marks, ends), prepend=0) + 1
        kept = ends != starts
        wrong = (fields != len(self.header)) & kept
        if b"\r" in data:
            wrong[np.searchsorted(ends, np.flatnonzero(codes == RETURN))] = True
        numbers = self.rows + np.cumsum(kept)
        lines = self._line + np.searchsorted(line_ends, starts)
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
        for at in np.flatnonzero(kept)[-2:]:
            self.before_last, self.last_record = self.last_record, data[starts[at] : ends[at]]
        self.rows += int(kept.sum())
        self._line += len(line_ends)
        if kept.all() and not wrong.any():
            return data
        return b"".join(data[starts[at] : ends[at] + 1] for at in np.flatnonzero(kept & ~wrong))

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


def _outside(positions: np.ndarray, quotes: np.ndarray) -> np.ndarray:
    """Those positions before which the number of quotes is even."""
    if not len(quotes):
        return positions
    return positions[np.searchsorted(quotes, positions) % 2 == 0]


def _ends(data: bytes) -> np.ndarray:
    codes = np.frombuffer(data, dtype=np.uint8)
    return _outside(np.flatnonzero(codes == LINE_END), np.flatnonzero(codes == QUOTE))


def _last_record_end(data: bytes) -> int:
    if b'"' not in data:
        return data.rfind(b"\n") + 1
    ends = _ends(data)
    return int(ends[-1]) + 1 if len(ends) else 0


def utf8(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Decode strictly, never guess; yields whole characters as UTF-8 without a byte order mark."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    first = True
    for data, last in _with_last(blocks):
        try:
            text = decoder.decode(data, last)
        except UnicodeDecodeError as error:
            raise Unreadable(f"not {encoding}: {error.reason} (byte {error.object[error.start]:#04x})") from error
        except UnicodeError as error:
            raise Unreadable(f"not {encoding}: {error}") from error
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        if "\0" in text:
            raise Unreadable("a zero byte stands in the text")
        if text:
            yield text.encode()


def _with_last(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    for block in blocks:
        yield block, False
    yield b"", True


def csv_of_json_lines(blocks: Iterable[bytes], columns: list[str], seen: set[str]) -> Iterator[bytes]:
    """JSON Lines as CSV of the given columns; every field name met is added to `seen`."""
    yield _csv_row(columns)
    for number, line in enumerate(_lines(blocks, "utf-8"), start=1):
        row = _object(number, line)
        seen.update(row)
        yield _csv_row([_cell(row.get(name)) for name in columns])


def csv_of_json(
    blocks: Iterable[bytes], encoding: str, each: tuple[str, ...], header: dict[str, str], seen: set[str],
    rowless: list[list[str]] | None = None,
) -> Iterator[bytes]:
    """One JSON document as CSV; see `csv_of_documents`."""
    text = b"".join(_bounded(utf8(blocks, encoding)))
    try:
        document = json.loads(text, object_pairs_hook=_pairs, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"no JSON document with each field once: {error}") from error
    yield from csv_of_documents([document], each, header, seen, rowless)


def csv_of_json_pages(
    blocks: Iterable[bytes], encoding: str, each: tuple[str, ...], header: dict[str, str], seen: set[str],
    rowless: list[list[str]] | None = None,
) -> Iterator[bytes]:
    """A JSON document a line as CSV; see `csv_of_documents`."""
    documents = (_object(number, line) for number, line in enumerate(_lines(blocks, encoding), start=1))
    return csv_of_documents(documents, each, header, seen, rowless)


def csv_of_documents(
    documents: Iterable[object], each: tuple[str, ...], header: dict[str, str], seen: set[str],
    rowless: list[list[str]] | None = None,
) -> Iterator[bytes]:
    """JSON documents as CSV: a row for every element of the lists that `each` names.

    `header` maps dotted paths to names; a name has one column, under its first path, and holds what stands at the
    first of its paths that the row has. Every path met is added to `seen`. A document whose list has no element gives
    no row: what it says besides (a page its number) is put into `rowless`, in the order of the columns.
    """
    rowless = [] if rowless is None else rowless
    spellings: dict[str, list[str]] = {}
    for path, name in header.items():
        spellings.setdefault(name, []).append(path)
    yield _csv_row([paths[0] for paths in spellings.values()])
    for document in documents:
        empty: list[dict] = []
        for row in _elements(document if isinstance(document, list) else [document], each, empty):
            yield _csv_row(_cells(row, spellings, seen))
        rowless += [_cells(row, spellings, seen) for row in empty]
        if len(rowless) > MOST_BAD:
            raise Unreadable(f"more than {MOST_BAD:,} lists without an element")


def _cells(row: dict, spellings: dict[str, list[str]], seen: set[str]) -> list[str]:
    cells = []
    for paths in spellings.values():
        path, value = next(((path, value) for path in paths if (value := _at(row, path)) is not _ABSENT), (None, None))
        cells.append(_cell(value))
        if path is not None:
            seen.add(path)
    return cells


_ABSENT = object()


def _bounded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """A document is read whole, so it must fit into memory."""
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > DOCUMENT_LIMIT:
            raise Unreadable(f"a JSON document of more than {DOCUMENT_LIMIT >> 20} MB: deliver it in parts")
        yield piece


def _elements(rows: object, each: tuple[str, ...], empty: list[dict]) -> Iterator[dict]:
    """The rows with every list of `each` taken apart: an element stands in the place of its list.

    Rows whose list has no element go to `empty`.
    """
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unreadable("a list of JSON objects was expected")
    if not each:
        yield from rows
        return
    path, _, name = each[0].partition("=")
    for row in rows:
        found = _at(row, path)
        if not isinstance(found, list):
            # A document of the other shape that the platform also delivers.
            yield from _elements([row], each[1:], empty)
            continue
        if not found:
            empty.append(row)
        for element in found:
            merged = row | ({name: element} if name else element if isinstance(element, dict) else {path: element})
            yield from _elements([merged], each[1:], empty)


def _at(row: object, path: str) -> object:
    for name in path.split("."):
        if not isinstance(row, dict) or name not in row:
            return _ABSENT
        row = row[name]
    return row


def _lines(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    rest = b""
    for block in utf8(blocks, encoding):
        *lines, rest = (rest + block).split(b"\n")
        yield from (line for line in lines if line.strip())
    if rest.strip():
        yield rest


def _object(number: int, line: bytes) -> dict:
    try:
        row = json.loads(line, object_pairs_hook=_pairs, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"line {number} is no JSON object with each field once") from error
    if not isinstance(row, dict):
        raise Unreadable(f"line {number} is no JSON object")
    return row


def _pairs(found: list[tuple[str, object]]) -> dict:
    row = dict(found)
    if len(row) != len(found):
        raise ValueError("a field stands twice")
    return row


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _csv_row(values: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(values)
    text = out.getvalue()
    if "\0" in text:
        raise Unreadable("a zero character stands in the text")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Unreadable("half a character stands in the text") from error


def csv_of_parquet(source: io.BufferedIOBase) -> Iterator[bytes]:
    """Parquet as CSV, a batch at a time."""
    import pyarrow as pa
    import pyarrow.csv as arrow_csv
    import pyarrow.parquet as parquet

    try:
        table = parquet.ParquetFile(source)
        yield _csv_row(table.schema_arrow.names)
        for batch in table.iter_batches(batch_size=50_000):
            texts = [column.cast(pa.string()) for column in batch.columns]
            out = io.BytesIO()
            options = arrow_csv.WriteOptions(include_header=False)
            arrow_csv.write_csv(pa.RecordBatch.from_arrays(texts, names=batch.schema.names), out, options)
            yield out.getvalue()
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(f"no readable Parquet: {first_line(error)}") from error
