"""The table of faults without a check of their own: what comes of each on a simulated night, line by line.

It runs at 20,000 users; UNNAMED_USERS and UNNAMED_NIGHTS set another size, at which fewer lines can be
told (`expectations/README.md` says from where on each is).
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import unnamed
from changes import PAST
from clean_nights import Business, Outcome, attempt, business

USERS = int(os.environ.get("UNNAMED_USERS") or 20_000)
NIGHTS = int(os.environ.get("UNNAMED_NIGHTS") or 61)
pytestmark = [pytest.mark.slow_corruptions, pytest.mark.timeout(7200)]


@pytest.fixture(scope="module")
def past(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    """The nights before, loaded and said to be published."""
    with business(server_url, tmp_path_factory.mktemp("unnamed"), "unnamed", USERS, NIGHTS, publish=False) as made:
        PAST[:] = [made]
        yield made


def seen(outcome: Outcome) -> str:
    """What came of the night."""
    if outcome.blocked:
        return unnamed.BLOCK
    if any(not r.passed and r.severity == "warning" for r in outcome.results):
        return unnamed.WARN
    return "published"


def test_the_night_without_a_fault_is_published(server_url: str, past: Business, tmp_path: Path) -> None:
    outcome = attempt(server_url, past, tmp_path, lambda folder: None)
    assert seen(outcome) == "published", outcome.failing()


@pytest.mark.parametrize("fault", unnamed.FAULTS, ids=lambda fault: fault.id)
def test_a_fault_is_told(server_url: str, past: Business, tmp_path: Path, fault: unnamed.Fault) -> None:
    outcome = attempt(server_url, past, tmp_path, fault.change)
    found = "\n".join(outcome.failing())
    print(f"{fault.name}: wanted {fault.wanted}, seen {seen(outcome)}\n{found}")
    assert outcome.unchanged, "readers see something else than before"
    if fault.wanted == unnamed.BAD_ROW:
        with_reason = [r for r in outcome.results if r.check == "bad_rows" and r.observed != "none"]
        assert with_reason and not outcome.blocked, found
    else:
        assert seen(outcome) == fault.wanted, found
