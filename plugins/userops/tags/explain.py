"""Why a user bears each tag: its rule, and what the rule read."""

from datetime import date, timedelta
from decimal import Decimal

import psycopg
from psycopg.rows import dict_row

from userops.errors import UseropsError

TAGS = """
select user_tags.tag_code, tag_catalog.tag_name, tag_catalog.tag_name_zh, tag_catalog.category, tag_catalog.scenario,
    tag_catalog.decision, user_tags.value, user_tags.score, user_tags.since,
    tag_catalog.validity_days, tag_catalog.rule, tag_catalog.rule_words, tag_catalog.features
from marts.user_tags
inner join marts.tag_catalog using (tag_code)
where user_tags.user_id = %s
order by tag_catalog.category, user_tags.tag_code
"""

# The day of the published version; if another day was built since, the newest that was.
FEATURES = """
select *
from build.int_user_features
where user_id = %s
order by as_of = %s desc, as_of desc
limit 1
"""


def explain(connection: psycopg.Connection, user: str) -> dict:
    """Each tag of a user (user_id or contact_id) in the published version, with its evidence.

    Features are those of the published business date. Where a later date was built and not published they are of
    that one, which `evidence_day` says; null where there are none.
    """
    connection.row_factory = dict_row
    published = connection.execute(
        "select version, business_date from marts.publication where is_current"
    ).fetchone()
    if published is None:
        raise UseropsError("Nothing has been published yet.", fix="run a delivered date: `userops run --date D`.")
    user_id = _user_id(connection, user)
    features = connection.execute(FEATURES, [user_id, published["business_date"]]).fetchone() or {}
    rows = connection.execute(TAGS, [user_id]).fetchall()
    tags = [_explained(row, features, published["business_date"]) for row in rows]
    return {
        "user_id": user_id,
        "version": published["version"],
        "business_date": published["business_date"],
        "evidence_day": features.get("as_of"),
        "tags": tags,
    }


def _user_id(connection: psycopg.Connection, user: str) -> str:
    found = connection.execute(
        "select user_id from marts.users where user_id = %(user)s union"
        " select user_id from build.map_contact_user where contact_id = %(user)s",
        {"user": user},
    ).fetchone()
    if found is None:
        raise UseropsError(f"{user!r} is no user_id and no contact_id.", fix="take one from marts.users or the CRM.")
    return found["user_id"]


def _explained(row: dict, features: dict, business_date: date) -> dict:
    names = row.pop("features").split(", ")
    evidence = {name: _plain(features[name]) for name in names if name in features}
    until = business_date + timedelta(days=row.pop("validity_days"))
    return {key: _plain(value) for key, value in row.items()} | {"valid_until": until, "evidence": evidence}


def _plain(value: object) -> object:
    """Numbers as people write them."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
