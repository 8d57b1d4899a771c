"""The tag files: what the repository declares, how mistakes are named, the generated page, the scaffold."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT
from userops.tags.catalog import load_catalog, read_catalog
from userops.tags.docs import TARGET, render
from userops.tags.features import MODELS
from userops.tags.lint import lint
from userops.tags.rendering import features_of, tags_of
from userops.tags.scaffold import add_tag
from userops.tags.store import tables

FILE = """category: lifecycle
owner: lifecycle
scenario: repurchase
decision: Choose the journey.
validity_days: 14
tags:
  - code: lapsing
    name: Lapsing
    name_zh: 即将流失
    rule: recency_days between 30 and 45

  - code: rich
    name: Rich
    name_zh: 富
    rule: net >= 1000
    value: stage
    score: net / orders
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the repository's scenarios, categories and features, and one file of two tags."""
    (tmp_path / MODELS).parent.mkdir(parents=True)
    shutil.copy(PROJECT_ROOT / MODELS, tmp_path / MODELS)
    for folder in ("tags", "audiences", "docs"):
        (tmp_path / folder).mkdir()
    for name in ("_scenarios.yml", "_categories.yml"):
        shutil.copy(PROJECT_ROOT / "tags" / name, tmp_path / "tags" / name)
    (tmp_path / "tags" / "lifecycle.yml").write_text(FILE, encoding="utf-8")
    return tmp_path


def test_the_repository_declares_what_is_promised() -> None:
    catalog = load_catalog()
    assert len(catalog.tags) == 100
    assert len(catalog.scenarios) == 13 and len(catalog.categories) == 11
    assert {tag.scenario for tag in catalog.tags.values()} == set(catalog.scenarios)
    assert {tag.category for tag in catalog.tags.values()} == set(catalog.categories)
    assert {audience.scenario for audience in catalog.audiences.values()} <= set(catalog.scenarios)
    assert all(features_of(tag.rule) for tag in catalog.tags.values())
    assert len(catalog.features) == 122
    assert lint(PROJECT_ROOT) == []


def test_the_page_is_up_to_date() -> None:
    page = (PROJECT_ROOT / TARGET).read_text(encoding="utf-8")
    assert page == render(load_catalog()), "tags changed: run `python -m userops.tags.docs`"


def test_four_lines_are_a_tag(project: Path) -> None:
    tag = load_catalog(project).tags["lapsing"]
    assert (tag.category, tag.scenario, tag.owner, tag.validity_days) == ("lifecycle", "repurchase", "lifecycle", 14)
    assert tag.value is None and tag.score_text == "1"
    rows = {row["tag_code"]: row for row in tables(load_catalog(project))["config_tags"].to_pylist()}
    assert rows["rich"]["features"] == "net, stage, orders"
    assert rows["rich"]["score_sql"] == (
        "(cast(features.net as double precision) / nullif(cast(features.orders as double precision), 0))"
    )
    assert (rows["rich"]["value_sql"], rows["lapsing"]["value_sql"]) == ("features.stage", None)
    assert rows["lapsing"]["rule_words"] == "days since the last order between 30 and 45"


