"""Which platform wrote a file: every layout is compared with the file's own columns, whatever the file is called."""

import codecs
import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.ingest import spreadsheets
from userops.ingest.documents import csv_of_documents
from userops.ingest.landing import DeliveredFile
from userops.ingest.opening import blocks, unpacked, unpacked_limit
from userops.ingest.records import Unreadable
from userops.platforms import telling
from userops.platforms.layout import Layout, Platform
from userops.platforms.loading import FOLDER, load_platform, platform_names
from userops.platforms.source import CANONICAL
from userops.platforms.telling import decoded

HEAD_BYTES = 256 << 10
JSON_BYTES = 256 << 20
# A platform is sure where the file has every column it needs, it reads some, and the next one knows fewer of them.
LEAD, FEWEST = 0.1, 3
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

    `coverage` is the share of the columns that must be there which are; `known` the share of the file's columns that
    the layout reads, `read` their number. `hints` say what is otherwise than the platform says it: encoding, delimiter.
    """

    platform: str
    layout: str
    exports: tuple[str, ...]
    coverage: float
    known: float
    read: int = 0
    missing: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    name_fits: bool = False
    encoding: str = "utf-8"
    delimiter: str = ","
    titles: int = 0

    @property
    def rank(self) -> tuple:
        """The better fit is the greater one."""
        return round(self.coverage + self.known, 3), self.name_fits, -len(self.hints)


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


def detect(content: Content, folder: Path = FOLDER) -> Answer:
    """Score every layout of every platform of a folder, and the contracts' own shapes."""
    platforms = [load_platform(name, folder) for name in platform_names(folder)]
    fits = sorted(_all(content, platforms), key=lambda fit: fit.rank, reverse=True)
    return Answer(tuple(fits), _doubt(fits))


def _doubt(fits: list[Fit]) -> str:
    if not fits or not fits[0].coverage:
        return "no platform knows its columns"
    best = fits[0]
    if best.missing:
        more = f" and {len(best.missing) - 3} more" if len(best.missing) > 3 else ""
        return f"{best.platform} needs columns that are not there: {', '.join(best.missing[:3])}{more}"
    if best.coverage < 1:
        return f"it has {best.coverage:.0%} of what files of {best.platform} mostly have"
    if best.read < FEWEST:
        return f"{best.platform} reads {best.read} of its columns alone"
    second = next((fit for fit in fits if fit.platform != best.platform), None)
    if second is None or second.coverage < 1 or best.known - second.known >= LEAD:
        return ""
    if best.name_fits and not second.name_fits:
        return ""
    return f"{best.platform} and {second.platform} fit alike"


def _all(content: Content, platforms: list[Platform]) -> Iterator[Fit]:
    layouts = [layout for platform in platforms for layout in platform.layouts]
    tables = None if content.format in ("json", "jsonl") else list(_tables(content, layouts))
    for layout in layouts:
        fit = _of_layout(content, layout, tables)
        if fit is not None:
            yield fit
    for contract in load_contracts().values():
        needed = [column.name for column in contract.columns if column.must_stand]
        header = {column.name: column.name for column in contract.columns}
        shape = Fit(CANONICAL, contract.name, (contract.name,), 0.0, 0.0)
        if tables is not None:
            yield max((_scored(shape, header, _known(header, table), needed, table) for table in tables),
                      key=lambda fit: fit.rank)


@dataclass(frozen=True)
class _Table:
    """A reading of the file's beginning: its columns if that line is the header."""

    names: frozenset[str]
    encoding: str
    delimiter: str
    titles: int


def _tables(content: Content, layouts: list[Layout]) -> Iterator[_Table]:
    """Every way in which the first lines could be a header."""
    if content.format == "parquet":
        import pyarrow.parquet as parquet

        with unpacked(content.path, content.packed) as stream:
            names = parquet.read_schema(io.BytesIO(stream.read())).names
        yield _Table(frozenset(names), "utf-8", ",", 0)
        return
    if content.format in ("xlsx", "xls"):
        yield from _sheets(content, layouts)
        return
    for encoding in ENCODINGS:
        text = decoded(content.head, encoding)
        for delimiter in DELIMITERS if text else ():
            for titles, names in telling.first_records(text, delimiter):
                if len(names) > 1:
                    yield _Table(frozenset(names), encoding, delimiter, titles)
    yield _Table(frozenset(), "utf-8", ",", 0)


