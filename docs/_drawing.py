"""Draw the pictures of the documentation as SVG: no script, no network, light and dark."""

import textwrap
from dataclasses import dataclass
from html import escape

WIDTH, GAP, PAD = 900, 14, 9
ALONE = "Marts that name no other: they meet the rest by their dates, stores or categories."
LINE, CHARACTER = 16, 6.4  # a line of small text, and the width of one of its characters
STYLE = """
svg { font: 12px system-ui, sans-serif; }
.sheet { fill: #ffffff; } .box { fill: #f4f6f9; stroke: #9aa7b6; } .hub { fill: #e3ecf8; stroke: #4a74a8; }
.name { font: bold 13px ui-monospace, monospace; fill: #17212e; } .text { fill: #3d4a5a; }
.line { stroke: #4a74a8; fill: none; }
.key { font: 10.5px ui-monospace, monospace; fill: #17212e; } .far { fill: #2c5d98; }
@media (prefers-color-scheme: dark) {
  .sheet { fill: #14181e; } .box { fill: #1d232c; stroke: #55606e; } .hub { fill: #1c2f47; stroke: #6f9cd0; }
  .name, .key { fill: #e8edf3; } .text { fill: #b4bfcc; } .line { stroke: #6f9cd0; } .far { fill: #8cb8ea; }
}
"""


@dataclass(frozen=True)
class Room:
    """A package or module of the code: what it is for, and which others it imports."""

    name: str
    purpose: str
    imports: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A mart in the picture: its key, and for columns that name a row elsewhere the mart that holds it."""

    name: str
    key: tuple[str, ...]
    joins: dict[str, str]

    @property
    def rows(self) -> list[str]:
        return [*self.key, *(name for name in self.joins if name not in self.key)]


def _text(x: float, y: float, words: str, style: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{style}">{escape(words)}</text>'


def _box(x: float, y: float, width: float, height: float, style: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" class="{style}"/>'


def _sheet(height: float, title: str, parts: list[str]) -> str:
    size = f'viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">'
    body = "\n".join([f"<style>{STYLE}</style>", _box(0, 0, WIDTH, height, "sheet"), *parts])
    return f"{head}\n{body}\n</svg>\n"


def house(floors: list[list[Room]]) -> str:
    """Draw rooms by floor, highest first; each says what it imports."""
    parts: list[str] = []
    y = float(GAP)
    for floor in floors:
        for row in _rows(floor, 3):
            width = (WIDTH - GAP * (len(row) + 1)) / len(row)
            drawn = [_room(room, int((width - 2 * PAD) / CHARACTER)) for room in row]
            height = max(len(lines) for lines in drawn) * LINE + LINE + PAD
            for place, (room, lines) in enumerate(zip(row, drawn, strict=True)):
                x = GAP + place * (width + GAP)
                parts += [_box(x, y, width, height, "box"), _text(x + PAD, y + 20, room.name, "name")]
                parts += [_text(x + PAD, y + 20 + LINE * n, *line) for n, line in enumerate(lines, start=1)]
            y += height + GAP
    return _sheet(y, "The packages of userops by floor, with their imports", parts)


def _rows(items: list, most: int) -> list[list]:
    """The items in as few rows as hold `most` each, filled evenly."""
    count = -(-len(items) // most)
    size = -(-len(items) // max(count, 1))
    return [items[start : start + size] for start in range(0, len(items), max(size, 1))]


def _room(room: Room, fits: int) -> list[tuple[str, str]]:
    """The lines of text in a room's box, each with its style."""
    imports = f"→ {', '.join(room.imports)}" if room.imports else ""
    return [(line, "text") for line in textwrap.wrap(room.purpose, fits)] + [
        (line, "far") for line in textwrap.wrap(imports, fits)
    ]


def joins(groups: list[tuple[Table, list[Table]]], alone: list[Table]) -> str:
    """Draw each table that others name, and beside it those that name it; columns lead on to further tables.

    Below them those that join by their dates alone.
    """
    parts: list[str] = []
    y, column = float(GAP), (WIDTH - 4 * GAP) / 3
    for hub, members in groups:
        parts += _table(hub, GAP, y, column, "hub", "")
        bottom, bus = y + _height(hub), GAP + column + GAP / 2
        for row in _rows(members, 2):
            last = GAP + len(row) * (column + GAP)
            parts.append(f'<path d="M{GAP + column:g} {bottom - 12:g}H{bus:g}V{y + 16:g}H{last:g}" class="line"/>')
            for place, table in enumerate(row, start=1):
                parts += _table(table, GAP + place * (column + GAP), y, column, "box", hub.name)
            y += max(_height(table) for table in row) + GAP
        y = max(bottom + GAP, y) + GAP
    parts.append(_text(GAP, y + GAP, ALONE, "text"))
    y += 2 * GAP
    for row in _rows(alone, 3):
        for place, table in enumerate(row):
            parts += _table(table, GAP + place * (column + GAP), y, column, "box", "")
        y += max(_height(table) for table in row) + GAP
    return _sheet(y, "The marts, their keys and the columns that join them", parts)


def _height(table: Table) -> float:
    return len(table.rows) * LINE + LINE + PAD


def _table(table: Table, x: float, y: float, width: float, style: str, hub: str) -> list[str]:
    """A table's box; a column that names a row of the hub beside it needs no words for that."""
    parts = [_box(x, y, width, _height(table), style), _text(x + PAD, y + 20, table.name, "name")]
    for number, row in enumerate(table.rows, start=1):
        target = table.joins.get(row, "")
        words = ("● " if row in table.key else "○ ") + row + (f" → {target}" if target not in ("", hub) else "")
        parts.append(_text(x + PAD, y + 20 + LINE * number, words, "key far" if target else "key"))
    return parts
