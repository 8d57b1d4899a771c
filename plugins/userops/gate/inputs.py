"""What measures read beside rows: what contracts promise (`meta.contracts`), what readers see (`meta.published`)."""

from collections.abc import Collection, Mapping
from datetime import date

import psycopg

from userops.contracts.model import Contract


def write(
    connection: psycopg.Connection,
    contracts: Mapping[str, Contract],
    required: Collection[str],
    published: tuple[int, date] | None,
    since: date | None,
) -> None:
    """Replace both tables before `prepare`; the caller commits.

    `required` are the exports that every delivery must hold, by their contracts and sources; `published` is version and
    date of what readers see; `since` the last date up to which everything is in a published version, None before the
    first publication.
    """
    connection.execute("delete from meta.contracts")
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into meta.contracts (export, mode, freshness_days, is_required) values (%s, %s, %s, %s)",
            [(name, each.mode, each.freshness_days, name in required) for name, each in sorted(contracts.items())],
        )
    version, business_date = published or (None, None)
    connection.execute("delete from meta.published")
    connection.execute(
        "insert into meta.published (version, business_date, since) values (%s, %s, %s)",
        [version, business_date, since],
    )
