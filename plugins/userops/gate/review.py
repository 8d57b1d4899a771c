"""What a person needs to know of a run to judge it: its checks with their trend, samples of rows set aside, readers.

Nothing here shows a person's data: a sample is masked inside the database, before it is read.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

import psycopg
from psycopg.rows import class_row, dict_row

from userops.checks import CheckResult

RUNS_SHOWN = 14
SEVERITIES = ("critical", "warning", "info")
RUN = "select run_id, business_date, state, started_at, ended_at, token from meta.runs where run_id = %s"
READERS = """
    select publications.version, publications.business_date, publications.published_at
    from meta.publications
    inner join meta.pointer on publications.version = pointer.version
"""
RESULTS = """
    select check_name as check, layer, subject, severity, passed, observed, expected, detail
    from meta.quality_results where run_id = %s order by checked_at
"""
# One point a run: of a check that a run asked twice, the answer that counts is a failure, as it does for the decision.
PAST = """
    with shown as (
        select run_id, business_date, token from meta.runs
        where token <= %(token)s and state <> 'running' order by token desc limit %(runs)s
    )

    select distinct on (shown.token, asked.check_name, asked.subject)
        asked.check_name as check, asked.subject, shown.business_date, asked.severity, asked.passed, asked.observed
    from meta.quality_results as asked
    inner join shown on asked.run_id = shown.run_id
    where asked.layer in ('expectations', 'contract')
    order by shown.token, asked.check_name, asked.subject, asked.passed, asked.checked_at desc
"""
DECISIONS = """
    select decision, reason, decided_by, decided_at from meta.decisions
    where business_date = %s order by decision_id
"""
IS_NEWEST = """
    select token = (select max(token) from meta.runs where business_date = %s) from meta.runs where run_id = %s
"""
# Digits become 9 and everything else but signs of the file format x: what is left is the shape of the row.
MASKED = """
    select rows.export, rows.reason, count(*) as number, min(rows.file_name) as file_name,
        (array_agg(rows.line order by rows.line))[1:3] as lines,
        (array_agg(
            regexp_replace(
                regexp_replace(left(rows.raw_text, 160), '[0-9]', '9', 'g'),
                '[^9 ,;|.:/@+_"{}=&?#()<>*%%$!-]', 'x', 'g'
            ) order by rows.line
        ))[1] as sample
    from quarantine.rows as rows
    inner join meta.load_files as loads on rows.load_id = loads.load_id
    where loads.run_id = %s
    group by rows.export, rows.reason
    order by 3 desc, 1, 2
    limit 20
"""
NUMBER = re.compile(r"\d[\d,]*\.?\d*")


@dataclass(frozen=True)
class Point:
    """One run in the trend of a check; `value` is the figure of its finding, where findings are comparable."""

    business_date: date
    verdict: str
    observed: str
    value: float | None = None


@dataclass(frozen=True)
class Asked:
    """One check of the run, with its answers in the runs before, the oldest first."""

    result: CheckResult
    trend: tuple[Point, ...] = ()

    @property
    def verdict(self) -> str:
        return verdict(self.result.severity, self.result.passed)


@dataclass(frozen=True)
class Review:
    """A run as a person judges it; `readers` is None before the first publication."""

    run_id: str
    business_date: date
    state: str
    started_at: datetime
    ended_at: datetime | None
    readers: dict | None
    checks: list[Asked]
    set_aside: list[dict] = field(default_factory=list)
    decisions: list[dict] = field(default_factory=list)
    can_be_decided: bool = False

    def of(self, *verdicts: str) -> list[Asked]:
        """The checks with one of these verdicts: `critical` and `warning` failed, `info` cannot tell, `passed`."""
        return [asked for asked in self.checks if asked.verdict in verdicts]


@dataclass(frozen=True)
class _Answer:
    check: str
    subject: str
    business_date: date
    severity: str
    passed: bool
    observed: str


def verdict(severity: str, passed: bool) -> str:
    """`passed`, or the severity of what failed; an info says that there was too little to tell."""
    return "passed" if passed and severity != "info" else severity


def read(connection: psycopg.Connection, run_id: str) -> Review | None:
    """Read everything about a run but its rows set aside, in the role publisher; None where there is no such run."""
    cursor = connection.cursor(row_factory=dict_row)
    run = cursor.execute(RUN, [run_id]).fetchone()
    if run is None:
        return None
    token, day = run.pop("token"), run["business_date"]
    results = [CheckResult(**row) for row in cursor.execute(RESULTS, [run_id]).fetchall()]
    past = connection.cursor(row_factory=class_row(_Answer)).execute(PAST, {"token": token, "runs": RUNS_SHOWN})
    is_newest = connection.execute(IS_NEWEST, [day, run_id]).fetchone()[0]
    return Review(
        **run,
        readers=cursor.execute(READERS).fetchone(),
        checks=with_trends(results, past.fetchall()),
        decisions=cursor.execute(DECISIONS, [day]).fetchall(),
        can_be_decided=run["state"] == "held" and is_newest,
    )


def set_aside(connection: psycopg.Connection, run_id: str) -> list[dict]:
    """The rows that this run set aside, by export and reason, with one masked sample each; in the role loader."""
    return connection.cursor(row_factory=dict_row).execute(MASKED, [run_id]).fetchall()


def with_trends(results: Iterable[CheckResult], past: Iterable) -> list[Asked]:
    """Every check once, failed first and blocking before warning, with its answers in the runs before. Pure."""
    answers: dict[tuple[str, str], list] = {}
    for answer in past:
        answers.setdefault((answer.check, answer.subject), []).append(answer)
    newest = {(each.check, each.subject): each for each in sorted(results, key=lambda each: not each.passed)}
    asked = [Asked(result, trend(result, answers.get(key, []))) for key, result in newest.items()]
    order = (*SEVERITIES[:2], "info", "passed")
    return sorted(asked, key=lambda each: (order.index(each.verdict), each.result.subject, each.result.check))


def trend(result: CheckResult, answers: Iterable) -> tuple[Point, ...]:
    """The answers as points; a figure is given where the finding is the same sentence with other numbers. Pure."""
    return tuple(
        Point(
            each.business_date, verdict(each.severity, each.passed), each.observed,
            _figure(each.observed) if _sentence(each.observed) == _sentence(result.observed) else None,
        )
        for each in answers
    )  # fmt: skip


def _sentence(observed: str) -> str:
    return NUMBER.sub("#", observed)


def _figure(observed: str) -> float | None:
    """The first number of a finding, which says what was found; what is usual comes after it."""
    found = NUMBER.search(observed)
    return float(found[0].replace(",", "").rstrip(".")) if found else None
