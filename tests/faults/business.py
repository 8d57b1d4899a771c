"""A small business whose night is disturbed: its states as template databases, and a case for every fault."""

import hashlib
import json
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import psycopg
from psycopg.conninfo import conninfo_to_dict

from faults import readers, steps
from faults.proxy import Boundary, Link, Proxy
from userops.alerts import outbox, watchdog
from userops.contracts.model import load_contracts
from userops.lake import Lake
from userops.lake.schema import select_files
from userops.settings import Settings
from userops.warehouse.connection import connect

FIRST = date(2024, 3, 1)
NIGHT = FIRST + timedelta(days=1)
READ = ("users", "lifecycle_daily", "channel_daily")
# What says when and by which publications, not what is known of the business.
LIVE = {
    "publication", "quality_results", "step_timings", "rejected_rows", "freshness", "erasure_log",
    "user_merges", "tag_history", "tag_monthly", "audience_changes",
}  # fmt: skip


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return re.sub(r"/[^/?]*(\?|$)", rf"/{name}\1", url[len("postgresql://") :]).join(["postgresql://", ""])


def hashes(url: str) -> dict[str, str]:
    """A hash over all rows of every mart, whatever their order."""
    with psycopg.connect(url) as connection:
        marts = connection.execute("select viewname from pg_views where schemaname = 'marts' order by 1").fetchall()
        names = [mart for (mart,) in marts if mart not in LIVE]
        return {mart: _hash(connection, f"marts.{mart}", "since", "from_version") for mart in names}


def raw_hashes(case: "Case", without: str = "") -> dict[str, str]:
    """A hash of every table that a night's loads fill, without load ids and times: marts are made of nothing else.

    `without` leaves out the books of an export.
    """
    with psycopg.connect(case.url) as connection:
        found = _copied(connection) if case.engine == "postgres" else _stored(connection, case.settings())
        found["vault"] = _hash(connection, "vault.identifiers")
        found["quarantine"] = _hash(connection, "quarantine.rows", "load_id", "quarantined_at")
        found["books"] = _hash(
            connection, f"(select * from meta.load_files where state = 'loaded' and export <> '{without}')",
            "load_id", "lake_path", "run_id", "loaded_at",
        )
        return found


def _copied(connection: psycopg.Connection) -> dict[str, str]:
    """Of the copies in the warehouse; every row hangs on the one load that the books hold for its file."""
    for name in load_contracts():
        orphans = connection.execute(
            f"select count(*) from raw.{name} where _load_id not in"
            " (select load_id from meta.load_files where state = 'loaded')"
        ).fetchone()[0]
        assert orphans == 0, f"{orphans} rows of raw.{name} are in no book"
    return {name: _hash(connection, f"raw.{name}", "_load_id") for name in load_contracts()}


def _stored(connection: psycopg.Connection, settings: Settings) -> dict[str, str]:
    """Of the lake's files, as the engines that build over them read them."""
    lake, found = Lake(settings.lake), {}
    stored = lake.files_as_of(connection, date.max)
    with duckdb.connect() as database:
        database.execute("set timezone = 'UTC'")
        for name, contract in load_contracts().items():
            files = select_files(contract, [file.url for file in stored.get(name, [])])
            rows = database.execute(f"select * exclude (_load_id) from ({files}) order by all").fetchall()
            found[name] = f"{len(rows)}:" + hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
    return found


def _hash(connection: psycopg.Connection, source: str, *without: str) -> str:
    rows = connection.execute(
        f"select md5((to_jsonb(t) - %s::text[])::text) from {source} as t order by 1", [list(without)]
    ).fetchall()
    return f"{len(rows)}:" + hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


