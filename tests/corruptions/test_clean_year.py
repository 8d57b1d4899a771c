"""No false alarm: a clean simulated year, and 60 nights at 20,000 users, block nothing and warn twice a month at most.

The year has promotions, holidays, a Double 11 of eight times, a store that opens and a channel that is switched off. A
drift of 1 % a night (corruption 38) warns.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from clean_nights import Business, business, run_steps
from quick_gate import QuickGate

from userops.settings import Settings

FIRST, DOUBLE_11 = date(2025, 1, 1), date(2025, 11, 11)
# (users, nights): the budget of the gate's specification.
YEAR, NIGHTS = (1500, 365), (20_000, 61)
MOST_WARNINGS = 2
# Whole nights, marts and all: months' ends and the peak.
WHOLE = [*(date(2025, month, 1) - timedelta(days=1) for month in range(2, 13)), date(2025, 12, 31), DOUBLE_11]
# Each night 1 % less, or dearer, than the one before, from the first of a quarter on, of a business that is no longer
# young: 30 % after 36 nights, seen in the mean of a fortnight a week later, and later by what the business grows.
DRIFT_FROM, WATCHED, TOLD_BY = date(2025, 7, 1), 60, 52
AGE = f"(placed_at::date - date '{DRIFT_FROM}')"
DRIFTS = {
    "fewer orders": f"select * from every.orders where {AGE} < 0 or hash(order_id) % 10000 < 10000 * 0.99 ^ {AGE}",
    "dearer orders": f"select * replace ((paid_amount * 1.01 ^ greatest(0, {AGE}))::decimal(18, 2) as paid_amount)"
    " from every.orders",
}
pytestmark = [pytest.mark.slow_corruptions, pytest.mark.timeout(7200)]


@pytest.fixture(scope="module")
def year(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    """The year is loaded (loading itself says nothing: that is asserted), nothing is published yet."""
    folder = tmp_path_factory.mktemp("year")
    with business(server_url, folder, "year", *YEAR, publish=False, first=FIRST, whole=True) as made:
        yield made


@pytest.fixture(scope="module")
def nights(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    with business(server_url, tmp_path_factory.mktemp("nights"), "nights", *NIGHTS, publish=False, whole=True) as made:
        yield made


@pytest.mark.parametrize(("name", "first"), [("year", FIRST), ("nights", None)])
def test_clean_nights_block_nothing_and_warn_at_most_twice_a_month(request, name: str, first: date | None) -> None:
    made = request.getfixturevalue(name)
    count = YEAR[1] if first else NIGHTS[1]
    gate = QuickGate(made, Settings.load())
    told: dict[str, list[str]] = defaultdict(list)
    blocked, open_before = [], set()
    for day in (made.day - timedelta(days=k) for k in range(count - 2, -1, -1)):
        failed = {f"{r.check}@{r.subject}": r for r in gate.judge(day) if not r.passed}
        blocked += [f"{day} {name}: {r.observed}" for name, r in failed.items() if r.blocks]
        # A warning that stays is told once, and all of a night in one message.
        if set(failed) - open_before:
            told[f"{day:%Y-%m}"].append(f"{day} {sorted(set(failed) - open_before)}")
        open_before = set(failed)
    assert blocked == []
    assert {month: messages for month, messages in told.items() if len(messages) > MOST_WARNINGS} == {}, dict(told)


def test_whole_nights_of_the_year_are_published(year: Business) -> None:
    for day in sorted(WHOLE):
        outcome = run_steps(day, year.url, "publish")
        assert not outcome.blocked, (day, outcome.failing())
        assert outcome.of("day_net_unusual").passed or day == DOUBLE_11, outcome.failing()


@pytest.fixture(scope="module")
def orders(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickGate]:
    """The orders of a larger business over the year."""
    with business(
        server_url, tmp_path_factory.mktemp("orders"), "orders", 16_000, 365, publish=False, first=FIRST, whole=True,
        exports=["orders"],
    ) as made:
        yield QuickGate(made, Settings.load())


@pytest.mark.parametrize("thousandths", [1000, 200], ids=["the business", "a fifth of it"])
@pytest.mark.parametrize("drift", DRIFTS)
def test_a_slow_drift_warns(orders: QuickGate, drift: str, thousandths: int) -> None:
    """No single night shows it: the first weeks are silent, then it is said, and in the end every night."""
    rows = f"select * from ({DRIFTS[drift]}) where hash(order_id, 2) % 1000 < {thousandths}"
    answers = []
    for day in (DRIFT_FROM + timedelta(days=k) for k in range(WATCHED)):
        found = orders.judge(day, measure="order_levels", orders=rows)
        answers += [result for result in found if result.check == "slow_drift"]
    # The first fortnight of a quarter is not judged: its days would stand in for the fortnight before.
    assert {answer.severity for answer in answers[:14]} == {"info"}
    assert {answer.severity for answer in answers[14:]} == {"warning"}
    told = [night for night, answer in enumerate(answers) if not answer.passed]
    assert told and 14 <= told[0] <= TOLD_BY, [answer.observed for answer in answers]
    assert told[-7:] == list(range(WATCHED - 7, WATCHED)), told
