"""Work is per file: a run takes what is delivered and not stored, whatever its date, and knows what is owed."""

import os
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from conftest import fresh_database
from lake_rows import raw
from userops import ingest
from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.errors import Superseded, UseropsError
from userops.ingest import work
from userops.settings import Settings
from userops.simulate import simulate
from userops.warehouse import lease
from userops.warehouse.connection import connect

FIRST = date(2024, 3, 1)
DAYS = [FIRST + timedelta(days=k) for k in range(4)]


class Runs:
    """Runs as far as the raw checks; a publication is written down without marts."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.url, self.settings, self.number = url, settings, 0

    def run(self, day: date) -> list[str]:
        """Store what is delivered up to the day; returns the checks that block."""
        self.number += 1
        with connect(self.url, "loader") as connection:
            found = ingest.list_work(connection, self.settings, day)
            results = list(found.results)
            for exports in found.exports.values():
                for export in exports:
                    results += ingest.load_export(connection, self.settings, export, day, f"run {self.number}")
            results += ingest.check_owed(connection, self.settings, day, f"run {self.number}")
        self.results = results
        return sorted(f"{result.check}@{result.subject}" for result in results if result.blocks)

    def publish(self, day: date) -> None:
        assert self.run(day) == []
        with psycopg.connect(self.url) as admin:
            version = admin.execute("select coalesce(max(version), 0) + 1 from meta.publications").fetchone()[0]
            admin.execute(
                "insert into meta.publications (version, business_date, run_id, slot, load_id)"
                " values (%s, %s, 'r', 0, 0)",
                [version, day],
            )
            admin.execute("update meta.pointer set version = %s, slot = 0", [version])

    def warnings(self) -> list[str]:
        return sorted(f"{r.check}@{r.subject}" for r in self.results if not r.passed and r.severity == "warning")

    def failed(self, check: str) -> list[CheckResult]:
        return [result for result in self.results if result.check == check and not result.passed]

    def owed(self, day: date) -> list[tuple[str, str, str, str]]:
        with connect(self.url, "publisher") as connection:
            found = ingest.owed(connection, self.settings, day)
        return [(str(item.business_date), item.export, item.kind, item.severity) for item in found]

    def file(self, day: date, export: str) -> Path:
        return Path(self.settings.landing) / day.isoformat() / f"{export}.csv"

    def count(self, export: str, day: date) -> int:
        with connect(self.url, "loader") as connection:
            query = f"select count(*) from raw.{export} where _business_date = date '{day}'"
            return raw(connection, self.settings, query)[0][0]

    def rows(self, query: str) -> list[tuple]:
        with psycopg.connect(self.url) as admin:
            return admin.execute(query).fetchall()


@pytest.fixture
def runs(server_url: str, migrated: str, delivered: Path, tmp_path: Path) -> Iterator[Runs]:
    shutil.copytree(delivered, tmp_path / "landing")
    settings = Settings.load({
        "USEROPS_LANDING": str(tmp_path / "landing"), "USEROPS_HOME": str(tmp_path / "home"), "USEROPS_HASH_KEY": "k",
    })  # fmt: skip
    with fresh_database(server_url, migrated) as url:
        yield Runs(url, settings)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four days without manifests, small exports alone."""
    folder = tmp_path_factory.mktemp("delivered")
    simulate(folder, 60, 4, FIRST, 5)
    kept = {"channels", "orders", "order_lines", "contacts", "touches", "products", "_manifest"}
    for path in folder.glob("20*/*"):
        if path.stem not in kept - {"_manifest"}:
            path.unlink()
    return folder


def broken(path: Path) -> str:
    """A required column renamed; returns the file as it was."""
    whole = path.read_text()
    path.write_text(whole.replace("updated_at", "changed_at", 1))
    return whole


def test_a_first_run_stores_the_whole_past_and_asks_nothing_that_is_absent_of_it(runs: Runs) -> None:
    runs.file(DAYS[1], "contacts").unlink()
    assert runs.run(DAYS[3]) == []
    assert [runs.count("orders", day) > 0 for day in DAYS] == [True] * 4
    counts = "select count(*), count(distinct business_date) from meta.load_files where export = 'contacts'"
    assert runs.rows(counts) == [(3, 3)]


def test_files_are_stored_oldest_first_and_once(runs: Runs) -> None:
    runs.publish(DAYS[1])
    loaded = runs.rows("select load_id, business_date from meta.load_files where export = 'orders' order by load_id")
    assert [day for _, day in loaded] == DAYS[:2]
    assert runs.run(DAYS[1]) == []
    assert runs.rows("select count(*) from meta.load_files where export = 'orders'") == [(2,)]
    with connect(runs.url, "loader") as connection:
        assert ingest.list_work(connection, runs.settings, DAYS[1]).exports == {"channel": [], "orders": [], "crm": []}


