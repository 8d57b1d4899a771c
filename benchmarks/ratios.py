"""What the benchmark sets beside each other: each function gives what, the ratio, its bound and which way it holds."""

import statistics
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb_peer
import psutil
import psycopg
from commands import PROGRAMS, run_dbt
from psycopg import sql

from userops.contracts.model import load_contracts
from userops.gate import runner
from userops.gate.suites import load_suite
from userops.settings import Settings

PEER = Path(__file__).parent / "peer"
# In a process of its own: it fills the environment for one warehouse.
AIRFLOW_ALONE = (
    "from userops import airflow_runtime as airflow; from userops.settings import Settings;"
    " airflow.configure(Settings.load()); airflow.migrate(Settings.load())"
)
PEER_MARTS = "+users +cohort_retention +channel_performance"
Ratio = tuple[str, float, float, str]


@dataclass(frozen=True)
class Command:
    """A night by `userops night`: its seconds from start to end, those of its steps, the MB of its largest process."""

    seconds: float
    in_steps: float
    memory: float


@dataclass(frozen=True)
class Business:
    """A warehouse of its own with its history loaded and built, and what that took."""

    place: Path
    url: str
    dates: list[date]
    nights: list[dict[str, float]]
    # Of a business with nights of full size alone.
    command: Command | None = None
    whole: float | None = None

    def night(self, step: str) -> float:
        """Median seconds of a step over the nights after the history."""
        return statistics.median(steps[step] for steps in self.nights)


def load(business: Business, export: str) -> Ratio:
    """Rows a second of the loader, the whole contract applied, against `COPY` of the file into a table like its own."""
    path = business.place / "landing" / business.dates[0].isoformat() / f"{export}.csv"
    with psycopg.connect(business.url) as connection:
        ours = float(connection.execute(
            "select seconds from meta.step_timings where step = 'load' and part = %s and business_date = %s",
            [export, business.dates[0]],
        ).fetchone()[0])
        # Types, constraints and indexes as they are; identifiers go in as they come.
        connection.execute(sql.SQL("create table copied (like {} including all)").format(sql.Identifier("raw", export)))
        for column, value in (("_load_id", "0"), ("_line", "0"), ("_business_date", "current_date")):
            connection.execute(f"alter table copied alter column {column} set default {value}")
        identifiers = {column.name: f"{column.name}_hash" for column in load_contracts()[export].identifiers}
        with path.open("rb") as file:
            head = file.readline().decode().strip().split(",")
            columns = sql.SQL(", ").join(sql.Identifier(identifiers.get(name, name)) for name in head)
            began = time.perf_counter()
            copied = sql.SQL("copy copied ({}) from stdin (format csv)").format(columns)
            with connection.cursor().copy(copied) as copy:
                while block := file.read(1 << 20):
                    copy.write(block)
            seconds = time.perf_counter() - began
        connection.rollback()
    return f"rows a second of loading {export} against COPY into a table like its own", seconds / ours, 0.6, "at least"


def peers(business: Business) -> list[Ratio]:
    """Our whole build of the same marts against a plain dbt project's, each a process; and both beside DuckDB."""
    settings = Settings.load()
    seconds = []
    day = business.dates[-1].isoformat()
    night_of = ["--vars", f'{{"business_date": "{day}"}}', "--select", *PEER_MARTS.split()]
    for project, more in ((settings.project_root / "dbt_project", night_of), (PEER, [])):
        began = time.perf_counter()
        run_dbt(business.url, project, business.place / f"target-{project.name}", "run", "--threads", "2", *more)
        seconds.append(time.perf_counter() - began)
    what = "whole build of customer, cohort and channel marts against a plain project's"
    beside_duckdb = duckdb_peer.ratios(business.url, PEER, business.place, seconds[0])
    return [(what, seconds[0] / seconds[1], 0.5, "at most"), *beside_duckdb]


def dbt_alone(business: Business) -> Ratio:
    """Seconds of dbt with its start-up over thirty models that say nothing, parsed before."""
    project, target = business.place / "thirty", business.place / "target-thirty"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text("{name: thirty, profile: userops, models: {thirty: {+schema: thirty}}}\n")
    for number in range(30):
        (project / "models" / f"model_{number}.sql").write_text("select 1 as one\n")
    for _ in range(2):
        began = time.perf_counter()
        run_dbt(business.url, project, target, "run", "--threads", "2")
        seconds = time.perf_counter() - began
    return "dbt and its start-up, thirty models that say nothing, seconds", seconds, 8, "at most"