@pytest.mark.parametrize(
    ("old", "new", "where", "said", "fix"),
    [
        ("recency_days between", "recency between", "10 (lapsing)", "'recency' is no feature", "use recency_days"),
        ("net >= 1000", "net + 1", "15 (rich)", "is a number, not a comparison", "make it a boolean"),
        ("score: net / orders", "score: stage", "17 (rich)", "is a text, not a number", "number"),
        ("scenario: repurchase", "scenario: repurchasing", "3 (lapsing)", "none of 13", "'repurchase'"),
        ("category: lifecycle", "category: weather", "1 (lapsing)", "none of 11", "use one of"),
        ("scenario: repurchase\n", "", "6 (lapsing)", "no 'scenario'", "file's head"),
        ("decision: Choose the journey.", "decision:", "7 (lapsing)", "no 'decision'", "file's head"),
        ("code: rich", "code: lapsing", "12 (lapsing)", "declared twice", "tags/lifecycle.yml:7"),
        ("code: rich", "code: Rich!", "12 (Rich!)", "is not usable", "lower-case"),
        ("    name: Rich", "    nam: Rich", "13 (rich)", "unknown entry 'nam'", "`name:`"),
        ("owner: lifecycle", "ownr: lifecycle", "2", "unknown entry 'ownr'", "`owner:`"),
        ("validity_days: 14", "validity_days: soon", "5 (lapsing)", "'soon'", "whole days"),
        ("value: stage", "value: [stage]", "16 (rich)", "not one value", "one line"),
        ("    name: Rich", "    code: again", "13", "'code' stands twice", "fix that line"),
        ("    name: Rich", "    name: true", "13 (rich)", "read as true or false, not as a word", "put it in quotes"),
        ("value: stage", "needs: [parcels]", "16 (rich)", "'parcels', which no contract", "name an export"),
        ("value: stage", "needs: [pushes or pushes.opend_at]", "16 (rich)", "'pushes.opend_at'", "name an export"),
        ("tags:", "tag:", "", "no list `tags:`", "add `tags:`"),
        ("rule: net >= 1000", "rule: 'net", "18", "no valid YAML", "fix that line"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_line_and_tag(
    project: Path, old: str, new: str, where: str, said: str, fix: str
) -> None:
    path = project / "tags" / "lifecycle.yml"
    assert old in FILE
    path.write_text(FILE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UseropsError) as raised:
        load_catalog(project)
    assert said in raised.value.what
    assert raised.value.what.startswith(f"tags/lifecycle.yml:{where}".rstrip(":")), raised.value.what
    assert fix in raised.value.fix
    assert any(finding.level == "error" for finding in lint(project))


def test_words_of_yaml_1_2_need_no_quotes(project: Path) -> None:
    path = project / "tags" / "lifecycle.yml"
    path.write_text(FILE.replace("name: Rich", "name: off").replace("owner: lifecycle", "owner: no"), encoding="utf-8")
    tag = load_catalog(project).tags["rich"]
    assert (tag.name, tag.owner) == ("off", "no")


def test_files_that_are_not_text_or_missing_are_named(project: Path) -> None:
    (project / "tags" / "value.yml").write_bytes(b"\xff\xfe")
    (project / "tags" / "_scenarios.yml").unlink()
    _, problems = read_catalog(project)
    assert {(p.file, p.what) for p in problems} >= {
        ("tags/value.yml", "the file is not UTF-8"),
        ("tags/_scenarios.yml", "the file is missing"),
    }


def test_a_rule_holds_for_nobody_without_what_the_tag_needs(project: Path) -> None:
    path = project / "tags" / "lifecycle.yml"
    needs = "    needs: [pushes.opened_at or touches, contacts.phone]\n    rule: net >= 1000"
    path.write_text(FILE.replace("    rule: net >= 1000", needs), encoding="utf-8")
    rows = {row["tag_code"]: row for row in tables(load_catalog(project))["config_tags"].to_pylist()}
    assert rows["rich"]["rule_sql"] == (
        "((features.net >= 1000) and (delivered('pushes.opened_at') or delivered('touches'))"
        " and delivered('contacts.phone_hash'))"
    )
    assert "delivered" not in rows["lapsing"]["rule_sql"]


def test_audiences_read_tags_and_features(project: Path) -> None:
    audience = "owner: o\nscenario: win-back\ndecision: d\naudiences:\n  - code: both\n    name: Both\n"
    audience += "    name_zh: 两者\n"
    path = project / "audiences" / "all.yml"
    path.write_text(audience + "    rule: has('rich') and reachable_sms\n", encoding="utf-8")
    catalog = load_catalog(project)
    assert tags_of(catalog.audiences["both"].rule) == ["rich"]
    (row,) = tables(catalog)["config_audiences"].to_pylist()
    assert row["rule_sql"] == "(coalesce((features.net >= 1000), false) and features.reachable_sms)"
    assert row["rule_words"] == "has the tag “Rich” and may be sent text messages"
    path.write_text(audience + "    rule: has('ritch')\n", encoding="utf-8")
    with pytest.raises(UseropsError, match=r"audiences/all.yml:8 \(both\): .*'ritch' is no tag") as raised:
        load_catalog(project)
    assert raised.value.fix == "use has('rich')."


def test_lint_warns_of_the_unfinished_and_the_repeated(project: Path) -> None:
    text = FILE + "\n  - code: open\n    name: TODO\n    name_zh: 待译\n    rule: 'false'\n"
    text += "\n  - code: same\n    name: Same\n    name_zh: 同\n    rule: recency_days  between 30 and 45\n"
    (project / "tags" / "lifecycle.yml").write_text(text, encoding="utf-8")
    said = {(f.where.split("(")[-1].rstrip(")"), f.what) for f in lint(project)}
    assert ("open", "the rule `false` reads no feature") in said
    assert ("open", "'TODO' is a placeholder") in said
    assert ("same", "the same rule as lapsing") in said
    assert ("docs/tags.md", "the page is not up to date") in said
    assert all(f.level == "warning" for f in lint(project))


def test_new_writes_a_tag_that_loads(project: Path) -> None:
    path, line = add_tag(project, "night_owl", "lifecycle", {"rule": "active_daypart = 'night'", "name": "Owl: night"})
    tag = load_catalog(project).tags["night_owl"]
    assert (tag.name, tag.rule_text, tag.scenario) == ("Owl: night", "active_daypart = 'night'", "repurchase")
    assert tag.line == line
    assert path.read_text(encoding="utf-8").startswith(FILE)


@pytest.mark.parametrize(
    ("code", "category", "given_", "said"),
    [
        ("lapsing", "lifecycle", {}, "declared twice"),
        ("x1", "lifecycle", {"rule": "nothing = 1"}, "'nothing' is no feature"),
        ("x1", "weather", {}, "category 'weather'"),
        ("x1", "lifecycle", {"scenario": "none"}, "none of 13"),
    ],
)
def test_new_refuses_what_would_not_load(project: Path, code: str, category: str, given_: dict, said: str) -> None:
    with pytest.raises(UseropsError, match=said):
        add_tag(project, code, category, given_)
    assert (project / "tags" / "lifecycle.yml").read_text(encoding="utf-8") == FILE


LINES = ["category: value", "owner: o", "scenario: repurchase", "decision: d", "validity_days: 3", "tags:",
         "- code: a", "  - code: b", "    name: B", "    name_zh: 乙", "    rule: orders > 1", "    rule: [", "- 1",
         "? x", "a: &a [*a]", "<<: *a", "---", "'", "\t", "    score: '1'", "!!python/object:os.system x",
         "2024-01-01: 3", "null:"]  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(st.sampled_from(LINES), max_size=14).map("\n".join)))
def test_any_file_is_read_or_named(project: Path, text: str) -> None:
    path = project / "tags" / "wild.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    catalog, problems = read_catalog(project)
    assert {"lapsing", "rich"} <= set(catalog.tags)
    assert all(p.file == "tags/wild.yml" and p.what and p.fix for p in problems)
    assert problems or len(catalog.tags) > 2 or "tags" in text
