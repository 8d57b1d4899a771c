"""A figure's value from the rows of its query: what `assets/measures.js` computes again when a filter is set."""

from collections.abc import Iterable
from decimal import Decimal

from userops.site.models import Figure, Figures

Number = Decimal | int | float | None


def total(values: Iterable[Number]) -> Number:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def ratio(rows: list[dict], over: str, under: str) -> Number:
    """The ratio of two sums over the rows that know both; None where the lower one is 0."""
    known = [row for row in rows if row[over] is not None and row[under] is not None]
    below = total(row[under] for row in known)
    return Decimal(str(total(row[over] for row in known))) / Decimal(str(below)) if below else None


def value(figure: Figure, rows: list[dict]) -> Number:
    """What the figure says of these rows."""
    if figure.ratio:
        return ratio(rows, *figure.ratio)
    if figure.sum:
        return total(row[figure.sum] for row in rows)
    return rows[-1][figure.value] if rows else None


def initial(block: Figures, figure: Figure, rows: list[dict]) -> tuple[Number, Number, list]:
    """Its value without a filter, the value that it is compared with, and their periods where it has any."""
    if block.window == "all":
        return value(figure, rows), rows[-1][figure.previous] if figure.previous and rows else None, []
    column = block.filters["period"]
    periods = sorted({row[column] for row in rows})[-2:]
    shown = [[row for row in rows if row[column] == period] for period in reversed(periods)]
    now, before = ([*shown, [], []])[:2]
    return value(figure, now), value(figure, before), periods[::-1]
