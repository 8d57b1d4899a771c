"""A dashboard of Superset in a headless Chromium: what the server answers to its charts, and what they show."""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
             "--disable-background-networking", "--no-first-run")  # fmt: skip
# As tall as a dashboard: Superset asks for a chart when it comes into sight.
WIDTH, HEIGHT = 1600, 4000
WAIT_SECONDS = 300
CHART_DATA = re.compile(r'/api/v1/chart/data\?form_data=\{"slice_id":(\d+)')
LOADED = """
const tiles = [...document.querySelectorAll(".dashboard-component-chart-holder")];
return tiles.length === arguments[0] && !document.querySelector(".loading, [data-test='loading-indicator']");
"""
WITHOUT = """
return [...document.querySelectorAll(".dashboard-component-chart-holder")]
  .filter((tile) => !tile.querySelector(arguments[0]) || tile.querySelector("[role=alert], .ant-alert, .ant-empty"))
  .map((tile) => tile.innerText.split("\\n")[0]);
"""
DRAWING = "canvas, svg, table, .header-line"


@contextmanager
def browser(profile: Path) -> Iterator[webdriver.Chrome]:
    """A Chromium that tells what it asked for."""
    chromium, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.fail("no Chromium with its driver on this machine: apt-get install chromium chromium-driver")
    options = Options()
    options.binary_location = chromium
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}", f"--window-size={WIDTH},{HEIGHT}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    started.set_page_load_timeout(WAIT_SECONDS)
    try:
        yield started
    finally:
        started.quit()


def log_in(chrome: webdriver.Chrome, url: str, name: str, password: str) -> None:
    """Log in as a person does."""
    chrome.get(f"{url}/login/")
    _wait(lambda: chrome.find_elements(By.ID, "username"))
    chrome.find_element(By.ID, "username").send_keys(name)
    chrome.find_element(By.ID, "password").send_keys(password, "\n")
    _wait(lambda: "/login" not in chrome.current_url)


def open_dashboard(chrome: webdriver.Chrome, url: str, slug: str, charts: int) -> dict[int, dict]:
    """Open a dashboard and wait for its charts: what the server answered to each, by the chart's id."""
    chrome.get_log("performance")
    chrome.get(f"{url}/superset/dashboard/{slug}/")
    asked: dict[str, int] = {}
    answers: dict[int, dict] = {}

    def all_there() -> bool:
        answers.update(_answers(chrome, asked))
        return len(answers) >= charts and chrome.execute_script(LOADED, charts)

    _wait(all_there, lambda: f"{slug}: {len(answers)} of {charts} charts were answered")
    return answers


def without_drawing(chrome: webdriver.Chrome) -> list[str]:
    """The charts that show an error, or nothing; Superset draws some time after the answer."""
    end = time.monotonic() + WAIT_SECONDS
    while (found := chrome.execute_script(WITHOUT, DRAWING)) and time.monotonic() < end:
        time.sleep(0.5)
    time.sleep(2)  # animations end
    return found


def _answers(chrome: webdriver.Chrome, asked: dict[str, int]) -> Iterator[tuple[int, dict]]:
    """What arrived since the last call; `asked` remembers which chart a request is of."""
    for entry in chrome.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        request = message["params"].get("requestId", "")
        if message["method"] == "Network.responseReceived":
            found = CHART_DATA.search(unquote(message["params"]["response"]["url"]))
            asked |= {request: int(found[1])} if found else {}
        elif message["method"] == "Network.loadingFinished" and request in asked:
            body = chrome.execute_cdp_cmd("Network.getResponseBody", {"requestId": request})["body"]
            yield asked[request], json.loads(body)


def _wait(what: Callable[[], object], told: Callable[[], str] = lambda: "it did not happen in time") -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not what():
        assert time.monotonic() < end, told()
        time.sleep(0.5)
