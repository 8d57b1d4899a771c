"""What must hold after a fault, whatever it was; and the sweeps over kill points that both suites use."""

import os
import random
import sys
from collections.abc import Iterable

from faults import steps
from faults.business import Business, Case, hashes, raw_hashes

EVERY = int(os.environ.get("FAULTS_EVERY") or 1)
SEED = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(10**6))


def converges(business: Business, case: Case) -> None:
    """The night is published with the marts of the undisturbed run, and everything was told once."""
    assert hashes(case.url) == business.marts
    assert case.told() == business.told
    assert case.watched() in ([], ["alert", "recovery"])


def killed_in_ingest(
    business: Business, number: int, template: str = "published", names: tuple[str, ...] = steps.INGEST
) -> str:
    """Kill before statement `number` of begin, loads and raw checks; one alert; the rerun leaves the clean raw rows."""
    with business.case(template) as case:
        with case.reading({business.before}):
            where = case.killed_at(number, names)
            case.look()
            assert case.watched() == ["alert"]
            case.run(names)
        assert raw_hashes(case) == business.raw
        return where


def killed_in_loads(business: Business, number: int, exports: list[str]) -> str:
    """A night in which the load of each of the exports is killed before its statement `number`, and begins again."""
    with business.case("published") as case:
        with case.reading({business.before}):
            case.run(("begin",))
            for export in exports:
                load = f"ingest {export}"
                where = case.killed_at(number, (load,))
                print(f"    {export}: {where}", file=sys.stderr)
                case.run(("begin", load))
            case.look()
            assert case.watched() == ["alert"]
            case.run(steps.INGEST)
        assert raw_hashes(case) == business.raw
        return f"{len(exports)} loads"


def killed_in_publish(business: Business, number: int) -> str:
    """Kill before statement `number` of the publication; the retry publishes the clean marts."""
    with business.case("built") as case:
        with case.reading({business.before, business.after}):
            where = case.killed_at(number, steps.PUBLISH)
            case.look()
            case.run(steps.PUBLISH)
        converges(business, case)
        return where


def killed_in_build(business: Business, number: int) -> str:
    """Kill before statement `number` of dbt; the whole night again."""
    with business.case("loaded") as case:
        with case.reading({business.before, business.after}):
            where = case.killed_at(number, steps.BUILD)
            case.look()
            assert case.watched() == ["alert"]
            case.run(steps.WHOLE)
        converges(business, case)
        return where


def killed_after(business: Business, names: tuple[str, ...], template: str, seconds: float) -> str:
    """Kill at a moment rather than at a statement; the same steps again."""
    with business.case(template) as case:
        with case.reading({business.before, business.after}):
            child = case.start(names)
            child.process.join(seconds)
            if child.process.is_alive():
                child.kill()
            child.wait()
            reached = len(case.proxy.reached)
            case.run(names if child.killed else ())
        if names == steps.INGEST:
            assert raw_hashes(case) == business.raw
        else:
            converges(business, case)
        return f"after {seconds:.2f} s, {reached} statements"


def sweep(name: str, one, business: Business, points: Iterable) -> None:
    """Run every point; go on after a failure and tell all of them at the end, each with how to replay it."""
    failures = []
    points = list(points)
    for place, point in enumerate(points, start=1):
        try:
            where = one(business, point)
        except AssertionError as error:
            failures.append(f"{name} {point} (seed {SEED}): {str(error)[:600]}")
            where = "FAILED"
        print(f"{name} {place}/{len(points)}: {point}: {where}", file=sys.stderr, flush=True)
    assert not failures, "\n".join(failures)
