"""Headless Chromium without a network, over sites built from the marts' contracts."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from view import View

import site_marts
from userops.site.build import build_site

LABELS = {"simulated": True, "currency": "GBP", "timezone": "Europe/London"}
ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    # No name resolves, and what is asked for anyway goes to a closed port.
    "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9",
)  # fmt: skip


@pytest.fixture(scope="module")
def sites(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A business without a user, one of which nothing can be known, and a full one."""
    place = tmp_path_factory.mktemp("sites")
    built = {}
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        site_marts.create(connection)
        built["empty"] = build_site(warehouse_url, place / "empty", LABELS)
        site_marts.fill(connection, known=False)
        built["unknown"] = build_site(warehouse_url, place / "unknown", LABELS)
        site_marts.clear(connection)
        site_marts.fill(connection)
        connection.execute(site_marts.RUNS)
        built["full"] = build_site(warehouse_url, place / "full", LABELS)
    return built


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    chromium, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium with its driver on this machine: apt-get install chromium chromium-driver")
    options = Options()
    options.binary_location = chromium
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    started.set_script_timeout(60)
    yield started
    started.quit()


@pytest.fixture
def view(browser: webdriver.Chrome, sites: dict[str, Path], tmp_path: Path) -> Iterator[View]:
    """The browser, fresh: no filter, English, light, a desk's width."""
    shown = View(browser, sites, tmp_path / "downloads")
    yield shown
    assert shown.console() == [], "the console has to stay empty"
