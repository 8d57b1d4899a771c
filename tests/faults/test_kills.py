"""Faults 1–7: a kill at every statement boundary of a night, and 300 kills at random moments.

`FAULTS_EVERY=n` takes every n-th boundary, `FAULTS_SEED` repeats the random ones. The loads of one night are all killed
at their n-th statement, since none reads what another wrote. dbt's part takes a whole night a case, so of its
boundaries `FAULTS_BUILDS` (12) are drawn, and one in 50 of the random moments falls into it.
"""

import os
import random

import pytest

from faults import checks, steps
from faults.business import Business
from userops.contracts.model import load_contracts

BUILDS = int(os.environ.get("FAULTS_BUILDS") or 12)
RANDOM = int(os.environ.get("FAULTS_RANDOM") or 300)
# Long sweeps come in shares, so that workers can take them side by side.
SHARES = 4
share = pytest.mark.parametrize("share", range(SHARES))


@pytest.fixture(scope="module")
def landed(business: Business) -> str:
    """The state in which everything is loaded and nothing is checked."""
    with business.case("published") as case:
        case.run(("begin", "ingests"))
        business.keep(case, "landed")
    return "landed"


def test_killed_at_every_boundary_of_the_beginning(business: Business) -> None:
    with business.case("published") as case:
        last = case.statements(("begin",))
    assert last > 30
    checks.sweep("begin", checks.killed_in_ingest, business, range(1, last + 1, checks.EVERY))


@share
def test_killed_at_every_boundary_of_the_loads(business: Business, share: int) -> None:
    with business.case("published") as case:
        case.run(("begin",))
        last = {export: case.statements((f"ingest {export}",)) for export in load_contracts()}
    assert min(last.values()) > 10

    def one(business: Business, number: int) -> str:
        return checks.killed_in_loads(business, number, [export for export in last if last[export] >= number])

    checks.sweep("ingests", one, business, range(1, max(last.values()) + 1, checks.EVERY)[share::SHARES])


@share
def test_killed_at_every_boundary_of_the_raw_checks(business: Business, landed: str, share: int) -> None:
    names = ("begin", "check_raw")
    with business.case(landed) as case:
        begun, last = case.statements(("begin",)), case.statements(names)
    assert last > begun + 100

    def one(business: Business, number: int) -> str:
        return checks.killed_in_ingest(business, number, landed, names)

    checks.sweep("raw checks", one, business, range(begun + 1, last + 1, checks.EVERY)[share::SHARES])


@share
def test_killed_at_every_boundary_of_the_publication(business: Business, share: int) -> None:
    last = business.statements[steps.PUBLISH]
    assert last > 100
    checks.sweep("publish", checks.killed_in_publish, business, range(1, last + 1, checks.EVERY)[share::SHARES])


@share
def test_killed_inside_and_between_models(business: Business, share: int) -> None:
    last = business.statements[steps.BUILD]
    assert last > 300
    drawn = random.Random(checks.SEED).sample(range(1, last + 1), BUILDS)
    checks.sweep("build", checks.killed_in_build, business, drawn[share::SHARES])


@share
def test_killed_at_random_moments(business: Business, share: int) -> None:
    draw = random.Random(f"{checks.SEED} {share}")
    ingest, build, publish = (business.seconds[names] for names in (steps.INGEST, steps.BUILD, steps.PUBLISH))
    places = [
        ("published", steps.INGEST, ingest),
        ("built", steps.PUBLISH, publish),
        ("loaded", (*steps.BUILD, *steps.PUBLISH), build + publish),
    ]

    def one(_: Business, number: int) -> str:
        template, names, length = places[2 if number % 50 == 0 else number % 2]
        return checks.killed_after(business, names, template, draw.uniform(0, length))

    checks.sweep("random", one, business, range(1, RANDOM + 1)[share::SHARES])
