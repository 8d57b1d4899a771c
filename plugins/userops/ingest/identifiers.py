"""Personal identifiers: normalised, hashed with the deployment's key, kept in the vault and nowhere else."""

import hashlib
import hmac

import phonenumbers
import psycopg
from psycopg import sql

from userops.contracts.model import Contract
from userops.errors import UseropsError
from userops.settings import Settings

HASH_LENGTH = 32


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


def hashed(key: str, kind: str, value: str) -> str:
    """HMAC-SHA256 of `kind:value`, its first 32 hexadecimal digits."""
    return hmac.new(key.encode(), f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()[:HASH_LENGTH]


def require_key(settings: Settings) -> str:
    """The deployment's key, or an error that says how to come by one."""
    if not settings.hash_key:
        raise UseropsError("There is no key to hash identifiers with.",
                           mend="set USEROPS_HASH_KEY, or run `userops db start`, which makes one.")
    return settings.hash_key


def fill_vault(connection: psycopg.Connection, settings: Settings, contract: Contract) -> None:
    """Give every new identifier of the `stage` table its hash.

    Kinds and values go in one order everywhere, so that two loads that meet the same value never deadlock.
    """
    if not contract.identifiers:
        return
    require_key(settings)
    for column in sorted(contract.identifiers, key=lambda column: column.identifier):
        _fill_kind(connection, settings, column.name, column.identifier)


def _fill_kind(connection: psycopg.Connection, settings: Settings, name: str, kind: str) -> None:
    new = connection.execute(
        sql.SQL(
            "select distinct {name} from stage where {name} is not null and not exists ("
            " select from vault.identifiers where kind = {kind} and raw_value = {name}) order by 1"
        ).format(name=sql.Identifier(name), kind=sql.Literal(kind))
    ).fetchall()
    if not new:
        return
    connection.execute("create temp table new_identifiers (raw_value text, value text, hash text) on commit drop")
    with connection.cursor().copy("copy new_identifiers from stdin") as copy:
        for (raw,) in new:
            value = normalise(kind, raw, settings.default_country)
            copy.write_row((raw, value, value and hashed(settings.hash_key, kind, value)))
    connection.execute(
        "insert into vault.identifiers (kind, raw_value, value, hash)"
        " select %s, raw_value, value, hash from new_identifiers order by raw_value on conflict do nothing",
        [kind],
    )
    connection.execute("drop table new_identifiers")
