"""What is wrong, or looks wrong, with the tag files; with a published warehouse also which tags are the same users."""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from userops.tags.catalog import Catalog, read_catalog
from userops.tags.docs import TARGET, render
from userops.tags.rendering import features_of

UNFINISHED = ("todo", "待译", "待定")
# user_id is a hash: the first ids by name are a random sample, the same at every call.
SAMPLE_USERS, LEAST_USERS, SAME_SHARE = 20_000, 20, 0.95
OVERLAPS = """
with sampled as (
    select user_id from (select distinct user_id from marts.user_tags) as bearers order by user_id limit %(users)s
),
borne as (
    select user_tags.user_id, user_tags.tag_code from marts.user_tags inner join sampled using (user_id)
),
sizes as (
    select tag_code, count(*) as users from borne group by tag_code having count(*) >= %(least)s
),
shared as (
    select one.tag_code, other.tag_code as other_code, count(*) as users
    from borne as one
    inner join borne as other on one.user_id = other.user_id and one.tag_code < other.tag_code
    group by one.tag_code, other.tag_code
)
select shared.tag_code, shared.other_code, shared.users::numeric / (one.users + other.users - shared.users) as share
from shared
inner join sizes as one on shared.tag_code = one.tag_code
inner join sizes as other on shared.other_code = other.tag_code
where shared.users > %(share)s::numeric * (one.users + other.users - shared.users)
order by share desc, shared.tag_code, shared.other_code
"""


@dataclass(frozen=True)
class Finding:
    """One thing found: an error keeps runs from building, a warning does not."""

    level: str
    where: str
    what: str
    fix: str


def lint(root: Path) -> list[Finding]:
    """What the files alone show: all errors, then warnings."""
    catalog, problems = read_catalog(root)
    findings = [Finding("error", p.where, p.what, p.fix) for p in problems]
    if findings:
        return findings
    return [*_unfinished(catalog), *_repeated(catalog), *_unused(catalog), *_outdated(catalog, root)]


def _unfinished(catalog: Catalog) -> list[Finding]:
    found = []
    for tag in catalog.tags.values():
        where = f"{tag.file}:{tag.line} ({tag.code})"
        if not features_of(tag.rule):
            found.append(Finding("warning", where, f"the rule `{tag.rule_text}` reads no feature", "write the rule"))
        for text in (tag.name, tag.name_zh, tag.decision):
            if any(mark in text.lower() for mark in UNFINISHED):
                found.append(Finding("warning", where, f"{text!r} is a placeholder", "write it out"))
    return found


def _repeated(catalog: Catalog) -> list[Finding]:
    """Tags with the same rule: one thing under two names."""
    first: dict[object, str] = {}
    found = []
    for tag in catalog.tags.values():
        same = first.setdefault((tag.rule, tag.value), tag.code)
        if same != tag.code:
            where = f"{tag.file}:{tag.line} ({tag.code})"
            found.append(Finding("warning", where, f"the same rule as {same}", "keep one of the two"))
    return found


def _unused(catalog: Catalog) -> list[Finding]:
    used = {tag.scenario for tag in catalog.tags.values()} | {tag.category for tag in catalog.tags.values()}
    return [
        Finding("warning", "tags/", f"no tag is of {name!r}", "declare one, or remove it from the list")
        for name in [*catalog.scenarios, *catalog.categories]
        if name not in used
    ]


def _outdated(catalog: Catalog, root: Path) -> list[Finding]:
    page = root / TARGET
    if page.exists() and page.read_text(encoding="utf-8") == render(catalog):
        return []
    return [Finding("warning", str(TARGET), "the page is not up to date", "run `python -m userops.tags.docs`")]


def overlaps(connection: psycopg.Connection) -> list[Finding]:
    """Tags of the published version borne by nearly the same users (more than 95 % of the users of either)."""
    if connection.execute("select to_regclass('marts.user_tags')").fetchone()[0] is None:
        return []
    rows = connection.execute(
        OVERLAPS, {"users": SAMPLE_USERS, "least": LEAST_USERS, "share": SAME_SHARE}
    ).fetchall()
    return [
        Finding("warning", code, f"{share:.0%} of the users with it or {other} have both", "keep one of the two")
        for code, other, share in rows
    ]
