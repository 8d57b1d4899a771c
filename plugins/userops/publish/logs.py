"""Publication logs: what each version said that the version before it, the one readers saw, did not.

The differences are found between `build` and the slot of that base version, and are written in the transaction that
publishes. The views over them follow the chain of base versions from the version that readers see
(`meta.published_chain`): what a version said that was taken back by a rollback is not on the chain.
No log holds personal data; `erased_users` removes users who are gone, and counts stay.
"""

from dataclasses import replace

import psycopg
from psycopg import sql

from userops.publish.marts import MAP, Column, Mart, View

TAGS, MEMBERS = "user_tags", "audience_members"
# The logs that name users, and by which columns.
NAMES_USERS = {"log_user_ids": ("old_user_id", "new_user_id"), "log_tags": ("user_id",)}
# A slot keeps since when each value is published: the log needs to hold only the intervals that ended.
SINCE = (
    Column("since", "date", "Business date of the first publication in a row with this value."),
    Column("from_version", "bigint", "The version of that publication."),
)
TAG_HISTORY = View(
    "tag_history",
    """
    select user_id, tag_code, value, from_version, since as from_date, null::bigint as to_version, null::date as to_date
    from marts.user_tags
    union all
    select
        log.user_id, log.tag_code, log.value, log.from_version, first.business_date, chain.version, chain.business_date
    from meta.log_tags as log
    inner join meta.published_chain as chain on log.version = chain.version
    inner join meta.publications as first on log.from_version = first.version
    """,
    "One row per user, tag, value and interval of publications in which the user bore the tag with that value.",
    {
        "user_id": "The user, by the id of that time.",
        "tag_code": "The tag.",
        "value": "Its value; another value is another interval, another score is not.",
        "from_version": "The first version with it.",
        "from_date": "The business date of that version.",
        "to_version": "The first version without it; null while it is still borne.",
        "to_date": "The business date of that version.",
    },
)
# Of all contacts that both versions know, so that an id that others kept counts too.
USER_IDS = """
    insert into meta.log_user_ids (version, old_user_id, new_user_id, kind, contacts)
    with pairs as (
        select before.user_id as old_user_id, build.user_id as new_user_id, count(*) as contacts
        from {before} as before
        inner join {build} as build on before.contact_id = build.contact_id
        group by before.user_id, build.user_id
    ),

    counted as (
        select
            *,
            count(*) over (partition by new_user_id) as old_ids,
            count(*) over (partition by old_user_id) as new_ids
        from pairs
    )

    select
        {version}, old_user_id, new_user_id,
        case when old_ids > 1 then 'merge' when new_ids > 1 then 'split' else 'renamed' end,
        contacts
    from counted
    where old_user_id <> new_user_id
"""
DATED_TAGS = """
    create temp table dated_tags on commit drop as
    select build.*, coalesce(before.since, {day}) as since, coalesce(before.from_version, {version}) as from_version
    from {build} as build
    left join {before} as before
        on build.user_id = before.user_id and build.tag_code = before.tag_code
        and build.value is not distinct from before.value
"""
ENDED_TAGS = """
    insert into meta.log_tags (version, user_id, tag_code, value, from_version)
    select {version}, before.user_id, before.tag_code, before.value, before.from_version
    from {before} as before
    where not exists (
        select from {build} as build
        where build.user_id = before.user_id and build.tag_code = before.tag_code
            and build.value is not distinct from before.value
    )
"""
TAG_COUNTS = """
    insert into meta.log_tag_counts (version, tag_code, users, all_users)
    select {version}, catalog.tag_code, count(tags.user_id), (select count(*) from build.users)
    from build.tag_catalog as catalog
    left join {build} as tags on catalog.tag_code = tags.tag_code
    group by catalog.tag_code
"""
AUDIENCE_CHANGES = """
    insert into meta.log_audiences (version, audience_code, entered, "left", members)
    select
        {version},
        audience_code,
        count(*) filter (where build.user_id is not null and before.user_id is null),
        count(*) filter (where before.user_id is not null and build.user_id is null),
        count(build.user_id)
    from {build} as build
    full join {before} as before using (audience_code, user_id)
    full join build.audiences using (audience_code)
    group by audience_code
"""


def with_logs(marts: list[Mart]) -> list[Mart]:
    """The marts, with what the log of tags adds to theirs."""
    return [
        replace(mart, columns=(*mart.columns, *SINCE), views=(TAG_HISTORY,)) if mart.name == TAGS else mart
        for mart in marts
    ]


def source_of(mart: Mart) -> sql.Identifier:
    """Where a slot is filled from, once `write` was called."""
    return sql.Identifier("pg_temp", "dated_tags") if mart.name == TAGS else sql.Identifier("build", mart.name)


def write(
    connection: psycopg.Connection, version: int, business_date: str, base: dict[str, sql.Identifier]
) -> None:
    """Log how `build` differs from the base version; `base` says where the marts of that version are."""
    what = {"version": sql.Literal(version), "day": sql.SQL("{}::date").format(sql.Literal(business_date))}

    def run(statement: str, mart: str) -> None:
        tables = {"build": sql.Identifier("build", mart), "before": base[mart]}
        connection.execute(sql.SQL(statement).format(**what, **tables))

    if MAP.name in base:
        run(USER_IDS, MAP.name)
    if TAGS in base:
        run(DATED_TAGS, TAGS)
        connection.execute("analyze pg_temp.dated_tags")
        run(ENDED_TAGS, TAGS)
        run(TAG_COUNTS, TAGS)
    if MEMBERS in base:
        run(AUDIENCE_CHANGES, MEMBERS)
