"""A page in the browser, and what a reader does with it."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
DESK, PHONE = 1280, 390
DRAWN = """
userops.drawAll();
const blocks = userops.page.blocks.filter((block) => document.querySelector(`#${block.id} .body`));
const charts = blocks.filter((block) => block.type !== "table");
return {
  blocks: blocks.length,
  delivered: userops.page.blocks.filter((block) => block.columns && !block.missing).length,
  undrawn: blocks.filter((block) => document.getElementById(block.id).dataset.drawn !== "yes").map((block) => block.id),
  without: charts.filter((block) => !document.querySelector(`#${block.id} .chart svg, #${block.id} .body > .empty`))
    .map((block) => block.id),
  nonsense: [...document.querySelectorAll("main section, .figure")]
    .filter((part) => /NaN|undefined|Infinity|\\[object/.test(part.querySelector(".body, .value")?.outerHTML ?? ""))
    .map((part) => part.id),
  wider: document.documentElement.scrollWidth - window.innerWidth,
  fetched: performance.getEntriesByType("resource").map((entry) => entry.name)
    .filter((name) => !name.startsWith("file:") && !name.startsWith("data:")),
};
"""


class View:
    """One page of one of the built sites."""

    def __init__(self, browser: webdriver.Chrome, sites: dict[str, Path], downloads: Path) -> None:
        self.browser, self.sites, self.downloads = browser, sites, downloads
        downloads.mkdir()
        self._devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        self.browser.get((self.sites["full"] / "dictionary.html").as_uri())
        self.script("localStorage.clear(); sessionStorage.clear()")
        self.console()

    def open(
        self, page: str, language: str = "en", theme: str = "light", width: int = DESK, business: str = "full",
        narrowed: str = "",
    ) -> None:
        """Open a page as somebody who chose this language and theme."""
        height = 900 if width == DESK else 800
        self._devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width == PHONE
        )
        self.script(
            f"localStorage.setItem('userops-language', '{language}'); localStorage.setItem('userops-theme', '{theme}')"
        )
        self.browser.get("about:blank")
        self.browser.get((self.sites[business].resolve() / f"{page}.html").as_uri() + narrowed)
        if page != "dictionary":
            self.wait(lambda: self.script("return document.documentElement.dataset.ready"))

    def drawn(self) -> dict:
        """Draw every block, and look for what should not be."""
        found = self.script(DRAWN)
        time.sleep(0.4)  # animations end
        return found

    def violations(self) -> list[str]:
        """What axe finds that keeps people from reading the page, each with the places."""
        if not self.script("return Boolean(window.axe)"):
            self._devtools("Runtime.evaluate", expression=AXE)
        result = self.browser.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run({preload: false, resultTypes: ['violations']})"
            ".then((result) => done(JSON.stringify(result.violations)))"
        )
        return [
            f"{rule['id']} ({rule['impact']}): {[node['target'] for node in rule['nodes']][:5]}"
            for rule in json.loads(result)
            if rule["impact"] in ("serious", "critical")
        ]

    def figure(self, name: str) -> float:
        """The value of a headline figure, as the script left it."""
        return float(self.find(f"#figure-{name}").get_attribute("data-value"))

    def rows(self, block: str) -> list[list[str]]:
        """The cells of a block's table."""
        return self.script(
            "return [...document.querySelectorAll(`#${arguments[0]} tbody tr`)]"
            ".map((row) => [...row.cells].map((cell) => cell.textContent))",
            block,
        )

    def find(self, selector: str) -> WebElement:
        """The first element that fits, scrolled to."""
        element = self.browser.find_element(By.CSS_SELECTOR, selector)
        self.script("arguments[0].scrollIntoView({block: 'center'})", element)
        return element

    def click(self, selector: str) -> None:
        """Click it."""
        self.find(selector).click()

    def download(self, block: str) -> bytes:
        """The bytes of the file that a block's CSV button gives."""
        self.click(f"#{block} .csv")
        self.wait(lambda: list(self.downloads.glob("*.csv")))
        (file,) = self.downloads.glob("*.csv")
        content = file.read_bytes()
        file.unlink()
        return content

    def script(self, code: str, *arguments: object) -> object:
        """Run a script in the page."""
        return self.browser.execute_script(code, *arguments)

    def wait(self, what: Callable[[], object], seconds: float = 10) -> object:
        """Wait until it is true."""
        end = time.monotonic() + seconds
        while not (found := what()):
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.05)
        return found

    def console(self) -> list[str]:
        """What the console says since it was last asked."""
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def _devtools(self, command: str, **arguments: object) -> dict:
        return self.browser.execute_cdp_cmd(command, arguments)