def _sheets(content: Content, layouts: list[Layout]) -> Iterator[_Table]:
    """The header of the first sheet that has names which somebody knows."""
    names = {name for layout in layouts for name in layout.header}
    names |= {column.name for contract in load_contracts().values() for column in contract.columns}
    with TemporaryDirectory(prefix="userops-") as scratch:
        book, out = Path(scratch) / f"book.{content.format}", Path(scratch) / "sheet.csv"
        with unpacked(content.path, content.packed) as stream:
            book.write_bytes(b"".join(blocks(stream, unpacked_limit(content.path, content.packed))))
        try:
            titles = spreadsheets.csv_of_workbook(book, out, spreadsheets.any_of(names)).titles
        except Unreadable as error:
            raise UseropsError(f"{content.path.name}: {error}.", fix="save it again, or as CSV (UTF-8).") from error
        with out.open(encoding="utf-8", newline="") as rows:
            header = next(islice(csv.reader(rows), titles, None), [])
    yield _Table(frozenset(cell.strip() for cell in header), "utf-8", ",", titles)


def _of_layout(content: Content, layout: Layout, tables: list[_Table] | None) -> Fit | None:
    is_json = layout.format in ("json", "jsonl")
    if is_json != (tables is None):
        return None
    plain = Fit(layout.platform, layout.label, tuple(layout.exports), 0.0, 0.0,
                name_fits=layout.matches(content.path.name))
    if is_json:
        seen = _seen(content, layout)
        table = _Table(frozenset(seen), layout.encoding, ",", 0)
        fit = _scored(plain, layout.header, _known(layout.header, table), layout.needed, table)
        return replace(fit, known=min(1.0, len(seen) / max(1, _fields(content))))
    found = [
        _scored(plain, layout.header, layout.names_in(table.names), layout.needed, table) for table in tables or []
    ]
    return max((_with_hints(fit, layout, content) for fit in found), key=lambda fit: fit.rank)


def _known(header: dict[str, str], table: _Table) -> dict[str, str]:
    return {name: header[name] for name in table.names if name in header}


def _fields(content: Content) -> int:
    """How many names of values a JSON file has, wherever they stand."""
    names: set[str] = set()
    left = list(_documents(content))
    while left:
        value = left.pop()
        if isinstance(value, dict):
            names |= {name for name, inner in value.items() if not isinstance(inner, dict | list)}
            left += value.values()
        elif isinstance(value, list):
            left += value
    return len(names)


def _documents(content: Content) -> list[object]:
    text = decoded(content.head, "utf-8")
    try:
        if content.format == "jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        return [json.loads(text)]
    except ValueError:
        return []


def _seen(content: Content, layout: Layout) -> set[str]:
    """The paths of a layout that a JSON file has."""
    seen: set[str] = set()
    with suppress(Unreadable):
        for _ in csv_of_documents(_documents(content), layout.each, layout.header, seen):
            continue
    return seen


def _scored(
    fit: Fit, header: dict[str, str], found: dict[str, str], needed: Collection[str], table: _Table
) -> Fit:
    """The fit of one reading of the file; `found` are the layout's columns by the names that the file has."""
    has = set(found.values())
    missing = [column for column in needed if column not in has]
    spelled = [next(name for name, column in header.items() if column == one) for one in missing]
    # Answers of an API leave out what is empty: where no column must be there, a third of all is a good fit.
    of_all = min(1.0, 3 * len(has) / max(1, len(set(header.values()))))
    coverage = 1 - len(missing) / len(needed) if needed else of_all
    names = [name for name in table.names if name]
    return replace(fit, coverage=coverage, known=len(found) / len(names) if names else 0.0, read=len(found),
                   missing=tuple(spelled),
                   encoding=table.encoding, delimiter=table.delimiter, titles=table.titles)


def _with_hints(fit: Fit, layout: Layout, content: Content) -> Fit:
    if content.format != "csv" or layout.format != "csv" or not fit.coverage:
        return fit
    hints = []
    wide = fit.encoding == "utf-8" and content.head.isascii()
    if codecs.lookup(fit.encoding).name != codecs.lookup(layout.encoding).name and not wide:
        hints.append(f"encoding: {fit.encoding}")
    if fit.delimiter != layout.delimiter:
        hints.append(f"delimiter: {json.dumps(fit.delimiter)}")
    return replace(fit, hints=tuple(hints))


def delivered_files(content: Content, layout: Layout | None, export: str = "") -> list[DeliveredFile]:
    """The file as if it had been delivered, for every export of a layout, or in the contract's shape."""
    name, path = content.path.name, str(content.path)
    if layout is None:
        return [DeliveredFile(name, path, export, content.format, content.packed)]
    kind = layout.format if content.format in ("csv", "json", "jsonl") else content.format
    return [DeliveredFile(name, path, each, kind, content.packed, layout) for each in layout.exports]
