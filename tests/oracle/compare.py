"""Sets the oracle's rows beside the warehouse's and words the differences."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from oracle.exports import Row

PLACES, CENTS = 6, 2  # of what is published as a quotient, and as money
# How well two ways of computing a figure agree, relatively: of a fitted model, and of a formula.
FITTED, COMPUTED = 1e-6, 1e-9


@dataclass(frozen=True)
class Shown:
    """A computed figure of which the warehouse shows so many places."""

    figure: float
    places: int
    agreement: float = FITTED

    def is_near(self, found: object) -> bool:
        """Within half a unit of the last place and what two ways of computing it may differ by."""
        if not isinstance(found, int | Decimal | float):
            return False
        return abs(float(found) - self.figure) <= 0.5 * 10**-self.places + self.agreement * abs(self.figure)


def half_up(quotient: Fraction, places: int = PLACES) -> Decimal:
    """Rounded to so many places, halves away from zero."""
    units = abs(quotient) * 10**places
    whole = int(units) + (units - int(units) >= Fraction(1, 2))
    return Decimal(whole if quotient >= 0 else -whole).scaleb(-places)


def is_same(oracle: object, warehouse: object) -> bool:
    """Whole numbers, money and quotients as they are rounded for readers exactly, floats to the places shown."""
    if oracle is None or warehouse is None:
        return oracle is warehouse
    if isinstance(oracle, float):
        oracle = Shown(oracle, PLACES, COMPUTED)
    if isinstance(oracle, Shown):
        return oracle.is_near(warehouse)
    if isinstance(oracle, Fraction):
        return isinstance(warehouse, int | Decimal) and half_up(oracle) == warehouse
    if isinstance(oracle, Decimal):
        return isinstance(warehouse, int | Decimal) and half_up(Fraction(oracle), CENTS) == warehouse
    if isinstance(oracle, bool) or isinstance(warehouse, bool):
        return oracle is warehouse
    if isinstance(oracle, datetime) != isinstance(warehouse, datetime):
        return False
    return oracle == warehouse


def differences(mart: str, key: tuple[str, ...], oracle: Iterable[Row], warehouse: Iterable[Row]) -> list[str]:
    """One line a difference: mart, key, column, what the oracle says, what the warehouse says."""
    oracle, warehouse = list(oracle), list(warehouse)
    ours, theirs = (({tuple(r[k] for k in key): r for r in rows}) for rows in (oracle, warehouse))
    found = []
    for rows, keyed, name in ((oracle, ours, "oracle"), (warehouse, theirs, "warehouse")):
        if len(rows) != len(keyed):
            twice = [k for k, n in Counter(tuple(r[c] for c in key) for r in rows).items() if n > 1]
            found.append(f"{mart} {shown(twice[0])}: the {name} has this key more than once")
    for name in sorted(set(ours) | set(theirs), key=str):
        if name not in theirs:
            found.append(f"{mart} {shown(name)}: only in the oracle: {ours[name]}")
        elif name not in ours:
            found.append(f"{mart} {shown(name)}: only in the warehouse: {theirs[name]}")
        else:
            for column, value in ours[name].items():
                if column not in theirs[name]:
                    found.append(f"{mart} {shown(name)}, {column}: the warehouse has no such column")
                elif not is_same(value, theirs[name][column]):
                    sides = f"oracle {shown(value)}, warehouse {shown(theirs[name][column])}"
                    found.append(f"{mart} {shown(name)}, {column}: {sides}")
    return found


def shown(value: object) -> str:
    """A value for reading: quotients as decimals, dates as they are written."""
    if isinstance(value, tuple):
        return "(" + ", ".join(shown(part) for part in value) + ")"
    if isinstance(value, Shown):
        return f"{value.figure:.12g}"
    if isinstance(value, Fraction):
        return f"{float(value):.12g}"
    return value if isinstance(value, str) else str(value)
