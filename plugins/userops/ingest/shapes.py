"""Which texts are values of a type: a regular expression for each, and a short cut that usual values take.

The regular expressions say what is valid. They cost some microseconds a cell, so each stands behind tests that cost a
fifth of it: what these accept the regular expression accepts too, and whatever else a cell holds is left to it.
"""

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
_LONG = {1: 31, 2: 28, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}
_DAYS = [f"{month:02}-{day:02}" for month, last in _LONG.items() for day in range(1, last + 1)]
_HOURS = [f"{mark}{hour:02}" for mark in " T" for hour in range(24)]
_SIXTY = [f":{number:02}" for number in range(60)]
_ZONES = [f"{sign}{hour:02}{rest}" for sign in "+-" for hour in range(15) for rest in ("", ":00", "00", ":30")]
_ENDS = ["", "Z", *_ZONES]

_USUAL_DAY = "left({name}, 5) = any({years}) and substr({name}, 6{day}) = any({days})"
# Digits and at most one point among them, which neither begins nor ends it: in order of bytes it stands before '0'.
_DIGITS = "btrim({name}, '0123456789') = '' and octet_length({name}) between 1 and {most}"
USUAL = {
    "date": _USUAL_DAY.replace("{day}", ""),
    "timestamptz": _USUAL_DAY.replace("{day}", ", 5") + " and substr({name}, 11, 3) = any({hours})"
    " and substr({name}, 14, 3) = any({sixty}) and substr({name}, 17, 3) = any({sixty})"
    " and (substr({name}, 20) = any({ends}) or substr({name}, 20) ~ {rest})",
    "numeric": "btrim({name}, '0123456789') in ('', '.') and {name} >= '0' collate \"C\""
    " and right({name}, 1) <> '.' and octet_length({name}) <= 18",
    "integer": _DIGITS.replace("{most}", "9"),
    "bigint": _DIGITS.replace("{most}", "18"),
    "boolean": "{name} in ('true', 'false', 't', 'f', '1', '0')",
}


def is_usual(kind: str, name: sql.Composable) -> sql.Composable:
    """The short cut: true only for texts that the type's shape accepts, and for most that occur."""
    return sql.SQL(USUAL[kind]).format(
        name=name, years=sql.Literal(_YEARS), days=sql.Literal(_DAYS), hours=sql.Literal(_HOURS),
        sixty=sql.Literal(_SIXTY), ends=sql.Literal(_ENDS), rest=sql.Literal(f"^{_FRACTION}{OFFSET}?$"),
    )


def is_valid(kind: str, name: sql.Composable) -> sql.Composable:
    """Whether a text has the type's shape; null for null."""
    return sql.SQL("({} or {} ~ {})").format(is_usual(kind, name), name, sql.Literal(SHAPES[kind]))