@dataclass
class Case:
    """One database and home, reached through a proxy of its own."""

    context: object
    server_url: str
    name: str
    home: Path
    landing: Path
    proxy: Proxy
    night: date = NIGHT
    engine: str = "postgres"

    @property
    def url(self) -> str:
        """The database itself, past the proxy."""
        return with_database(self.server_url, self.name)

    def environment(self, **more: str) -> dict[str, str]:
        parts = conninfo_to_dict(self.url)
        secret = f":{parts['password']}" if parts.get("password") else ""
        return {
            "USEROPS_DATABASE_URL": f"postgresql://{parts['user']}{secret}@127.0.0.1:{self.proxy.port}/{self.name}",
            "USEROPS_HOME": str(self.home),
            "USEROPS_LANDING": str(self.landing),
            "USEROPS_HASH_KEY": "k" * 64,
            "USEROPS_ENGINE": self.engine,
            **more,
        }

    def start(self, names: tuple[str, ...], night: date | None = None, **options: object) -> steps.Child:
        environment = self.environment(**options.pop("environment", {}))
        return steps.start(self.context, self.home, environment, names, date=str(night or self.night), **options)

    def run(self, names: tuple[str, ...], night: date | None = None, **options: object) -> None:
        """Undisturbed; anything but success is an error of the test."""
        child = self.start(names, night, **options)
        code = child.wait()
        assert code == 0, f"{names} ended with {code}: {child.error}"

    def statements(self, names: tuple[str, ...]) -> int:
        """Run the steps and return how many statements they took."""
        self.proxy.reset()
        self.run(names)
        return len(self.proxy.reached)

    def killed_after(self, seconds: float, names: tuple[str, ...], **options: object) -> str:
        """Run the steps and kill the process at a moment rather than at a statement; returns how far it came."""
        self.proxy.reset()
        child = self.start(names, **options)
        child.process.join(seconds)
        if child.process.is_alive():
            child.kill()
        code = child.wait()
        # Who came to the end in the same moment was not killed, whatever `kill` thought.
        assert code in ((-9, 0) if child.killed else (0,)), f"ended with {code}: {child.error}"
        return f"after {seconds:.2f} s, {len(self.proxy.reached)} statements"

    def killed_at(self, number: int, names: tuple[str, ...], **options: object) -> str:
        """Run the steps and kill the process just before its statement `number`; returns that statement."""
        ready: list[steps.Child] = []
        hit: list[str] = []

        def strike(boundary: Boundary, link: Link) -> None:
            if boundary.number == number:
                hit.append(boundary.text)
                while not ready:
                    pass
                ready[0].kill()
                ready[0].gone()
                link.cut()

        self.proxy.reset(strike)
        ready.append(self.start(names, **options))
        code = ready[0].wait()
        self.proxy.reset()
        assert code == (-9 if hit else 0), f"ended with {code}: {ready[0].error}"
        return " ".join(hit[0].split())[:90] if hit else "past the last statement"

    @contextmanager
    def reading(self, valid: set[tuple], may_be_away: bool = False) -> Iterator[None]:
        """A reader beside the block; it must see nothing but the states in `valid`, and no error."""
        stop, notes = self.context.Event(), self.home / f"reader-{uuid.uuid4().hex[:6]}.txt"
        reader = self.context.Process(target=readers.poll, args=(self.url, READ, stop, str(notes)), daemon=True)
        reader.start()
        try:
            yield
        finally:
            stop.set()
            reader.join(30)
        seen = notes.read_text().splitlines()
        wrong = [
            note for note in seen
            if not note.startswith("reads ")
            and note not in {f"state {state}" for state in valid}
            and not (may_be_away and note.startswith("away "))
        ]
        assert wrong == [], f"readers saw {wrong}"
        assert seen[-1] != "reads 0", "the reader never read"

    def settings(self) -> Settings:
        return Settings.load(self.environment() | {"USEROPS_DATABASE_URL": self.url})

    def messages(self) -> list[dict]:
        """Deliver what waits and return everything that was ever delivered."""
        with connect(self.url, "publisher") as connection:
            outbox.deliver_pending(connection, self.settings())
        path = self.home / "alerts.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def told(self) -> list[tuple[str, str]]:
        """(kind, title) of everything delivered, apart from what the watchdog began."""
        return sorted((m["kind"], m["title"]) for m in self.messages() if "published_on_time" not in m["body"])

    def watched(self) -> list[str]:
        """The kinds of what the watchdog began, in order."""
        return [m["kind"] for m in self.messages() if "published_on_time" in m["body"]]

    def look(self) -> None:
        """What the watchdog says in the morning after the night, twice, as its schedule has it."""
        morning = datetime(self.night.year, self.night.month, self.night.day, 4, tzinfo=UTC) + timedelta(days=1)
        for _ in range(2):
            watchdog.watch(self.settings(), morning)


