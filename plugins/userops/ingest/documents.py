"""Other formats as CSV: JSON documents, a document a line, Parquet."""

import csv
import io
import json
from collections.abc import Iterable, Iterator

from userops.errors import first_line
from userops.ingest.records import MOST_BAD, Unreadable, utf8

DOCUMENT_LIMIT = 256 << 20


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
