"""A night that was begun and not published keeps the next ones back until its files are whole."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from userops import run
from userops.checks import CheckResult
from userops.errors import Blocked
from userops.ingest import owed_files
from userops.publish.status import unpublished_since
from userops.settings import Settings
from userops.simulate import simulate
from userops.warehouse import lease
from userops.warehouse.connection import connect

FIRST = date(2024, 3, 1)
DAYS = [FIRST + timedelta(days=k) for k in range(4)]


class Nights:
    """Nights in this process as far as the raw checks; a publication is written down without marts."""

    def __init__(self, url: str, landing: Path) -> None:
        self.url, self.landing = url, landing
        self.publish(DAYS[0])

    def ingest(self, day: date) -> dict:
        begun = run.begin(day.isoformat())
        for domain in ("channel", "orders", "crm"):
            for export in run.exports_of(begun, domain):
                run.load(begun, export)
        return begun

    def attempt(self, day: date) -> list[str]:
        """Up to the raw checks, then an end; returns the checks that blocked."""
        begun = self.ingest(day)
        try:
            run.check_raw(begun)
            self.end(begun, "failed")
        except Blocked:
            pass
        with psycopg.connect(self.url) as admin:
            rows = admin.execute(
                "select check_name || '@' || subject from meta.quality_results where run_id = %s and not passed"
                " and severity = 'critical' order by 1",
                [begun["run_id"]],
            ).fetchall()
        return [row[0] for row in rows]

    def end(self, begun: dict, state: str) -> None:
        with connect(self.url, "publisher") as connection:
            lease.end(connection, begun["run_id"], state)
        lease.release()

    def publish(self, day: date) -> None:
        self.end(self.ingest(day), "published")
        with psycopg.connect(self.url) as admin:
            version = admin.execute("select coalesce(max(version), 0) + 1 from meta.publications").fetchone()[0]
            admin.execute("insert into meta.publications values (%s, %s, 'r', 0, clock_timestamp())", [version, day])
            admin.execute("update meta.pointer set version = %s, slot = 0", [version])

    def owed(self, day: date) -> list[CheckResult]:
        with connect(self.url, "publisher") as connection:
            since = unpublished_since(connection, day)
            return owed_files.check_earlier(connection, Settings.load(), since, day)

    def file(self, day: date, export: str) -> Path:
        return self.landing / day.isoformat() / f"{export}.csv"


@pytest.fixture
def nights(server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nights]:
    from conftest import fresh_database

    simulate(tmp_path / "landing", 60, 4, FIRST, 5)
    for manifest in (tmp_path / "landing").glob("20*/_manifest.json"):
        manifest.unlink()
    monkeypatch.setattr(run, "_site", lambda *_: Path())
    with fresh_database(server_url) as url:
        for name, value in {
            "USEROPS_DATABASE_URL": url, "USEROPS_HOME": str(tmp_path / "home"), "USEROPS_HASH_KEY": "k",
            "USEROPS_LANDING": str(tmp_path / "landing"),
        }.items():
            monkeypatch.setenv(name, value)
        yield Nights(url, tmp_path / "landing")


def failed(results: list[CheckResult]) -> list[tuple[str, str]]:
    return [(r.subject, r.severity) for r in results if not r.passed]


def test_a_file_refused_on_one_night_blocks_the_next_until_it_is_mended(nights: Nights) -> None:
    orders = nights.file(DAYS[1], "orders")
    whole = orders.read_text()
    orders.write_text(whole.replace("paid_amount", "amount", 1))
    assert "header@orders" in nights.attempt(DAYS[1])
    assert "earlier_delivery@orders" in nights.attempt(DAYS[2])
    (told,) = [r for r in nights.owed(DAYS[2]) if r.subject == "orders"]
    assert told.observed.startswith("orders.csv of 2024-03-02 refused: header")
    assert "deliver" in told.detail and "--date 2024-03-02" in told.detail
    orders.write_text(whole)
    assert "earlier_delivery@orders" in nights.attempt(DAYS[2]), "fixed in the folder, not yet loaded"
    assert nights.attempt(DAYS[1]) == []
    assert nights.attempt(DAYS[2]) == []


def test_a_required_export_that_was_missing_blocks_the_next(nights: Nights) -> None:
    contacts = nights.file(DAYS[1], "contacts")
    contacts.rename(contacts.with_suffix(".late"))
    assert "export_present@contacts" in nights.attempt(DAYS[1])
    assert failed(nights.owed(DAYS[2])) == [("contacts", "critical")]
    contacts.with_suffix(".late").rename(contacts)
    assert failed(nights.owed(DAYS[2])) == [("contacts", "critical")]
    nights.attempt(DAYS[1])
    assert failed(nights.owed(DAYS[2])) == []


def test_an_optional_file_that_is_withdrawn_is_owed_no_more(nights: Nights) -> None:
    touches = nights.file(DAYS[1], "touches")
    touches.write_text("touch_id,at\n1,2\n")
    nights.attempt(DAYS[1])
    assert failed(nights.owed(DAYS[2])) == [("touches", "critical")]
    touches.unlink()
    assert failed(nights.owed(DAYS[2])) == [("touches", "critical")], "the night did not run again"
    nights.attempt(DAYS[1])
    assert failed(nights.owed(DAYS[2])) == []


def test_a_withdrawn_file_takes_its_rows_along(nights: Nights) -> None:
    nights.attempt(DAYS[1])
    nights.file(DAYS[1], "events").unlink()
    nights.attempt(DAYS[1])
    with psycopg.connect(nights.url) as admin:
        left = admin.execute("select count(*) from raw.events where _business_date = %s", [DAYS[1]]).fetchone()[0]
    assert left == 0


def test_where_an_earlier_delivery_holds_it_warns(nights: Nights) -> None:
    assert nights.attempt(DAYS[1]) == []
    touches = nights.file(DAYS[1], "touches")
    touches.write_text("touch_id,at\n1,2\n")
    assert nights.attempt(DAYS[1]) == ["header@touches"]
    assert failed(nights.owed(DAYS[2])) == [("touches", "warning")]


def test_a_folder_that_never_came_warns(nights: Nights) -> None:
    folder = nights.landing / DAYS[1].isoformat()
    folder.rename(nights.landing / "away")
    assert "folder_present@folder" in nights.attempt(DAYS[1])
    assert failed(nights.owed(DAYS[2])) == [("folder", "warning")]


def test_a_night_that_was_never_begun_owes_nothing(nights: Nights) -> None:
    assert failed(nights.owed(DAYS[3])) == []


def test_rows_of_an_older_night_that_was_blocked_are_judged_with_the_next(nights: Nights) -> None:
    nights.publish(DAYS[2])
    orders = nights.file(DAYS[1], "orders")
    orders.write_text(orders.read_text().replace("paid_amount", "amount", 1))
    nights.attempt(DAYS[1])
    with connect(nights.url, "publisher") as connection:
        assert unpublished_since(connection, DAYS[3]) == DAYS[0]
    assert failed(nights.owed(DAYS[3])) == [("orders", "critical")]