class Business:
    """Exports of three days and the states of a server that loads them, as databases to copy from."""

    def __init__(
        self, server_url: str, folder: Path, users: int = 60, first: date = FIRST, engine: str = "postgres"
    ) -> None:
        from userops.simulate import simulate

        self.server_url, self.folder, self.first, self.engine = server_url, folder, first, engine
        self.landing = folder / "landing"
        self.context = steps.processes()
        self.templates: dict[str, Path] = {}
        self.mark = uuid.uuid4().hex[:6]
        self.port = 0  # of the proxy: any free one the first time
        self.before: tuple = ()
        self.after: tuple = ()
        self.raw: dict[str, str] = {}
        self.marts: dict[str, str] = {}
        self.told: list[tuple[str, str]] = []
        # How many statements each part of the night takes, and how long.
        self.statements: dict[tuple[str, ...], int] = {}
        self.seconds: dict[tuple[str, ...], float] = {}
        simulate(self.landing, users, 3, first, 3)

    def keep(self, case: Case, name: str) -> None:
        """Keep the state of a case as a template: its database and what its home holds."""
        shutil.copytree(case.home, self.folder / name)
        self.templates[name] = self.folder / name
        self._admin(f'create database "{self._template(name)}" template "{case.name}" strategy file_copy')

    def prepare(self) -> None:
        """The undisturbed nights: the states `published` (the night before), `loaded`, `built`, and the outcome."""
        with self.case() as case:
            case.run(steps.WHOLE, self.first)
            case.messages()
            self.keep(case, "published")
            self.before = readers.states(case.url, READ)
            self._measured(case, steps.INGEST)
            self.raw = raw_hashes(case)
            self.keep(case, "loaded")
            self._measured(case, steps.BUILD)
            self.keep(case, "built")
            self._finish(case)

    def _measured(self, case: Case, names: tuple[str, ...]) -> None:
        started = time.monotonic()
        self.statements[names] = case.statements(names)
        self.seconds[names] = time.monotonic() - started

    def _finish(self, case: Case) -> None:
        self._measured(case, steps.PUBLISH)
        self.marts, self.after = hashes(case.url), readers.states(case.url, READ)
        self.told = case.told()
        assert self.before != self.after and None not in self.before

    def drop(self) -> None:
        """Remove the templates."""
        self._admin(*(f'drop database if exists "{self._template(name)}" with (force)' for name in self.templates))

    def _template(self, name: str) -> str:
        return f"faults_{name}_{self.mark}"

    def _admin(self, *statements: str) -> None:
        with psycopg.connect(self.server_url, autocommit=True) as admin:
            for statement in statements:
                admin.execute(statement)

    @contextmanager
    def case(self, template: str | None = None, landing: Path | None = None) -> Iterator[Case]:
        """A case in the state of a template, or empty; gone afterwards.

        All have one name and one port, one after the other: dbt knows the project again that the template parsed.
        """
        name = f"faults_case_{self.mark}"
        home = self.folder / name
        source = self._template(template) if template else "template1"
        self._admin(f'create database "{name}" template "{source}"')
        if template:
            shutil.copytree(self.templates[template], home)
        else:
            home.mkdir()
        parts = conninfo_to_dict(self.server_url)
        proxy = Proxy((str(parts["host"]), int(parts["port"])), self.port)
        self.port = proxy.port
        try:
            night = self.first + timedelta(days=1)
            yield Case(self.context, self.server_url, name, home, landing or self.landing, proxy, night, self.engine)
        finally:
            proxy.close()
            self._admin(f'drop database if exists "{name}" with (force)')
            shutil.rmtree(home, ignore_errors=True)
