"""Erase a person: from raw, quarantine and vault at once, from `build` and every kept version by the next publication.

Every row that names an erased contact goes, and every row known only by identifiers that no other contact carries;
orders stay without any identifier. The id is refused for ever: each night looks through what it loaded, so that an old
file delivered again brings nobody back. What was done stands in `meta.erasure_log`, without an identifier.
"""

from datetime import date

import psycopg
from psycopg import sql

from userops.contracts.model import Contract, load_contracts
from userops.errors import UseropsError
from userops.ingest import load_log
from userops.privacy import keys
from userops.publish.status import status
from userops.warehouse import lease
from userops.warehouse.connection import connect

STAYS = "orders"
REQUESTS = "erasure_requests"


def apply(connection: psycopg.Connection, business_date: date, token: int | None = None) -> int:
    """Carry out the requests known by the end of the date, in the role loader; returns the rows that went.

    Idempotent. All loads are searched when a request is new, or a refused row of an erased contact tells an identifier
    that was not known as theirs; else only loads since the last time. Commits at the end,
    and with `token` only where the run was not superseded.
    """
    keys.share(connection)
    everything = _note_requests(connection, business_date)
    if connection.execute("select count(*) from meta.erased_contacts").fetchone()[0] == 0:
        connection.commit()
        return 0
    newest = connection.execute("select coalesce(max(load_id), 0) from meta.load_files").fetchone()[0]
    everything = _note_identifiers(connection) or everything
    since = 0 if everything else connection.execute("select max(load_id) from meta.erased_contacts").fetchone()[0]
    rows = 0
    for contract in load_contracts().values():
        rows += _erase_from(connection, contract, since)
    rows += _erase_quarantined(connection) if everything else 0
    rows += _log(connection, "vault.identifiers", sql.SQL(
        "delete from vault.identifiers as rows using pg_temp.erasing where rows.kind = erasing.kind"
        " and rows.hash = erasing.hash returning erasing.request_id"
    ))
    connection.execute(
        "delete from meta.first_hashes as firsts using pg_temp.erasing as erasing"
        " where firsts.kind = erasing.kind and firsts.hash = erasing.hash"
    )
    connection.execute("update meta.erased_contacts set load_id = %s", [newest])
    if token is not None:
        lease.assert_writer_token(connection, token)
    connection.commit()
    return rows


def on_request(url: str, contact_id: str, scope: str) -> date:
    """Write and carry out a request made by hand; returns the business date to publish again to complete it."""
    published = status(url)["business_date"]
    if published is None:
        raise UseropsError("Nothing was ever published, so nobody can be erased.", fix="run a night first.")
    day = date.fromisoformat(published)
    with connect(url, "loader") as connection:
        known = connection.execute("select exists (select from raw.contacts where contact_id = %s)", [contact_id])
        if not known.fetchone()[0]:
            raise UseropsError(f"No contact {contact_id!r} is known.", fix="give the id as in the export `contacts`.")
        request(connection, contact_id, scope, day)
        apply(connection, day)
    return day


def request(connection: psycopg.Connection, contact_id: str, scope: str, business_date: date) -> str:
    """Write a request that a person made by command rather than by file, in the role loader; returns its id."""
    now = connection.execute("select now()").fetchone()[0]
    request_id = f"cli-{now:%Y%m%d%H%M%S%f}"
    load_id = load_log.write_by_hand(connection, REQUESTS, business_date, request_id)
    connection.execute(
        "insert into raw.erasure_requests (request_id, contact_id, requested_at, scope, updated_at, _load_id, _line,"
        " _business_date) values (%s, %s, %s, %s, %s, %s, 1, %s)",
        [request_id, contact_id, now, scope, now, load_id, business_date],
    )
    connection.commit()
    return request_id


def _note_requests(connection: psycopg.Connection, business_date: date) -> bool:
    """Whether a request came that was not carried out yet."""
    return bool(connection.execute(
        "insert into meta.erased_contacts (contact_id, request_id, load_id)"
        " select contact_id, min(request_id), 0 from raw.erasure_requests"
        " where scope = 'erase' and _business_date <= %s group by contact_id on conflict do nothing",
        [business_date],
    ).rowcount)


def _note_identifiers(connection: psycopg.Connection) -> bool:
    """Keep the hashes that erased contacts alone carried; `pg_temp.erasing` holds those nobody else carries now.

    Returns whether one was not known yet.
    """
    pairs = sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(c.identifier), sql.Identifier("contacts", f"{c.name}_hash"))
        for c in load_contracts()["contacts"].identifiers
    )
    connection.execute(sql.SQL(
        "create temp table carried on commit drop as"
        " select distinct pairs.kind, pairs.hash, erased.request_id from raw.contacts as contacts"
        " left join meta.erased_contacts as erased using (contact_id)"
        " cross join lateral (values {}) as pairs (kind, hash) where pairs.hash is not null"
    ).format(pairs))
    noted = connection.execute(
        "insert into meta.erased_identifiers (kind, hash, request_id)"
        " select kind, hash, min(request_id) from carried group by kind, hash"
        " having bool_and(request_id is not null) on conflict do nothing"
    ).rowcount
    connection.execute(
        "create temp table erasing on commit drop as select erased.* from meta.erased_identifiers as erased"
        " where not exists (select from carried where carried.kind = erased.kind and carried.hash = erased.hash"
        " and carried.request_id is null)"
    )
    return bool(noted)


