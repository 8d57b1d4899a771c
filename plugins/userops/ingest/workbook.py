"""A workbook as CSV, in a process of its own: `python workbook.py`, told by JSON on standard input.

A workbook of some kilobytes can ask for any amount of memory (a packed page of zeros, a cell at the far corner), and
the reader ends the process where it gets none. So this file stands alone, sets its own limits, and only libraries are
imported. What it found is JSON on standard output; exit code 3 means a reason for people on standard error.
"""

import csv
import json
import re
import resource
import struct
import sys
import unicodedata
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple

import olefile
import python_calamine as calamine

MEMORY_LIMIT, SECONDS_LIMIT = 4 << 30, 300
UNUSABLE = 3
# The header stands among the first rows, below titles and remarks.
HEADER_ROWS = 50
# A spreadsheet keeps 15 digits of a number: one that is longer has lost its end.
EXACT = 10**15
# The day before which dates are counted from 1: of nearly all workbooks, and of those of early Macintoshes.
EPOCH, EPOCH_1904 = "1899-12-30", "1904-01-01"
ERROR_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*\bt=[\"']e[\"'][^>]*)>(.*?)</(?:\w+:)?c>", re.DOTALL)
PLACE = re.compile(rb"\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
VALUE = re.compile(rb"<(?:\w+:)?v>([^<]*)</")
# Numbers of records in an `.xls` file, and what its error codes stand for.
SHEET, DATE_MODE, FORMULA, BOOLEAN_OR_ERROR, BEGIN, END = 0x85, 0x22, 0x06, 0x205, 0x809, 0x0A
ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
Errors = dict[tuple[int, int], str]


class Unusable(Exception):
    """No workbook that can be read; the text is the reason shown to people."""


class Wanted(NamedTuple):
    """What is looked for in a workbook: names of columns, those that must be there (the spellings of each), and the
    name of the sheet where somebody said it.
    """

    names: list[str]
    needed: list[list[str]]
    sheet: str = ""


def convert(path: str, out: str, wanted: Wanted) -> dict[str, object]:
    """Write the sheet that `_choose` finds as CSV, a row of the sheet a record.

    Rows above the header and empty ones are empty lines, so that places stay those of the sheet. Returns how many rows
    stand above the header, the day from which bare numbers are counted as dates, the name of the sheet, and those of
    other sheets that hold something.
    """
    with open(path, "rb") as stream:
        _check_kind(stream.read(8))
        stream.seek(0)
        try:
            workbook = calamine.load_workbook(stream)
            chosen, others = _choose(workbook, wanted)
            sheet, titles = chosen.sheet, chosen.titles
            epoch, found = _parts(path, chosen.place)
            # Rows come from the top of the sheet, cells from the first column that holds any.
            first = sheet.start[1] if sheet.start else 0
            errors = {(row, column - first): error for (row, column), error in found.items()}
            with open(out, "w", encoding="utf-8", newline="") as file:
                _write(file, sheet.iter_rows(), titles, errors)
        except calamine.PasswordError as error:
            raise Unusable("the workbook is protected by a password") from error
        except (calamine.CalamineError, zipfile.BadZipFile, ElementTree.ParseError, OSError, struct.error) as error:
            raise Unusable(f"the workbook is broken: {(str(error).splitlines() or [repr(error)])[0]}") from error
    return {"titles": titles, "epoch": epoch, "sheet": sheet.name, "others": others}


def _check_kind(start: bytes) -> None:
    """Many web shops name a table of text or HTML `.xls`."""
    if not start.startswith((b"PK\x03\x04", olefile.MAGIC)):
        raise Unusable("it is named as a spreadsheet and holds none: text or a web page, perhaps; name it .csv if it is"
                       " CSV, or save it as .xlsx")


class Candidate(NamedTuple):
    """A sheet, its place in the workbook, that of its header, and how good that is: the greater the better."""

    place: int
    sheet: calamine.CalamineSheet
    titles: int
    rank: tuple[bool, bool, bool]


def _choose(workbook: calamine.CalamineWorkbook, wanted: Wanted) -> tuple[Candidate, list[str]]:
    """The first of the visible sheets with the best header, and the names of the others that hold something."""
    best, filled = None, []
    for place, about in enumerate(workbook.sheets_metadata):
        is_shown = about.typ == calamine.SheetTypeEnum.WorkSheet and about.visible == calamine.SheetVisibleEnum.Visible
        if about.name.strip() != wanted.sheet.strip() if wanted.sheet else not is_shown:
            continue
        found = _candidate(workbook, place, wanted)
        if found is None:
            continue
        filled.append(about.name)
        if best is None or found.rank > best.rank:
            best = found
    if best is None:
        names = ", ".join(about.name for about in workbook.sheets_metadata)
        raise Unusable(f"the workbook has no sheet {wanted.sheet} that holds anything: it has {names}" if wanted.sheet
                       else "the workbook has no visible sheet that holds anything")
    return best, [name for name in filled if name != best.sheet.name]


def _candidate(workbook: calamine.CalamineWorkbook, place: int, wanted: Wanted) -> Candidate | None:
    """A sheet by its first row with two names of columns; else by its first filled row; None where it is empty.

    It is the better one where it has all columns that must be there, then where it has a header at all, then where
    rows stand below it.
    """
    sheet, known = workbook.get_sheet_by_index(place), {bare(name) for name in wanted.names}
    needed = [{bare(name) for name in spellings} for spellings in wanted.needed]
    first, found = None, None
    for row, cells in enumerate(sheet.iter_rows()):
        if found:
            if any(cell != "" for cell in cells):
                return found._replace(rank=(*found.rank[:2], True))
            continue
        if row >= HEADER_ROWS and first is not None:
            break
        if first is None and any(cell != "" for cell in cells):
            first = row
        names = {bare(heading(cell)) for cell in cells}
        if len(known & names) >= min(2, len(known)):
            found = Candidate(place, sheet, row, (all(names & spellings for spellings in needed), True, False))
    if found or first is None:
        return found
    return Candidate(place, sheet, first, (False, False, True))


def _write(file: Iterable, rows: Iterable[list], titles: int, errors: Errors) -> None:
    writer, empty, width = csv.writer(file, lineterminator="\n"), 0, 0
    for number, cells in enumerate(rows):
        texts = [errors.get((number, place)) or text(cell) for place, cell in enumerate(cells)]
        if number == titles:
            texts = [heading(cell) for cell in texts]
            width = max(place for place, name in enumerate(texts, start=1) if name)
        filled = max((place for place, cell in enumerate(texts, start=1) if cell.strip()), default=0)
        if number < titles or not filled:
            empty += 1
            continue
        file.write("\n" * empty)
        empty = 0
        # A cell to the right of the header is a field too many: the row has shifted.
        writer.writerow(texts[: max(width, filled)])


def heading(cell: object) -> str:
    """A cell as the name of a column: on one line, without what nobody sees at its ends."""
    return " ".join(text(cell).split()).strip("\ufeff\u200b\u200c\u200d\u2060\u00a0 ")


def bare(name: str) -> str:
    """A name of a column as it is compared: capitals, blanks and the width of characters tell nothing apart."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def text(cell: object) -> str:
    """A cell as CSV holds it: dates by ISO 8601, whole numbers without a point, long ones as what they are, damaged."""
    if isinstance(cell, str):
        return cell.replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (int, float)):
        if abs(cell) >= EXACT:
            return f"{cell:.14E}"
        return str(int(cell)) if cell == int(cell) else f"{cell:.15g}"
    return _time_text(cell)


def _time_text(cell: date | time | timedelta) -> str:
    if isinstance(cell, datetime):
        # Days as floating numbers are exact to some microseconds.
        cell = (cell + timedelta(microseconds=500)).replace(tzinfo=None)
        cell = cell.replace(microsecond=cell.microsecond // 1000 * 1000)
        return cell.isoformat(" ", "milliseconds" if cell.microsecond else "seconds")
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return cell.isoformat("seconds") if isinstance(cell, time) else cell.isoformat()


def _parts(path: str, place: int) -> tuple[str, Errors]:
    """What the library does not tell: the day that dates are counted from, and the sheet's error cells."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return _parts_of_xlsx(archive, place)
    with olefile.OleFileIO(path) as file:
        name = next((name for name in ("Workbook", "Book") if file.exists(name)), None)
        return _parts_of_xls(file.openstream(name).read(), place) if name else (EPOCH, {})


def _parts_of_xlsx(archive: zipfile.ZipFile, place: int) -> tuple[str, Errors]:
    book = next((name for name in archive.namelist() if name.lower() == "xl/workbook.xml"), None)
    if book is None:
        return EPOCH, {}
    tree = ElementTree.fromstring(archive.read(book))
    mode = next((node.get("date1904", "") for node in tree.iter() if node.tag.endswith("}workbookPr")), "")
    sheets = [node for node in tree.iter() if node.tag.endswith("}sheet")]
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {node.get("Id"): node.get("Target", "") for node in links}
    link = next(value for name, value in sheets[place].attrib.items() if name.endswith("}id"))
    name = str(PurePosixPath("/xl") / targets[link]).lstrip("/")
    with archive.open(name) as stream:
        errors = dict(_errors_of_xlsx(stream))
    return EPOCH_1904 if mode in ("1", "true") else EPOCH, errors


def _errors_of_xlsx(stream: BinaryIO) -> Iterator[tuple[tuple[int, int], str]]:
    rest = b""
    while block := stream.read(1 << 20):
        data = rest + block
        begin = max(data.rfind(b"<c "), data.rfind(b"<", 0, max(data.rfind(b":c "), 0)), 0)
        # A cell of this length holds a text, and no error.
        data, rest = data[:begin], data[begin:] if len(data) - begin < 1 << 20 else b""
        yield from _error_cells(data)
    yield from _error_cells(rest)


def _error_cells(data: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    if b't="e"' not in data and b"t='e'" not in data:
        return
    for attributes, content in ERROR_CELL.findall(data):
        place, value = PLACE.search(attributes), VALUE.search(content)
        if place is None:
            raise Unusable("a cell with an error does not say where it stands: save the workbook again")
        column = 0
        for letter in place[1]:
            column = column * 26 + letter - ord("A") + 1
        yield (int(place[2]) - 1, column - 1), value[1].decode("utf-8", "replace") if value else "#ERROR!"


def _parts_of_xls(stream: bytes, place: int) -> tuple[str, Errors]:
    epoch, starts, errors = EPOCH, [], {}
    for kind, content in _records(stream, 0):
        if kind == SHEET:
            starts.append(struct.unpack_from("<I", content)[0])
        elif kind == DATE_MODE and struct.unpack_from("<H", content)[0]:
            epoch = EPOCH_1904
    for kind, content in _records(stream, starts[place]) if place < len(starts) else ():
        code = None
        if kind == BOOLEAN_OR_ERROR and content[7]:
            code = content[6]
        elif kind == FORMULA and content[12:14] == b"\xff\xff" and content[6] == 2:
            code = content[8]
        if code is not None:
            errors[struct.unpack_from("<HH", content)] = ERRORS.get(code, "#ERROR!")
    return epoch, errors


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records from `at` to the end of what begins there; a chart in a sheet has a beginning and an end too."""
    depth, buffer = 0, BytesIO(stream)
    buffer.seek(at)
    while len(head := buffer.read(4)) == 4:
        kind, length = struct.unpack("<HH", head)
        content = buffer.read(length)
        depth += (kind == BEGIN) - (kind == END)
        if depth <= 0:
            return
        yield kind, content


def main() -> int:
    """Convert what standard input names."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_LIMIT, SECONDS_LIMIT))
    asked = json.load(sys.stdin)
    try:
        found = convert(asked["path"], asked["out"], Wanted(**asked["wanted"]))
    except Unusable as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
