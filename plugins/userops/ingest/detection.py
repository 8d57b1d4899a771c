"""Which platform wrote a file: every layout is compared with the file's own columns, whatever the file is called."""

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.ingest.documents import csv_of_documents
from userops.ingest.landing import DeliveredFile
from userops.ingest.opening import blocks, unpacked, unpacked_limit
from userops.ingest.records import Unreadable
from userops.platforms.layout import FIND_HEADER, Layout
from userops.platforms.loading import load_platform, platform_names
from userops.platforms.source import CANONICAL

HEAD_BYTES = 256 << 10
JSON_BYTES = 256 << 20
LINES = 11
# A platform is sure where the file has every column it needs, and the next one knows fewer of the file's columns.
LEAD = 0.1
MAGIC = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
FORMATS = {b"PK\x03\x04": "xlsx", b"\xd0\xcf\x11\xe0": "xls", b"PAR1": "parquet"}
ENCODINGS, DELIMITERS = ("utf-8", "utf-16", "gb18030"), (",", "\t", ";", "|")


@dataclass(frozen=True)
class Content:
    """What a file holds, by its bytes: packing, format, and as much of it as tells its columns."""

    path: Path
    packed: str
    format: str
    head: bytes


@dataclass(frozen=True)
class Fit:
    """How a file's columns and those of one layout go together.

    `found` of `needed` columns that must be there are; `known` is the share of the file's columns that the layout reads.
    `hints` say what is otherwise than the platform says it: encoding, delimiter, title lines.
    """

    platform: str
    layout: str
    exports: tuple[str, ...]
    found: int
    needed: int
    known: float
    missing: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    name_fits: bool = False
    encoding: str = "utf-8"
    delimiter: str = ","
    titles: int = 0

    @property
    def coverage(self) -> float:
        """The share of the needed columns that the file has."""
        return self.found / self.needed if self.needed else 0.0

    @property
    def rank(self) -> tuple:
        """The better fit is the greater one."""
        return self.coverage, round(self.known, 3), self.name_fits, -len(self.hints)


@dataclass(frozen=True)
class Answer:
    """The fits, best first, and why the first is not sure; empty where it is."""

    fits: tuple[Fit, ...]
    doubt: str

    @property
    def best(self) -> Fit | None:
        """The best fit, sure or not."""
        return self.fits[0] if self.fits else None


def look(path: Path) -> Content:
    """Read the beginning of a file (a JSON document whole); raises UseropsError where that is not possible."""
    try:
        start = path.open("rb").read(4)
    except OSError as error:
        raise UseropsError(f"{path} cannot be read: {error.strerror}.", fix="give the path of a file.") from error
    packed = next((ending for magic, ending in MAGIC.items() if start.startswith(magic)), "")
    try:
        with unpacked(path, packed) as stream:
            pieces = blocks(stream, unpacked_limit(path, packed))
            head = _up_to(pieces, HEAD_BYTES)
            kind = next((kind for magic, kind in FORMATS.items() if head.startswith(magic)), "")
            if not kind and head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
                head += _up_to(pieces, JSON_BYTES)
                kind = _kind_of_json(head)
    except Unreadable as error:
        raise UseropsError(f"{path.name}: {error}.", fix="have the file delivered again.") from error
    if not head.strip():
        raise UseropsError(f"{path.name} is empty.", fix="export it again.")
    return Content(path, packed, kind or "csv", head)


def _up_to(pieces: Iterable[bytes], size: int) -> bytes:
    held = b""
    for piece in pieces:
        held += piece
        if len(held) >= size:
            break
    return held


def _kind_of_json(data: bytes) -> str:
    try:
        json.loads(data)
    except ValueError:
        return "jsonl"
    return "json"


def detect(content: Content) -> Answer:
    """Score every layout of every platform, and the contracts' own shapes."""
    fits = sorted(_all(content), key=lambda fit: fit.rank, reverse=True)
    return Answer(tuple(fits), _doubt(fits))


def _doubt(fits: list[Fit]) -> str:
    if not fits or not fits[0].found:
        return "no platform knows its columns"
    best = fits[0]
    if best.missing:
        more = f" and {len(best.missing) - 3} more" if len(best.missing) > 3 else ""
        return f"{best.platform} needs columns that are not there: {', '.join(best.missing[:3])}{more}"
    second = next((fit for fit in fits if fit.platform != best.platform), None)
    if second is None or second.coverage < 1 or best.known - second.known >= LEAD:
        return ""
    if best.name_fits and not second.name_fits:
        return ""
    return f"{best.platform} and {second.platform} fit alike"


def _all(content: Content) -> Iterator[Fit]:
    tables = None if content.format in ("json", "jsonl") else list(_tables(content))
    for name in platform_names():
        for layout in load_platform(name).layouts:
            fit = _of_layout(content, layout, tables)
            if fit is not None:
                yield fit
    for contract in load_contracts().values():
        needed = [column.name for column in contract.columns if column.must_stand]
        header = {column.name: column.name for column in contract.columns}
        shape = Fit(CANONICAL, contract.name, (contract.name,), 0, len(needed), 0.0)
        if tables is not None:
            yield max((_scored(shape, header, needed, table) for table in tables), key=lambda fit: fit.rank)


