"""Activation files: the members of an audience who may be contacted by a medium, and nobody else."""

import contextlib
import csv
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import psycopg

from userops.errors import EXIT_FAILED, UseropsError
from userops.privacy import keys
from userops.settings import Settings
from userops.warehouse.connection import connect

MEDIA = ("sms", "email", "wechat", "app", "weibo")
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
HEAD = ("audience_code", "medium", "user_id", "contact_hash")
IDENTIFIED = ("contact_id", "identifier")

# The mart says whom the published version lets through; the addresses of the newest build must agree. Of one build both
# say the same: a user may be written to by a medium exactly where one of its addresses is reachable. A contact stands
# with one address a medium, and an address that several contacts of a user carry stands once.
CONTACTABLE = """
with addresses as (
    select distinct on (medium, user_id, contact_id) medium, user_id, contact_id, kind, address
    from build.int_addresses_reachable
    where is_reachable and medium = any(%(media)s)
    order by medium, user_id, contact_id, kind, address
)

select distinct on (addresses.medium, addresses.user_id, addresses.kind, addresses.address)
    addresses.medium, addresses.user_id, addresses.contact_id, addresses.kind, addresses.address
from marts.audience_members as members
inner join addresses on members.user_id = addresses.user_id
where
    members.audience_code = %(audience)s
    and case addresses.medium
        when 'sms' then members.may_sms
        when 'email' then members.may_email
        when 'wechat' then members.may_wechat
        when 'app' then members.may_app
        when 'weibo' then members.may_weibo
    end
order by addresses.medium, addresses.user_id, addresses.kind, addresses.address, addresses.contact_id
"""


@dataclass(frozen=True)
class Exported:
    """What was written: rows are addresses, `members` the audience's users, `users` those of them in the file."""

    path: str
    audience: str
    business_date: date
    rows: int
    users: int
    members: int


def neutral(cell: object) -> str:
    """The cell as text that no spreadsheet runs as a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(DANGEROUS) else text


def export(
    settings: Settings, url: str, audience: str, out: Path, medium: str | None = None, with_identifiers: bool = False
) -> Exported:
    """Write one CSV of an audience; readable by its owner alone, whole or not at all.

    `with_identifiers` adds contact_id and the identifier the medium needs, which takes a database user that may act
    as `loader`, the role with rights on the vault.
    """
    if medium is not None and medium not in MEDIA:
        raise UseropsError(f"{medium!r} is no medium.", fix=f"use one of: {', '.join(MEDIA)}.")
    key = keys.given(settings)
    vault = _vault(url) if with_identifiers else None
    with connect(url, "publisher") as connection:
        connection.read_only = True
        if keys.known(connection) not in (None, keys.fingerprint(key)):
            raise keys.other_key()
        business_date, members = _published(connection, audience)
        path = out / f"{audience}.{medium or 'all'}.{business_date}.csv"
        rows = _contactable(connection, audience, [medium] if medium else list(MEDIA))
        if vault is not None:
            rows = _identified(vault, rows)
        head = HEAD + (IDENTIFIED if with_identifiers else ())
        users: set[str] = set()
        count = _write(path, head, _lines(rows, key, audience, users, len(head)))
    if vault is not None:
        vault.close()
    return Exported(str(path), audience, business_date, count, len(users), members)


def as_json(exported: Exported) -> dict:
    """The summary for a program."""
    return asdict(exported)


def _published(connection: psycopg.Connection, audience: str) -> tuple[date, int]:
    """The business date readers see and the size of the audience on it."""
    if connection.execute("select to_regclass('marts.audiences')").fetchone()[0] is None:
        raise UseropsError("No audiences have been published yet.", fix="run a delivered date: `userops run --date D`.")
    known = dict(connection.execute("select audience_code, size from marts.audiences order by 1").fetchall())
    if audience not in known:
        raise UseropsError(
            f"No audience {audience!r} is published.",
            fix=f"use one of: {', '.join(known) or 'none yet'}; a new one comes with the next run.",
        )
    day = connection.execute("select business_date from marts.publication where is_current").fetchone()
    return day[0], known[audience]


def _contactable(connection: psycopg.Connection, audience: str, media: list[str]) -> Iterator[tuple]:
    with connection.cursor(name="contactable") as cursor:
        cursor.execute(CONTACTABLE, {"audience": audience, "media": media})
        for row in cursor:
            yield (*row, None)


def _vault(url: str) -> psycopg.Connection:
    try:
        return connect(url, "loader")
    except psycopg.errors.InsufficientPrivilege as error:
        raise UseropsError(
            "This database user may not open the vault.",
            fix="ask for the role `loader`, or export without --with-identifiers.",
            exit_code=EXIT_FAILED,
        ) from error


def _identified(vault: psycopg.Connection, rows: Iterable[tuple]) -> Iterator[tuple]:
    """The rows with the value behind each hash; both sides stay in the database, whatever their number."""
    vault.execute(
        "create temp table wanted (place bigint, medium text, user_id text, contact_id text, kind text, hash text)"
        " on commit drop"
    )
    with vault.cursor().copy("copy wanted from stdin") as copy:
        for place, row in enumerate(rows):
            copy.write_row((place, *row[:5]))
    vault.execute("analyze wanted")
    with vault.cursor(name="identified") as cursor:
        cursor.execute(
            "select wanted.medium, wanted.user_id, wanted.contact_id, wanted.kind, wanted.hash, opened.value"
            " from wanted left join (select kind, hash, min(value) as value from vault.identifiers"
            " where hash is not null group by kind, hash) as opened using (kind, hash) order by wanted.place"
        )
        yield from cursor


def _lines(rows: Iterable[tuple], key: str, audience: str, users: set[str], width: int) -> Iterator[list[str]]:
    for medium, user_id, contact_id, _, _, value in rows:
        users.add(user_id)
        line = [audience, medium, user_id, keys.hashed(key, "contact_id", contact_id), contact_id, value]
        yield [neutral(cell) for cell in line[:width]]


def _write(path: Path, head: tuple[str, ...], lines: Iterable[list[str]]) -> int:
    """Write beside the target, then put it in place: a file that is there is complete."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(head)
            for line in lines:
                writer.writerow(line)
                count += 1
        os.replace(part, path)
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror}."
        raise UseropsError(what, fix="give a folder you may write.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return count
