"""Faults 1–7: a kill at every statement boundary of a night, and 300 kills at random moments.

`FAULTS_EVERY=n` takes every n-th boundary, `FAULTS_SEED` repeats the random ones. dbt's part takes a whole night a
case, so of its boundaries `FAULTS_BUILDS` (12) are drawn, and one in 50 of the random moments falls into it.
"""

import os
import random

from faults import checks, steps
from faults.business import Business

BUILDS = int(os.environ.get("FAULTS_BUILDS") or 12)
RANDOM = int(os.environ.get("FAULTS_RANDOM") or 300)


def test_killed_at_every_boundary_of_the_ingest(business: Business) -> None:
    last, _ = checks.count(business, "published", steps.INGEST)
    assert last > 500
    checks.sweep("ingest", checks.killed_in_ingest, business, range(1, last + 1, checks.EVERY))


def test_killed_at_every_boundary_of_the_publication(business: Business) -> None:
    last, _ = checks.count(business, "built", steps.PUBLISH)
    assert last > 100
    checks.sweep("publish", checks.killed_in_publish, business, range(1, last + 1, checks.EVERY))


def test_killed_inside_and_between_models(business: Business) -> None:
    last, _ = checks.count(business, "loaded", steps.BUILD)
    assert last > 300
    draw = random.Random(checks.SEED)
    checks.sweep("build", checks.killed_in_build, business, sorted(draw.sample(range(1, last + 1), BUILDS)))


def test_killed_at_random_moments(business: Business) -> None:
    draw = random.Random(checks.SEED)
    places = [("published", steps.INGEST), ("built", steps.PUBLISH), ("loaded", (*steps.BUILD, *steps.PUBLISH))]
    lengths = [checks.count(business, *place)[1] for place in places]

    def one(_: Business, number: int) -> str:
        which = 2 if number % 50 == 0 else number % 2
        template, names = places[which]
        return checks.killed_after(business, names, template, draw.uniform(0, lengths[which]))

    checks.sweep("random", one, business, range(1, RANDOM + 1))
