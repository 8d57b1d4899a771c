"""Airflow loads our plugins, and nothing else below plugins/."""

import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


@pytest.fixture(autouse=True)
def airflow_home(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    monkeypatch.setenv("USEROPS_SITE_URL", "https://boards.example.com/")
    yield
    for name in ("airflow_links", "airflow_gate"):
        sys.modules.pop(name, None)


@pytest.fixture
def plugins():
    from airflow.plugins_manager import _load_plugins_from_plugin_directory

    loaded, errors = _load_plugins_from_plugin_directory(
        plugins_folder=str(PLUGINS), load_examples=False, ignore_file_syntax="glob"
    )
    assert errors == {}
    return {plugin.name: plugin for plugin in loaded}


def test_nothing_else_is_a_plugin(plugins):
    assert sorted(plugins) == ["userops_gate", "userops_links"]


def test_a_run_leads_to_its_gate_below_wherever_airflow_is_served(plugins):
    from airflow.api_fastapi.core_api.datamodels.plugins import ExternalViewResponse, FastAPIAppResponse

    gate = plugins["userops_gate"]
    view = ExternalViewResponse.model_validate(gate.external_views[0])
    assert (view.name, view.destination) == ("Gate", "dag_run")
    assert view.href == gate.fastapi_apps[0]["url_prefix"].lstrip("/") + "/{DAG_ID}/{RUN_ID}"
    FastAPIAppResponse.model_validate(gate.fastapi_apps[0] | {"app": str(gate.fastapi_apps[0]["app"])})


def test_the_menu_leads_to_the_dashboards(plugins):
    from airflow.api_fastapi.core_api.datamodels.plugins import ExternalViewResponse

    view = ExternalViewResponse.model_validate(plugins["userops_links"].external_views[0])
    assert (view.name, view.href, view.destination) == ("Dashboards", "https://boards.example.com/", "nav")
