"""A contract as SQL over text columns: what the cells are as values, which rows are no rows of the export, and why.

Every row gets its values and one boolean; reasons are worked out for bad rows alone, from the same conditions.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from userops.contracts.model import BUSINESS_CURRENCY, Column, Contract
from userops.ingest import damage, shapes
from userops.ingest.clock import GAP, TWICE, Clock
from userops.ingest.traits import Traits
from userops.lake.sql import identifier, listed, literal


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
# No amount is larger: it is an id, or two amounts in one cell.
MOST = 1_000_000_000
Problem = tuple[str, str]


@dataclass(frozen=True)
class Rules:
    """What a row is judged against besides its contract.

    `clock` is that of the file's source; `business_zone` the business's time zone, where that is another.
    """

    business_date: date
    clock: Clock
    currency: str
    business_zone: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone whose days are business dates."""
        return ZoneInfo(self.business_zone or self.clock.timezone)

    @property
    def end(self) -> datetime:
        """The end of the business date, as an instant."""
        after = self.business_date + timedelta(days=1)
        return datetime(after.year, after.month, after.day, tzinfo=self.zone)

    @property
    def last_day(self) -> date:
        """The newest day that a file may speak of: east of the business the next one has begun."""
        there = (self.end - timedelta(microseconds=1)).astimezone(ZoneInfo(self.clock.timezone)).date()
        return max(self.business_date, there)


def default_of(column: Column, currency: str) -> str | None:
    """What an absent column holds."""
    return currency if column.default == BUSINESS_CURRENCY else column.default


def judged(
    contract: Contract, rules: Rules, row: str | None, source: str, present: set[str], traits: Traits
) -> str:
    """A SELECT over `source`: each row's values, a hash of its texts (of a delta), and whether it is good.

    `row` is the SQL of a row's number, which is then selected too; `present` are the contract's columns that the source
    has. Garbled characters, JSON and a spreadsheet's errors are looked for where the file's `traits` say they may be.
    """
    problems = [condition for condition, _ in _problems(contract, rules, traits)]
    values = [f"{_value(column, contract)} as {identifier(column.name)}" for column in contract.columns]
    cells = _cells(contract, rules, present)
    if row is not None:
        values.append("_row")
        cells.append(f"{row} as _row")
    texts = listed([identifier(column.name) for column in contract.columns if column.name in present])
    hashed = f"hash({texts})" if contract.mode == "delta" else "null::ubigint"
    return (
        f"select {listed(values)}, _hash, _mended, ({' or '.join(problems)}) is not true as _good"
        f" from (select {listed(cells)}, {hashed} as _hash, _mended from {source})"
    )


def reasons(contract: Contract, rules: Rules, row: str, source: str, present: set[str], traits: Traits) -> str:
    """A SELECT over `source`: each row's number, and the first reason why it is bad."""
    branches = [
        f"when {condition} then {literal(reason)}" for condition, reason in _problems(contract, rules, traits, True)
    ]
    return (
        f"select _row, case {' '.join(branches)} end as reason"
        f" from (select {row} as _row, {listed(_cells(contract, rules, present))} from {source})"
    )


def _cells(contract: Contract, rules: Rules, present: set[str]) -> list[str]:
    """Each cell as a value, and as text where that is something else; an absent column holds its default."""
    cells = []
    for column in contract.columns:
        name = identifier(column.name)
        if column.name not in present:
            cells.append(f"{_constant(column, rules)} as {name}")
            if column.type in shapes.TYPED:
                cells.append(f"{literal(default_of(column, rules.currency))}::varchar as {_text(column)}")
            continue
        cells.append(f"{shapes.value(column, rules.clock, rules.business_date)} as {name}")
        if column.type in shapes.TYPED:
            cells.append(f"{name} as {_text(column)}")
    return cells


def _constant(column: Column, rules: Rules) -> str:
    return f"{literal(default_of(column, rules.currency))}::{_type(column)}"


def _type(column: Column) -> str:
    return "varchar" if column.type == "text" else column.sql_type


def _text(column: Column) -> str:
    return identifier(f"{column.name} as text" if column.type in shapes.TYPED else column.name)


def _value(column: Column, contract: Contract) -> str:
    name = identifier(column.name)
    if column.otherwise is not None:
        return f"coalesce({name}, ({with_columns(column.otherwise, contract)})::{_type(column)})"
    return name if column.empty is None else f"coalesce({name}, {literal(column.empty)}::{_type(column)})"


