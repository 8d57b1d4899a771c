"""Tags whose needs no source delivers: nobody bears them."""

from datetime import date

import pytest

import empty_sources
from userops.engines.duckdb import DuckdbEngine
from userops.settings import Settings
from userops.transform import dbt

DAY = date(2024, 3, 1)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.load({"USEROPS_HOME": str(tmp_path_factory.mktemp("home"))})


def compiled(settings: Settings, *statements: str) -> str:
    """The statement of user_tags where so much was delivered."""
    empty_sources.prepared(settings, DAY)
    engine = DuckdbEngine(settings, "", None)
    for statement in statements:
        engine._open().execute(statement)
    engine.close()
    done = dbt._invoke(settings, ["compile", "--select", "user_tags"])
    assert done.result is not None, done.exception
    return done.result.results[0].node.compiled_code


def test_an_export_that_never_came_is_no_answer(settings: Settings) -> None:
    sql = compiled(settings)
    assert "((features.searches_30d >= 1) and false)" in sql
    assert "((features.staff_friends >= 1) and false)" in sql
    assert "delivered(" not in sql


def test_what_came_by_the_date_is_an_answer(settings: Settings) -> None:
    sql = compiled(
        settings,
        "insert into raw.events (event_id, _business_date) values ('e', date '2024-03-01')",
        "insert into raw.friendships (staff_id, _business_date) values ('s', date '2024-03-01')",
        "insert into raw.points (entry_id, _business_date) values ('p', date '2024-03-02')",
    )
    assert "((features.searches_30d >= 1) and true)" in sql
    assert "((features.staff_friends >= 1) and true)" in sql
    # A column that is always empty tells nothing, nor does a folder after the date.
    assert "(features.staff_replied_to = 0)) and false)" in sql
    assert "(features.points_spent_90d = 0)) and false)" in sql


def test_one_alternative_is_enough(settings: Settings) -> None:
    sql = compiled(settings, "insert into raw.touches (touch_id, _business_date) values ('t', date '2024-03-01')")
    assert "((features.stage = 'zombie') and (false or true or false or false))" in sql
