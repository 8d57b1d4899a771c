"""What is committed in expectations/: whole, worded for people, about columns that the measures have."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
import yaml

from userops.gate import suites
from userops.settings import PROJECT_ROOT, Settings

FOLDER = PROJECT_ROOT / "expectations"
SUITES = sorted((FOLDER / "suites").glob("*.json"))
SETTINGS = Settings.load({})


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def columns_of_measures() -> dict[str, set[str]]:
    """The described columns of every model below models/quality."""
    found = {}
    for path in (PROJECT_ROOT / "dbt_project/models/quality").rglob("_*__models.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            found[model["name"]] = {column["name"] for column in model["columns"]}
    return found


COLUMNS = columns_of_measures()


def expectations() -> Iterator:
    for path in SUITES:
        for number, expectation in enumerate(read(path)["expectations"]):
            yield pytest.param(path.stem, expectation, id=f"{path.stem}-{number}")


def names_in(condition: object) -> set[str]:
    """The columns that a row condition names."""
    if isinstance(condition, list):
        return set().union(*map(names_in, condition))
    if not isinstance(condition, dict):
        return set()
    named = {condition["column"]["name"]} if "column" in condition else set()
    return named | names_in(condition.get("conditions", []))


@pytest.mark.parametrize(("asset", "expectation"), list(expectations()))
def test_an_expectation_speaks_to_people_of_columns_that_exist(asset: str, expectation: dict) -> None:
    kwargs, meta = expectation["kwargs"], expectation["meta"]
    in_text = {name for _, name, _, _ in Formatter().parse(meta["found"]) if name}
    assert {kwargs["column"]} | names_in(kwargs.get("row_condition")) | in_text <= COLUMNS[asset]
    assert expectation["severity"] in ("critical", "warning", "info")
    assert expectation["description"] and meta["owner"]
    # A deviation in standard errors means nothing to whoever is woken up.
    assert "deviation" not in in_text


@pytest.mark.parametrize(("asset", "expectation"), list(expectations()))
def test_it_says_the_same_in_chinese(asset: str, expectation: dict) -> None:
    meta = expectation["meta"]
    figures = [sorted((name, form) for _, name, form, _ in Formatter().parse(meta[key]) if name)
               for key in ("found", "found_zh")]  # fmt: skip
    assert figures[0] == figures[1]
    assert re.search("[\u4e00-\u9fff]", meta["found_zh"]) and re.search("[\u4e00-\u9fff]", meta["description_zh"])
    # `userops accept` finds a subject by its name and a plain colon.
    assert meta["found"].startswith("{subject}: ") == meta["found_zh"].startswith("{subject}: ")


@pytest.mark.parametrize(("asset", "expectation"), list(expectations()))
def test_its_runbook_is_a_section_of_the_readme(asset: str, expectation: dict) -> None:
    path, _, anchor = expectation["meta"]["runbook"].partition("#")
    headings = re.findall(r"^## (.+)$", (PROJECT_ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_every_share_that_blocks_states_its_least_volume() -> None:
    """The others are no shares: a single rate or order more is wrong."""
    without = {
        expectation["meta"]["check"]
        for path in SUITES
        for expectation in read(path)["expectations"]
        if expectation["severity"] == "critical" and '">=' not in json.dumps(expectation["kwargs"])
    }
    assert without == {"rates_jumped", "users_sum_to_orders"}


def test_a_check_explains_checks_that_exist() -> None:
    explained = suites.explanations(SETTINGS)
    checks = {expectation["meta"]["check"] for path in SUITES for expectation in read(path)["expectations"]}
    assert {name for names in explained.values() for name in names} <= checks
    assert explained["orders_in_the_future"] == ("some_orders_in_the_future",)


def test_every_suite_is_judged_by_one_checkpoint_on_a_measure() -> None:
    judged = [
        definition["name"]
        for layer in ("raw", "marts")
        for definition in read(FOLDER / "checkpoints" / f"{layer}.json")["validation_definitions"]
    ]
    assert sorted(judged) == [path.stem for path in SUITES]
    (source,) = yaml.safe_load((FOLDER / "great_expectations.yml").read_text())["fluent_datasources"].values()
    assert sorted(asset["table_name"] for asset in source["assets"].values()) == sorted(judged)
    assert set(judged) < set(COLUMNS)


def test_there_is_no_sql_and_no_python_in_expectations() -> None:
    kinds = {path.suffix for path in FOLDER.rglob("*") if path.is_file()}
    assert kinds == {".json", ".yml", ".md"}
    assert not any("query" in path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.json"))


def test_what_can_be_accepted_is_what_models_read_accepted_levels_of():
    calls = r"(?:accepted_levels|level_begins)\(\s*(\[[^\]]*\])"
    models = (PROJECT_ROOT / "dbt_project/models/quality").rglob("*.sql")
    read_by_models = {
        check for path in models for names in re.findall(calls, path.read_text(encoding="utf-8"))
        for check in yaml.safe_load(names)
    }
    assert set(suites.with_levels(SETTINGS)) == read_by_models
    guide = (PROJECT_ROOT / "docs/how-to/work-with-runs.md").read_text(encoding="utf-8")
    assert [check for check in sorted(read_by_models) if f"`{check}`" not in guide] == []
