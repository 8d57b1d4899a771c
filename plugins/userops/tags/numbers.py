"""Which numbers of a rule are exact: whole numbers and decimals stay exact in `+`, `-` and `*`, a quotient is a double.

Thresholds must hold on every engine alike, and engines differ in how wide a decimal may become, so widths are found
here from the features' types: where a result could take more than MOST digits it is a double, and none overflows.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from userops.tags.expressions import Node

# 38 digits is what all engines have; the rest is room for comparing two results of other scales.
MOST = 30
# DuckDB counts in 64 bits, and fails beyond them, where neither side has more digits than this.
FIT_64_BITS = 18
WHOLE_DIGITS = {"integer": 10, "bigint": 19}
ROUNDING = {"round", "floor", "ceil"}


@dataclass(frozen=True)
class Exact:
    """A decimal with so many digits before and after the point."""

    whole: int
    scale: int

    @property
    def digits(self) -> int:
        return self.whole + self.scale

    @property
    def sql(self) -> str:
        return f"decimal({self.digits}, {self.scale})"


def exact_type(node: Node, types: Mapping[str, str]) -> Exact | None:
    """The exact type of a number, or None for a double; `types` are the features' types in the database."""
    operator, parts = node.operator, node.parts
    if operator == "constant":
        whole, _, fraction = parts[0].partition(".")
        return _limited(Exact(len(whole), len(fraction)))
    if operator == "name":
        return _of_column(types[parts[0].rpartition(".")[2]])
    if operator == "/":
        return None
    if operator == "minus":
        return exact_type(parts[0], types)
    if operator == "case":
        return _widest(exact_type(result, types) for result in parts[1])
    if operator == "call":
        found = _widest(exact_type(part, types) for part in parts[1:])
        return Exact(found.whole + 1, 0) if found and found.scale and parts[0] in ROUNDING else found
    left, right = exact_type(parts[0], types), exact_type(parts[1], types)
    if left is None or right is None:
        return None
    if operator == "*":
        return _limited(Exact(left.whole + right.whole, left.scale + right.scale))
    return _limited(Exact(max(left.whole, right.whole) + 1, max(left.scale, right.scale)))


def operand_types(node: Node, types: Mapping[str, str]) -> tuple[Exact, Exact] | None:
    """The types both sides of an arithmetic operation must have for an exact result; None where it is a double."""
    result = exact_type(node, types)
    if result is None:
        return None
    if node.operator != "*":
        return result, result
    left, right = exact_type(node.parts[0], types), exact_type(node.parts[1], types)
    if result.digits > FIT_64_BITS:
        left = Exact(max(left.whole, FIT_64_BITS + 1 - left.scale), left.scale)
    return left, right


def _of_column(data_type: str) -> Exact | None:
    if data_type in WHOLE_DIGITS:
        return Exact(WHOLE_DIGITS[data_type], 0)
    found = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", data_type)
    return Exact(int(found[1]) - int(found[2]), int(found[2])) if found else None


def _widest(found: Iterable[Exact | None]) -> Exact | None:
    listed = list(found)
    if any(one is None for one in listed):
        return None
    return _limited(Exact(max(one.whole for one in listed), max(one.scale for one in listed)))


def _limited(found: Exact) -> Exact | None:
    return found if found.digits <= MOST else None
