"""Least privilege as a matrix of role × object × verb: what each role may do, held against what the server says.

Checked after every publication; a right too many or too few is a finding that alerts (the night itself is out).
"""

import psycopg

from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.warehouse.connection import ROLES

SCHEMAS = (
    "raw", "quarantine", "vault", "staging", "build", "slot_0", "slot_1", "slot_2", "marts", "meta", "public",
)
VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
ALL = frozenset(VERBS)
READ, ADD, KEEP = frozenset({"SELECT"}), frozenset({"SELECT", "INSERT"}), frozenset({"SELECT", "INSERT", "UPDATE"})
MOVE, TAKE = frozenset({"SELECT", "UPDATE"}), frozenset({"SELECT", "DELETE"})

# Rights on every table of a schema. The transformer's on `raw` are columns': see `_personal`.
BY_SCHEMA = {
    "loader": {"raw": ALL, "quarantine": ADD | TAKE, "vault": ADD | TAKE},
    "transformer": {"staging": ALL, "build": ALL},
    "publisher": {"build": READ, "slot_0": ALL, "slot_1": ALL, "slot_2": ALL, "marts": ALL},
    "bi_reader": {"marts": READ},
}
# Rights on single tables, where they differ from their schema's.
BY_TABLE = {
    "loader": {
        "meta.load_files": KEEP, "meta.writer": MOVE, "meta.runs": READ, "meta.quality_results": ADD,
        "meta.erased_contacts": KEEP, "meta.erased_identifiers": ADD, "meta.erasure_log": ADD,
        "vault.keys": ADD, "meta.hash_key": ADD, "meta.id_key": ADD, "meta.first_hashes": TAKE,
    },
    "transformer": {
        "meta.load_files": READ, "meta.writer": MOVE, "meta.runs": READ, "meta.quality_results": ADD,
        "meta.build_state": KEEP | TAKE, "meta.builds": ADD, "meta.slot_contents": READ,
        "meta.erased_contacts": READ, "meta.erased_identifiers": READ, "meta.erased_users": ADD,
        "meta.first_hashes": READ, "meta.id_key": READ,
        "build.touched_log": ADD | TAKE, "build.config_scenarios": ADD | TAKE, "build.config_tags": ADD | TAKE,
        "build.config_audiences": ADD | TAKE,
    },
    "publisher": {
        "meta.runs": KEEP, "meta.writer": KEEP, "meta.quality_results": KEEP, "meta.outbox": KEEP,
        "meta.load_files": READ, "meta.publications": ADD | TAKE, "meta.pointer": MOVE, "meta.builds": READ,
        "meta.approvals": ADD, "meta.step_times": ADD, "meta.hash_key": READ,
        "meta.slot_contents": KEEP, "meta.erasure_log": ADD, "meta.erased_users": TAKE,
    },
    "bi_reader": {},
}
# Views over the books that the owner of the database makes: readers and the publisher read them.
BOOKS_IN_MARTS = ("publication", "quality_results", "step_timings", "rejected_rows", "freshness", "erasure_log")

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
    rights = set()
    for role in ROLES:
        for schema, table in tables:
            name = f"{schema}.{table}"
            verbs = BY_TABLE[role].get(name, BY_SCHEMA[role].get(schema, frozenset()))
            if schema == "marts" and table in BOOKS_IN_MARTS and verbs:
                verbs = READ
            rights |= {(role, name, verb) for verb in verbs}
    return rights


def check(connection: psycopg.Connection) -> list[CheckResult]:
    """Hold the server's rights against the matrix; one result over tables, one over personal columns."""
    tables = connection.execute(TABLES, [list(SCHEMAS)]).fetchall()
    actual = set(connection.execute(ACTUAL, [list(ROLES), list(VERBS), list(SCHEMAS)]).fetchall())
    wanted = expected(tables)
    findings = [f"{role} may {verb} {name}" for role, name, verb in sorted(actual - wanted)]
    findings += [f"{role} may not {verb} {name}" for role, name, verb in sorted(wanted - actual)]
    return [
        _result("role_privileges", findings, f"the {len(wanted)} rights of the matrix and no other"),
        _result("personal_columns", _personal(connection), "personal columns readable by the loader alone"),
    ]


def _personal(connection: psycopg.Connection) -> list[str]:
    """Personal columns of `raw` that a role other than the loader may read."""
    columns = [
        (contract.name, column.name)
        for contract in load_contracts().values()
        for column in contract.columns
        if column.personal
    ]
    rows = connection.execute(
        "select roles.role || ' may read raw.' || columns.name || '.' || columns.attribute"
        " from unnest(%s::text[], %s::text[]) as columns (name, attribute)"
        " join pg_class as tables on tables.relname = columns.name"
        " join pg_namespace as schemas on schemas.oid = tables.relnamespace and schemas.nspname = 'raw'"
        " join pg_attribute as attributes on attributes.attrelid = tables.oid and attname = columns.attribute"
        " cross join unnest(%s::text[]) as roles (role)"
        " where has_schema_privilege(roles.role, schemas.oid, 'USAGE')"
        " and has_column_privilege(roles.role, tables.oid, attributes.attnum, 'SELECT')",
        [[name for name, _ in columns], [c for _, c in columns], [r for r in ROLES if r != "loader"]],
    ).fetchall()
    return [row[0] for row in rows]


def _result(check_name: str, findings: list[str], wanted: str) -> CheckResult:
    observed = f"{len(findings)} differ: " + "; ".join(findings[:5]) if findings else "as expected"
    return CheckResult(check_name, "manifest", "warehouse", "warning", not findings, observed, wanted,
                       "" if not findings else "run `userops doctor`; look at grants made by hand")
