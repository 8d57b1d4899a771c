"""Nights end to end, through the command and the DAG, on a simulated business; faults, convergence, privacy.

Each night runs as a user runs it: `userops night` in a process of its own, against the session's server.
"""

import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import canaries
import psycopg
import pytest

from deployment import USEROPS, clean_environment, userops
from userops.simulate import simulate

START = date(2024, 3, 1)
NIGHTS = 3
LIVE = {"publication", "quality_results", "step_timings", "rejected_rows", "freshness"}
pytestmark = pytest.mark.slow


class Deployment:
    """A home, a landing folder and a database of its own."""

    def __init__(self, server_url: str, folder: Path, landing: Path) -> None:
        from conftest import with_database

        self.name = f"userops_night_{uuid.uuid4().hex[:8]}"
        self.admin = server_url
        with psycopg.connect(server_url, autocommit=True) as admin:
            admin.execute(f'create database "{self.name}"')
        self.url = with_database(server_url, self.name)
        self.folder, self.landing = folder, landing
        folder.mkdir(parents=True, exist_ok=True)

    def environment(self) -> dict[str, str]:
        return clean_environment(
            USEROPS_HOME=str(self.folder),
            USEROPS_DATABASE_URL=self.url,
            USEROPS_LANDING=str(self.landing),
            USEROPS_HASH_KEY="k" * 64,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        return userops(list(arguments), self.environment(), seconds=600)

    def nights(self, first: int, last: int) -> None:
        code, printed = self.run("nights", "--from", str(day(first)), "--to", str(day(last)))
        assert code == 0, printed + self.log()

    def log(self) -> str:
        log = self.folder / "airflow" / "night.log"
        return log.read_text()[-4000:] if log.exists() else ""

    def status(self) -> dict:
        code, printed = self.run("status", "--json")
        assert code == 0, printed
        return json.loads(printed)

    def hashes(self) -> dict[str, str]:
        """A hash over all rows of every mart, whatever their order."""
        found = {}
        with psycopg.connect(self.url) as connection:
            marts = connection.execute("select viewname from pg_views where schemaname = 'marts'").fetchall()
            for (mart,) in marts:
                if mart not in LIVE:
                    rows = connection.execute(f"select md5(m::text) from marts.{mart} m order by 1").fetchall()
                    found[mart] = hashlib.sha256(repr(rows).encode()).hexdigest()
        return found

    def alerts(self) -> str:
        path = self.folder / "alerts.log"
        return path.read_text() if path.exists() else ""


def day(number: int) -> date:
    return START + timedelta(days=number)


@pytest.fixture(scope="module")
def exports(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    simulate(folder, 300, NIGHTS, START, 3)
    return folder


@pytest.fixture(scope="module")
def reference(server_url, exports, tmp_path_factory) -> Deployment:
    """An undisturbed run of all nights but the last."""
    deployment = Deployment(server_url, tmp_path_factory.mktemp("reference"), exports)
    deployment.nights(0, NIGHTS - 2)
    return deployment


def test_a_clean_run_publishes_every_night_and_a_second_run_changes_nothing(reference):
    state = reference.status()
    assert state["state"] == "published"
    assert state["business_date"] == str(day(NIGHTS - 2))
    before = reference.hashes()
    assert len(before) >= 12
    reference.nights(NIGHTS - 2, NIGHTS - 2)
    assert reference.hashes() == before


def test_books_close_for_every_file(reference):
    with psycopg.connect(reference.url) as connection:
        open_books = connection.execute(
            "select file_name from meta.load_files where rows_in_file <> rows_loaded + rows_quarantined"
        ).fetchall()
        assert open_books == []
        assert connection.execute("select count(*) from meta.load_files where state = 'loaded'").fetchone()[0] > 20


def test_a_rebuild_from_raw_in_one_night_gives_the_same_marts(reference, server_url, exports, tmp_path):
    """All folders loaded late and out of order, one build at the end: what the nights made one by one."""
    other = Deployment(server_url, tmp_path / "home", exports)
    for number in reversed(range(NIGHTS - 1)):
        other.run("night", "--date", str(day(number)))
    other.nights(NIGHTS - 2, NIGHTS - 2)
    assert other.hashes() == reference.hashes()


def test_a_killed_night_converges(reference, server_url, exports, tmp_path):
    other = Deployment(server_url, tmp_path / "home", exports)
    for number, seconds in enumerate((20, 9)):
        process = subprocess.Popen(
            [USEROPS, "night", "--date", str(day(number))],
            env=other.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(seconds)
        assert process.poll() is None, "nothing was left to kill"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        code, printed = other.run("night", "--date", str(day(number)))
        assert code == 0, printed + other.log()
    assert other.hashes() == reference.hashes()


def broken_landing(exports: Path, folder: Path) -> Path:
    """A copy of the last night alone, without its manifest, ready to be broken."""
    shutil.copytree(exports / str(day(NIGHTS - 1)), folder / str(day(NIGHTS - 1)))
    (folder / str(day(NIGHTS - 1)) / "_manifest.json").unlink()
    return folder / str(day(NIGHTS - 1))


def find(folder: Path, export: str) -> Path:
    return next(p for p in folder.iterdir() if re.fullmatch(rf"{export}\.csv(\.gz)?", p.name))


def rewrite(path: Path, change) -> None:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as source:
        lines = source.read().splitlines()
    with opener(path, "wt", encoding="utf-8", newline="") as target:
        target.write("\n".join(change(lines)) + "\n")


def times_hundred(lines: list[str]) -> list[str]:
    header = lines[0].split(",")
    places = [header.index(c) for c in ("gross_amount", "discount_amount", "paid_amount")]
    changed = [lines[0]]
    for line in lines[1:]:
        cells = line.split(",")
        for place in places:
            cells[place] = str(float(cells[place]) * 100)
        changed.append(",".join(cells))
    return changed


def unknown_contacts(lines: list[str]) -> list[str]:
    place = lines[0].split(",").index("contact_id")
    changed = [lines[0]]
    for number, line in enumerate(lines[1:]):
        cells = line.split(",")
        cells[place] = f"nobody-{number}" if number % 2 else cells[place]
        changed.append(",".join(cells))
    return changed


def doubled(lines: list[str]) -> list[str]:
    place = lines[0].split(",").index("sales_channel")
    again = []
    for line in lines[1:]:
        cells = line.split(",")
        cells[place] = "store" if cells[place] != "store" else "app"
        again.append(",".join(cells))
    return lines + again


def cut(lines: list[str]) -> list[str]:
    kept = lines[: max(3, len(lines) // 2)]
    return [*kept[:-1], kept[-1][: len(kept[-1]) // 2]]


def renamed(lines: list[str]) -> list[str]:
    return [lines[0].replace("paid_amount", "amount_paid"), *lines[1:]]


BREAKS = {
    "truncated": cut,
    "renamed column": renamed,
    "doubled orders": doubled,
    "amounts x100": times_hundred,
    "orphan burst": unknown_contacts,
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_file_is_blocked_and_named(reference, exports, tmp_path, name):
    folder = broken_landing(exports, tmp_path / "landing")
    rewrite(find(folder, "orders"), BREAKS[name])
    before, told = reference.hashes(), len(reference.alerts())
    code, printed = reference.run("night", "--date", str(day(NIGHTS - 1)), "--landing", str(tmp_path / "landing"))
    assert code == 1, printed + reference.log()
    assert reference.hashes() == before
    state = reference.status()
    assert state["state"] == "blocked"
    assert any("order" in reason["subject"] for reason in state["blocked_by"]), state["blocked_by"]
    message = reference.alerts()[told:]
    assert "orders" in message and str(day(NIGHTS - 2)) in message
    assert "expected" in message.lower()


def places(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Everything that the nights of a deployment wrote but what is restricted, by its name."""
    yield from canaries.tables(deployment.url)
    for name, text in canaries.tables(f"{deployment.url}_airflow"):
        yield f"airflow {name}", text
    yield from canaries.files(deployment.folder)
    with psycopg.connect(deployment.url) as admin:
        log = Path(admin.execute("show data_directory").fetchone()[0]) / "server.log"
    if log.exists():
        yield "the server's log", log.read_text(errors="replace")


def test_no_personal_data_outside_raw_and_vault(reference, exports, tmp_path):
    """Last of the file, as it publishes a further night: whole, then once more with bad rows, which is blocked."""
    last, planted, printed = day(NIGHTS - 1), [], []
    for attempt, code in (("whole", 0), ("broken", 1)):
        landing = tmp_path / attempt
        shutil.copytree(exports / str(last), landing / str(last))
        planted += canaries.plant(landing / str(last), attempt, broken=attempt == "broken")
        found, text = reference.run("night", "--date", str(last), "--landing", str(landing))
        assert found == code, text + reference.log()
        printed.append(text)
        kept = canaries.restricted(reference.url)
        assert [value for value in planted if value not in kept] == [] or attempt == "broken"
    values = set(personal_values(exports))
    seen = {"what the command printed": "\n".join(printed), **dict(places(reference))}
    assert len(values) > 100 and len(planted) == 2 * len(canaries.personal())
    for place in ("meta.quality_results", "marts.users", "build.users", "airflow public.xcom", "alerts.log",
                  "airflow public.rendered_task_instance_fields", "airflow/night.log"):
        assert seen[place], f"{place} was not looked at"
    for kind in (r"dbt/run/.*sql", r"dbt/manifest.json", r"data_docs/.*html", r".site-.*/index.html"):
        assert any(re.fullmatch(kind, place) for place in seen), f"{kind} was not looked at"
    found = {place: [value for value in planted if value in text] for place, text in seen.items()}
    for place, text in seen.items():
        found[place] += sorted(values & set(re.findall(r"[\w.@+-]+", text)))
    assert {place: values for place, values in found.items() if values} == {}


def personal_values(exports: Path) -> list[str]:
    import csv

    found = set()
    for path in exports.glob("20*/contacts.csv*"):
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8", newline="") as source:
            for row in csv.DictReader(source):
                found |= {row[c] for c in ("phone", "email", "unionid", "external_userid") if row.get(c)}
    return sorted(found)
