"""The documentation builds as a site, and the site opens without a network."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from userops.settings import PROJECT_ROOT

# No request of the build gets out of this machine, where one is made at all.
NOWHERE = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "all_proxy")}
LOADED = re.compile(r'<(?:script|img|link|iframe)\b[^>]*?(?:src|href)="(?!\.|#|data:)([^"]*:[^"]*)"')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a copy of the pages: the project's own folder stays as it is."""
    place = tmp_path_factory.mktemp("project")
    shutil.copy(PROJECT_ROOT / "mkdocs.yml", place)
    shutil.copytree(PROJECT_ROOT / "docs", place / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"], cwd=place, env=os.environ | NOWHERE, timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return place / "build" / "docs"


def test_every_page_is_built(site: Path) -> None:
    pages = {path.relative_to(PROJECT_ROOT / "docs").with_suffix(".html") for path in PROJECT_ROOT.glob("docs/**/*.md")}
    assert {page for page in pages if not (site / page).is_file()} == set()
    title = yaml.safe_load((PROJECT_ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["site_name"]
    assert title in (site / "index.html").read_text(encoding="utf-8")


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = [path for path in site.rglob("*.html") if path.name != "404.html"]
    assert len(pages) == len(list(PROJECT_ROOT.glob("docs/**/*.md")))
    loaded = {(page.name, address) for page in pages for address in LOADED.findall(page.read_text(encoding="utf-8"))}
    assert loaded == set()


def test_the_pages_find_each_other_in_a_folder(site: Path) -> None:
    for page in site.rglob("*.html"):
        for address in re.findall(r'<(?:a|link|script|img)\b[^>]*?(?:href|src)="([^"#:]+)"', page.read_text("utf-8")):
            if page.name != "404.html":
                assert (page.parent / address).is_file(), f"{page.relative_to(site)}: {address}"
