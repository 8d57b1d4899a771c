"""What deploy/superset/assets holds, in the format of Superset's exports, fits together and fits the marts."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import yaml

import site_marts

ASSETS = Path(__file__).resolve().parents[2] / "deploy" / "superset" / "assets"
EXPOSURES = site_marts.MODELS.parent / "metrics" / "_metrics__exposures.yml"
CONTRACTS = site_marts.contracts()
KINDS = ("databases", "datasets", "charts", "dashboards")
DATES = {"date", "timestamptz"}
# Controls of charts that name columns or metrics of the dataset.
COLUMNS = ("x_axis", "groupby", "all_columns", "column", "entity", "source", "target")
METRICS = ("metric", "metrics", "metrics_b", "x", "y", "size", "timeseries_limit_metric")
# Words of SQL in metrics and in columns that only Superset has.
SQL_WORDS = {
    "and", "as", "avg", "case", "coalesce", "count", "else", "end", "filter", "is", "max", "not", "null", "nullif",
    "sum", "then", "when", "where",
}  # fmt: skip


def read(kind: str) -> dict[str, dict]:
    """The files of a kind, by their path below it."""
    folder = ASSETS / kind
    return {
        path.relative_to(folder).with_suffix("").as_posix(): yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.yaml"))
    }


DATABASES, DATASETS, CHARTS, DASHBOARDS = (read(kind) for kind in KINDS)
BY_UUID = {dataset["uuid"]: dataset for dataset in DATASETS.values()}


def listed(value: object) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]


def tiles(dashboard: dict) -> list[dict]:
    """The places of charts on a dashboard."""
    return [part for part in dashboard["position"].values() if isinstance(part, dict) and part["type"] == "CHART"]


def own_columns(dataset: dict) -> Iterator[str]:
    """The columns that an expression makes in Superset."""
    return (column["column_name"] for column in dataset["columns"] if column.get("expression"))


def test_there_are_three_dashboards():
    assert set(DASHBOARDS) == {"overview", "channels", "lifecycle"}
    assert all(dashboard["published"] for dashboard in DASHBOARDS.values())


def test_every_uuid_is_one_and_no_two_are_the_same():
    every = [asset["uuid"] for assets in (DATABASES, DATASETS, CHARTS, DASHBOARDS) for asset in assets.values()]
    assert all(str(UUID(uuid)) == uuid for uuid in every)
    assert [uuid for uuid, times in Counter(every).items() if times > 1] == []


def test_no_address_and_no_password_is_in_the_files():
    (database,) = DATABASES.values()
    assert database["sqlalchemy_uri"] == "postgresql+psycopg2://warehouse.invalid/userops"
    assert '"warehouse.invalid"' in (ASSETS.parent / "superset_config.py").read_text(encoding="utf-8")
    assert "password" not in database and database["allow_dml"] is False


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_is_a_mart_as_its_contract_says(name):
    dataset, contract = DATASETS[name], CONTRACTS[name.rpartition("/")[2]]
    assert (dataset["schema"], f"warehouse/{dataset['table_name']}", dataset["sql"]) == ("marts", name, None)
    assert dataset["database_uuid"] in {database["uuid"] for database in DATABASES.values()}
    mine = set(own_columns(dataset))
    columns = {column["column_name"]: column["is_dttm"] for column in dataset["columns"]}
    dates = {column: kind in DATES for column, kind in contract.items()}
    assert {column: is_date for column, is_date in columns.items() if column not in mine}.items() <= dates.items()
    assert dataset["main_dttm_col"] is None or columns[dataset["main_dttm_col"]]


@pytest.mark.parametrize("name", DATASETS)
def test_metrics_are_over_columns_of_their_dataset(name):
    dataset = DATASETS[name]
    names = [metric["metric_name"] for metric in dataset["metrics"]]
    columns = {column["column_name"] for column in dataset["columns"]}
    assert len(names) == len(set(names)) and not columns & set(names), "a metric named as a column hides it"
    made = [*dataset["metrics"], *(column for column in dataset["columns"] if column.get("expression"))]
    for each in made:
        words = set(re.findall(r"[a-z_]\w*", re.sub(r"'[^']*'", "", each["expression"].lower())))
        assert words <= SQL_WORDS | columns, each


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_asks_for_what_its_dataset_has(name):
    chart = CHARTS[name]
    dataset, params = BY_UUID[chart["dataset_uuid"]], chart["params"]
    columns = {column["column_name"] for column in dataset["columns"]}
    metrics = {metric["metric_name"] for metric in dataset["metrics"]}
    of_metrics = {each for key in METRICS for each in listed(params.get(key))}
    asked = {each for key in COLUMNS for each in listed(params.get(key))}
    asked |= {filtered["subject"] for key in ("adhoc_filters", "adhoc_filters_b") for filtered in params.get(key, [])}
    assert (asked - columns, of_metrics - metrics) == (set(), set())
    assert asked | of_metrics
    assert params["viz_type"] == chart["viz_type"]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_shows_charts_and_filters_that_are_there(name):
    dashboard = DASHBOARDS[name]
    names = {chart["uuid"]: chart["slice_name"] for chart in CHARTS.values()}
    shown = {tile["meta"]["uuid"]: tile["meta"]["sliceName"] for tile in tiles(dashboard)}
    assert shown and shown.items() <= names.items()
    for target in (t for f in dashboard["metadata"]["native_filter_configuration"] for t in f["targets"] if t):
        columns = {column["column_name"] for column in BY_UUID[target["datasetUuid"]]["columns"]}
        assert target["column"]["name"] in columns


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_laid_out_whole(name):
    position = DASHBOARDS[name]["position"]
    parts = {key: part for key, part in position.items() if isinstance(part, dict)}
    assert all(part["id"] == key for key, part in parts.items())
    children = [child for part in parts.values() for child in part.get("children", [])]
    assert sorted(children) == sorted(set(parts) - {"ROOT_ID", "HEADER_ID"})
    rows = [part["children"] for part in parts.values() if part["type"] == "ROW"]
    assert [sum(parts[child]["meta"]["width"] for child in row) for row in rows] == [12] * len(rows)


def test_every_chart_is_on_one_dashboard_and_every_dataset_has_a_chart():
    every = [tile["meta"] for dashboard in DASHBOARDS.values() for tile in tiles(dashboard)]
    assert sorted(meta["uuid"] for meta in every) == sorted(chart["uuid"] for chart in CHARTS.values())
    assert len({meta["chartId"] for meta in every}) == len(every), "Superset tells tiles apart by these numbers"
    assert {chart["dataset_uuid"] for chart in CHARTS.values()} == set(BY_UUID)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_dbt_knows_which_marts_a_dashboard_reads(name):
    exposures = yaml.safe_load(EXPOSURES.read_text(encoding="utf-8"))["exposures"]
    (exposure,) = (each for each in exposures if each["name"] == f"superset_{name}")
    datasets = {chart["uuid"]: BY_UUID[chart["dataset_uuid"]]["table_name"] for chart in CHARTS.values()}
    read = {datasets[tile["meta"]["uuid"]] for tile in tiles(DASHBOARDS[name])}
    assert exposure["depends_on"] == [f"ref('{mart}')" for mart in sorted(read)]
