"""Compare what the server lets each role do with the matrix of `userops.warehouse.rights`.

Checked after every publication; a right too many or too few is a finding that alerts (the version itself is out).
"""

import psycopg

from userops.checks import CheckResult
from userops.warehouse.connection import ROLES
from userops.warehouse.rights import SCHEMAS, VERBS, verbs_of

ACTUAL = """
    select roles.role, schemas.nspname || '.' || tables.relname as name, verbs.verb
    from pg_class as tables
    join pg_namespace as schemas on schemas.oid = tables.relnamespace
    cross join unnest(%s::text[]) as roles (role)
    cross join unnest(%s::text[]) as verbs (verb)
    where schemas.nspname = any(%s) and tables.relkind in ('r', 'v', 'm', 'p', 'f')
        and has_schema_privilege(roles.role, schemas.oid, 'USAGE')
        and has_table_privilege(roles.role, tables.oid, verbs.verb)
"""
TABLES = """
    select schemas.nspname, tables.relname from pg_class as tables
    join pg_namespace as schemas on schemas.oid = tables.relnamespace
    where schemas.nspname = any(%s) and tables.relkind in ('r', 'v', 'm', 'p', 'f')
"""


def expected(tables: list[tuple[str, str]]) -> set[tuple[str, str, str]]:
    """The matrix as (role, table, verb) for these (schema, table) pairs."""
    return {
        (role, f"{schema}.{table}", verb)
        for role in ROLES
        for schema, table in tables
        for verb in verbs_of(role, schema, table)
    }


def check(connection: psycopg.Connection) -> list[CheckResult]:
    """One result: the rights that the server gives beyond the matrix, and those it lacks."""
    tables = connection.execute(TABLES, [list(SCHEMAS)]).fetchall()
    actual = set(connection.execute(ACTUAL, [list(ROLES), list(VERBS), list(SCHEMAS)]).fetchall())
    wanted = expected(tables)
    findings = [f"{role} may {verb} {name}" for role, name, verb in sorted(actual - wanted)]
    findings += [f"{role} may not {verb} {name}" for role, name, verb in sorted(wanted - actual)]
    observed = f"{len(findings)} differ: " + "; ".join(findings[:5]) if findings else "as expected"
    return [
        CheckResult(
            "role_privileges", "manifest", "warehouse", "warning", not findings, observed,
            f"the {len(wanted)} rights of the matrix and no other",
            "look at grants made by hand; `userops doctor` checks the machine" if findings else "",
        )
    ]
