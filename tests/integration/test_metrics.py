"""A figure of a page that names a metric is that metric: its query against the definition, period by period."""

from collections import defaultdict
from decimal import Decimal

import psycopg
import pytest
import yaml

import site_marts
from userops.settings import PROJECT_ROOT
from userops.site import measures
from userops.site.models import Figure, Figures
from userops.site.pages import read_pages, read_vocabulary

FOLDER = PROJECT_ROOT / "dbt_project" / "models" / "metrics"
DASHBOARDS = PROJECT_ROOT / "dashboards"
PAGES = read_pages(DASHBOARDS, read_vocabulary(DASHBOARDS))
NAMED = [
    (page.name, block, figure)
    for page in PAGES for block in page.blocks if isinstance(block, Figures)
    for figure in block.figures if figure.metric
]  # fmt: skip


def read(file: str, kind: str) -> dict[str, dict]:
    entries = yaml.safe_load((FOLDER / file).read_text(encoding="utf-8"))[kind]
    return {entry["name"]: entry for entry in entries}


METRICS = read("_metrics__metrics.yml", "metrics")
MODELS = read("_metrics__semantic_models.yml", "semantic_models")


def measure_of(name: str) -> tuple[dict, dict]:
    """The semantic model of a simple metric, and its measure."""
    wanted = METRICS[name]["type_params"]["measure"]
    ((model, measure),) = [(m, each) for m in MODELS.values() for each in m["measures"] if each["name"] == wanted]
    assert measure["agg"] == "sum"
    return model, measure


def parts_of(name: str) -> list[str]:
    """The simple metrics that a metric is made of: one, or numerator and denominator."""
    parameters = METRICS[name]["type_params"]
    return [name] if METRICS[name]["type"] == "simple" else [parameters["numerator"], parameters["denominator"]]


def values_of(connection: psycopg.Connection, name: str, grain: str) -> dict[str, Decimal | None]:
    """A metric by period, from its definition alone."""
    found = [measure_of(part) for part in parts_of(name)]
    model = found[0][0]
    assert all(each is model for each, _ in found), "the two sides of a ratio are of one mart"
    time = next(d for d in model["dimensions"] if d["name"] == model["defaults"]["agg_time_dimension"])
    sums = ", ".join(f"sum({measure['expr']})" for _, measure in found)
    mart = model["model"].removeprefix("ref('").removesuffix("')")
    period = f"date_trunc('{grain}', {time.get('expr', time['name'])})::date::text"
    rows = connection.execute(f"select {period}, {sums} from marts.{mart} group by 1").fetchall()
    return {period: sides[0] if len(sides) == 1 else divided(*sides) for period, *sides in rows}


def divided(numerator: Decimal | None, denominator: Decimal | None) -> Decimal | None:
    return Decimal(numerator) / denominator if numerator is not None and denominator else None


def shown(connection: psycopg.Connection, block: Figures, figure: Figure) -> dict[str, Decimal | None]:
    """The same from the page's query, as the site adds it up."""
    cursor = connection.execute(block.sql)
    names = [column.name for column in cursor.description]
    rows = defaultdict(list)
    for row in cursor:
        record = dict(zip(names, row, strict=True))
        rows[str(record[block.filters["period"]])].append(record)
    return {period: measures.value(figure, of_period) for period, of_period in rows.items()}


@pytest.fixture(scope="module")
def marts(warehouse_url: str) -> psycopg.Connection:
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        site_marts.create(connection)
        site_marts.fill(connection)
        connection.execute(site_marts.RUNS)
        yield connection


@pytest.mark.parametrize(("page", "block", "figure"), NAMED, ids=[figure.metric for *_, figure in NAMED])
def test_a_figure_is_its_metric(marts: psycopg.Connection, page: str, block: Figures, figure: Figure) -> None:
    on_page, defined = shown(marts, block, figure), values_of(marts, figure.metric, block.grain)
    assert len(on_page) >= 3 and any(on_page.values())
    for period, value in on_page.items():
        assert value == pytest.approx(defined[period], rel=Decimal("1e-12")), (page, period)


def test_every_figure_of_the_overview_names_its_metric() -> None:
    (overview,) = [page for page in PAGES if page.name == "overview"]
    figures = [figure for block in overview.blocks if isinstance(block, Figures) for figure in block.figures]
    assert [figure.metric for figure in figures] == [
        "first_order_conversion", "next_month_repurchase", "natural_to_paid", "net"
    ]  # fmt: skip


def test_every_metric_can_be_worked_out(marts: psycopg.Connection) -> None:
    for name in METRICS:
        assert any(values_of(marts, name, "month").values()), name
