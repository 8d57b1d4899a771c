"""A business with a clean past in a template database, and nights of it in this process, as far as they are to go."""

import csv
import gzip
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from conftest import fresh_database
from csv_rows import Row, rows_of, write_rows
from userops import run
from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.errors import Blocked
from userops.ingest import load_export
from userops.settings import Settings
from userops.simulate import simulate
from userops.warehouse import lease
from userops.warehouse.connection import connect
from userops.warehouse.schema import migrate

FIRST = date(2025, 1, 6)
LIVE = (
    "publication", "quality_results", "step_timings", "rejected_rows", "freshness", "waived_files",
    "erasure_log", "user_merges", "tag_history", "tag_monthly", "audience_changes",
)  # fmt: skip


@dataclass(frozen=True)
class Business:
    """A simulated business whose nights before `day` are loaded and published; `database` is to be copied.

    `seen` is what its readers see, and those of every copy.
    """

    name: str
    landing: Path
    day: date
    database: str
    home: Path
    url: str = ""
    place: tuple[tuple[str, str], ...] = ()
    seen: dict[str, str] = field(default_factory=dict)

    def folder(self, day: date | None = None) -> Path:
        """The folder of a date, by default of the night to come."""
        return self.landing / (day or self.day).isoformat()


@dataclass(frozen=True)
class Outcome:
    """How a night ended: every answer, the alert, and whether readers see what they saw before."""

    results: list[CheckResult]
    blocked: bool
    alerts: str
    unchanged: bool
    url: str

    def of(self, check: str, subject: str = "") -> CheckResult:
        """The worst answer of a check."""
        found = [r for r in self.results if r.check == check and subject in ("", r.subject)]
        assert found, f"{check} on {subject or 'anything'} was not asked"
        return min(found, key=lambda r: (r.passed, not r.blocks))

    def failing(self) -> list[str]:
        """Failed checks and where, for a message."""
        return [f"{r.check}@{r.subject} ({r.severity}): {r.observed} {r.detail}" for r in self.results if not r.passed]


@contextmanager
def business(
    server_url: str, folder: Path, name: str, users: int, nights: int, *, publish: bool, first: date = FIRST,
    whole: bool = False, compact: bool = False, exports: Iterable[str] = (), **place: str,
) -> Iterator[Business]:
    """Simulate, load and publish all nights but the last; without `publish` the books alone say so.

    `whole`: the last night is loaded too and nothing is published; of `exports` alone, where some are named.

    `compact`: without what the marts were built from, as every case copies the database; its nights end at `check_raw`.

    `place`: the business's timezone, currency and country, by default those of the simulator.
    """
    with fresh_database(server_url) as url, pytest.MonkeyPatch.context() as environment:
        database = url.rpartition("/")[2].partition("?")[0]
        day = first + timedelta(days=nights - 1)
        made = Business(name, folder / "landing", day, database, folder / "home", url, tuple(place.items()))
        simulate(made.landing, users, nights, first, 11, **place)
        _enter(environment, url, made.landing, made)
        migrate(url)
        last = made.day - timedelta(days=1)
        _load_history(day if whole else last, exports)
        if whole:
            pass
        elif publish:
            outcome = run_steps(last, url, until="publish")
            assert not outcome.blocked, outcome.failing()
        else:
            with psycopg.connect(url) as admin:
                admin.execute("insert into meta.publications (version, business_date, run_id, slot, load_id)"
                    " select 1, %s, 'r', 0, coalesce(max(load_id), 0) from meta.load_files", [last])
                admin.execute("update meta.pointer set version = 1, slot = 0, business_date = %s", [last])
        with psycopg.connect(url, autocommit=True) as admin:
            if compact:
                admin.execute(f"truncate {', '.join(_tables(admin, 'build', 'staging'))}")
            admin.execute("vacuum analyze")
        yield replace(made, seen=marts(url))


def _tables(admin: psycopg.Connection, *schemas: str) -> list[str]:
    return [
        f'"{schema}"."{name}"' for schema, name in admin.execute(
            "select schemaname, tablename from pg_tables where schemaname = any(%s)", [list(schemas)]
        )
    ]


def _enter(environment: pytest.MonkeyPatch, url: str, landing: Path, of: Business) -> None:
    values = {"DATABASE_URL": url, "LANDING": str(landing), "HOME": str(of.home), "HASH_KEY": "k" * 64}
    for name, value in of.place:
        values["DEFAULT_COUNTRY" if name == "country" else name.upper()] = value
    for name, value in values.items():
        environment.setenv(f"USEROPS_{name}", value)
    # The dashboards have tests of their own, and a run is told by its results here.
    environment.setattr(run, "build_site", lambda *_: Path())