def _problems(contract: Contract, rules: Rules, traits: Traits, in_words: bool = False) -> list[Problem]:
    """Every condition that makes a row bad, with its reason; the first that holds is the reason.

    `in_words` tells apart what is one condition for the question whether a row is good.
    """
    first, second = contract.columns[:2]
    found = [(
        f"({_text(first)} = {literal(first.name)} and {_text(second)} = {literal(second.name)})", "the header again"
    )]  # fmt: skip
    for column in contract.columns:
        found += [
            (f"({condition})", f"{column.name} {reason}")
            for condition, reason in (
                *_damage_problems(column, traits), *_column_problems(column, contract, rules, in_words)
            )
        ]
    found += [(f"not ({with_columns(rule.rule, contract)})", rule.reason) for rule in contract.row_rules]
    return found + _text_problems(contract, traits)


def _damage_problems(column: Column, traits: Traits) -> list[Problem]:
    """What a spreadsheet left in a cell, and what nobody sees in an id."""
    text, found = _text(column), []
    if traits.has_errors:
        found.append((damage.is_error(text), damage.ERROR_REASON))
    if traits.has_invisible and damage.may_hide(column):
        found.append((damage.hides(text), "holds an invisible character"))
    return found


def _column_problems(column: Column, contract: Contract, rules: Rules, in_words: bool) -> list[Problem]:
    cell, text, value, found = identifier(column.name), _text(column), _value(column, contract), []
    if not column.nullable and column.empty is None and column.otherwise is None:
        found.append((f"{text} is null", "is empty"))
    if column.type in shapes.TYPED:
        found += _cast_problems(column, cell, text, rules, in_words)
    if column.allowed:
        found.append((f"{text} not in ({listed([literal(word) for word in column.allowed])})",
                      "is none of the allowed values"))
    if column.pattern:
        found.append((f"not regexp_matches({text}, {literal(column.pattern)})", f"does not match {column.pattern}"))
    if column.min is not None:
        found.append((f"{value} < {literal(column.min)}", f"is below {column.min}"))
    if column.max is not None:
        found.append((f"{value} > {literal(column.max)}", f"is above {column.max}"))
    if column.type == "numeric" and column.max is None:
        found.append((f"abs({value}) > {MOST}", f"is above {MOST:,}"))
    if column.past and column.type == "integer":
        found.append((f"{value} > {rules.last_day.year}", "is after the business date"))
    elif column.past:
        last = literal(rules.last_day if column.type == "date" else rules.end.isoformat())
        found.append((f"{value} > {last}::{column.type}", "is after the business date"))
    return found


def _cast_problems(column: Column, cell: str, text: str, rules: Rules, in_words: bool) -> list[Problem]:
    """A text that is no value; of a local time, also the hours of a clock change."""
    invalid = f"{cell} is null and {text} is not null"
    found = [(invalid, f"is not a valid {column.type}")]
    if in_words and column.type == "timestamptz" and rules.clock.has_problems(rules.business_date):
        problem = (
            f"case when {shapes.has_shape(text, shapes.LOCAL)} then"
            f" {rules.clock.problem(text, rules.business_date)} end"
        )
        clocks = [(GAP, CLOCK_GAP), (TWICE, CLOCK_TWICE)]
        found = [(f"{invalid} and {problem} = {literal(kind)}", reason) for kind, reason in clocks] + found
    return found


def _text_problems(contract: Contract, traits: Traits) -> list[Problem]:
    texts = [c for c in contract.columns if c.type == "text" and not (c.allowed or c.pattern or c.is_identifier)]
    found = []
    if texts and not traits.is_ascii:
        names = [identifier(column.name) for column in texts]
        # Plain ASCII is never garbled, and told much faster.
        wide = " or ".join(f"strlen({name}) > length({name})" for name in names)
        garbled = f"regexp_matches(concat_ws(' ', {listed(names)}), {literal(MOJIBAKE)})"
        found.append((f"case when {wide} then {garbled} end", "garbled characters"))
    for column in texts:
        name = identifier(column.name)
        if traits.has_json:
            found.append((f"regexp_full_match({name}, {literal(damage.JSON)})", f"{column.name} holds JSON"))
        if column.free_text:
            has = f"case when regexp_matches({name}, {literal(PERSONAL_HAS)})"
            found.append((f"{has} then regexp_matches({name}, {literal(PERSONAL)}) end",
                          f"{column.name} holds personal data"))
    return found


def with_columns(rule: str, contract: Contract) -> str:
    """The rule with every column name in quotes of its own; texts in quotes stay as they are."""
    names = {column.name for column in contract.columns}
    parts = rule.split("'")
    parts[::2] = [
        re.sub(r"[a-z_][a-z_0-9]*", lambda word: identifier(word[0]) if word[0] in names else word[0], part)
        for part in parts[::2]
    ]
    return "'".join(parts)
