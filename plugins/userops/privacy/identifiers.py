"""Personal identifiers: normalised, and hashed with the deployment's key.

`normalise` is the rule, in Python. Usual spellings are also told by an SQL pattern and normalised by DuckDB, where the
result is provably the same; the rest goes through Python, once a distinct value.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType

import duckdb
import phonenumbers
import pyarrow as pa

from userops.lake.sql import blob, identifier, listed, literal
from userops.privacy import keys
from userops.privacy.keys import HASH_LENGTH

USUAL_PHONE = "'*[+]?[0-9]([ -]?[0-9])*"
APOSTROPHE = literal("'")
USUAL_EMAIL = "[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)+"
USUAL_ID = "[0-9A-Za-z_.:-]+"
BLOCK = 64
IDENTIFIERS = "identifiers"


def normalise(kind: str, raw: str, country: str) -> str | None:
    """The one spelling of an identifier, or None where the text identifies nobody."""
    text = raw.strip()
    if kind == "phone":
        return _phone(text.lstrip("'"), country)
    if kind == "email":
        local, at, domain = text.lower().partition("@")
        return text.lower() if local and at and "." in domain and not any(c.isspace() for c in text) else None
    return text or None


def _phone(text: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def usual(kind: str, text: str, country: str) -> str:
    """SQL of the normalised value of an SQL text that is spelled as usual, else null."""
    if kind == "phone":
        return _usual_phone(text, country)
    if kind == "email":
        return f"case when regexp_full_match({text}, {literal(USUAL_EMAIL)}) then lower({text}) end"
    return f"case when regexp_full_match({text}, {literal(USUAL_ID)}) then {text} end"


@lru_cache(maxsize=8)
def _usual_phone(text: str, country: str) -> str:
    """A mobile number of the country, plain or with the country's code, by the library's own patterns.

    Blanks and hyphens between digits mean nothing to it, and nothing is taken off the front of a number that fits its
    country's pattern and begins with no prefix.
    """
    known = phonenumbers.PhoneMetadata.metadata_for_region(country)
    if known is None or known.mobile is None or known.mobile.national_number_pattern is None:
        return "null::varchar"
    code = f"+{known.country_code}"
    digits = f"replace(replace(ltrim({text}, {APOSTROPHE}), ' ', ''), '-', '')"
    number = f"case when starts_with({digits}, '{code}') then substr({digits}, {len(code) + 1}) else {digits} end"
    return (
        f"case when {_is_mobile(known, text)} then '{code}' || {text}"
        f" when regexp_full_match({text}, {literal(USUAL_PHONE)}) and {_is_mobile(known, number)}"
        f" then '{code}' || {number} end"
    )


def _is_mobile(known: phonenumbers.PhoneMetadata, number: str) -> str:
    """Whether an SQL text is a mobile number as its country's metadata has it, and begins with no prefix."""
    prefixes = "|".join(["0", *filter(None, (known.national_prefix_for_parsing, known.international_prefix))])
    tests = [
        f"strlen({number}) in ({listed([str(length) for length in known.mobile.possible_length])})",
        f"regexp_full_match({number}, {literal(known.mobile.national_number_pattern)})",
        f"regexp_full_match({number}, {literal(known.general_desc.national_number_pattern)})",
        f"not regexp_matches({number}, {literal(f'^(?:{prefixes})')})",
    ]
    return " and ".join(tests)


def hash_sql(key: str, kind: str, value: str) -> str:
    """SQL of the keyed hash of an SQL text: HMAC-SHA256, as `keys.hashed` has it."""
    secret = key.encode()
    secret = (sha256(secret).digest() if len(secret) > BLOCK else secret).ljust(BLOCK, b"\0")
    inner, outer = (blob(bytes(byte ^ pad for byte in secret)) for pad in (0x36, 0x5C))
    message = f"encode({literal(f'{kind}:')} || {value})"
    return f"left(sha256({outer} || unhex(sha256({inner} || {message}))), {HASH_LENGTH})"


def hash_distinct(
    database: duckdb.DuckDBPyConnection, source: str, columns: dict[str, str], key: str, country: str,
    namespaces: Mapping[str, str] = MappingProxyType({}),
) -> None:  # fmt: skip
    """Make the table IDENTIFIERS (kind, raw, value, hash, namespace) of the distinct values of columns.

    Each column is of one kind. Within a namespace alone identifiers of a kind join people: two apps may give two people
    one id.
    """
    # Two columns of one kind may hold the same value.
    kinds = dict.fromkeys(columns.values())
    distinct = (" union all " if len(kinds) == len(columns) else " union ").join(
        f"select {literal(kind)} as kind, raw, {usual(kind, 'raw', country)} as value from"
        f" (select distinct {identifier(column)} as raw from {source} where {identifier(column)} is not null)"
        for column, kind in columns.items()
    )
    database.execute(f"create or replace temp table distinct_values as {distinct}")
    unusual = database.execute("select kind, raw from distinct_values where value is null").fetchall()
    known = _normalise(database, unusual, country) if unusual else "distinct_values"
    within = {kind: literal(keys.within(namespaces.get(kind, ""), "")) for kind in kinds}
    hashed = " ".join(f"when {literal(kind)} then {hash_sql(key, kind, f'{within[kind]} || value')}" for kind in kinds)
    named = " ".join(f"when {literal(kind)} then {literal(namespaces.get(kind, ''))}" for kind in kinds)
    database.execute(
        f"create or replace table {IDENTIFIERS} as select kind, raw, value, case kind {hashed} end as hash,"
        f" case kind {named} end as namespace from {known}"
    )


def _normalise(database: duckdb.DuckDBPyConnection, unusual: list[tuple[str, str]], country: str) -> str:
    """The distinct values with what Python says of unusual ones, as a relation."""
    columns = {
        "kind": [kind for kind, _ in unusual], "raw": [raw for _, raw in unusual],
        "value": [normalise(kind, raw, country) for kind, raw in unusual],
    }  # fmt: skip
    database.register("incoming", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))
    database.execute("create or replace temp table unusual_values as select * from incoming")
    database.unregister("incoming")
    return (
        "(select known.kind, known.raw, coalesce(known.value, unusual.value) as value from distinct_values as known"
        " left join unusual_values as unusual on known.kind = unusual.kind and known.raw = unusual.raw)"
    )
