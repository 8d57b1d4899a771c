"""Every corruption of the gate's specification on a clean simulated night: caught by the gate that is named for it.

The whole suite is `make corruptions`; continuous integration runs the cases marked `quick` on the small business.
"""

from collections.abc import Iterator
from pathlib import Path

import changes
import clean_nights
import pytest
from catalogue import BIG, BOTH, CASES, SMALL, Case
from clean_nights import Business, attempt, business

from userops.ingest import landing

pytestmark = pytest.mark.slow

# (users, nights). The big one is two months old: in its first weeks a business grows by a third a month, and a night
# without a third of its rows is one of last month.
SIZES = {SMALL: (1200, 36), BIG: (24000, 61)}
slow = pytest.mark.slow_corruptions


@pytest.fixture(scope="module")
def small(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    """About thirty orders a night: too few for most questions of plausibility."""
    with business(server_url, tmp_path_factory.mktemp(SMALL), SMALL, *SIZES[SMALL], publish=False) as made:
        yield made


@pytest.fixture(scope="module")
def big(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    """Some hundred orders a night, published as a user publishes: marts and all."""
    with business(server_url, tmp_path_factory.mktemp(BIG), BIG, *SIZES[BIG], publish=True, compact=True) as made:
        yield made


def cases() -> Iterator:
    for case in CASES:
        for size in BOTH:
            if size in case.sizes:
                marks = [] if case.quick and size == SMALL else [slow]
                yield pytest.param(case, size, id=f"{case.id}-{size}", marks=marks)


def break_night(server_url: str, past: Business, folder: Path, change) -> clean_nights.Outcome:
    changes.PAST[:] = [past]
    return attempt(server_url, past, folder, change)


@pytest.mark.parametrize("size", [SMALL, pytest.param(BIG, marks=slow)])
def test_the_clean_night_passes_without_a_warning(server_url, request, tmp_path, size: str) -> None:
    outcome = break_night(server_url, request.getfixturevalue(size), tmp_path, lambda folder: None)
    assert outcome.failing() == []
    assert not outcome.blocked


@pytest.mark.parametrize(("case", "size"), list(cases()))
def test_a_corruption_is_caught_by_its_gate(server_url, request, tmp_path, monkeypatch, case: Case, size: str) -> None:
    if case.name == "grows past the limit":
        monkeypatch.setattr(landing, "SMALL", 500)
        monkeypatch.setattr(landing, "GROWTH_LIMIT", 1)
    past = request.getfixturevalue(size)
    outcome = break_night(server_url, past, tmp_path, case.change)
    assert outcome.unchanged, "readers see something else than before"
    found = outcome.of(case.check, case.subject or case.export)
    if size in case.info_on:
        assert (found.severity, found.passed) == ("info", True), outcome.failing()
        assert "not enough" in found.observed
        return
    assert not found.passed, (found, outcome.failing())
    assert (found.severity, found.layer) == (case.severity, case.layer)
    assert outcome.blocked == (case.severity == "critical"), outcome.failing()
    assert_told(outcome, case, past)


def assert_told(outcome: clean_nights.Outcome, case: Case, past: Business) -> None:
    """The one alert names cause and place, what was expected, and what readers see meanwhile."""
    assert outcome.alerts.count("Affected: ") == 1, "one message a night"
    assert f"{case.check} on {case.subject or case.export}: found" in outcome.alerts
    assert "expected" in outcome.alerts
    assert case.says in outcome.alerts
    assert f"Readers still see version 1 of {past.folder().parent and outcome_date(past)}" in outcome.alerts


def outcome_date(past: Business) -> str:
    from datetime import timedelta

    return (past.day - timedelta(days=1)).isoformat()
