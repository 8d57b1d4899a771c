"""Runs with warnings that wait for approval: held, approved by name, never published by themselves."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from conftest import fresh_database
from userops import run
from userops.checks import CheckResult
from userops.errors import Blocked, UseropsError
from userops.gate import approval
from userops.publish.status import status
from userops.settings import Settings
from userops.warehouse import lease

DAY = date(2024, 3, 1)
NEXT = DAY + timedelta(days=1)
WARNING = CheckResult("category_mix", "expectations", "orders", "warning", False, "drift 0.2", "at most 0.12")
PASSED = CheckResult("category_mix", "expectations", "orders", "warning", True, "drift 0", "at most 0.12")
CRITICAL = CheckResult("amount_level", "expectations", "orders", "critical", False, "ratio 9", "0.25 to 4")


class Held:
    """Runs in this process, with findings put in and the copying of marts left out."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.url = settings, settings.database_url

    def run(self, day: date, *findings: CheckResult) -> str:
        """Run a date that ends with these findings; returns the state it ends in."""
        begun = run.begin(self.settings, day, allow_older=True)
        run._record(self.url, begun, [PASSED, *findings])
        try:
            run._judge(self.settings, self.url, begun)
            run.publish(self.settings, begun)
        except Blocked:
            pass
        lease.release()
        return status(self.url)["state"]

    def asked(self) -> dict | None:
        """What a person is asked about the first day."""
        with psycopg.connect(self.url) as admin:
            return approval.waiting(admin, DAY.isoformat())

    def rows(self, query: str) -> list[tuple]:
        with psycopg.connect(self.url) as admin:
            return admin.execute(query).fetchall()


@pytest.fixture
def held(server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    def publish(connection, marts, run_id, business_date, token):
        lease.assert_writer_token(connection, token)
        version = connection.execute("select coalesce(max(version), 0) + 1 from meta.publications").fetchone()[0]
        connection.execute(
            "insert into meta.publications (version, business_date, run_id, slot, load_id) values (%s, %s, %s, 0, 0)",
            [version, business_date, run_id],
        )
        connection.execute("update meta.pointer set version = %s, slot = 0", [version])
        return version

    monkeypatch.setattr(run.publication, "publish", publish)
    monkeypatch.setattr(run, "marts_of_manifest", lambda *_: [])
    monkeypatch.setattr(run.project, "manifest_of", lambda *_: Path())
    monkeypatch.setattr(run, "build_site", lambda *_: Path())
    # The delivery itself is not what is asked about here.
    monkeypatch.setattr(run, "_list_work", lambda *_: {})
    with fresh_database(server_url) as url:
        yield Held(Settings(home=tmp_path, database_url=url, hash_key="k" * 64, hold_warnings=True))


def test_a_run_without_a_warning_is_published(held: Held) -> None:
    assert held.run(DAY) == "published"


def test_warnings_publish_where_nobody_asked_to_hold_them(held: Held) -> None:
    held.settings = held.settings.model_copy(update={"hold_warnings": False})
    assert held.run(DAY, WARNING) == "published"


def test_a_held_run_waits_says_so_and_is_published_in_a_name(held: Held) -> None:
    assert held.run(DAY, WARNING) == "held"
    assert held.rows("select count(*) from meta.publications") == [(0,)]
    ((title, body),) = held.rows("select title, body from meta.outbox")
    assert "held" in title and "userops approve" in body and "Readers see nothing yet" in body
    assert [reason["check"] for reason in status(held.url)["blocked_by"]] == ["category_mix"]
    assert held.asked() == {
        "date": DAY.isoformat(), "findings": "- **category_mix** on orders: found drift 0.2, expected at most 0.12"
    }
    assert run.approve(held.settings, DAY.isoformat(), "Li Lei") == 1
    assert status(held.url)["state"] == "published"
    assert held.asked() is None
    assert held.rows("select business_date, check_name, subject, approved_by from meta.approvals") == [
        (DAY, "category_mix", "orders", "Li Lei")
    ]


def test_the_next_run_does_not_pass_a_held_one_by(held: Held) -> None:
    held.run(DAY, WARNING)
    begun = run.begin(held.settings, NEXT)
    with psycopg.connect(held.url) as admin:
        owed = run.approval.check_earlier(admin, NEXT.isoformat())
    lease.release()
    assert [r.check for r in owed if r.blocks] == ["earlier_night_held"]
    assert begun["business_date"] == NEXT.isoformat()


def test_after_another_build_the_approved_date_runs_again_and_passes(held: Held) -> None:
    held.run(DAY, WARNING)
    held.run(NEXT, CRITICAL)
    assert run.approve(held.settings, DAY.isoformat(), "Han Meimei") is None
    other = CheckResult("hour", "expectations", "orders", "warning", False, "x", "y")
    assert held.run(DAY, WARNING, other) == "held", "a finding that nobody has seen"
    assert run.approve(held.settings, DAY.isoformat(), "Han Meimei") == 1


def test_critical_failures_cannot_be_approved(held: Held) -> None:
    assert held.run(DAY, CRITICAL, WARNING) == "blocked"
    with pytest.raises(UseropsError, match="No night of 2024-03-01 waits for a person: it is blocked"):
        run.approve(held.settings, DAY.isoformat(), "Li Lei")
    assert held.rows("select count(*) from meta.publications") == [(0,)]
