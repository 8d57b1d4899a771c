"""The table of faults without a check of their own: what comes of each on TRIALS simulated nights, line by line.

It runs at 20,000 users; UNNAMED_USERS and UNNAMED_NIGHTS set another size, at which fewer lines can be told
(docs/reliability.md says which). `-s` shows the table.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import changes
import pytest
from clean_nights import Business, attempt, business
from quick_gate import QuickGate
from unnamed import BAD_ROW, BLOCK, FAULTS, Fault

from userops.checks import CheckResult
from userops.settings import Settings

USERS = int(os.environ.get("UNNAMED_USERS") or 20_000)
NIGHTS = int(os.environ.get("UNNAMED_NIGHTS") or 81)
TRIALS, LARGE = 20, 20_000
# Of a rare kind each, and one that several checks tell.
WHOLE_RUNS = ("no fault", "phones one row lower", "a store missing", "orders of last week", "words for nothing")
pytestmark = [pytest.mark.slow_corruptions, pytest.mark.timeout(7200)]


@pytest.fixture(scope="module")
def gate(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickGate]:
    """The raw gate of a business, all nights loaded."""
    folder = tmp_path_factory.mktemp("unnamed")
    with business(server_url, folder, "unnamed", USERS, NIGHTS, publish=False, whole=True) as made:
        changes.PAST[:] = [made]
        yield QuickGate(made, Settings.load())


@pytest.fixture(scope="module")
def clean(gate: QuickGate) -> dict[date, list[CheckResult]]:
    """The answers of each trial's night as it was delivered."""
    return {day: gate.judge(day) for day in (gate.made.day - timedelta(days=k) for k in range(TRIALS))}


def test_nights_without_a_fault_are_published(clean: dict[date, list[CheckResult]]) -> None:
    assert [f"{day} {r.check}@{r.subject}" for day, found in clean.items() for r in found if r.blocks] == []


class NoSuchRow(Exception):
    """The night has no row that the fault could be in."""


def changing(fault: Fault) -> Callable[[Path], None]:
    """The fault's change; raises NoSuchRow."""

    def change(folder: Path) -> None:
        try:
            fault.change(folder)
        except AssertionError as error:
            raise NoSuchRow(fault.name) from error

    return change


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_is_told(gate: QuickGate, clean: dict, tmp_path: Path, fault: Fault) -> None:
    came = []
    for number, day in enumerate(clean):
        with suppress(NoSuchRow):
            came.append(fault.came(gate.attempt(day, tmp_path / str(number), changing(fault)), clean[day]))
    counts = {each: came.count(each) for each in dict.fromkeys(came)}
    print(f"{fault.name}: wanted {fault.wanted}, came {counts}")
    assert came.count(fault.wanted) >= (fault.share if USERS >= LARGE else fault.small) * len(came), counts
    assert fault.wanted == BLOCK or BLOCK not in came, counts


@pytest.fixture(scope="module")
def small(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    """A business whose last night is still to come."""
    with business(server_url, tmp_path_factory.mktemp("small"), "small", 1200, 36, publish=False) as made:
        yield made


@pytest.mark.parametrize("name", WHOLE_RUNS)
def test_a_run_says_what_the_quick_gate_says(server_url: str, small: Business, tmp_path: Path, name: str) -> None:
    fault = next((each for each in FAULTS if each.name == name), Fault(name, lambda folder: None, BAD_ROW))
    changes.PAST[:] = [small]
    quick = QuickGate(small, Settings.load()).attempt(small.day, tmp_path / "quick", fault.change)
    outcome = attempt(server_url, small, tmp_path / "run", fault.change)
    asked = {(r.check, r.subject): (r.passed, r.severity, r.observed) for r in quick if r.layer == "expectations"}
    answered = {(r.check, r.subject): (r.passed, r.severity, r.observed) for r in outcome.results}
    assert asked and {key: answered[key] for key in asked} == asked
    assert {(r.check, r.subject) for r in quick if r.blocks} == {
        (r.check, r.subject) for r in outcome.results if r.blocks
    }
