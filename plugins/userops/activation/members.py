"""Who of an audience may be contacted, by which address; and the value behind an address, for whom the vault opens."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import psycopg

from userops.errors import EXIT_FAILED, UseropsError
from userops.warehouse.connection import connect

MEDIA = ("sms", "email", "wechat", "app", "weibo")
# What a manifest says of the rule that its file was made by.
CONSENT = (
    "The newest statement about the address says yes, the user is neither restricted nor erased, and the published"
    " audience_members.may_<medium> is true."
)

# The mart says whom the published version lets through; the addresses of the newest build must agree. Of one build both
# say the same: a user may be written to by a medium exactly where one of its addresses is reachable. A contact stands
# with one address a medium, and an address that several contacts of a user carry stands once. An erasure holds from the
# moment of the request on, before the next build knows of it.
CONTACTABLE = """
with addresses as (
    select distinct on (medium, user_id, contact_id) medium, user_id, contact_id, kind, address
    from build.int_addresses_reachable as reachable
    where
        is_reachable and medium = any(%(media)s)
        and not exists (select from meta.erased_contacts as erased where erased.contact_id = reachable.contact_id)
        and not exists (
            select from meta.erased_identifiers as erased
            where erased.kind = reachable.kind and erased.hash = reachable.address
        )
    order by medium, user_id, contact_id, kind, address
),

allowed as (
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
)

select medium, user_id, contact_id, kind, address from allowed order by user_id, medium, kind, address
"""
OPENED = """
select wanted.medium, wanted.user_id, wanted.contact_id, wanted.kind, wanted.hash, opened.value
from wanted
left join (
    select kind, hash, min(value) as value from vault.identifiers where hash is not null group by kind, hash
) as opened using (kind, hash)
order by wanted.place
"""


@dataclass(frozen=True)
class Address:
    """An address that a user may be contacted by; `hash` is keyed, `value` is None until the vault was asked."""

    medium: str
    user_id: str
    contact_id: str
    kind: str
    hash: str
    value: str | None = None


@dataclass(frozen=True)
class Published:
    """The version that readers see, and the size of an audience in it."""

    version: int
    business_date: date
    members: int


def published(connection: psycopg.Connection, audience: str) -> Published:
    """What readers see of an audience; an unknown one is an error that lists the known."""
    if connection.execute("select to_regclass('marts.audiences')").fetchone()[0] is None:
        raise UseropsError("No audiences have been published yet.", fix="run a delivered date: `userops run --date D`.")
    known = dict(connection.execute("select audience_code, size from marts.audiences order by 1").fetchall())
    if audience not in known:
        raise UseropsError(
            f"No audience {audience!r} is published.",
            fix=f"use one of: {', '.join(known) or 'none yet'}; a new one comes with the next run.",
        )
    version, day = connection.execute(
        "select version, business_date from marts.publication where is_current"
    ).fetchone()
    return Published(version, day, known[audience])


def contactable(connection: psycopg.Connection, audience: str, media: Sequence[str]) -> Iterator[Address]:
    """The addresses of an audience's members by user, in the role publisher."""
    with connection.cursor(name="contactable") as cursor:
        cursor.execute(CONTACTABLE, {"audience": audience, "media": list(media)})
        for row in cursor:
            yield Address(*row)


def open_vault(url: str) -> psycopg.Connection:
    """A connection that may read what identifiers stand for: it takes the right to act as `loader`."""
    try:
        return connect(url, "loader")
    except psycopg.errors.InsufficientPrivilege as error:
        raise UseropsError(
            "This database user may not open the vault.",
            fix="ask for the role `loader`, or write the format csv without --with-identifiers.",
            exit_code=EXIT_FAILED,
        ) from error


def identified(vault: psycopg.Connection, addresses: Iterable[Address]) -> Iterator[Address]:
    """The addresses with the value behind each hash; both sides stay in the database, whatever their number."""
    vault.execute(
        "create temp table wanted (place bigint, medium text, user_id text, contact_id text, kind text, hash text)"
        " on commit drop"
    )
    with vault.cursor().copy("copy wanted from stdin") as copy:
        for place, address in enumerate(addresses):
            copy.write_row(
                (place, address.medium, address.user_id, address.contact_id, address.kind, address.hash)
            )
    vault.execute("analyze wanted")
    with vault.cursor(name="identified") as cursor:
        cursor.execute(OPENED)
        for row in cursor:
            yield Address(*row)
