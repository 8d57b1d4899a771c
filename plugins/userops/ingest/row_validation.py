"""Contracts as SQL over staged text: what the cells are as values, which rows are no rows of the export, and why.

PostgreSQL before 16 cannot ask whether a text is valid input, so every cast stands behind the shape of its type. Each
cell is cast once, and null where it has another shape: what follows asks its value.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from psycopg import sql

from userops.contracts.model import BUSINESS_CURRENCY, Column, Contract
from userops.ingest.shapes import OFFSET, SHAPES, is_valid


def _gbk(leads: range, trails: range) -> str:
    """The characters that GBK spells with such bytes, as a class of a regular expression."""
    return "[" + "".join(bytes((a, b)).decode("gbk", "ignore") for a in leads for b in trails) + "]"


# Two Chinese characters are six bytes of UTF-8; read as GBK they make three characters of these kinds, which do not
# follow on one another at the beginning of real words.
_LEAD, _TAIL = range(0xE4, 0xEA), range(0x80, 0xC0)
_AS_GBK = f"(^|[^一-龥]){_gbk(_LEAD, _TAIL)}{_gbk(_TAIL, _LEAD)}{_gbk(_TAIL, _TAIL)}"
# UTF-8 read as Latin-1 or as GBK, GBK read as Latin-1, and replacement characters.
MOJIBAKE = (
    "\ufffd|锟斤拷|烫烫|[\u00c2\u00c3][\u0080-\u00bf]|â€|ï¿½|ï»¿|[ä-é][\u0080-\u00bf‚-›][\u0080-\u00bf‚-›]"
    f"|[\u00a1-\u00fe]{{4}}|鈥|銆|锛|{_AS_GBK}"
)
# Chinese mobile numbers (grouped too), international numbers, e-mail addresses, Chinese identity numbers.
PERSONAL = (
    "(^|[^0-9])(1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}|[+][0-9]{9,15}"
    "|[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-3][0-9][0-9]{3}[0-9Xx])([^0-9]|$)"
    "|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+[.][A-Za-z]{2,}"
)
# None of them is without one of these, and most texts are: looked for first.
PERSONAL_HAS = "[0-9@]"
CLOCK_GAP = "falls into the hour that a clock change leaves out"
CLOCK_TWICE = "falls into the hour that a clock change repeats, and names no offset"


@dataclass(frozen=True)
class Night:
    """What a row is judged against besides its contract."""

    business_date: date
    timezone: str

    @property
    def end(self) -> datetime:
        """The end of the business date, as an instant."""
        after = self.business_date + timedelta(days=1)
        return datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(self.timezone))

    @property
    def days_with_a_gap(self) -> tuple[str, ...]:
        """Days of the last twenty years on which the zone's clocks were put forward."""
        return tuple(day for day, forward in _clock_changes(self.timezone, self.business_date.year) if forward)

    @property
    def days_with_a_repeat(self) -> tuple[str, ...]:
        """Days on which they were put back."""
        return tuple(day for day, forward in _clock_changes(self.timezone, self.business_date.year) if not forward)


@lru_cache(maxsize=8)
def _clock_changes(timezone: str, year: int) -> tuple[tuple[str, bool], ...]:
    """Days of the last twenty years on which the zone's offset changed, and whether an hour was left out."""
    zone, day, found = ZoneInfo(timezone), datetime(year - 20, 1, 1), []
    while day.year <= year:
        after = day + timedelta(days=1)
        was, then = day.replace(tzinfo=zone).utcoffset(), after.replace(tzinfo=zone).utcoffset()
        if was != then:
            found.append((day.date().isoformat(), then > was))
        day = after
    return tuple(found)


def default_of(column: Column, currency: str) -> str | None:
    """What an absent column holds."""
    return currency if column.default == BUSINESS_CURRENCY else column.default


def judged(contract: Contract, night: Night) -> sql.Composable:
    """A SELECT over `stage`: each row's values, its place there, a hash of its texts, the first reason why it is bad.

    The reason is null where the row is good; only then are all its values what the file says.
    """
    texts = sql.SQL(", ").join(sql.Identifier(column.name) for column in contract.columns)
    # Only deltas are asked whether they came before.
    hashed = sql.SQL("hashtextextended(row({})::text, 0)" if contract.mode == "delta" else "null::bigint").format(texts)
    cells = sql.SQL(", ").join(cell for column in contract.columns for cell in _cells(column))
    values = sql.SQL(", ").join(
        sql.SQL("{} as {}").format(_value(column), sql.Identifier(column.name)) for column in contract.columns
    )
    # `offset 0`: the casts are worked out once a row, not wherever a value is used.
    return sql.SQL(
        "select _row, _place, _hash, {}, {} as _reason from ("
        "select _row, ctid as _place, {} as _hash, {} from stage offset 0) as cells"
    ).format(values, _problem(contract, night), hashed, cells)


