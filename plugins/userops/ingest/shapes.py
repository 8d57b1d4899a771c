"""Which texts are values of a type, and the SQL that makes values of them.

DuckDB's casts take more than a contract does (`1_000`, ` 12`, `24:00:00`, offsets of 99 hours), so each stands behind
the shape of its type; what has the shape and is no value (30 February) the cast leaves empty.
"""

from datetime import date

from userops.contracts.model import Column
from userops.ingest.clock import Clock
from userops.lake.sql import identifier, literal

_DAY = "[12][0-9]{3}-[01][0-9]-[0-3][0-9]"
_TIME = "[ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
# No zone is sixteen hours away.
_OFFSET = "(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)"
LOCAL = f"{_DAY}{_TIME}"
INSTANT = f"{_DAY}{_TIME}{_OFFSET}"
SHAPES = {
    "date": _DAY,
    "numeric": "[+-]?[0-9]{1,18}([.][0-9]{1,18})?",
    "integer": "[+-]?[0-9]{1,9}",
    "bigint": "[+-]?[0-9]{1,18}",
}
EXPONENT = f"{SHAPES['numeric']}[eE][+-]?[0-9]{{1,2}}"
TYPED = ("timestamptz", "boolean", *SHAPES)


def has_shape(text: str, shape: str) -> str:
    """Whether an SQL text has a shape from end to end."""
    return f"regexp_full_match({text}, {literal(shape)})"


def value(column: Column, clock: Clock, business_date: date) -> str:
    """The value of a text column, null where it is none."""
    text = identifier(column.name)
    if column.type == "timestamptz":
        return instant(text, clock, business_date)
    if column.type == "boolean":
        return (
            f"case when lower({text}) = 'true' or {text} in ('t', '1') then true"
            f" when lower({text}) = 'false' or {text} in ('f', '0') then false end"
        )
    if column.type in SHAPES:
        # With an exponent the digits before it may be more than the type holds.
        wide = f"try_cast(try_cast({text} as decimal(38, 18)) as {column.sql_type})"
        with_exponent = f" when {has_shape(text, EXPONENT)} then {wide}" if column.type == "numeric" else ""
        plain = f"case when {has_shape(text, SHAPES[column.type])} then try_cast({text} as {column.sql_type})"
        return f"{plain}{with_exponent} end"
    return text


def serial(text: str, epoch: str) -> str:
    """The text of a day and time that a spreadsheet counts as days since `epoch`, of 1970 to 2100; null else."""
    shift = 1462 if epoch == "1904-01-01" else 0
    days = f"try_cast({text} as double)"
    is_serial = f"{has_shape(text, '[0-9]{5}([.][0-9]+)?')} and {days} between {25569 - shift} and {73415 - shift}"
    at = f"timestamp {literal(epoch)} + to_milliseconds(round({days} * 86400000)::bigint)"
    return f"case when {is_serial} then replace(strftime({at}, '%Y-%m-%d %H:%M:%S.%g'), '.000', '') end"


def dated(text: str, kind: str, epoch: str) -> str:
    """A spreadsheet's cell as the text of a day or an instant; a bare number is one too, and a day is its midnight."""
    counted = serial(text, epoch)
    if kind == "date":
        return f"regexp_replace(coalesce({counted}, {text}), '[ T]00:00:00$', '')"
    return f"coalesce({counted}, case when {has_shape(text, _DAY)} then {text} || ' 00:00:00' else {text} end)"


def instant(text: str, clock: Clock, business_date: date) -> str:
    """The instant of an SQL text: with an offset as it says, without one by the business's clock."""
    return (
        f"case when {has_shape(text, INSTANT)} then try_cast({text} as timestamptz)"
        f" when {has_shape(text, LOCAL)} then {clock.instant(text, business_date)} end"
    )
