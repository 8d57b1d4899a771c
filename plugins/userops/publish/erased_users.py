"""Remove users who are gone from every kept version and from the logs: part of the publication's transaction."""

import psycopg
from psycopg import sql

from userops.publish import logs
from userops.publish.marts import MAP, Mart
from userops.publish.slots import SLOTS


def remove(connection: psycopg.Connection, marts: list[Mart]) -> None:
    """Remove the ids in `meta.erased_users` that `build` no longer knows, and erased contacts from the slots' maps.

    `meta.erased_users` holds the users of erased contacts, and the ids made from erased identifiers.
    """
    if MAP in marts:
        for slot in SLOTS:
            _remove(connection, "meta.erased_contacts", f"slot_{slot}.{MAP.name}", "rows.contact_id = gone.contact_id")
    if connection.execute("select count(*) from meta.erased_users").fetchone()[0] == 0:
        return
    connection.execute(
        "create temp table gone on commit drop as select user_id, request_id from meta.erased_users as erased"
        " where not exists (select from build.users where users.user_id = erased.user_id)"
    )
    tables = {f"slot_{slot}.{mart.name}": ("user_id",) for mart in marts if mart.has("user_id") for slot in SLOTS}
    tables |= {f"meta.{log}": columns for log, columns in logs.NAMES_USERS.items()}
    for table, columns in tables.items():
        _remove(connection, "pg_temp.gone", table, " or ".join(f"rows.{name} = gone.user_id" for name in columns))
    connection.execute("delete from meta.erased_users")


def _remove(connection: psycopg.Connection, gone: str, table: str, named: str) -> None:
    """Delete the rows of a table that name someone who is gone, and note how many rows each request removed."""
    connection.execute(
        sql.SQL(
            "with removed as (delete from {} as rows using {} as gone where {} returning gone.request_id)"
            " insert into meta.erasure_log (request_id, table_name, rows)"
            " select request_id, {}, count(*) from removed group by request_id"
        ).format(
            sql.Identifier(*table.split(".")), sql.Identifier(*gone.split(".")), sql.SQL(named), sql.Literal(table)
        )
    )
