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

TAGS = "user_tags"
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
# One look at both: tags that are borne with since when, and what ended.
COMPARED_TAGS = """
    create temp table compared_tags on commit drop as
    with compared as (
        select
            {columns},
            build.user_id is not null as is_borne,
            before.user_id is not null as was_borne,
            before.value as old_value,
            before.since as old_since,
            before.from_version as old_from_version,
            build.value is not distinct from before.value as is_same
        from {build} as build
        full join {before} as before using (user_id, tag_code)
    )

    select
        *,
        case when was_borne and is_same then old_since else {day} end as since,
        case when was_borne and is_same then old_from_version else {version} end as from_version,
        was_borne and not (is_borne and is_same) as has_ended
    from compared
"""
ENDED_TAGS = """
    insert into meta.log_tags (version, user_id, tag_code, value, from_version)
    select {version}, user_id, tag_code, old_value, old_from_version
    from pg_temp.compared_tags
    where has_ended
"""
TAG_COUNTS = """
    insert into meta.log_tag_counts (version, tag_code, users, all_users)
    with borne as (
        select tag_code, count(*) as users
        from {build}
        group by tag_code
    )

    select {version}, catalog.tag_code, coalesce(borne.users, 0), (select count(*) from build.users)
    from build.tag_catalog as catalog
    left join borne on catalog.tag_code = borne.tag_code
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
STATEMENTS = {
    MAP.name: (USER_IDS,),
    TAGS: (COMPARED_TAGS, "analyze pg_temp.compared_tags", ENDED_TAGS, TAG_COUNTS),
    "audience_members": (AUDIENCE_CHANGES,),
}


def with_logs(marts: list[Mart]) -> list[Mart]:
    """The marts, with what the log of tags adds to theirs."""
    return [
        replace(mart, columns=(*mart.columns, *SINCE), views=(TAG_HISTORY,)) if mart.name == TAGS else mart
        for mart in marts
    ]


def source_of(mart: Mart) -> sql.Composable:
    """Where a slot is filled from, once `write` was called."""
    if mart.name == TAGS:
        return sql.SQL("(select * from pg_temp.compared_tags where is_borne)")
    return sql.Identifier("build", mart.name)


def write(
    connection: psycopg.Connection, version: int, business_date: str, marts: list[Mart], base: dict[str, sql.Identifier]
) -> None:
    """Log how `build` differs from the base version, whose tables `base` names by mart."""
    names = {"version": sql.Literal(version), "day": sql.SQL("{}::date").format(sql.Literal(business_date))}

    def run(statement: str, mart: Mart) -> None:
        tables = {"build": sql.Identifier("build", mart.name), "before": base[mart.name]}
        connection.execute(sql.SQL(statement).format(**names, **tables, columns=_own_columns(mart)))

    for mart in marts:
        for statement in STATEMENTS.get(mart.name, ()):
            run(statement, mart)


def _own_columns(mart: Mart) -> sql.Composed:
    """The columns that `build` has: keys as they are after `full join … using`."""
    own = [c.name for c in mart.columns if c not in SINCE]
    return sql.SQL(", ").join(
        sql.Identifier(name) if name in mart.key else sql.Identifier("build", name) for name in own
    )
