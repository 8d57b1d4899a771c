"""Logins for BI tools: each reads the schema `marts`, as a member of `bi_reader`, and nothing else."""

from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

from userops.errors import UseropsError
from userops.warehouse.connection import connect

GROUP = "bi_reader"
# Whatever else a role of that name may do: be a superuser, make roles or databases, be a member of another role.
OTHER_RIGHTS = """
select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls or exists (
    select from pg_auth_members
    inner join pg_roles as granted on pg_auth_members.roleid = granted.oid
    where pg_auth_members.member = pg_roles.oid and granted.rolname <> %s
) or not exists (
    select from pg_auth_members
    inner join pg_roles as granted on pg_auth_members.roleid = granted.oid
    where pg_auth_members.member = pg_roles.oid and granted.rolname = %s
)
from pg_roles
where rolname = %s
"""


def make_reader(url: str, name: str, password: str) -> None:
    """Make a login with this password that reads the marts; one that was made before gets the password.

    A role that may do anything else is left as it is: this is an error.
    """
    with connect(url) as connection:
        found = connection.execute(OTHER_RIGHTS, [GROUP, GROUP, name]).fetchone()
        if found and found[0]:
            raise UseropsError(
                f"The role {name} is there already, and is no reader of the marts alone.", fix="choose another name."
            )
        role = sql.Identifier(name)
        verb = sql.SQL("alter" if found else "create")
        try:
            connection.execute(sql.SQL("{} role {} login password {}").format(verb, role, sql.Literal(password)))
            if not found:
                connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(GROUP), role))
        except psycopg.errors.InsufficientPrivilege as error:
            raise UseropsError(
                f"The user of the warehouse may not make the login {name}.",
                fix=f"let an administrator run: create role {name} login password '…'; grant {GROUP} to {name};",
            ) from error


def reader_url(url: str, name: str, password: str = "") -> str:
    """The URL of the warehouse for that login."""
    parts = urlsplit(url)
    login = f"{quote(name, safe='')}:{quote(password, safe='')}" if password else quote(name, safe="")
    return parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}").geturl()
