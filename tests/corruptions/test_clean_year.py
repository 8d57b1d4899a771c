"""No false alarm: a clean simulated year blocks no night and warns at most twice a month.

It has promotions, holidays, a Double 11 of eight times, a store that opens and a channel that is switched off.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from clean_nights import Business, business, run

from userops.checks import CheckResult
from userops.gate import runner
from userops.gate.suites import Suite, load_suite
from userops.settings import PROJECT_ROOT, Settings

FIRST, NIGHTS = date(2025, 1, 1), 365
DOUBLE_11 = date(2025, 11, 11)
# Whole nights, marts and all: quarters' ends, the peak and the last night.
WHOLE = (date(2025, 3, 31), date(2025, 6, 30), DOUBLE_11, date(2025, 12, 31))
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
    for day in (FIRST + timedelta(days=k) for k in range(1, NIGHTS)):
        results = judged(url, suite, day)
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
        outcome = run(day, url, "publish")
        assert not outcome.blocked, (day, outcome.failing())
        assert outcome.of("day_net_unusual").passed or day == DOUBLE_11, outcome.failing()
