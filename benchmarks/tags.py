"""What sixty more tags cost: `python benchmarks/tags.py [--users 50000] [--rounds 5]`, in a warehouse that has a night.

Copies the database of USEROPS_HOME (or USEROPS_DATABASE_URL), repeats its rows of features until they are of so many
users, and runs the one statement that finds all tags, compiled for the catalogue and for sixty tags more, in turns.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import psycopg
from commands import run_dbt
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from userops.settings import Settings
from userops.tags.store import write_catalog
from userops.warehouse.location import warehouse_url

MODEL, MORE, BOUND, COPY = "user_tags", 60, 1.5, "userops_bench_tags"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    settings = Settings.load()
    source = warehouse_url(settings)
    url = make_conninfo(source, dbname=COPY)
    with psycopg.connect(make_conninfo(source, dbname="postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(COPY)))
        of = sql.Identifier(conninfo_to_dict(source)["dbname"])
        admin.execute(sql.SQL("create database {} template {}").format(sql.Identifier(COPY), of))
    try:
        measure(settings, url, given.users, given.rounds)
    finally:
        with psycopg.connect(make_conninfo(source, dbname="postgres"), autocommit=True) as admin:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(COPY)))


def measure(settings: Settings, url: str, users: int, rounds: int) -> None:
    rows = repeat_features(url, users)
    tags = len(write_catalog(url).tags)
    plain = compiled(settings, url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "create temp table again as select * from build.config_tags order by tag_code limit %s", [MORE]
        )
        connection.execute("update again set tag_code = 'again_' || tag_code")
        connection.execute("insert into build.config_tags select * from again")
    more = compiled(settings, url)
    ratios = []
    with psycopg.connect(url) as connection:
        for _ in range(rounds):
            one, other = (seconds(connection, statement) for statement in (plain, more))
            ratios.append(other / one)
            print(f"{tags} tags {one:.2f} s, {tags + MORE} tags {other:.2f} s: {ratios[-1]:.2f}", flush=True)
    ratio = statistics.median(ratios)
    print(f"{rows:,} rows of features; {MORE} more tags cost {ratio:.2f} x (bound {BOUND})"
          f"{' OVER' if ratio > BOUND else ''}")


def repeat_features(url: str, users: int) -> int:
    """Repeat everybody under other ids until there are so many; returns the rows of features."""
    with psycopg.connect(url) as connection:
        known = connection.execute("select count(distinct user_id) from build.int_user_features").fetchone()[0]
        columns = [row[0] for row in connection.execute(
            "select column_name from information_schema.columns where table_schema = 'build'"
            " and table_name = 'int_user_features' and column_name <> 'user_id' order by ordinal_position"
        )]
        connection.execute(sql.SQL(
            "insert into build.int_user_features (user_id, {c}) select user_id || '_' || again, {c}"
            " from build.int_user_features cross join generate_series(2, {times}) as again"
        ).format(c=sql.SQL(", ").join(map(sql.Identifier, columns)), times=max(1, users // known)))
        connection.execute("analyze build.int_user_features")
        return connection.execute("select count(*) from build.int_user_features").fetchone()[0]


def compiled(settings: Settings, url: str) -> str:
    """The model's statement, as dbt compiles it from the catalogue in the warehouse."""
    with psycopg.connect(url) as connection:
        day = connection.execute("select max(as_of) from build.int_user_features").fetchone()[0]
    with tempfile.TemporaryDirectory() as folder:
        project, target = settings.project_root / "dbt_project", Path(folder)
        run_dbt(url, project, target, "compile", "--select", MODEL, "--vars", f'{{"business_date": "{day}"}}')
        (path,) = (target / "compiled").rglob(f"{MODEL}.sql")
        return path.read_text(encoding="utf-8")


def seconds(connection: psycopg.Connection, statement: str) -> float:
    began = time.perf_counter()
    connection.execute(f"create temp table built as {statement}")
    took = time.perf_counter() - began
    connection.execute("drop table built")
    return took


if __name__ == "__main__":
    main()