def _erase_from(connection: psycopg.Connection, contract: Contract, since: int) -> int:
    if contract.name == REQUESTS:
        return 0
    names = {column.name for column in contract.columns}
    table = sql.Identifier("raw", contract.name)
    rows = 0
    for column in sorted(name for name in names if name.endswith("_contact_id")):
        rows += _log(connection, f"raw.{contract.name}.{column}", sql.SQL(
            "update {table} as rows set {column} = null from meta.erased_contacts as erased"
            " where rows.{column} = erased.contact_id and rows._load_id > {since} returning erased.request_id"
        ).format(table=table, column=sql.Identifier(column), since=sql.Literal(since)))
    if "contact_id" in names:
        rows += _take(connection, contract, sql.SQL("rows.contact_id = erasing.contact_id"), since,
                      sql.SQL("(select contact_id, request_id from meta.erased_contacts)"))
    if "contact_id" in names and contract.identifiers and contract.name != "contacts":
        rows += _take_unnamed(connection, contract, since)
    return rows


def _take_unnamed(connection: psycopg.Connection, contract: Contract, since: int) -> int:
    """Rows without contact whose identifiers are all of erased contacts."""
    hashes = [(c.identifier, sql.Identifier("rows", f"{c.name}_hash")) for c in contract.identifiers]
    some = sql.SQL("coalesce({}) is not null").format(sql.SQL(", ").join(h for _, h in hashes))
    known = sql.SQL("exists (select from pg_temp.erasing as known where known.kind = {k} and known.hash = {h})")
    every = sql.SQL(" and ").join(
        sql.SQL("({h} is null or {known})").format(h=h, known=known.format(k=sql.Literal(k), h=h)) for k, h in hashes
    )
    any_hash = sql.SQL(" or ").join(
        sql.SQL("(erasing.kind = {k} and erasing.hash = {h})").format(k=sql.Literal(k), h=h) for k, h in hashes
    )
    where = sql.SQL("rows.contact_id is null and {} and {} and ({})").format(some, every, any_hash)
    return _take(connection, contract, where, since, sql.SQL("pg_temp.erasing"))


def _take(
    connection: psycopg.Connection, contract: Contract, where: sql.Composable, since: int, erasing: sql.Composable
) -> int:
    """Delete the rows, or empty what identifies a person where the row stays."""
    table = sql.Identifier("raw", contract.name)
    tail = sql.SQL("where {} and rows._load_id > {} returning erasing.request_id").format(where, sql.Literal(since))
    if contract.name != STAYS:
        return _log(connection, f"raw.{contract.name}", sql.SQL("delete from {} as rows using {} as erasing {}").format(
            table, erasing, tail))
    personal = [c.name for c in contract.columns if c.personal] + [f"{c.name}_hash" for c in contract.identifiers]
    empty = sql.SQL(", ").join(sql.SQL("{} = null").format(sql.Identifier(n)) for n in ["contact_id", *personal])
    return _log(connection, f"raw.{contract.name}", sql.SQL("update {} as rows set {} from {} as erasing {}").format(
        table, empty, erasing, tail))


def _erase_quarantined(connection: psycopg.Connection) -> int:
    """Set-aside lines that spell an erased contact's id or one of its identifiers, as whole words."""
    return _log(connection, "quarantine.rows", sql.SQL(
        "delete from quarantine.rows as rows using ("
        " select contact_id as word, request_id from meta.erased_contacts"
        " union select kept.raw_value, erasing.request_id from vault.identifiers as kept"
        " inner join pg_temp.erasing as erasing on kept.kind = erasing.kind and kept.hash = erasing.hash"
        ") as words where rows.raw_text ~ ('(^|[^[:alnum:]])'"
        r" || regexp_replace(words.word, '([^[:alnum:]])', '\\\1', 'g') || '([^[:alnum:]]|$)')"
        " returning words.request_id"
    ))


def _log(connection: psycopg.Connection, table: str, statement: sql.Composable) -> int:
    """Run a statement that returns request ids and book how many rows it took a request."""
    return connection.execute(sql.SQL(
        "with gone as ({}), booked as (insert into meta.erasure_log (request_id, table_name, rows)"
        " select request_id, {}, count(*) from gone group by request_id returning rows)"
        " select coalesce(sum(rows), 0)::bigint from booked"
    ).format(statement, sql.Literal(table))).fetchone()[0]


def note_users(connection: psycopg.Connection) -> None:
    """Before a build, in the role transformer: note which users the erased were (the caller commits)."""
    if connection.execute("select to_regclass('build.map_contact_user')").fetchone()[0] is None:
        return
    connection.execute(
        "insert into meta.erased_users (user_id, request_id)"
        " select distinct users.user_id, erased.request_id from build.map_contact_user as users"
        " inner join meta.erased_contacts as erased using (contact_id) on conflict do nothing"
    )


def clean_versions(connection: psycopg.Connection, tables: list[tuple[str, str]]) -> None:
    """Take users who are gone out of every kept version; part of the publication's transaction.

    `tables`: schema and name of each slot table with a user_id.
    """
    if connection.execute("select count(*) from meta.erased_users").fetchone()[0] == 0:
        return
    connection.execute(
        "create temp table gone on commit drop as select user_id, request_id from meta.erased_users"
        " where user_id not in (select user_id from build.users)"
    )
    for schema, name in tables:
        _log(connection, f"{schema}.{name}", sql.SQL(
            "delete from {} as rows using pg_temp.gone as gone where rows.user_id = gone.user_id"
            " returning gone.request_id"
        ).format(sql.Identifier(schema, name)))
    connection.execute("delete from meta.erased_users")
