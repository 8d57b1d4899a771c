"""Faults 12, 17–19: sessions ended by the server, lines cut inside COPY and on COMMIT, a slow network."""

import psycopg
import pytest

from faults import checks, steps
from faults.business import Business, Case, raw_hashes
from faults.proxy import INSIDE_COPY, Boundary, Link

COMMIT_OF = {"load": ("update meta.writer", 60), "flip": ("update meta.pointer", 1)}


def disturbed(case: Case, names: tuple[str, ...], before) -> str:
    """Run the steps with a fault at the proxy: they end by an error, and are told of once by `fail`."""
    case.proxy.reset(before)
    child = case.start(names)
    assert child.wait() == 1, "the fault was not noticed"
    case.proxy.reset()
    case.run(("fail",), error=child.error)
    failed = [m for m in case.messages() if "run on nightly" in m["body"] and m["kind"] == "alert"]
    assert len(failed) == 1
    return child.error


def recovers(business: Business, case: Case, names: tuple[str, ...]) -> None:
    """The same steps again, undisturbed; the failure's alert recovers with the publication, once."""
    case.run(names)
    if names == steps.INGEST:
        assert raw_hashes(case) == business.raw
        return
    kinds = [m["kind"] for m in case.messages() if "run on nightly" in m["body"] or "run@nightly" in m["body"]]
    assert kinds == ["alert", "recovery"]


def test_cut_inside_copy(business: Business) -> None:
    def cut(boundary: Boundary, link: Link) -> None:
        if boundary.text == INSIDE_COPY and sum(text == INSIDE_COPY for text in case.proxy.reached) == 4:
            link.cut()

    with business.case("published") as case, case.reading({business.before}):
        disturbed(case, steps.INGEST, cut)
        recovers(business, case, steps.INGEST)


@pytest.mark.parametrize("arrives", [False, True], ids=["COMMIT lost", "answer lost"])
@pytest.mark.parametrize("which", ["load", "flip"])
def test_reset_on_commit(business: Business, which: str, arrives: bool) -> None:
    """The client cannot know whether it was committed; the run ends, and the next finds out."""
    names, template = (steps.INGEST, "published") if which == "load" else (steps.PUBLISH, "built")
    wanted, times = COMMIT_OF[which]
    hits: list[int] = []

    def reset(boundary: Boundary, link: Link) -> None:
        seen = [n for n, text in enumerate(case.proxy.reached) if text.startswith(wanted)]
        if boundary.text in ("COMMIT", "commit") and len(seen) >= times and not hits:
            hits.append(boundary.number)
            link.mute = arrives
            if not arrives:
                link.cut()

    with business.case(template) as case, case.reading({business.before, business.after}):
        case.proxy.reset(reset)
        assert case.start(names).wait() == 1
        case.proxy.reset()
        case.run(names)
        if which == "load":
            assert raw_hashes(case) == business.raw
        else:
            checks.converges(business, case)


def test_sessions_ended_by_the_server(business: Business) -> None:
    """pg_terminate_backend on every session of the run, in the middle of the loads and of the filling of a slot."""
    def end(boundary: Boundary, link: Link) -> None:
        if boundary.number == 80:
            with psycopg.connect(business.server_url, autocommit=True) as admin:
                admin.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
                    " and pid <> pg_backend_pid() and query !~ 'bi_reader|marts'", [case.name]
                )

    for names, template in ((steps.INGEST, "published"), (steps.PUBLISH, "built")):
        with business.case(template) as case, case.reading({business.before, business.after}, may_be_away=True):
            case.proxy.reset(end)
            assert case.start(names).wait() == 1
            case.proxy.reset()
            case.run(names)
            if names == steps.INGEST:
                assert raw_hashes(case) == business.raw
            else:
                checks.converges(business, case)


def test_a_slow_network_changes_nothing_but_the_time(business: Business) -> None:
    with business.case("published") as case, case.reading({business.before}):
        case.proxy.delay = 0.01
        case.run(steps.INGEST)
        assert case.messages() is not None
        assert raw_hashes(case) == business.raw
