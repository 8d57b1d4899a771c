"""Personal identifiers: normalised, and hashed with the deployment's key.

`normalise` is the rule, in Python. Usual spellings are also told by an SQL pattern and normalised by DuckDB, where the
result is provably the same; the rest goes through Python, once a distinct value.
"""

from functools import lru_cache
from hashlib import sha256

import duckdb
import phonenumbers
import pyarrow as pa

from userops.lake.sql import blob, identifier, listed, literal
from userops.privacy.keys import HASH_LENGTH

USUAL_EMAIL = "[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)+"
USUAL_ID = "[0-9A-Za-z_.:-]+"
BLOCK = 64


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

    Nothing is taken off the front of a number that fits its country's pattern and begins with no prefix.
    """
    known = phonenumbers.PhoneMetadata.metadata_for_region(country)
    if known is None or known.mobile is None or known.mobile.national_number_pattern is None:
        return "null::varchar"
    code = f"+{known.country_code}"
    number = f"case when starts_with({text}, '{code}') then substr({text}, {len(code) + 1}) else {text} end"
    prefixes = "|".join(["0", *filter(None, (known.national_prefix_for_parsing, known.international_prefix))])
    tests = [
        f"strlen({number}) in ({listed([str(length) for length in known.mobile.possible_length])})",
        f"regexp_full_match({number}, {literal(known.mobile.national_number_pattern)})",
        f"regexp_full_match({number}, {literal(known.general_desc.national_number_pattern)})",
        f"not regexp_matches({number}, {literal(f'^(?:{prefixes})')})",
    ]
    return f"case when {' and '.join(tests)} then '{code}' || {number} end"


def hash_sql(key: str, kind: str, value: str) -> str:
    """SQL of the keyed hash of an SQL text: HMAC-SHA256, as `keys.hashed` has it."""
    secret = key.encode()
    secret = (sha256(secret).digest() if len(secret) > BLOCK else secret).ljust(BLOCK, b"\0")
    inner, outer = (blob(bytes(byte ^ pad for byte in secret)) for pad in (0x36, 0x5C))
    message = f"encode({literal(f'{kind}:')} || {value})"
    return f"left(sha256({outer} || unhex(sha256({inner} || {message}))), {HASH_LENGTH})"


def hash_column(
    database: duckdb.DuckDBPyConnection, source: str, column: str, kind: str, key: str, country: str
) -> str:
    """Make a table (raw, value, hash) of the distinct values of a column; returns its name."""
    name, raw = identifier(f"identifiers_{column}"), identifier(column)
    database.execute(
        f"create or replace table {name} as select raw, {usual(kind, 'raw', country)} as value from"
        f" (select distinct {raw} as raw from {source} where {raw} is not null)"
    )
    unusual = [row[0] for row in database.execute(f"select raw from {name} where value is null").fetchall()]
    if unusual:
        _normalise_unusual(database, name, kind, unusual, country)
    database.execute(
        f"create or replace table {name} as select raw, value, {hash_sql(key, kind, 'value')} as hash from {name}"
    )
    return name


def _normalise_unusual(
    database: duckdb.DuckDBPyConnection, name: str, kind: str, unusual: list[str], country: str
) -> None:
    values = [normalise(kind, raw, country) for raw in unusual]
    database.register("unusual", pa.table({"raw": pa.array(unusual, pa.string()), "value": pa.array(values, pa.string())}))
    database.execute(
        f"create or replace table {name} as select known.raw, coalesce(known.value, unusual.value) as value"
        f" from {name} as known left join unusual on known.raw = unusual.raw"
    )
    database.unregister("unusual")