def _cells(column: Column) -> list[sql.Composable]:
    """The cell as a value, and as text where that is something else."""
    name = sql.Identifier(column.name)
    if column.type not in SHAPES:
        return [name]
    return [
        sql.SQL("case when {} then {}::{} end as {}").format(
            is_valid(column.type, name), name, sql.SQL(column.type), name
        ),
        sql.SQL("{} as {}").format(name, _text(column)),
    ]


def _text(column: Column) -> sql.Identifier:
    return sql.Identifier(f"{column.name} as text" if column.type in SHAPES else column.name)


def _value(column: Column) -> sql.Composable:
    name = sql.Identifier(column.name)
    return name if column.empty is None else sql.SQL("coalesce({}, {})").format(name, sql.Literal(column.empty))


def _problem(contract: Contract, night: Night) -> sql.Composable:
    """A CASE that gives the first reason why a row is bad, or null."""
    first, second = (_text(column) for column in contract.columns[:2])
    names = [sql.Literal(column.name) for column in contract.columns[:2]]
    branches = [sql.SQL("when {} = {} and {} = {} then 'the header again'").format(first, names[0], second, names[1])]
    for column in contract.columns:
        branches += [
            sql.SQL("when {} then {}").format(condition, sql.Literal(f"{column.name} {reason}"))
            for condition, reason in _column_problems(column, night)
        ]
    branches += [
        sql.SQL("when not ({}) then {}").format(_with_columns(rule.rule, contract), sql.Literal(rule.reason))
        for rule in contract.row_rules
    ]
    branches += _text_problems(contract)
    return sql.SQL("case {} end").format(sql.SQL(" ").join(branches))


def _column_problems(column: Column, night: Night) -> list[tuple[sql.Composable, str]]:
    cell, text, value, found = sql.Identifier(column.name), _text(column), _value(column), []

    def add(condition: str, reason: str, **parts: object) -> None:
        literals = {key: sql.Literal(part) for key, part in parts.items()}
        found.append((sql.SQL(condition).format(cell=cell, text=text, value=value, **literals), reason))

    if not column.nullable and column.empty is None:
        add("{text} is null", "is empty")
    if column.type in SHAPES:
        add("{cell} is null and {text} is not null", f"is not a valid {column.type}")
    if column.type == "timestamptz" and night.days_with_a_gap:
        add("left({text}, 10) = any({days}) and {text} !~ {offset} and {cell}::timestamp <> {text}::timestamp",
            CLOCK_GAP, offset=f":[0-9.]*{OFFSET}$", days=list(night.days_with_a_gap))
    if column.type == "timestamptz" and night.days_with_a_repeat:
        # PostgreSQL takes the later of the two instants: an hour earlier the clock showed the same.
        add("left({text}, 10) = any({days}) and {text} !~ {offset}"
            " and ({cell} - interval '1 hour')::timestamp = {text}::timestamp",
            CLOCK_TWICE, offset=f":[0-9.]*{OFFSET}$", days=list(night.days_with_a_repeat))
    if column.allowed:
        found.append((sql.SQL("{} not in ({})").format(text, sql.SQL(", ").join(map(sql.Literal, column.allowed))),
                      "is none of the allowed values"))
    if column.pattern:
        add("{text} !~ {pattern}", f"does not match {column.pattern}", pattern=column.pattern)
    if column.min is not None:
        add("{value} < {least}", f"is below {column.min}", least=column.min)
    if column.max is not None:
        add("{value} > {most}", f"is above {column.max}", most=column.max)
    if column.past:
        last = night.business_date if column.type == "date" else night.end
        add("{value} > {last}", "is after the business date", last=last)
    return found


def _text_problems(contract: Contract) -> list[sql.Composable]:
    texts = [c for c in contract.columns if c.type == "text" and not (c.allowed or c.pattern or c.identifier)]
    branches = []
    if texts:
        names = [sql.Identifier(c.name) for c in texts]
        # Plain ASCII is never garbled, and told much faster.
        wide = sql.SQL(" or ").join(sql.SQL("octet_length({0}) > length({0})").format(name) for name in names)
        branches.append(
            sql.SQL("when ({}) is true and concat_ws(' ', {}) ~ {} then 'garbled characters'").format(
                wide, sql.SQL(", ").join(names), sql.Literal(MOJIBAKE)
            )
        )
    return branches + [
        sql.SQL("when {0} ~ {1} and {0} ~ {2} then {3}").format(
            sql.Identifier(c.name), sql.Literal(PERSONAL_HAS), sql.Literal(PERSONAL),
            sql.Literal(f"{c.name} holds personal data"),
        )
        for c in texts if c.free_text
    ]


def _with_columns(rule: str, contract: Contract) -> sql.SQL:
    """The rule with every column name in quotes of its own; texts in quotes stay as they are."""
    names = {column.name for column in contract.columns}
    parts = rule.split("'")
    parts[::2] = [
        re.sub(r"[a-z_][a-z_0-9]*", lambda word: f'"{word[0]}"' if word[0] in names else word[0], part)
        for part in parts[::2]
    ]
    return sql.SQL("'".join(parts))