def test_a_late_file_of_any_earlier_date_is_stored_by_the_next_run(runs: Runs) -> None:
    late = runs.file(DAYS[1], "touches")
    late.rename(runs.file(DAYS[1], "touches").with_suffix(".late"))
    runs.publish(DAYS[2])
    late.with_suffix(".late").rename(late)
    assert runs.owed(DAYS[3])[0][1:3] == ("touches", "not stored")
    runs.publish(DAYS[3])
    assert runs.count("touches", DAYS[1]) > 0


def test_the_same_bytes_written_again_are_no_work_and_other_bytes_replace_them(runs: Runs) -> None:
    runs.publish(DAYS[0])
    orders = runs.file(DAYS[0], "orders")
    whole = orders.read_bytes()
    os.utime(orders, (1, 1))
    runs.run(DAYS[0])
    assert runs.rows("select state from meta.load_files where export = 'orders'") == [("loaded",)]
    orders.write_bytes(b"\n".join(whole.splitlines()[:-1]) + b"\n")
    runs.publish(DAYS[0])
    assert runs.rows("select state from meta.load_files where export = 'orders' order by load_id") == [
        ("replaced",), ("loaded",)
    ]  # fmt: skip


def test_yesterdays_bytes_under_todays_name_are_refused_also_where_they_are_few(runs: Runs) -> None:
    few = runs.file(DAYS[0], "touches").read_text().splitlines()[:2]
    for day in DAYS[:2]:
        runs.file(day, "touches").write_text("\n".join(few) + "\n")
    assert runs.run(DAYS[1]) == ["file_repeated@touches"]
    header = few[0]
    for day in DAYS[:2]:
        runs.file(day, "touches").write_text(f"{header}\n")
    assert runs.run(DAYS[1]) == []


def test_a_refused_file_is_asked_again_by_every_run_until_it_is_fixed(runs: Runs) -> None:
    runs.publish(DAYS[0])
    whole = broken(runs.file(DAYS[1], "orders"))
    assert runs.run(DAYS[1]) == ["header@orders"]
    assert runs.run(DAYS[2]) == ["header@orders"]
    (told,) = runs.failed("header")
    assert told.detail.startswith(f"{DAYS[1]}/orders.csv: ")
    assert runs.owed(DAYS[2]) == [(str(DAYS[1]), "orders", "refused", "critical")]
    assert runs.rows("select count(*) from meta.load_files where state = 'refused'") == [(1,)]
    runs.file(DAYS[1], "orders").write_text(whole)
    assert runs.run(DAYS[2]) == []
    assert runs.owed(DAYS[2]) == []
    assert runs.rows("select state, count(*) from meta.load_files where export = 'orders' group by 1 order by 1") == [
        ("loaded", 3), ("replaced", 1)
    ]  # fmt: skip


def test_a_required_export_that_is_missing_blocks_later_runs_until_it_comes_or_is_waived(runs: Runs) -> None:
    runs.publish(DAYS[0])
    runs.file(DAYS[1], "contacts").unlink()
    assert runs.run(DAYS[1]) == ["export_present@contacts"]
    assert runs.run(DAYS[2]) == ["earlier_delivery@contacts"]
    (told,) = runs.failed("earlier_delivery")
    assert told.observed == f"no file of {DAYS[1]}"
    assert f"userops waive contacts --date {DAYS[1]} --by NAME" in told.detail
    assert ingest.waive(runs.url, runs.settings, "contacts", DAYS[1], "Ada", "the CRM was down") == ["contacts"]
    assert runs.run(DAYS[2]) == []
    assert runs.run(DAYS[1]) == []
    assert runs.rows("select business_date, file_name, waived_by, reason from meta.waivers") == [
        (DAYS[1], "contacts", "Ada", "the CRM was down")
    ]


def test_a_refused_file_that_is_waived_is_read_no_more_until_it_is_replaced(runs: Runs) -> None:
    runs.publish(DAYS[0])
    whole = broken(runs.file(DAYS[1], "orders"))
    assert runs.run(DAYS[1]) == ["header@orders"]
    ingest.waive(runs.url, runs.settings, "orders.csv", DAYS[1], "Ada", "known")
    assert runs.run(DAYS[2]) == [] and runs.owed(DAYS[2]) == []
    runs.file(DAYS[1], "orders").write_text(whole)
    assert runs.run(DAYS[2]) == []
    assert runs.count("orders", DAYS[1]) > 0


def test_rows_of_a_waived_file_are_in_no_build(runs: Runs) -> None:
    runs.publish(DAYS[1])
    assert runs.count("touches", DAYS[1]) > 0
    assert ingest.waive(runs.url, runs.settings, "touches.csv", DAYS[1], "Ada", "doubled by the tracker") == ["touches"]
    assert runs.count("touches", DAYS[1]) == 0
    assert runs.run(DAYS[2]) == []
    assert runs.count("touches", DAYS[1]) == 0
    os.utime(runs.file(DAYS[1], "touches"), (1, 1))
    assert runs.run(DAYS[2]) == []
    assert runs.count("touches", DAYS[1]) == 0, "the same bytes again"
    text = runs.file(DAYS[1], "touches").read_text()
    runs.file(DAYS[1], "touches").write_text("\n".join(text.splitlines()[:-1]) + "\n")
    assert runs.run(DAYS[2]) == []
    assert runs.count("touches", DAYS[1]) == len(text.splitlines()) - 2