@dataclass(frozen=True)
class _Table:
    """A reading of the file's beginning: its columns if that line is the header."""

    names: frozenset[str]
    encoding: str
    delimiter: str
    titles: int


def _tables(content: Content) -> Iterator[_Table]:
    """Every way in which the first lines could be a header."""
    if content.format == "parquet":
        import pyarrow.parquet as parquet

        with unpacked(content.path, content.packed) as stream:
            names = parquet.read_schema(io.BytesIO(stream.read())).names
        yield _Table(frozenset(names), "utf-8", ",", 0)
        return
    if content.format in ("xlsx", "xls"):
        yield from _sheets(content)
        return
    for encoding in ENCODINGS:
        text = _decoded(content.head, encoding)
        lines = text.splitlines()[:LINES] if text else []
        for delimiter in DELIMITERS:
            for titles, line in enumerate(lines):
                cells = _cells(line, delimiter)
                if len(cells) > 1:
                    yield _Table(frozenset(cells), encoding, delimiter, titles)
    yield _Table(frozenset(), "utf-8", ",", 0)


def _sheets(content: Content) -> Iterator[_Table]:
    """The first lines of a workbook's sheets."""
    raise UseropsError(f"{content.path.name} is a spreadsheet.", fix="save it as CSV (UTF-8) and try that file.")


def _decoded(data: bytes, encoding: str) -> str:
    """The text, but for what is cut off at its end; empty where the bytes are of another encoding."""
    if encoding == "utf-16" and data[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return ""
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(data).removeprefix("\ufeff")
    except UnicodeError:
        return ""


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip().strip("\ufeff") for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _of_layout(content: Content, layout: Layout, tables: list[_Table] | None) -> Fit | None:
    is_json = layout.format in ("json", "jsonl")
    if is_json != (tables is None):
        return None
    plain = Fit(layout.platform, layout.label, tuple(layout.exports), 0, len(layout.needed), 0.0,
                name_fits=layout.matches(content.path.name))
    if is_json:
        seen = _seen(content, layout)
        return _scored(plain, layout.header, layout.needed, _Table(frozenset(seen), layout.encoding, ",", 0))
    found = [
        _scored(plain, layout.header | layout.names_in(table.names), layout.needed, table) for table in tables or []
    ]
    best = max((_with_hints(fit, layout, content) for fit in found), key=lambda fit: fit.rank)
    return best


def _seen(content: Content, layout: Layout) -> set[str]:
    """The paths of a layout that a JSON file has."""
    seen: set[str] = set()
    text = _decoded(content.head, "utf-8")
    try:
        documents = [json.loads(line) for line in text.splitlines() if line.strip()] if content.format == "jsonl" else [
            json.loads(text)
        ]
        for _ in csv_of_documents(documents, layout.each, layout.header, seen):
            pass
    except (ValueError, Unreadable):
        return seen
    return seen


def _scored(fit: Fit, header: dict[str, str], needed: Iterable[str], table: _Table) -> Fit:
    has = {header[name] for name in table.names if name in header}
    missing = [column for column in needed if column not in has]
    spelled = [next(name for name, column in header.items() if column == one) for one in missing]
    names = [name for name in table.names if name]
    known = sum(name in header for name in names) / len(names) if names else 0.0
    return replace(fit, found=fit.needed - len(missing), known=known, missing=tuple(spelled), encoding=table.encoding,
                   delimiter=table.delimiter, titles=table.titles)


def _with_hints(fit: Fit, layout: Layout, content: Content) -> Fit:
    if content.format != "csv" or layout.format != "csv" or not fit.found:
        return fit
    hints = []
    wide = fit.encoding == "utf-8" and content.head.isascii()
    if codecs.lookup(fit.encoding).name != codecs.lookup(layout.encoding).name and not wide:
        hints.append(f"encoding: {fit.encoding}")
    if fit.delimiter != layout.delimiter:
        hints.append(f"delimiter: {json.dumps(fit.delimiter)}")
    if layout.skip_lines not in (fit.titles, FIND_HEADER):
        hints.append(f"skip_lines: {fit.titles}")
    return replace(fit, hints=tuple(hints))


def delivered_files(content: Content, layout: Layout | None, export: str = "") -> list[DeliveredFile]:
    """The file as if it had been delivered, for every export of a layout, or in the contract's shape."""
    name, path = content.path.name, str(content.path)
    if layout is None:
        return [DeliveredFile(name, path, export, content.format, content.packed)]
    kind = layout.format if content.format in ("csv", "json", "jsonl") else content.format
    return [DeliveredFile(name, path, each, kind, content.packed, layout) for each in layout.exports]