def _load_history(last: date, exports: Iterable[str] = ()) -> None:
    """Store every file of the folders up to a date, and nothing more."""
    settings = Settings.load()
    with connect(settings.database_url, "loader") as connection:
        for export in exports or load_contracts():
            failed = [r for r in load_export(connection, settings, export, last, "past") if not r.passed]
            assert not failed, failed


def attempt(
    server_url: str, past: Business, folder: Path, change: Callable[[Path], None], until: str = "check_raw"
) -> Outcome:
    """Copy the business and its next folder, change the folder, run the night and throw all of it away."""
    with past_and_folder(server_url, past, folder, change) as url:
        return run_steps(past.day, url, until, past.seen)


@contextmanager
def past_and_folder(
    server_url: str, past: Business, folder: Path, change: Callable[[Path], None]
) -> Iterator[str]:
    """A copy of the database and of the next folder, changed; yields the database's URL."""
    landing = folder / "landing"
    shutil.copytree(past.folder(), landing / past.day.isoformat())
    change(landing / past.day.isoformat())
    # An erasure of the night replaces files of the lake, which the next case reads again.
    shutil.copytree(past.home / "lake", folder / "lake")
    with fresh_database(server_url, past.database) as url, pytest.MonkeyPatch.context() as environment:
        _enter(environment, url, landing, past)
        environment.setenv("USEROPS_LAKE", str(folder / "lake"))
        yield url


def run_steps(day: date, url: str, until: str = "check_raw", seen: dict[str, str] | None = None) -> Outcome:
    """One date in this process through the steps, up to and with `until`; `seen` is what readers see before."""
    before, settings = seen or marts(url), Settings.load()
    begun = run.begin(settings, day)
    blocked = False
    try:
        for exports in begun["work"].values():
            for export in exports:
                run.ingest(settings, begun, export)
        steps = run.STEPS[run.STEPS.index("prepare") : run.STEPS.index(until) + 1]
        for step in steps:
            getattr(run, step)(settings, begun)
        if until != "publish":
            with connect(url, "publisher") as connection:
                run._warn(connection, settings, begun)
    except Blocked:
        blocked = True
    lease.release()
    with psycopg.connect(url) as admin:
        results = [
            CheckResult(*row)
            for row in admin.execute(
                "select check_name, layer, subject, severity, passed, observed, expected, detail"
                " from meta.quality_results where run_id = %s", [begun["run_id"]]
            )
        ]
        alerts = "\n".join(
            f"{title}\n{body}"
            for title, body in admin.execute("select title, body from meta.outbox where run_id = %s", [begun["run_id"]])
        )
    return Outcome(results, blocked, alerts, marts(url) == before, url)


def marts(url: str) -> dict[str, str]:
    """A hash over all rows of every mart that readers see, and the version they are of."""
    with psycopg.connect(url) as admin:
        if admin.execute("select to_regclass('meta.pointer')").fetchone()[0] is None:
            return {}
        found = {"version": str(admin.execute("select version from meta.pointer").fetchone()[0])}
        for (mart,) in admin.execute(
            "select viewname from pg_views where schemaname = 'marts' and viewname <> all(%s)", [list(LIVE)]
        ).fetchall():
            found[mart] = str(
                admin.execute(
                    f"select count(*), coalesce(sum(hashtextextended(m::text, 0)), 0) from marts.{mart} as m"
                ).fetchone()
            )
    return found


def path_of(folder: Path, export: str) -> Path:
    """The delivered file of an export."""
    return folder / f"{export}.csv"


def read(folder: Path, export: str) -> list[Row]:
    """The rows of a delivered CSV file."""
    return rows_of(path_of(folder, export))


def write(folder: Path, export: str, rows: list[Row], *, manifest: bool = True) -> None:
    """Write the rows back under the header the file has, and say so in the manifest: a fault of the source."""
    write_rows(path_of(folder, export), rows)
    if manifest:
        restate(folder)


def restate(folder: Path) -> None:
    """Write the manifest anew from what lies in the folder."""
    path = folder / "_manifest.json"
    entries = []
    for file in sorted(folder.iterdir()):
        if file != path:
            data = file.read_bytes()
            text = gzip.decompress(data) if file.suffix == ".gz" else data
            rows = max(len(list(csv.reader(io.StringIO(text.decode("utf-8", "replace"))))) - 1, 0)
            entries.append({"name": file.name, "rows": rows, "sha256": hashlib.sha256(data).hexdigest()})
    path.write_text(json.dumps({"business_date": folder.name, "files": entries}))


def without_manifest(folder: Path) -> None:
    """A source that writes no manifest."""
    (folder / "_manifest.json").unlink()
