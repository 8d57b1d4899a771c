"""Faults 23 and 24: the landing folder away, a file replaced while it is read; clocks that jump."""

import shutil
from pathlib import Path

import psycopg
import pytest

from faults import checks, steps
from faults.business import NIGHT, Business, Case, hashes, raw_hashes
from faults.proxy import INSIDE_COPY, Boundary, Link


@pytest.fixture
def landing(business: Business, tmp_path: Path) -> Path:
    """The delivery, to be disturbed."""
    return Path(shutil.copytree(business.landing, tmp_path / "landing"))


def told_of(case: Case, check: str) -> list[str]:
    """The kinds of the messages about a check, in order."""
    return [message["kind"] for message in case.messages() if check in message["body"]]


def in_the_middle(case: Case, strike) -> steps.Child:
    """Run begin and loads; strike inside the fourth COPY."""
    struck: list[int] = []

    def before(boundary: Boundary, link: Link) -> None:
        if boundary.text == INSIDE_COPY and not struck and case.proxy.reached.count(INSIDE_COPY) == 4:
            struck.append(boundary.number)
            strike()

    case.proxy.reset(before)
    child = case.start(steps.INGEST)
    child.wait()
    case.proxy.reset()
    assert struck, child.error
    return child


def test_the_landing_folder_is_away(business: Business, landing: Path) -> None:
    """The night is blocked and told of once, the watchdog adds nothing; with the folder back all is as it would be."""
    folder = landing / str(NIGHT)
    with business.case("published", landing) as case, case.reading({business.before, business.after}):
        folder.rename(landing / "away")
        child = case.start(steps.INGEST)
        assert child.wait() == 1 and "folder_present" in child.error
        case.look()
        assert case.watched() == []
        (landing / "away").rename(folder)
        case.run(steps.WHOLE)
        assert hashes(case.url) == business.marts
        assert told_of(case, "folder_present") == ["alert", "recovery"]
        assert [m for m in case.told() if "folder" not in m[1]] == business.told


def test_the_landing_folder_goes_away_in_the_middle(business: Business, landing: Path) -> None:
    """What was loaded stays, nothing is taken for withdrawn, and the run fails rather than go on without its files."""
    folder = landing / str(NIGHT)
    with business.case("published", landing) as case, case.reading({business.before}):
        child = in_the_middle(case, lambda: folder.rename(landing / "away"))
        assert child.process.exitcode == 1
        case.run(("fail",), error=child.error)
        assert told_of(case, "run on nightly") == ["alert"]
        with psycopg.connect(case.url) as admin:
            kept = admin.execute(
                "select count(*) filter (where state = 'loaded'), count(*) filter (where state = 'replaced')"
                " from meta.load_files where business_date = %s", [NIGHT]
            ).fetchone()
        assert kept[0] > 0 and kept[1] == 0
        (landing / "away").rename(folder)
        case.run(steps.INGEST)
        assert raw_hashes(case) == business.raw


def test_a_file_that_goes_away_in_the_middle_blocks(business: Business, landing: Path) -> None:
    """`begin` saw it, its load does not: the night cannot be judged without it."""
    last = landing / str(NIGHT) / "contacts.csv"
    with business.case("published", landing) as case, case.reading({business.before}):
        child = in_the_middle(case, lambda: last.rename(landing / "away"))
        assert child.process.exitcode == 1 and "file_there on contacts" in child.error, child.error
        assert told_of(case, "file_there on contacts") == ["alert"]
        (landing / "away").rename(last)
        case.run(steps.INGEST)
        assert raw_hashes(case) == business.raw


def test_a_file_is_replaced_while_it_is_read(business: Business, landing: Path) -> None:
    """Refused, whatever was read of it; delivered again it counts."""
    with business.case("published", landing) as case, case.reading({business.before}):
        def replace() -> None:
            for file in (landing / str(NIGHT)).glob("*.csv"):
                file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")

        child = in_the_middle(case, replace)
        assert child.process.exitcode == 1 and "is blocked" in child.error, child.error
        assert told_of(case, "file_unchanged") == ["alert"]
        shutil.copytree(business.landing, landing, dirs_exist_ok=True)
        case.run(steps.INGEST)
        assert raw_hashes(case) == business.raw


@pytest.mark.parametrize("hours", [1, -1])
def test_the_clock_jumps(business: Business, hours: int) -> None:
    """All that was written down lies an hour off, in a process of another time zone; the night does not care."""
    jumps: list[int] = []

    def jump(boundary: Boundary, link: Link) -> None:
        if not jumps and boundary.number > 200 and boundary.text.lower() == "begin":
            jumps.append(boundary.number)
            with psycopg.connect(case.url) as admin:
                for table, column in (
                    ("writer", "heartbeat_at"), ("runs", "started_at"), ("outbox", "next_attempt_at"),
                    ("publications", "published_at"), ("load_files", "loaded_at"),
                ):
                    admin.execute(f"update meta.{table} set {column} = {column} - %s * interval '1 hour'", [hours])

    with business.case("published") as case, case.reading({business.before, business.after}):
        case.proxy.reset(jump)
        case.run(steps.INGEST, environment={"TZ": "Pacific/Auckland" if hours > 0 else "America/Los_Angeles"})
        assert jumps
        case.proxy.reset()
        assert raw_hashes(case) == business.raw
        case.run((*steps.BUILD, *steps.PUBLISH))
        checks.converges(business, case)


def test_a_killed_run_is_overtaken_although_the_clock_went_back(business: Business) -> None:
    """Its heartbeat lies in the future: the session that showed its life is gone, and that decides."""
    with business.case("published") as case, case.reading({business.before}):
        case.killed_at(300, steps.INGEST)
        with psycopg.connect(case.url) as admin:
            admin.execute("update meta.writer set heartbeat_at = heartbeat_at + interval '1 hour'")
        case.run(steps.INGEST)
        assert raw_hashes(case) == business.raw
