"""Tell dbt which marts each page reads: `python -m userops.site.exposures` writes the exposures of the pages."""

from pathlib import Path

import yaml

from userops.settings import PROJECT_ROOT
from userops.site.dictionary import mentioned
from userops.site.models import Page
from userops.site.pages import read_pages, read_vocabulary

FILE = Path("dbt_project") / "models" / "metrics" / "_pages__exposures.yml"
HEAD = "# Written by `python -m userops.site.exposures` from dashboards/. Do not edit.\n"
OWNER = {"name": "data-platform"}


def render(root: Path = PROJECT_ROOT) -> str:
    """The exposures of all pages as YAML, each with the marts that dbt builds and the page reads."""
    dashboards = root / "dashboards"
    built = {path.stem for path in (root / "dbt_project" / "models" / "marts").rglob("*.sql")}
    pages = read_pages(dashboards, read_vocabulary(dashboards))
    exposures = [exposure for page in pages if (exposure := _exposure(page, built))]
    return HEAD + yaml.safe_dump({"version": 2, "exposures": exposures}, sort_keys=False, width=100)


def _exposure(page: Page, built: set[str]) -> dict | None:
    """A page as dbt knows it; None for one that reads no model of dbt's."""
    read = {mart for block in page.blocks for mart in mentioned(getattr(block, "sql", ""))}
    if not read & built:
        return None
    return {
        "name": f"page_{page.name}",
        "label": page.title.en,
        "type": "dashboard",
        "description": page.intro.en,
        # Beside dbt's documentation, which the site has as one of its pages.
        "url": f"{page.name}.html",
        "owner": dict(OWNER),
        "depends_on": [f"ref('{mart}')" for mart in sorted(read & built)],
    }


if __name__ == "__main__":
    (PROJECT_ROOT / FILE).write_text(render(), encoding="utf-8")
