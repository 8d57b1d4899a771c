"""Read the row conditions of expectations: which rows of a measure they select, and which are merely too few. Pure."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

Condition = Mapping[str, Any]
Row = Mapping[str, Any]

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "IN": lambda value, given: value in given,
    "NOT_IN": lambda value, given: value not in given,
}
LEAST = (">", ">=")


def unmet(condition: Condition | None, row: Row) -> list[Condition]:
    """The parts of a row condition, as Great Expectations serialises it, that a row does not meet; none: selected."""
    if condition is None:
        return []
    kind = condition["type"]
    if kind == "and":
        return [part for each in condition["conditions"] for part in unmet(each, row)]
    if kind == "or":
        return min((unmet(each, row) for each in condition["conditions"]), key=len)
    if kind not in ("nullity", "comparison"):
        raise ValueError(f"row conditions of type {kind!r} cannot be read")
    value = row.get(condition["column"]["name"])
    if kind == "nullity":
        met = (value is None) == condition["is_null"]
    else:
        # As in SQL, null compares with nothing.
        met = value is not None and COMPARISONS[condition["operator"]](value, condition["parameter"])
    return [] if met else [condition]


def too_few(parts: list[Condition]) -> bool:
    """Whether a row is kept out by least volumes alone: it would be judged if there were more of it."""
    return bool(parts) and all(part["type"] == "comparison" and part["operator"] in LEAST for part in parts)
