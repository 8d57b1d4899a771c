"""Personal identifiers: normalised, hashed with the deployment's key, kept in the vault and nowhere else."""

import phonenumbers
import psycopg
from psycopg import sql

from userops.contracts.model import Contract
from userops.privacy import keys
from userops.settings import Settings


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


def fill_vault(connection: psycopg.Connection, settings: Settings, contract: Contract) -> None:
    """Give every new identifier of the `judged` table its hash.

    Kinds and values go in one order everywhere, so that two loads that meet the same value never deadlock.
    """
    if not contract.identifiers:
        return
    key = keys.require(connection, settings)
    chain = [*keys.retired(connection), key]
    for column in sorted(contract.identifiers, key=lambda column: column.identifier):
        _fill_kind(connection, settings.default_country, chain, column.name, column.identifier)


def _fill_kind(connection: psycopg.Connection, country: str, chain: list[str], name: str, kind: str) -> None:
    new = connection.execute(
        sql.SQL(
            "select distinct {name} from judged where {name} is not null and not exists ("
            " select from vault.identifiers where kind = {kind} and raw_value = {name}) order by 1"
        ).format(name=sql.Identifier(name), kind=sql.Literal(kind))
    ).fetchall()
    if not new:
        return
    connection.execute(
        "create temp table new_identifiers (raw_value text, value text, hash text, if_erased text[]) on commit drop"
    )
    with connection.cursor().copy("copy new_identifiers from stdin") as copy:
        for (raw,) in new:
            value = normalise(kind, raw, country)
            before = keys.hashes_if_erased_before(chain, kind, value) if value else []
            copy.write_row((raw, value, value and keys.hashed(chain[-1], kind, value), before))
    connection.execute(
        "insert into vault.identifiers (kind, raw_value, value, hash)"
        " select %s, raw_value, value, hash from new_identifiers order by raw_value on conflict do nothing",
        [kind],
    )
    if len(chain) > 1:
        _know_erased(connection, kind)
    connection.execute("drop table new_identifiers")


def _know_erased(connection: psycopg.Connection, kind: str) -> None:
    """What was erased before the key was changed and comes again is erased under its hash of today too."""
    connection.execute(
        "insert into meta.erased_identifiers (kind, hash, request_id, load_id)"
        " select erased.kind, new.hash, min(erased.request_id), (select coalesce(max(load_id), 0) from meta.load_files)"
        " from new_identifiers as new"
        " inner join meta.erased_identifiers as erased on erased.hash = any(new.if_erased)"
        " where erased.kind = %s group by erased.kind, new.hash on conflict do nothing",
        [kind],
    )