def touched_users(business: Business) -> Ratio:
    """The models of users against reading the touched users' orders by a covering index and writing their mart rows."""
    with psycopg.connect(business.url) as connection:
        ours = float(connection.execute(
            "select sum(seconds) from meta.quality_results where business_date = %s and layer = 'dbt'"
            " and check_name = any(%s)",
            [business.dates[-1], _models("intermediate/users") + ["users"]],
        ).fetchone()[0])
        # Of the night: the whole build after it has left other users in `int_touched_users`.
        touched = (
            "user_id in (select user_id from build.touched_log"
            " where named_by = 'int_touched_users'"
            " and build_id = (select max(build_id) from meta.builds where not whole))"
        )
        connection.execute("create temp table orders as select * from build.int_orders_counted")
        connection.execute("create index on orders (user_id) include (order_day, net, margin, gross, discount)")
        connection.execute("create temp table users as select * from build.users")
        connection.execute("create unique index on users (user_id)")
        connection.execute("analyze orders; analyze users")
        began = time.perf_counter()
        connection.execute(
            "select user_id, count(*), min(order_day), max(order_day), sum(net), sum(margin), sum(gross), sum(discount)"
            f" from orders where {touched} group by user_id"
        )
        connection.execute(f"delete from users where {touched}")
        connection.execute(f"insert into users select * from build.users where {touched}")
        least = time.perf_counter() - began
    return "a night's models of users against reading and writing the touched ones", ours / least, 1.6, "at most"


def _models(folder: str) -> list[str]:
    return [path.stem for path in (Settings.load().project_root / "dbt_project" / "models" / folder).glob("*.sql")]


def gate(business: Business) -> Ratio:
    """The suite of raw rows, judged by Great Expectations, against its measuring queries alone."""
    settings, day = Settings.load(), business.dates[-1]
    since = day - timedelta(days=1)
    suite = load_suite(settings.project_root / "expectations", "raw")
    seconds = []
    for ask in (
        lambda: runner.run_suite(business.url, "raw", day, since, settings),
        lambda: runner.measure(business.url, suite, runner.parameters_of(settings, day, since)),
    ):
        began = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - began)
    return "the gate's raw suite against its aggregate queries alone", seconds[0] / seconds[1], 1.5, "at most"


def night_by_command(url: str, day: date) -> Command:
    """Run a night as a user does, in a process of its own; Airflow's metadata stand before, as they do but once."""
    subprocess.run([PROGRAMS / "python", "-c", AIRFLOW_ALONE], check=True)
    began = time.perf_counter()
    with subprocess.Popen([PROGRAMS / "userops", "night", "--date", day.isoformat()]) as command:
        memory = peak_memory(command)
    if command.returncode:
        raise subprocess.CalledProcessError(command.returncode, command.args)
    seconds = time.perf_counter() - began
    with psycopg.connect(url) as connection:
        in_steps = connection.execute(
            "select sum(seconds) from meta.step_timings where run_id ="
            " (select run_id from meta.runs where business_date = %s order by started_at desc limit 1)",
            [day],
        ).fetchone()[0]
    return Command(seconds, float(in_steps), memory)


def peak_memory(command: subprocess.Popen) -> float:
    """The most memory that it or a process it starts was seen to hold until it ended, in MB.

    Looked at ten times a second: the system's own peak of a child begins with its parent's memory.
    """
    parent, peak = psutil.Process(command.pid), 0
    while command.poll() is None:
        for process in (parent, *children_of(parent)):
            with suppress(psutil.NoSuchProcess):
                peak = max(peak, process.memory_info().rss)
        time.sleep(0.1)
    return peak / 1e6


def children_of(parent: psutil.Process) -> list[psutil.Process]:
    try:
        return parent.children(recursive=True)
    except psutil.NoSuchProcess:  # it ended between two looks
        return []


def memory(business: Business) -> Ratio:
    """The largest process of a night by the command."""
    return "memory of the largest Python process of `userops night`, MB", business.command.memory, 500, "at most"


def orchestration(business: Business) -> Ratio:
    """What start-up, Airflow and the time between steps are of a night by the command."""
    share = 1 - business.command.in_steps / business.command.seconds
    return "start-up and orchestration, of a night by `userops night`", share, 0.1, "at most"
