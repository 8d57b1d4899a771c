"""What every page says about its data: date, version, gate, exports that lag."""

from dataclasses import dataclass

import psycopg

from userops.contracts.model import load_contracts
from userops.site.models import Words
from userops.site.query import ask

PUBLISHED = """
select version, business_date, run_id, published_at
from marts.publication
where is_current
"""

# The newest run that checked anything, blocked or not.
LATEST_RUN = """
with latest as (
    select run_id from marts.quality_results order by checked_at desc limit 1
)

select
    results.run_id,
    max(results.business_date) as business_date,
    count(*) as checks,
    count(*) filter (where not results.passed and results.severity = 'critical') as critical,
    count(*) filter (where not results.passed and results.severity = 'warning') as warnings
from marts.quality_results as results
inner join latest on results.run_id = latest.run_id
group by results.run_id
"""


@dataclass(frozen=True)
class Late:
    """An export that does not reach the business date."""

    export: str
    last: str
    days: int
    waived: int


@dataclass(frozen=True)
class Status:
    """The version readers see, how the gate judged the newest run, and what is late."""

    published: dict | None
    gate: str
    words: Words
    late: tuple[Late, ...]


def read_status(connection: psycopg.Connection) -> Status:
    """The state of the data at this moment."""
    published = next(iter(ask(connection, PUBLISHED).dicts()), None)
    run = next(iter(ask(connection, LATEST_RUN).dicts()), None)
    gate, words = _gate(published, run)
    return Status(published, gate, words, tuple(_late(connection)))


def _gate(published: dict | None, run: dict | None) -> tuple[str, Words]:
    if run is None:
        return "none", Words(en="no check has run yet", zh="尚未运行任何检查")
    if run["critical"]:
        return "blocked", _blocked(published, run)
    if published is None or run["run_id"] != published["run_id"]:
        return "other", Words(
            en=f"the run of {run['business_date']} was checked; another version is shown",
            zh=f"{run['business_date']} 的批次已检查；当前展示的是另一版本",
        )
    if run["warnings"]:
        return "warned", Words(
            en=f"passed with {_counted(run['warnings'], 'warning')}", zh=f"已通过，{run['warnings']} 条警告"
        )
    return "passed", Words(en=f"passed, {run['checks']} checks", zh=f"已通过，共 {run['checks']} 项检查")


def _blocked(published: dict | None, run: dict) -> Words:
    day, failed = run["business_date"], run["critical"]
    en, zh = f"{_counted(failed, 'critical check')} failed", f"{failed} 项关键检查未通过"
    if published and day == published["business_date"]:
        # The page would seem to contradict itself: its data reach the date that it calls blocked.
        return Words(
            en=f"blocked a later delivery of {day}: {en}; version {published['version']} stays",
            zh=f"已拦截 {day} 的再次交付：{zh}，仍展示版本 {published['version']}",
        )
    return Words(en=f"blocked the run of {day}: {en}", zh=f"已拦截 {day} 的批次：{zh}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _late(connection: psycopg.Connection) -> list[Late]:
    """Exports behind by more than their contract allows, or with files that a person declared missing."""
    contracts = load_contracts()
    late = []
    for row in ask(connection, "select * from marts.freshness order by export").dicts():
        contract = contracts.get(row["export"])
        allowed = contract.freshness_days if contract and not contract.required else 0
        waived = row.get("waived_files") or 0
        behind = row["days_behind"] or 0
        if behind > allowed or waived:
            late.append(Late(row["export"], str(row["last_business_date"]), behind, waived))
    return late
