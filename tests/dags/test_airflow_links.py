"""Airflow loads our plugin, and nothing else below plugins/."""

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
    sys.modules.pop("airflow_links", None)


def test_the_menu_leads_to_the_dashboards():
    from airflow.api_fastapi.core_api.datamodels.plugins import ExternalViewResponse
    from airflow.plugins_manager import _load_plugins_from_plugin_directory

    plugins, errors = _load_plugins_from_plugin_directory(
        plugins_folder=str(PLUGINS), load_examples=False, ignore_file_syntax="glob"
    )
    assert errors == {}
    assert [plugin.name for plugin in plugins] == ["userops_links"]
    view = ExternalViewResponse.model_validate(plugins[0].external_views[0])
    assert (view.name, view.href, view.destination) == ("Dashboards", "https://boards.example.com/", "nav")
