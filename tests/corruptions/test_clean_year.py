"""No false alarm: a clean simulated year blocks no night and warns at most twice a month.

It has promotions, holidays, a Double 11 of eight times, a store that opens and a channel that is switched off. The
same year with a drift of 1 % a night (corruption 38) warns.
"""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import psycopg
import pytest
from clean_nights import Business, business, run_steps

from conftest import fresh_database
from userops.checks import CheckResult
from userops.gate import runner
from userops.gate.suites import Suite, load_suite
from userops.settings import PROJECT_ROOT, Settings

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


def outcomes(suite: Suite, measured: dict) -> dict[str, bool]:
    """What Great Expectations says of bounds, without its second a night; held against it on single nights below."""
    return {
        check.key: all(
            e.arguments.get("min_value", float("-inf"))
            <= measured[check.query][e.column]
            <= e.arguments.get("max_value", float("inf"))
            for e in check.expectations
        )
        for check in suite.checks
    }


def judged(url: str, suite: Suite, day: date) -> list[CheckResult]:
    """The raw checks of one night, the one before it published."""
    parameters = runner.parameters_of(Settings.load(), day, day - timedelta(days=1))
    measured, broken = runner.measure(url, suite, parameters)
    assert broken == {}
    plain = outcomes(suite, measured)
    if day.day == 11:
        assert plain == runner.evaluate(suite, measured)
    return [runner.judge(check, measured, broken, plain) for check in suite.checks]


def test_a_clean_year_blocks_nothing_and_warns_at_most_twice_a_month(year) -> None:
    _, url = year
    suite = load_suite(PROJECT_ROOT / "expectations", "raw")
    told: dict[int, list[str]] = defaultdict(list)
    blocked, open_before, asked = [], set(), 0
    days = [FIRST + timedelta(days=k) for k in range(1, NIGHTS)]
    with ThreadPoolExecutor(2) as pool:
        nights = list(pool.map(lambda day: judged(url, suite, day), days))
    for day, results in zip(days, nights, strict=True):
        asked += sum(r.severity != "info" for r in results)
        failed = [r for r in results if not r.passed]
        blocked += [f"{day} {r.check}@{r.subject}: {r.observed} {r.detail}" for r in failed if r.blocks]
        # A warning that stays is told once, and all of a night in one message.
        new = {f"{r.check}@{r.subject}" for r in failed} - open_before
        if new:
            told[day.month].append(f"{day} {sorted(new)}")
        open_before = {f"{r.check}@{r.subject}" for r in failed}
    assert blocked == []
    assert {month: messages for month, messages in told.items() if len(messages) > 2} == {}, dict(told)
    assert asked > NIGHTS * len(suite.checks) / 2, "most answers were real ones"


def test_whole_nights_of_the_year_are_published(year) -> None:
    _, url = year
    for day in WHOLE:
        outcome = run_steps(day, url, "publish")
        assert not outcome.blocked, (day, outcome.failing())
        assert outcome.of("day_net_unusual").passed or day == DOUBLE_11, outcome.failing()


@pytest.mark.parametrize("size", [1, 0.2], ids=["the business", "a fifth of it"])
@pytest.mark.parametrize("drift", DRIFTS)
def test_a_slow_drift_warns(server_url, year, drift: str, size: float) -> None:
    """No single night shows it: the first weeks are silent, then it is said, and in the end every night."""
    made, _ = year
    suite = load_suite(PROJECT_ROOT / "expectations", "raw")
    (check,) = (c for c in suite.checks if c.name == "slow_drift")
    asked = Suite({check.query: suite.queries[check.query]}, (check,), {"order_days": suite.prepared["order_days"]})
    with fresh_database(server_url, made.database) as url:
        with psycopg.connect(url) as admin:
            thinned = "delete from raw.orders where abs(hashtextextended(order_id, 2) %% 1000) >= %s"
            admin.execute(thinned, [1000 * size])
            admin.execute(DRIFTS[drift], {"since": DRIFT_FROM})
            admin.execute("analyze raw.orders")
        answers = [judged(url, asked, DRIFT_FROM + timedelta(days=k))[0] for k in range(WATCHED)]
    # The first fortnight of a quarter is not judged: its days would stand in for the fortnight before.
    assert {answer.severity for answer in answers[:14]} == {"info"}
    assert {answer.severity for answer in answers[14:]} == {"warning"}
    told = [night for night, answer in enumerate(answers) if not answer.passed]
    assert told and 14 <= told[0] <= TOLD_BY, [answer.observed for answer in answers]
    assert told[-7:] == list(range(WATCHED - 7, WATCHED)), told
