"""The plain project's statements, run by DuckDB on the rows that Postgres holds."""

import os
import re
import time
from pathlib import Path

import duckdb
import psycopg
from commands import run_dbt

MODELS = ("orders_newest", "customers", "cohorts", "channels")


def ratios(url: str, project: Path, place: Path, ours: float) -> list[tuple[str, float, float, str]]:
    """The project's SQL in DuckDB against Postgres's run of it, and against `ours`: seconds of our build of its marts.

    DuckDB reckons amounts as doubles, having no decimals without a given scale; the files it reads are put in `place`.
    """
    target = place / "target-duckdb"
    run_dbt(url, project, target, "compile")
    statements = [(name, _compiled(target, name)) for name in MODELS]
    with psycopg.connect(url) as postgres, duckdb.connect() as columns:
        columns.execute("create schema raw; set TimeZone = 'UTC'; set preserve_insertion_order = false")
        columns.execute(f"set threads = {len(os.sched_getaffinity(0))}")
        for table in sorted(set(re.findall(r"raw\.(\w+)", " ".join(text for _, text in statements)))):
            _copy_to_duckdb(postgres, columns, table, place / f"{table}.csv")
        postgres.execute("create schema plain; set local search_path = plain; set local TimeZone = 'UTC'")
        seconds = [_timed(engine, statements) for engine in (postgres, columns)]
        counts = [
            [engine.execute(f"select count(*) from {name}").fetchone()[0] for name, _ in statements]
            for engine in (postgres, columns)
        ]
        assert counts[0] == counts[1] and min(counts[0]) > 0, f"not the same rows: {counts}"
        postgres.rollback()
    return [
        ("a plain project's SQL in Postgres against DuckDB", seconds[0] / seconds[1], 3, "at most"),
        ("our whole build of these marts against a plain project's SQL in DuckDB", ours / seconds[1], 3, "at most"),
    ]


def _compiled(target: Path, model: str) -> str:
    """A model's SQL with one-part names for models and two-part names for raw tables."""
    text = next(target.glob(f"compiled/**/{model}.sql")).read_text()
    return re.sub(r'"\w+"\."(\w+)"\."(\w+)"', lambda found: f"raw.{found[2]}" if found[1] == "raw" else found[2], text)


def _copy_to_duckdb(postgres: psycopg.Connection, columns: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    fields = postgres.execute(
        "select attname, replace(format_type(atttypid, atttypmod), 'numeric', 'double') from pg_attribute"
        " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
        [f"raw.{table}"],
    ).fetchall()
    with path.open("wb") as file, postgres.cursor().copy(f"copy raw.{table} to stdout (format csv, header)") as copy:
        for block in copy:
            file.write(block)
    columns.execute(f"create table raw.{table} ({', '.join(f'{name} {kind}' for name, kind in fields)})")
    columns.execute(f"copy raw.{table} from '{path}' (header)")


def _timed(engine: psycopg.Connection | duckdb.DuckDBPyConnection, statements: list[tuple[str, str]]) -> float:
    began = time.perf_counter()
    for name, text in statements:
        engine.execute(f"create table {name} as {text}")
    return time.perf_counter() - began
