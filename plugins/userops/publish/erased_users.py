"""Remove users who are gone from every kept version and from the logs: part of the publication's transaction."""

import psycopg
from psycopg import sql

from userops.publish import logs
from userops.publish.marts import MAP, Mart
from userops.publish.slots import SLOTS

# Ids that kept versions gave to erased contacts, and ids made from erased identifiers: those that `build` has no more.
GONE = """
    create temp table gone on commit drop as
    with named as (
        {maps}
        union all
        select user_id, request_id from meta.erased_user_ids
    )

    select user_id, min(request_id) as request_id
    from named
    where not exists (select from build.users where users.user_id = named.user_id)
    group by user_id
"""
OF_ERASED_CONTACTS = """
    select map.user_id, erased.request_id
    from {map} as map
    inner join meta.erased_contacts as erased on map.contact_id = erased.contact_id
"""


def remove(connection: psycopg.Connection, marts: list[Mart]) -> None:
    """Remove the users of erased contacts, and the contacts, from the slots and logs. Counts stay."""
    if MAP not in marts or not connection.execute("select exists (select from meta.erased_contacts)").fetchone()[0]:
        return
    maps = [sql.SQL(OF_ERASED_CONTACTS).format(map=sql.Identifier(f"slot_{slot}", MAP.name)) for slot in SLOTS]
    connection.execute(sql.SQL(GONE).format(maps=sql.SQL(" union all ").join(maps)))
    for mart in marts:
        for slot in SLOTS:
            _remove_from_slot(connection, mart, f"slot_{slot}.{mart.name}")
    for log, columns in logs.NAMES_USERS.items():
        _delete(connection, f"meta.{log}", "pg_temp.gone", " or ".join(f"rows.{c} = gone.user_id" for c in columns))
    connection.execute("delete from meta.erased_user_ids")


def _remove_from_slot(connection: psycopg.Connection, mart: Mart, table: str) -> None:
    """Delete rows about someone who is gone; in rows about others, empty the mention."""
    if mart.name == MAP.name:
        _delete(connection, table, "meta.erased_contacts", "rows.contact_id = gone.contact_id")
    if mart.has("identifier"):
        _delete(connection, table, "meta.erased_identifiers", "rows.kind = gone.kind and rows.identifier = gone.hash")
    if mart.has("user_id"):
        _delete(connection, table, "pg_temp.gone", "rows.user_id = gone.user_id")
    for column in mart.columns:
        if column.name.endswith("_user_id"):
            _empty(connection, table, column.name)


def _delete(connection: psycopg.Connection, table: str, gone: str, named: str) -> None:
    _note(connection, table, f"delete from {{table}} as rows using {gone} as gone where {named}")


def _empty(connection: psycopg.Connection, table: str, column: str) -> None:
    named = f"rows.{column} = gone.user_id"
    _note(connection, table, f"update {{table}} as rows set {column} = null from pg_temp.gone as gone where {named}")


def _note(connection: psycopg.Connection, table: str, change: str) -> None:
    """Make a change of rows that name someone who is gone, and note how many rows of which request it was."""
    connection.execute(
        sql.SQL(
            f"with changed as ({change} returning gone.request_id)"
            " insert into meta.erasure_log (request_id, table_name, rows)"
            " select request_id, {name}, count(*) from changed group by request_id"
        ).format(table=sql.Identifier(*table.split(".")), name=sql.Literal(table))
    )
