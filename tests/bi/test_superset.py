"""deploy/superset, imported into a Superset of its own over a simulated business: every chart shows rows.

Outside CI (`make test-bi`): Superset comes with an environment of its own, and needs minutes to make its tables.
"""

import secrets
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
import yaml
from dashboard_view import browser, log_in, open_dashboard, without_drawing
from psycopg import sql
from selenium import webdriver
from superset_server import ADMIN, FOLDER, Superset

from conftest import fresh_database
from deployment import clean_environment, userops
from truth.business import deliver
from userops.warehouse.readers import make_reader, reader_url

pytestmark = [pytest.mark.bi, pytest.mark.timeout(3600)]
KINDS = {"databases": "dbs", "datasets": "tables", "charts": "slices", "dashboards": "dashboards"}
PARTS = ("table_columns", "sql_metrics", "dashboard_slices")
ASSETS = {
    kind: [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (FOLDER / "assets" / kind).rglob("*.yaml")]
    for kind in KINDS
}
USERS, NIGHTS, FIRST, SEED = 300, 200, date(2025, 1, 1), 3


@pytest.fixture(scope="module")
def warehouse(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A business of half a year, published: the URL for a login that reads its marts."""
    place = tmp_path_factory.mktemp("business")
    deliver(place / "landing", USERS, NIGHTS, FIRST, SEED)
    login, password = f"superset_{uuid.uuid4().hex[:8]}", secrets.token_hex(16)
    with fresh_database(server_url) as url:
        environment = clean_environment(
            USEROPS_HOME=str(place / "home"), USEROPS_LANDING=str(place / "landing"), USEROPS_DATABASE_URL=url,
            USEROPS_HASH_KEY="k" * 64,
        )  # fmt: skip
        code, printed = userops(["run"], environment, seconds=1800)
        assert code == 0, printed
        make_reader(url, login, password)
        yield reader_url(url, login, password)
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(sql.SQL("drop role {}").format(sql.Identifier(login)))


@pytest.fixture(scope="module")
def metadata(server_url: str) -> Iterator[str]:
    """Superset's own database, empty at first."""
    with fresh_database(server_url) as url:
        yield url


@pytest.fixture(scope="module")
def superset(warehouse: str, metadata: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    """Served, after the first import."""
    server = Superset(tmp_path_factory.mktemp("superset"), warehouse, metadata)
    with server.serving():
        yield server


@pytest.fixture(scope="module")
def chrome(superset: Superset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with browser(tmp_path_factory.mktemp("profile")) as started:
        log_in(started, superset.url, *ADMIN)
        yield started


def uuids(metadata: str) -> dict[str, list[str]]:
    """The uuids of all that Superset has, by kind."""
    with psycopg.connect(metadata) as connection:
        return {
            kind: sorted(str(row[0]) for row in connection.execute(f"select uuid from {table}"))
            for kind, table in KINDS.items()
        }


def parts(metadata: str) -> dict[str, int]:
    with psycopg.connect(metadata) as connection:
        return {table: connection.execute(f"select count(*) from {table}").fetchone()[0] for table in PARTS}


def test_a_second_import_mends_and_doubles_nothing(superset: Superset, metadata: str) -> None:
    declared = {kind: sorted(asset["uuid"] for asset in assets) for kind, assets in ASSETS.items()}
    assert uuids(metadata) == declared
    once = parts(metadata)
    with psycopg.connect(metadata) as connection:
        connection.execute("update slices set slice_name = 'changed by somebody'")
    superset.run("import-directory", "--overwrite", "assets")
    assert uuids(metadata) == declared
    assert parts(metadata) == once
    with psycopg.connect(metadata) as connection:
        names = [name for (name,) in connection.execute("select slice_name from slices")]
    assert sorted(names) == sorted(chart["slice_name"] for chart in ASSETS["charts"])


def test_superset_stores_neither_the_address_nor_the_password(superset: Superset, metadata: str) -> None:
    with psycopg.connect(metadata) as connection:
        stored = connection.execute("select sqlalchemy_uri, password from dbs").fetchall()
    assert stored == [("postgresql+psycopg2://warehouse.invalid/userops", None)]


@pytest.mark.parametrize("dashboard", ASSETS["dashboards"], ids=lambda dashboard: dashboard["slug"])
def test_every_chart_gets_rows_and_draws_them(
    superset: Superset, metadata: str, chrome: webdriver.Chrome, dashboard: dict, tmp_path: Path
) -> None:
    tiles = [part["meta"]["sliceName"] for key, part in dashboard["position"].items() if key.startswith("CHART-")]
    answers = open_dashboard(chrome, superset.url, dashboard["slug"], len(tiles))
    with psycopg.connect(metadata) as connection:
        names = dict(connection.execute("select id, slice_name from slices").fetchall())
    rows = {
        names[chart]: [result.get("rowcount") or result.get("error") for result in answer.get("result", [answer])]
        for chart, answer in answers.items()
    }
    assert set(rows) == set(tiles)
    assert {name: found for name, found in rows.items() if not all(isinstance(n, int) and n > 0 for n in found)} == {}
    undrawn = without_drawing(chrome)
    chrome.save_screenshot(tmp_path / f"{dashboard['slug']}.png")
    assert undrawn == []


def test_the_login_reads_the_marts_and_nothing_else(warehouse: str) -> None:
    with psycopg.connect(warehouse, autocommit=True) as connection:
        assert connection.execute("select count(*) > 0 from marts.users").fetchone() == (True,)
        for forbidden in ("select from meta.runs", "select from vault.identifiers", "delete from marts.users"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)
