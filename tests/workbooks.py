"""Workbooks (`.xlsx`) of a few cells for tests, written part by part: also what no writer would write."""

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
# Styles by number: none, a day, a day and time, a time.
FORMATS = ("General", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "hh:mm")
DAY, INSTANT, TIME = 1, 2, 3


@dataclass(frozen=True)
class Cell:
    """A cell as the file holds it: its value, kind (`e` error, `b` boolean, `n` number), style and formula."""

    value: str
    kind: str = "n"
    style: int = 0
    formula: str = ""


@dataclass
class Sheet:
    """Rows of texts (written as texts), numbers, cells, or None for nothing; `state` is `hidden` where nobody sees it.
    """

    rows: list[list[str | float | Cell | None]] = field(default_factory=list)
    name: str = ""
    state: str = "visible"

    def xml(self) -> str:
        """The part of the sheet."""
        rows = "".join(
            f'<row r="{row}">'
            + "".join(_cell(value, f"{_letters(place)}{row}") for place, value in enumerate(cells)) + "</row>"
            for row, cells in enumerate(self.rows, start=1) if cells
        )
        return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def _letters(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else _letters(place // 26 - 1) + _letters(place % 26)


def _cell(value: str | float | Cell | None, place: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    cell = value if isinstance(value, Cell) else Cell(repr(value))
    formula = f"<f>{escape(cell.formula)}</f>" if cell.formula else ""
    return f'<c r="{place}" t="{cell.kind}" s="{cell.style}">{formula}<v>{escape(cell.value)}</v></c>'


def write(path: Path, *sheets: Sheet, from_1904: bool = False, parts: dict[str, str] | None = None) -> Path:
    """Write a workbook; `parts` replace or add parts of the package by name."""
    numbers = range(1, len(sheets) + 1)
    names = [f'<sheet name="{sheet.name or f"Sheet{number}"}" sheetId="{number}" state="{sheet.state}"'
             f' r:id="r{number}"/>'
             for number, sheet in zip(numbers, sheets, strict=True)]
    links = [f'<Relationship Id="r{number}" Type="{LINKS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
             for number in numbers]
    links.append(f'<Relationship Id="styles" Type="{LINKS}/styles" Target="styles.xml"/>')
    formats = [f'<numFmt numFmtId="{164 + place}" formatCode="{code}"/>' for place, code in enumerate(FORMATS)]
    styles = [f'<xf numFmtId="{164 + place if place else 0}"/>' for place in range(len(FORMATS))]
    content = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="b"'
        f' Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><workbookPr date1904="{int(from_1904)}"/>'
        f'<sheets>{"".join(names)}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{"".join(links)}'
        "</Relationships>",
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{"".join(formats)}</numFmts>'
        f'<cellXfs>{"".join(styles)}</cellXfs></styleSheet>',
    } | {f"xl/worksheets/sheet{number}.xml": sheet.xml() for number, sheet in zip(numbers, sheets, strict=True)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (content | (parts or {})).items():
            archive.writestr(name, text)
    return path
