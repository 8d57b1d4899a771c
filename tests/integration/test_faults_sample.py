"""A few faults of a run, drawn anew each time: what `make faults` sweeps for hours.

A failure prints its seed; FAULTS_SEED repeats a draw.
"""

import random
from collections.abc import Iterator

import psycopg
import pytest

from faults import checks, steps
from faults.business import Business, raw_hashes

KILLS = {"ingest": 2, "publication": 3, "build": 1}
MOMENTS = 2
FAULTS = sum(KILLS.values()) + MOMENTS


@pytest.fixture(scope="module")
def business(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    made = Business(server_url, tmp_path_factory.mktemp("business"))
    made.prepare()
    yield made
    made.drop()


def drawn(business: Business) -> list[tuple]:
    """The faults: what to do, and where."""
    draw = random.Random(checks.SEED)
    places = {
        "ingest": (checks.killed_in_ingest, steps.INGEST),
        "publication": (checks.killed_in_publish, steps.PUBLISH),
        "build": (checks.killed_in_build, steps.BUILD),
    }
    found = [
        (name, one, place)
        for name, (one, names) in places.items()
        for place in sorted(draw.sample(range(1, business.statements[names] + 1), KILLS[name]))
    ]
    for number in range(MOMENTS):
        names, template = ((steps.INGEST, "published"), (steps.PUBLISH, "built"))[number % 2]
        moment = draw.uniform(0, business.seconds[names])
        found.append(("moment", lambda b, s, names=names, template=template: checks.killed_after(b, names, template, s),
                      moment))
    return found


@pytest.mark.parametrize("number", range(FAULTS))
def test_a_night_converges_after_a_fault(business: Business, number: int) -> None:
    name, one, place = drawn(business)[number]
    checks.sweep(name, one, business, [place])


def test_what_did_not_converge_is_noticed(business: Business) -> None:
    """A row lost on the way in, and one on the way out: the hashes that the faults are judged by tell."""
    with business.case("loaded") as case:
        with psycopg.connect(case.url) as admin:
            admin.execute("delete from raw.touches where ctid = (select ctid from raw.touches limit 1)")
        assert raw_hashes(case) != business.raw
    with business.case("built") as case:
        with psycopg.connect(case.url) as admin:
            admin.execute("delete from build.users where ctid = (select ctid from build.users limit 1)")
        case.run(steps.PUBLISH)
        with pytest.raises(AssertionError):
            checks.converges(business, case)
