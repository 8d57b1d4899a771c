"""The statements by which a night replaces rows, from their macro: what they leave, and how they are planned."""

from collections.abc import Iterator
from types import SimpleNamespace

import psycopg
import pytest

from dbt_macros import macros

ROWS = 20_000
SETTINGS = {"indexes": [{"columns": ["user_id", "tag_code"], "unique": True}],
            "replaced": "(user_id, tag_code) in (select user_id, tag_code from named)"}


def statements() -> list[str]:
    config = SimpleNamespace(get=lambda name, default=None: SETTINGS.get(name, default), require=SETTINGS.__getitem__)
    columns = [{"quoted": name} for name in ("user_id", "tag_code", "score")]
    rendered = macros("night_writes.sql", config=config).get_incremental_replace_sql(
        {"target_relation": "standing", "temp_relation": "came", "dest_columns": columns}
    )
    return [statement for statement in rendered.split(";") if statement.strip()]


@pytest.fixture
def tables(warehouse_url: str) -> Iterator[psycopg.Connection]:
    """Rows that stand, all of them named; most come as they stand, some changed, one not at all, and one is new."""
    with psycopg.connect(warehouse_url) as connection:
        for statement in (
            "create temp table standing as select 'u' || n % 2000 as user_id, 't' || n / 2000 as tag_code, n as score"
            f" from generate_series(0, {ROWS - 1}) as n",
            "create unique index on standing (user_id, tag_code)",
            "create temp table named as select user_id, tag_code from standing",
            "create temp table came as"
            " select user_id, tag_code, case score % 10 when 0 then -score else score end as score"
            " from standing where score <> 4",
            "insert into came values ('new', 't0', 1)",
            "analyze standing; analyze named; analyze came",
        ):
            connection.execute(statement)
        yield connection
        connection.rollback()


def test_changed_rows_are_replaced_and_others_are_not_written(tables: psycopg.Connection) -> None:
    before = dict(tables.execute("select user_id || tag_code, ctid::text from standing").fetchall())
    for statement in statements():
        tables.execute(statement)
    now = tables.execute("select user_id || tag_code, score, ctid::text from standing").fetchall()
    assert len(now) == ROWS
    came = dict(tables.execute("select user_id || tag_code, score from came").fetchall())
    assert all(score == came[key] for key, score, _ in now if key in came)
    assert came.keys() <= {key for key, *_ in now}
    written = {key for key, _, place in now if before.get(key) != place}
    # Every tenth is another now, but for 0, its own negative; one is new.
    assert len(written) == ROWS // 10 - 1 + 1


def inner_sides(plan: dict) -> Iterator[dict]:
    """Every node below the inner side of a nested loop: it is gone through again for each row of the outer side."""
    for child in plan.get("Plans", []):
        if plan["Node Type"] == "Nested Loop" and child["Parent Relationship"] == "Inner":
            yield from nodes(child)
        else:
            yield from inner_sides(child)


def nodes(plan: dict) -> Iterator[dict]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def test_what_names_the_rows_is_not_read_for_each_of_them(tables: psycopg.Connection) -> None:
    """The planner foresees one row without its like, where a month's turn has hundreds of thousands."""
    explained = tables.execute(f"explain (format json) {statements()[0]}").fetchone()[0]
    again = [node for node in inner_sides(explained[0]["Plan"]) if node.get("Relation Name") == "named"]
    assert not again
