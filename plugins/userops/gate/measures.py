"""The tables of schema `quality`: dropped before they are measured anew, read to word what was found."""

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

# Views before tables.
RELATIONS = """
    select case when relkind = 'v' then 'view' else 'table' end as kind, array_agg(array[nspname, relname]::text[])
    from pg_class inner join pg_namespace as schemas on schemas.oid = relnamespace
    where nspname in ('staging', 'quality') and relkind in ('v', 'r') group by kind order by kind desc
"""


def drop(connection: psycopg.Connection) -> None:
    """Drop measures of an earlier run: a measure that fails to build has no answer, not yesterday's.

    Staging goes too, as only a run reads it: to replace a relation takes dbt a quarter longer than to make it.
    """
    for kind, names in connection.execute(RELATIONS).fetchall():
        listed = sql.SQL(", ").join(sql.Identifier(*name) for name in names)
        connection.execute(sql.SQL("drop {} {} cascade").format(sql.SQL(kind), listed))


def read(connection: psycopg.Connection, relation: str) -> list[dict[str, object]] | None:
    """The rows of a measure; None where it is not there."""
    with connection.transaction():
        if connection.execute("select to_regclass(%s)", [relation]).fetchone()[0] is None:
            return None
        query = sql.SQL("select * from {}").format(sql.Identifier(*relation.split(".")))
        return connection.cursor(row_factory=dict_row).execute(query).fetchall()
