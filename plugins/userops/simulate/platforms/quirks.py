"""What real files do to their cells and rows, each a small pure function; `Quirks` decides where one happens."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from userops.simulate.platforms.cells import Row, digits

BOM = b"\xef\xbb\xbf"
# Offsets in minutes that one Shopify file mixes.
OFFSETS = (-300, 0, 60, 480)


@dataclass(frozen=True)
class Quirks:
    """Whether quirks are switched on, and a chance for each that depends on the seed and its subject alone."""

    on: bool
    seed: int

    def number(self, *subject: object) -> int:
        """A number between 0 and 2^64 that belongs to the subject."""
        text = "\x1f".join(str(part) for part in (self.seed, *subject))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

    def happens(self, share: float, *subject: object) -> bool:
        """Whether a quirk happens to the subject; never while quirks are switched off."""
        return self.on and self.number(*subject) < share * 2**64

    def dress(self, row: Row, quirks: Mapping[str, Callable[[str], str]]) -> Row:
        """A row with the quirks of its columns, where they are switched on."""
        return {name: quirks[name](cell) if self.on and name in quirks else cell for name, cell in row.items()}


def tab_before(cell: str) -> str:
    """Put a TAB before an id so that a spreadsheet leaves it alone."""
    return f"\t{cell}" if cell else cell


def as_formula(cell: str) -> str:
    """Write an id as `="1234"`, for the same reason."""
    return f'="{cell}"' if cell else cell


def apostrophe(cell: str) -> str:
    """Put an apostrophe before a phone or a zip, for the same reason."""
    return f"'{cell}" if cell else cell


def thousands(cell: str) -> str:
    """Write a number with thousands separators."""
    return f"{Decimal(cell):,}" if cell else cell


def yuan(cell: str) -> str:
    """Write an amount with its unit behind it."""
    return f"{cell}元" if cell else cell


def missing_as(word: str) -> Callable[[str], str]:
    """Write a word where a cell is empty."""
    return lambda cell: cell or word


def both(first: Callable[[str], str], second: Callable[[str], str]) -> Callable[[str], str]:
    """Apply two quirks, one after the other."""
    return lambda cell: second(first(cell))


def full_width_comma(cell: str) -> str:
    """Some versions write status words with a full-width comma."""
    return cell.replace(",", "，")


def padded(header: Sequence[str], names: Iterable[str]) -> list[str]:
    """A header in which some names end in a space."""
    chosen = set(names)
    return [f"{name} " if name in chosen else name for name in header]


def masked(text: str) -> str:
    """A name or phone of which its ends alone stay."""
    return f"{text[:1]}**********" if text.isdigit() else f"{text[:1]}**{text[-1:]}"


def encrypted(mark: str) -> str:
    """Personal data in Douyin's cipher: a mark and a text that nobody outside can read."""
    return f"{mark}密文"


def spelled_by_staff(phone: str, how: int) -> str:
    """A phone as staff type it into a remark."""
    found = digits(phone)
    parts = found[:3], found[3:7], found[7:]
    return (found, "-".join(parts), " ".join(parts), f"+86 {' '.join(parts)}")[how % 4 if len(found) == 11 else 0]


def in_offset(moment: datetime | None, minutes: int) -> str:
    """`2026-03-02 10:00:00 -0500`."""
    zone = timezone(timedelta(minutes=minutes))
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %z") if moment else ""


def on_first_row_only(rows: Sequence[Row], kept: Iterable[str]) -> list[Row]:
    """Rows of one order whose order-level cells stand on the first row alone; `kept`: columns that every row has."""
    names = set(kept)
    rest = [{name: cell if name in names else "" for name, cell in row.items()} for row in rows[1:]]
    return [*rows[:1], *rest]


def in_one_cell(cells: Iterable[str]) -> str:
    """Several sub-orders in one cell."""
    return ";".join(cells)


def total_row(header: Sequence[str], label: str, sums: Mapping[str, str], empty: str) -> Row:
    """A row that looks like data: a label first, sums, and nothing else."""
    return {name: label if place == 0 else sums.get(name, empty) for place, name in enumerate(header)}


def with_bom(data: bytes) -> bytes:
    """A byte order mark before the first header."""
    return BOM + data
