"""Which of a platform's layouts a file has, where its name says whose it is and not what it holds."""

import codecs
import csv
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

import zstandard

from userops.platforms.layout import Layout

# A header stands among the first lines, below titles.
LINES = 16
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
WORD = re.compile(r"[a-z]{3,}|[一-龥]{2}")


def by_head(head: bytes, layouts: list[Layout]) -> list[Layout]:
    """The one layout whose columns stand in the beginning of a file; none where that is not sure."""
    data = _unpacked(head)
    scores = [(_share_of_json(data, layout) if layout.format != "csv" else _share_of_header(data, layout), layout)
              for layout in layouts]  # fmt: skip
    return _best(scores)


def by_words(file_name: str, layouts: list[Layout]) -> list[Layout]:
    """The one layout whose patterns have words that stand in a file's name (`orders`, `products`)."""
    name = set(_words([file_name]))
    return _best([(float(len(name & set(_words(layout.files)))), layout) for layout in layouts])


def _best(scores: list[tuple[float, Layout]]) -> list[Layout]:
    most = max((score for score, _ in scores), default=0.0)
    found = [layout for score, layout in scores if score == most]
    return found if most and len(found) == 1 else []


def _words(names: Iterable[str]) -> list[str]:
    return [word.rstrip("s") for name in names for word in WORD.findall(name.casefold())]


def _unpacked(head: bytes) -> bytes:
    """The beginning of what a packed beginning holds."""
    try:
        if head.startswith(GZIP):
            return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head)
        if head.startswith(ZSTD):
            return zstandard.ZstdDecompressor().decompressobj().decompress(head)
    except (zlib.error, zstandard.ZstdError):
        return b""
    return head


def decoded(data: bytes, encoding: str) -> str:
    """The text, but for what is cut off at its end; empty where the bytes are of another encoding."""
    if encoding.startswith("utf-16") and data[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return ""
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(data).removeprefix("\ufeff")
    except UnicodeError:
        return ""


def first_records(text: str, delimiter: str, most: int = LINES) -> Iterator[tuple[int, list[str]]]:
    """The first records of a text as CSV, each with the number of lines before it; a name may hold the end of a line.
    """
    reader, before = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 0
    with suppress(csv.Error):
        for cells in islice(reader, most):
            yield before, [cell.strip().strip("\ufeff") for cell in cells]
            before = reader.line_num


def _share_of_header(data: bytes, layout: Layout) -> float:
    """The share of a line's cells that are columns of the layout, of the best line with all that must be there."""
    best = 0.0
    for _, names in first_records(decoded(data, layout.encoding), layout.delimiter):
        found = layout.names_in(names)
        if found and set(found.values()).issuperset(layout.needed):
            best = max(best, len(found) / len(names))
    return best


def _share_of_json(data: bytes, layout: Layout) -> float:
    """The share of the layout's fields whose names stand in the text."""
    text = decoded(data, "utf-8")
    names = {path.rpartition(".")[2] for path in layout.header}
    return sum(f'"{name}"' in text for name in names) / len(names)
