"""Which texts are values of a type: a regular expression for each, and a short cut that usual values take.

The regular expressions say what is valid. They cost some microseconds a cell, so each stands behind tests that cost a
fifth of it: what these accept the regular expression accepts too, and whatever else a cell holds is left to it.
"""

from calendar import monthrange

from psycopg import sql

_DAY = (
    "([12][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    "|([12][0-9](0[48]|[2468][048]|[13579][26])|(1200|1600|2000|2400|2800))-02-29)"
)
# No zone is sixteen hours away, and PostgreSQL takes none.
OFFSET = "(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)"
_FRACTION = "([.][0-9]{1,9})?"
SHAPES = {
    "date": f"^{_DAY}$",
    "timestamptz": f"^{_DAY}[ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]{_FRACTION})?{OFFSET}?$",
    "numeric": "^[+-]?[0-9]{1,18}([.][0-9]{1,18})?([eE][+-]?[0-9]{1,2})?$",
    "integer": "^[+-]?[0-9]{1,9}$",
    "bigint": "^[+-]?[0-9]{1,18}$",
    "boolean": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|TRUE|FALSE|[tf01])$",
}

# The parts that usual days and times are put together from. PostgreSQL finds a text among many constants by its hash.
_YEARS = [f"{year}-" for year in range(1900, 2100)]
_DAYS = [f"{month:02}-{day:02}" for month in range(1, 13) for day in range(1, monthrange(2025, month)[1] + 1)]
_HOURS = [f"{mark}{hour:02}" for mark in " T" for hour in range(24)]
_SIXTY = [f":{number:02}" for number in range(60)]
_ZONES = [f"{sign}{hour:02}{rest}" for sign in "+-" for hour in range(15) for rest in ("", ":00", "00", ":30")]
_ENDS = ["", "Z", *_ZONES]
# What follows on the digits of most amounts.
_CENTS = ["", *(f".{cents}" for cents in range(10)), *(f".{cents:02}" for cents in range(100))]

_USUAL = {
    "date": "left({name}, 5) = any({years}) and substr({name}, 6) = any({days})",
    "timestamptz": "left({name}, 5) = any({years}) and substr({name}, 6, 5) = any({days})"
    " and substr({name}, 11, 3) = any({hours}) and substr({name}, 14, 3) = any({sixty})"
    " and substr({name}, 17, 3) = any({sixty}) and (substr({name}, 20) = any({ends}) or substr({name}, 20) ~ {rest})",
    # By bytes a point stands before '0': what begins with a digit does not begin with a point.
    "numeric": "{name} >= '0' collate \"C\" and octet_length({name}) <= 18"
    " and (ltrim({name}, '0123456789') = any({cents})"
    " or (btrim({name}, '0123456789') = '.' and right({name}, 1) <> '.'))",
    "integer": "btrim({name}, '0123456789') = '' and octet_length({name}) between 1 and 9",
    "bigint": "btrim({name}, '0123456789') = '' and octet_length({name}) between 1 and 18",
    "boolean": "{name} in ('true', 'false', 't', 'f', '1', '0')",
}


def is_usual(kind: str, name: sql.Composable) -> sql.Composable:
    """The short cut: true only for texts that the type's shape accepts, and for most that occur."""
    return sql.SQL(_USUAL[kind]).format(
        name=name, years=sql.Literal(_YEARS), days=sql.Literal(_DAYS), hours=sql.Literal(_HOURS),
        sixty=sql.Literal(_SIXTY), ends=sql.Literal(_ENDS), cents=sql.Literal(_CENTS),
        rest=sql.Literal(f"^{_FRACTION}{OFFSET}?$"),
    )


def is_valid(kind: str, name: sql.Composable) -> sql.Composable:
    """Whether a text has the type's shape; null for null."""
    return sql.SQL("({} or {} ~ {})").format(is_usual(kind, name), name, sql.Literal(SHAPES[kind]))