def test_a_file_that_was_never_read_can_be_waived(runs: Runs) -> None:
    runs.publish(DAYS[0])
    assert ingest.waive(runs.url, runs.settings, "touches.csv", DAYS[1], "Ada", "a test of the tracker") == ["touches"]
    assert runs.run(DAYS[1]) == []
    assert runs.count("touches", DAYS[1]) == 0
    with pytest.raises(UseropsError, match="No export is read from a file 'holiday.txt'"):
        ingest.waive(runs.url, runs.settings, "holiday.txt", DAYS[1], "Ada", "?")


def test_nobody_waives_while_a_run_writes(runs: Runs) -> None:
    runs.publish(DAYS[0])
    with connect(runs.url, "publisher") as connection:
        token = lease.acquire(connection, "a run", str(DAYS[1]))
    lease.keep_alive(runs.url, token)
    try:
        with pytest.raises(Superseded):
            ingest.waive(runs.url, runs.settings, "touches.csv", DAYS[0], "Ada", "?")
    finally:
        lease.release()


def test_an_optional_file_may_be_refused_without_a_block_if_its_contract_says_so(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.publish(DAYS[0])
    broken(runs.file(DAYS[1], "touches"))
    assert runs.run(DAYS[1]) == ["header@touches"]
    contracts = load_contracts()
    monkeypatch.setitem(contracts, "touches", contracts["touches"].model_copy(update={"if_refused": "continue"}))
    assert runs.run(DAYS[1]) == []
    assert runs.warnings() == ["header@touches"]
    assert runs.owed(DAYS[1]) == [(str(DAYS[1]), "touches", "refused", "warning")]


def test_where_an_earlier_delivery_holds_a_refusal_of_an_older_date_warns(runs: Runs) -> None:
    runs.publish(DAYS[1])
    broken(runs.file(DAYS[1], "touches"))
    assert runs.run(DAYS[1]) == ["header@touches"]
    assert runs.run(DAYS[2]) == []
    assert "header@touches" in runs.warnings()
    assert runs.count("touches", DAYS[1]) > 0


def test_a_file_withdrawn_before_publication_takes_its_rows_along_and_later_its_rows_stay(runs: Runs) -> None:
    runs.publish(DAYS[0])
    assert runs.run(DAYS[1]) == []
    kept = runs.count("touches", DAYS[0])
    for day in DAYS[:2]:
        runs.file(day, "touches").unlink()
    assert runs.run(DAYS[1]) == []
    assert (runs.count("touches", DAYS[0]), runs.count("touches", DAYS[1])) == (kept, 0)


def test_a_landing_place_out_of_reach_takes_nothing_away(runs: Runs) -> None:
    runs.publish(DAYS[0])
    runs.run(DAYS[1])
    landing = Path(runs.settings.landing)
    landing.rename(landing.with_name("elsewhere"))
    assert runs.run(DAYS[1]) == ["folder_present@folder"]
    assert runs.count("touches", DAYS[1]) > 0
    assert runs.owed(DAYS[1]) == []


def test_the_published_date_is_that_of_the_version_being_read(runs: Runs) -> None:
    for day in DAYS[:2]:
        runs.publish(day)
    with psycopg.connect(runs.url) as admin:
        admin.execute("update meta.pointer set version = 1")
        assert work.published_dates(admin) == (DAYS[0], DAYS[0])


def test_a_run_that_was_superseded_stores_nothing(runs: Runs) -> None:
    with connect(runs.url, "publisher") as connection:
        token = lease.acquire(connection, "first", DAYS[0].isoformat())
        lease.end(connection, "first", "failed")
        lease.acquire(connection, "second", DAYS[0].isoformat())
    with connect(runs.url, "loader") as connection, pytest.raises(Superseded):
        ingest.load_export(connection, runs.settings, "orders", DAYS[0], "first", token)
    assert runs.rows("select count(*) from meta.load_files") == [(0,)]
    assert runs.count("orders", DAYS[0]) == 0


def test_texts_of_set_aside_lines_are_kept_for_thirty_days(runs: Runs) -> None:
    orders = runs.file(DAYS[0], "orders")
    lines = orders.read_text().splitlines()
    orders.write_text("\n".join([*lines, lines[1] + ",one cell too many"]) + "\n")
    runs.publish(DAYS[0])
    kept = "select raw_text <> '', reason from quarantine.rows"
    reason = f"{lines[0].count(',') + 2} fields where the header has {lines[0].count(',') + 1}"
    assert runs.rows(kept) == [(True, reason)]
    with psycopg.connect(runs.url) as admin:
        admin.execute("update quarantine.rows set quarantined_at = now() - interval '31 days'")
    runs.run(DAYS[0])
    assert runs.rows(kept) == [(False, reason)]
