"""No false alarm: a clean simulated year blocks no night and warns at most twice a month.

It has promotions, holidays, a Double 11 of eight times, a store that opens and a channel that is switched off. The
same year with a drift of 1 % a night (corruption 38) warns.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from clean_nights import Business, business, run_steps

from conftest import fresh_database
from measuring import RUN, build, judge_plainly, named
from userops.checks import CheckResult
from userops.gate import run_checkpoint
from userops.settings import Settings

FIRST, NIGHTS = date(2025, 1, 1), 365
DOUBLE_11 = date(2025, 11, 11)
# Whole nights, marts and all: quarters' ends, the peak and the last night.
WHOLE = (date(2025, 3, 31), date(2025, 6, 30), DOUBLE_11, date(2025, 12, 31))
# Each night 1 % less, or dearer, than the one before, from the first of a quarter on, of a business that is no longer
# young: 30 % after 36 nights, seen in the mean of a fortnight a week later, and later by what the business grows.
DRIFT_FROM, WATCHED, TOLD_BY = date(2025, 7, 1), 60, 52
DRIFTS = {
    "fewer orders": "delete from raw.orders where placed_at::date >= %(since)s"
    " and abs(hashtextextended(order_id, 1) %% 10000) >= 10000 * 0.99 ^ (placed_at::date - %(since)s)",
    "dearer orders": "update raw.orders set paid_amount = paid_amount * 1.01 ^ (placed_at::date - %(since)s)"
    " where placed_at::date >= %(since)s",
}
pytestmark = [pytest.mark.slow_corruptions, pytest.mark.timeout(7200)]


@pytest.fixture(scope="module")
def year(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Business, str]]:
    """The year is loaded (loading itself says nothing: that is asserted), nothing is published yet."""
    with business(
        server_url, tmp_path_factory.mktemp("year"), "year", 16000, NIGHTS, publish=False, first=FIRST, whole=True
    ) as made:
        yield made, made.url


def judged(url: str, day: date, select: str = "") -> dict[str, CheckResult]:
    """The raw checks of one night, the one before it published; Great Expectations itself judges one a month."""
    settings = Settings.load()
    build(settings, url, "raw", day, day - timedelta(days=1), select=select)
    results = judge_plainly(settings, url, "raw")
    if day.day == 11 and not select:
        assert named(run_checkpoint(settings, url, "raw", RUN)) == results
    return results


def test_a_clean_year_blocks_nothing_and_warns_at_most_twice_a_month(year) -> None:
    _, url = year
    told: dict[int, list[str]] = defaultdict(list)
    blocked, open_before, asked, answers = [], set(), 0, 0
    for day in [FIRST + timedelta(days=k) for k in range(1, NIGHTS)]:
        results = judged(url, day)
        answers += len(results)
        asked += sum(r.severity != "info" for r in results.values())
        failed = {name: r for name, r in results.items() if not r.passed}
        blocked += [f"{day} {name}: {r.observed}" for name, r in failed.items() if r.blocks]
        # A warning that stays is told once, and all of a night in one message.
        new = set(failed) - open_before
        if new:
            told[day.month].append(f"{day} {sorted(new)}")
        open_before = set(failed)
    assert blocked == []
    assert {month: messages for month, messages in told.items() if len(messages) > 2} == {}, dict(told)
    assert asked > answers / 2, "most answers were real ones"


def test_whole_nights_of_the_year_are_published(year) -> None:
    _, url = year
    for day in WHOLE:
        outcome = run_steps(day, url, "publish")
        assert not outcome.blocked, (day, outcome.failing())
        assert outcome.of("day_net_unusual").passed or day == DOUBLE_11, outcome.failing()


@pytest.mark.parametrize("size", [1, 0.2], ids=["the business", "a fifth of it"])
@pytest.mark.parametrize("drift", DRIFTS)
def test_a_slow_drift_warns(
    server_url, year, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drift: str, size: float
) -> None:
    """No single night shows it: the first weeks are silent, then it is said, and in the end every night."""
    made, _ = year
    with fresh_database(server_url, made.database) as url:
        with psycopg.connect(url) as admin:
            thinned = "delete from raw.orders where abs(hashtextextended(order_id, 2) %% 1000) >= %s"
            admin.execute(thinned, [1000 * size])
            admin.execute(DRIFTS[drift], {"since": DRIFT_FROM})
            admin.execute("analyze raw.orders")
        # A parsed project is of one database.
        monkeypatch.setenv("USEROPS_HOME", str(tmp_path))
        days = [DRIFT_FROM + timedelta(days=k) for k in range(WATCHED)]
        answers = [judged(url, day, "order_days order_levels")["slow_drift@orders"] for day in days]
    # The first fortnight of a quarter is not judged: its days would stand in for the fortnight before.
    assert {answer.severity for answer in answers[:14]} == {"info"}
    assert {answer.severity for answer in answers[14:]} == {"warning"}
    told = [night for night, answer in enumerate(answers) if not answer.passed]
    assert told and 14 <= told[0] <= TOLD_BY, [answer.observed for answer in answers]
    assert told[-7:] == list(range(WATCHED - 7, WATCHED)), told
