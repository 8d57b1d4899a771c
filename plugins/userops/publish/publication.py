"""Publish: copy what changed into the oldest slot, then flip the pointer row that readers' views choose by.

The way was chosen by measurement (reliability.md): constant views over slots that exist beforehand, and a
publication that is one UPDATE, gave readers no error, no empty and no mixed version.
"""

from datetime import date
from typing import NamedTuple

import psycopg
from psycopg import sql

from userops.errors import UseropsError
from userops.publish import erased_users, logs, slots
from userops.publish.marts import Mart
from userops.publish.slots import SLOTS
from userops.warehouse import lease

# The figures that the gate compares the next version with.
FIGURES = "quality.mart_figures"


class Published(NamedTuple):
    """The version that readers see."""

    version: int
    business_date: date
    run_id: str


def publish(connection: psycopg.Connection, marts: list[Mart], run_id: str, business_date: str, token: int) -> int:
    """Publish `build` as a new version; returns it. All in one transaction, or (superseded, killed) nothing.

    Commits, unless the caller has a transaction open that holds more than the publication.
    """
    marts = logs.with_logs(marts)
    with connection.transaction():
        # Tables are compared by hashing them: two of a million rows fit.
        connection.execute("set local work_mem = '256MB'")
        version, slot, base_slot = _next(connection)
        base = published(connection)
        made = slots.prepare(connection, marts)
        # Before the first publication every slot is empty.
        before = slot if base_slot is None else base_slot
        tables = {mart.name: slots.table(mart, before, made) for mart in marts}
        logs.write(connection, version, business_date, marts, tables)
        for mart in marts:
            slots.fill(connection, mart, slots.table(mart, slot, made), logs.source_of(mart))
        lease.assert_writer_token(connection, token)
        connection.execute(
            "insert into meta.publications (version, base_version, business_date, run_id, slot, load_id)"
            " select %s, %s, %s, %s, %s, coalesce(max(load_id), 0) from meta.load_files",
            [version, base and base.version, business_date, run_id, slot],
        )
        _keep_figures(connection, version)
        slots.swap(connection, marts, made)
        erased_users.remove(connection, marts)
        _flip(connection, version, slot, business_date)
    return version


def published(connection: psycopg.Connection) -> Published | None:
    """The version that readers see; None before the first publication."""
    row = connection.execute(
        "select publications.version, publications.business_date, publications.run_id"
        " from meta.publications inner join meta.pointer on publications.version = pointer.version"
    ).fetchone()
    return row and Published(*row)


def refuse_older(connection: psycopg.Connection, business_date: date, allow_older: bool = False) -> None:
    """Refuse a date before the published one: readers never go back in time by a run."""
    current = published(connection)
    if current is None or allow_older or business_date >= current.business_date:
        return
    raise UseropsError(
        f"Readers see {current.business_date}, and a run of {business_date} would put them back.",
        fix="run the published date: it loads late files by itself. `userops rollback` is the way back;"
        " --allow-older runs the date all the same.",
    )


def _next(connection: psycopg.Connection) -> tuple[int, int, int | None]:
    """The next version, the slot it may use (never the current one, else the oldest version's), and the current one."""
    current = connection.execute("select slot from meta.pointer for update").fetchone()[0]
    kept = dict(connection.execute("select slot, max(version) from meta.publications group by slot").fetchall())
    version = max(kept.values(), default=0) + 1
    slot = min((s for s in SLOTS if s != current), key=lambda s: kept.get(s, 0))
    return version, slot, current


def _keep_figures(connection: psycopg.Connection, version: int) -> None:
    if connection.execute("select to_regclass(%s)", [FIGURES]).fetchone()[0] is not None:
        connection.execute(
            sql.SQL(
                "insert into meta.published_figures (version, mart, figure, subject, value)"
                " select %s, mart, figure, subject, value from {}"
            ).format(sql.Identifier(*FIGURES.split("."))),
            [version],
        )


def _flip(connection: psycopg.Connection, version: int, slot: int, business_date: str) -> None:
    connection.execute(
        "update meta.pointer set version = %s, slot = %s, business_date = %s, moved_at = clock_timestamp(),"
        " moved_by = session_user",
        [version, slot, business_date],
    )


def kept_versions(connection: psycopg.Connection) -> list[tuple[int, str, int]]:
    """Versions readers can be put on, newest first: (version, business date, slot)."""
    rows = connection.execute(
        "select distinct on (slot) version, business_date::text, slot from meta.publications"
        " order by slot, version desc"
    ).fetchall()
    return sorted(rows, reverse=True)


def rollback(connection: psycopg.Connection, to: int | None) -> tuple[int, str]:
    """Put readers on a kept version (the one before the current by default); returns (version, business date)."""
    with connection.transaction():
        current = connection.execute("select version from meta.pointer for update").fetchone()[0]
        if current is None:
            raise UseropsError("Nothing has been published yet.", fix="run a delivered date: `userops run --date D`.")
        kept = kept_versions(connection)
        earlier = [v for v in kept if v[0] < current] if to is None else [v for v in kept if v[0] == to]
        if not earlier:
            names = ", ".join(str(v[0]) for v in kept)
            raise UseropsError(
                f"Version {to if to is not None else 'before ' + str(current)} is not kept.",
                fix=f"choose one of: {names}.",
            )
        version, business_date, slot = earlier[0]
        _flip(connection, version, slot, business_date)
    return version, business_date
