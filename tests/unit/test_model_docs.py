"""dbt's documentation as a page of the site: what the manifest says, nothing from elsewhere or of this machine."""

import json
import re
from pathlib import Path

import pytest

from userops.transform import model_docs

MODEL = {
    "name": "users", "schema": "build", "config": {"materialized": "table"}, "package_name": "userops",
    "build_path": "/home/somebody/run/users.sql", "compiled_code": "select 1", "raw_code": "select '</script>'",
    "columns": {"user_id": {"name": "user_id", "data_type": "text"}},
}  # fmt: skip
MANIFEST = {
    "metadata": {"send_anonymous_usage_stats": False},
    "nodes": {"model.userops.users": MODEL, "test.userops.one": MODEL | {"name": "one", "columns": {}}},
    "sources": {"source.userops.raw.orders": {"name": "orders", "schema": "raw", "columns": {}}},
    "macros": {
        "macro.userops.ratio": {"package_name": "userops"}, "macro.dbt.run_query": {"package_name": "dbt"},
    },
    "unit_tests": {"unit_test.userops.users.first": {}},
    "exposures": {"exposure.userops.page_overview": {"label": "Overview"}},
}  # fmt: skip


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(MANIFEST), encoding="utf-8")
    return path


def inlined(html: str, name: str) -> dict:
    """What the page's script reads as the file of that name."""
    start = re.search(rf'\b{name}:(?={{"metadata":)', html)
    return json.JSONDecoder().raw_decode(html, start.end())[0]


def test_the_page_holds_models_and_exposures(manifest: Path) -> None:
    shown = inlined(model_docs.page(manifest), "manifest")
    assert shown["nodes"]["model.userops.users"]["raw_code"] == "select '</script>'"
    assert shown["exposures"] == MANIFEST["exposures"]
    assert (list(shown["macros"]), shown["unit_tests"]) == (["macro.userops.ratio"], {})


def test_types_are_those_of_the_contracts(manifest: Path) -> None:
    catalog = inlined(model_docs.page(manifest), "catalog")
    assert list(catalog["nodes"]) == ["model.userops.users"]
    column = catalog["nodes"]["model.userops.users"]["columns"]["user_id"]
    assert (column["type"], column["index"]) == ("text", 1)


def test_the_page_asks_nobody_and_says_nothing_of_this_machine(manifest: Path) -> None:
    html = model_docs.page(manifest)
    assert html.index("Content-Security-Policy") < html.index("<script")
    assert "default-src 'none'" in html
    assert "/home/somebody" not in html and "select 1" not in html
    # A text of the project does not end the script that holds it.
    assert html.count("</script>") == 1


@pytest.mark.parametrize("text", [None, '{"nodes": {'])
def test_without_a_manifest_there_is_no_page(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "manifest.json"
    if text:
        path.write_text(text, encoding="utf-8")
    assert model_docs.page(path) == ""
