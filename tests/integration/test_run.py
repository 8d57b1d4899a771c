"""Runs end to end, through the command and the DAG, on a simulated business; faults, convergence, privacy.

Each runs as a user runs it: `userops run` in a process of its own, against the session's server.
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
from userops.run import STEPS
from userops.simulate import simulate
from userops.warehouse.embedded import EmbeddedServer

START = date(2024, 3, 1)
DAYS = 3
# What says when and by which publications, not what is known of the business.
LIVE = {"publication", "quality_results", "step_timings", "rejected_rows", "freshness"}
LOGS = {"user_merges", "tag_history", "tag_monthly", "audience_changes"}
SINCE = {"user_tags": ("since", "from_version")}


class Deployment:
    """A home, a landing folder and a database of its own."""

    def __init__(self, server_url: str, folder: Path, landing: Path, engine: str = "postgres") -> None:
        from conftest import with_database

        self.name = f"userops_run_{uuid.uuid4().hex[:8]}"
        self.admin = server_url
        with psycopg.connect(server_url, autocommit=True) as admin:
            admin.execute(f'create database "{self.name}"')
        self.url = with_database(server_url, self.name)
        self.folder, self.landing, self.engine = folder, landing, engine
        folder.mkdir(parents=True, exist_ok=True)

    def environment(self) -> dict[str, str]:
        return clean_environment(
            USEROPS_ENGINE=self.engine,
            USEROPS_HOME=str(self.folder),
            USEROPS_DATABASE_URL=self.url,
            USEROPS_LANDING=str(self.landing),
            USEROPS_HASH_KEY="k" * 64,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        return userops(list(arguments), self.environment(), seconds=600)

    def publishes(self, *arguments: str) -> str:
        """Run a command that has to end with a publication; returns what it printed."""
        code, printed = self.run(*arguments)
        assert code == 0, printed + self.log()
        return printed

    def log(self) -> str:
        log = self.folder / "airflow" / "run.log"
        return log.read_text()[-4000:] if log.exists() else ""

    def status(self) -> dict:
        code, printed = self.run("status", "--json")
        assert code == 0, printed
        return json.loads(printed)

    def hashes(self, places: int | None = None) -> dict[str, str]:
        """A hash over all rows of every mart, whatever their order; doubles rounded where engines are compared."""
        found = {}
        with psycopg.connect(self.url) as connection:
            marts = connection.execute("select viewname from pg_views where schemaname = 'marts'").fetchall()
            for (mart,) in marts:
                if mart not in LIVE | LOGS:
                    left_out = ", ".join(f"'{column}'" for column in SINCE.get(mart, ()))
                    row = f"to_jsonb(whole) - array[{left_out}]::text[]"
                    for column in self.doubles(connection, mart) if places else ():
                        row += f" || jsonb_build_object('{column}', round(whole.{column}::numeric, {places}))"
                    query = f"select md5(({row})::text) from marts.{mart} as whole order by 1"
                    rows = connection.execute(query).fetchall()
                    found[mart] = hashlib.sha256(repr(rows).encode()).hexdigest()
        return found

    @staticmethod
    def doubles(connection: psycopg.Connection, mart: str) -> list[str]:
        rows = connection.execute(
            "select column_name from information_schema.columns where table_schema = 'marts' and table_name = %s"
            " and data_type = 'double precision'",
            [mart],
        ).fetchall()
        return [column for (column,) in rows]

    def alerts(self) -> str:
        path = self.folder / "alerts.log"
        return path.read_text() if path.exists() else ""


def day(number: int) -> date:
    return START + timedelta(days=number)


@pytest.fixture(scope="module")
def exports(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    simulate(folder, 300, DAYS, START, 3)
    return folder


@pytest.fixture(scope="module")
def reference(server_url, exports, tmp_path_factory) -> Deployment:
    """All days but the last, undisturbed, each published in turn."""
    deployment = Deployment(server_url, tmp_path_factory.mktemp("reference"), exports)
    deployment.publishes("backfill", "--from", str(day(0)), "--to", str(day(DAYS - 2)))
    return deployment


def test_a_date_that_is_run_again_has_the_same_marts_and_times_its_steps(reference):
    state = reference.status()
    assert (state["state"], state["business_date"]) == ("published", str(day(DAYS - 2)))
    assert state["owed"] == [] and state["not_stored"] == []
    before = reference.hashes()
    assert {"users", "orders_daily", "user_tags"} & set(before)
    printed = reference.publishes("run", "--date", str(day(DAYS - 2)), "--timings")
    assert reference.hashes() == before
    with psycopg.connect(reference.url) as connection:
        steps = connection.execute(
            "select step from meta.step_timings where step <> 'model' and run_id ="
            " (select run_id from meta.runs order by token desc limit 1) order by ended_at"
        ).fetchall()
    # Nothing was delivered since, so there is nothing to ingest.
    assert [step for (step,) in steps] == [step for step in STEPS if step != "ingest"]
    assert all(step in printed for step in STEPS if step != "ingest")


def test_every_row_of_every_file_is_accounted_for(reference):
    with psycopg.connect(reference.url) as connection:
        unbalanced = connection.execute(
            "select file_name from meta.load_files"
            " where rows_in_file <> rows_loaded + rows_quarantined + rows_erased"
        ).fetchall()
        assert unbalanced == []
        loaded, files = connection.execute(
            "select count(*) filter (where state = 'loaded'), count(*) from meta.load_files"
        ).fetchone()
        assert loaded == files > 0


def test_one_run_of_a_whole_past_on_another_engine_has_the_marts_of_its_days_one_by_one(
    reference, server_url, exports, tmp_path
):
    other = Deployment(server_url, tmp_path / "home", exports, engine="duckdb")
    other.publishes("run", "--date", str(day(DAYS - 2)))
    assert other.hashes(places=6) == reference.hashes(places=6)


def test_an_older_date_is_refused_and_readers_keep_theirs(reference):
    before, version = reference.hashes(), reference.status()["version"]
    code, printed = reference.run("run", "--date", str(day(0)))
    assert code == 2, printed + reference.log()
    assert f"Readers see {day(DAYS - 2)}" in printed and "--allow-older" in printed
    assert (reference.hashes(), reference.status()["version"]) == (before, version)
    assert reference.run("backfill", "--from", str(day(0)), "--to", str(day(1)))[0] == 2


@pytest.mark.slow
def test_a_killed_run_converges(reference, server_url, exports, tmp_path):
    other = Deployment(server_url, tmp_path / "home", exports)
    for number, seconds in enumerate((20, 9)):
        process = subprocess.Popen(
            [USEROPS, "run", "--date", str(day(number))],
            env=other.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(seconds)
        assert process.poll() is None, "nothing was left to kill"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        other.publishes("run", "--date", str(day(number)))
    assert other.hashes() == reference.hashes()


def test_an_erasure_needs_no_delivery(reference, exports, tmp_path, monkeypatch):
    """`erase --now` rebuilds from what is stored, though the landing folder is gone."""
    monkeypatch.setattr(reference, "landing", tmp_path / "gone")
    # Of somebody whom the last day, which a later test delivers, does not name.
    named = "".join(path.read_text() for path in (exports / str(day(DAYS - 1))).glob("*.csv"))
    with psycopg.connect(reference.url) as connection:
        people = connection.execute(
            "select user_id, array_agg(contact_id) from build.map_contact_user inner join marts.users using (user_id)"
            " group by user_id order by user_id"
        ).fetchall()
    user, contact = next((user, ids[0]) for user, ids in people if not any(one in named for one in ids))
    printed = reference.publishes("erase", contact, "--person", "--now")
    assert "gone from lake, quarantine and vault" in printed and f"{day(DAYS - 2)} published" in printed
    with psycopg.connect(reference.url) as connection:
        assert connection.execute("select count(*) from marts.users where user_id = %s", [user]).fetchone() == (0,)


def test_a_server_that_is_killed_during_a_run_is_told_in_one_line(exports, tmp_path):
    """The embedded server, so that it is ours to kill; the same command then converges."""
    environment = clean_environment(USEROPS_HOME=str(tmp_path / "home"), USEROPS_LANDING=str(exports))
    command = [USEROPS, "run", "--date", str(day(0))]
    code, url = userops(["db", "start"], environment)
    assert code == 0, url
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_for_step(url.strip(), "prepare")
        postmaster = EmbeddedServer(tmp_path / "home").data / "postmaster.pid"
        os.kill(int(postmaster.read_text().split()[0]), signal.SIGQUIT)
        printed = process.communicate(timeout=300)[0]
        assert process.returncode == 3, printed
        assert len(printed.strip().splitlines()) == 1, printed
        assert "error The database went away" in printed and "run the same command again" in printed
        code, printed = userops(command[1:], environment)
        assert code == 0, printed
    finally:
        process.kill()
        userops(["db", "stop"], environment)


def wait_for_step(url: str, step: str) -> None:
    """Wait until the newest run has done a step."""
    for _ in range(600):
        with psycopg.connect(url) as connection:
            if connection.execute("select to_regclass('meta.step_timings')").fetchone()[0] and connection.execute(
                "select exists (select from meta.step_timings where step = %s)", [step]
            ).fetchone()[0]:
                return
        time.sleep(0.2)
    raise AssertionError(f"no step {step} was done")


def broken_landing(exports: Path, folder: Path) -> Path:
    """A copy of the last day alone, without its manifest, ready to be broken."""
    shutil.copytree(exports / str(day(DAYS - 1)), folder / str(day(DAYS - 1)))
    (folder / str(day(DAYS - 1)) / "_manifest.json").unlink()
    return folder / str(day(DAYS - 1))


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
QUICK = ("truncated", "amounts x100")


# What a delivery check, a check of the file's shape and a measure find; the gate's own tests know many more.
@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in BREAKS]
)
def test_a_broken_file_is_blocked_and_named(reference, exports, tmp_path, name):
    folder = broken_landing(exports, tmp_path / "landing")
    rewrite(find(folder, "orders"), BREAKS[name])
    before, told = reference.hashes(), len(reference.alerts())
    code, printed = reference.run("run", "--date", str(day(DAYS - 1)), "--landing", str(tmp_path / "landing"))
    assert code == 1, printed + reference.log()
    assert reference.hashes() == before
    state = reference.status()
    assert state["state"] == "blocked"
    assert any("order" in reason["subject"] for reason in state["blocked_by"]), state["blocked_by"]
    message = reference.alerts()[told:]
    assert "orders" in message and str(day(DAYS - 2)) in message
    assert "expected" in message.lower()


def written(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Everything that the runs of a deployment wrote, but what is restricted, by its name."""
    yield from canaries.tables(deployment.url)
    for name, text in canaries.tables(f"{deployment.url}_airflow"):
        yield f"airflow {name}", text
    yield from canaries.files(deployment.folder)
    with psycopg.connect(deployment.url) as admin:
        log = Path(admin.execute("show data_directory").fetchone()[0]) / "server.log"
    if log.exists():
        yield "the server's log", log.read_text(errors="replace")


def test_no_personal_data_outside_the_vault_and_quarantine(reference, exports, tmp_path):
    """Last of the file, as it publishes a further day: whole, then once more with bad rows, which is blocked."""
    last, planted, printed = day(DAYS - 1), [], []
    for attempt, code in (("whole", 0), ("broken", 1)):
        landing = tmp_path / attempt
        shutil.copytree(exports / str(last), landing / str(last))
        planted += canaries.plant(landing / str(last), attempt, broken=attempt == "broken")
        found, text = reference.run("run", "--date", str(last), "--landing", str(landing))
        assert found == code, text + reference.log()
        printed.append(text)
        kept = canaries.restricted(reference.url)
        assert [value for value in planted if value not in kept] == [] or attempt == "broken"
    values = set(personal_values(exports))
    seen = {"what the command printed": "\n".join(printed), **dict(written(reference))}
    assert len(values) > 100 and len(planted) == 2 * len(canaries.personal())
    for place in ("meta.quality_results", "marts.users", "build.users", "airflow public.xcom", "alerts.log",
                  "airflow public.rendered_task_instance_fields", "airflow/run.log"):
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
