"""A true change of the business is accepted once, by name: from then on the new level is the normal one.

An approval releases one held run and changes no normal; an acceptance releases nothing, but the next run judges by it.
"""

from datetime import date

import psycopg

from userops.errors import UseropsError
from userops.gate import suites
from userops.settings import Settings

FAILED = """
    select min(business_date) filter (where business_date > published.day), max(business_date)
    from meta.quality_results
    cross join (select coalesce(max(business_date), '1900-01-01') as day from meta.pointer) as published
    where check_name = %(check)s and not passed
        and (subject = %(subject)s or position(%(subject)s || ':' in observed) > 0)
"""
RECORD = """
    insert into meta.accepted_levels (check_name, subject, since, reason, accepted_by) values (%s, %s, %s, %s, %s)
    on conflict (check_name, subject, since)
    do update set reason = excluded.reason, accepted_by = excluded.accepted_by, accepted_at = now()
"""


def accept(
    connection: psycopg.Connection, settings: Settings, check: str, subject: str, by: str, reason: str,
    since: date | None = None,
) -> date:  # fmt: skip
    """Write down that the level of a check's subject changed truly; returns the business date since when it is normal.

    By default that is the first date after the published one on which the check failed. Raises UseropsError for a check
    that compares with no level of its own, and for a subject on which it never failed. The caller commits.
    """
    known = suites.with_levels(settings)
    if check not in known:
        raise UseropsError(
            f"{check} judges by a fixed rule and compares with no level that could be accepted.",
            fix="have the file delivered again; `userops waive` if it will not come, `userops approve` releases a run"
            f" held for warnings. What can be accepted: {', '.join(known)}.",
        )
    first, newest = connection.execute(FAILED, {"check": check, "subject": subject}).fetchone()
    if newest is None:
        raise UseropsError(
            f"{check} has not failed on {subject!r}.",
            fix="give --subject as `userops status` names it: the export, such as orders, or what the finding names"
            " before its colon, such as orders.status.",
        )
    since = since or first or newest
    connection.execute(RECORD, [check, subject, since, reason, by])
    return since
