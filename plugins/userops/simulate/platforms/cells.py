"""Cells and files: money, instants, phones and ids as platforms write them. Pure functions."""

import csv
import io
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal

Row = dict[str, str]
CENT = Decimal("0.01")


def decimal(cell: str | None) -> Decimal:
    """A number of a canonical cell; an empty one is 0."""
    return Decimal(cell) if cell else Decimal(0)


def money(value: Decimal) -> str:
    """An amount with two places, half a cent up."""
    return str(value.quantize(CENT, ROUND_HALF_UP))


def instant(cell: str | None, zone: tzinfo) -> datetime | None:
    """The instant of a canonical cell; without an offset it is local to `zone`."""
    if not cell:
        return None
    moment = datetime.fromisoformat(cell)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def wall(moment: datetime | None, zone: tzinfo) -> str:
    """`2026-03-02 10:00:00` by the wall clock of a zone."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def stamp(moment: datetime | None, zone: tzinfo) -> str:
    """`2026-03-02T10:00:00+08:00`, as canonical files write instants."""
    return moment.astimezone(zone).isoformat(timespec="seconds") if moment else ""


def digits(phone: str) -> str:
    """The digits of a phone, whatever stands between and before them."""
    return "".join(sign for sign in phone if sign in "0123456789")


def national(phone: str) -> str:
    """A Chinese mobile without its country code; other numbers as digits alone."""
    found = digits(phone)
    return found[2:] if len(found) == 13 and found.startswith("86") else found


def international(phone: str) -> str:
    """A phone with a + and its country code where it is known: it stands there, or it is a Chinese mobile."""
    found = digits(phone)
    if phone.lstrip("'").startswith("+"):
        return f"+{found}"
    return f"+86{found}" if len(found) == 11 and found.startswith("1") else found


def long_id(head: str, number: int, part: int = 0) -> str:
    """An id of 19 digits, as marketplaces give them; the last digits are never all 0, as a spreadsheet leaves them."""
    front = f"{head}{number:09d}{part:02d}"
    return f"{front}{zlib.crc32(front.encode()) % 8999 + 1001}"


def csv_text(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, quote_all: bool = False, line_end: str = "\n",
    delimiter: str = ",",
) -> str:
    """A header and rows of cells as CSV."""
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, lineterminator=line_end).writerow(header)
    csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)
    return out.getvalue()


def table(header: Sequence[str], rows: Iterable[Row]) -> bytes:
    """Rows by column name as a canonical CSV file; a column that a row does not name is empty."""
    return csv_text(header, ([row.get(name, "") for name in header] for row in rows)).encode()
