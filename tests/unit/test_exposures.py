"""dbt knows which marts each page reads, and every metric has a measure."""

import yaml

from userops.settings import PROJECT_ROOT
from userops.site.exposures import FILE, render


def test_the_exposures_of_the_pages_are_up_to_date():
    stale = (PROJECT_ROOT / FILE).read_text(encoding="utf-8") != render()
    assert not stale, "run `python -m userops.site.exposures`"


def test_every_page_with_a_mart_is_an_exposure():
    exposures = yaml.safe_load(render())["exposures"]
    pages = {path.stem for path in (PROJECT_ROOT / "dashboards").glob("[!_]*.yml")}
    # The pages of quality and refunds read views that the publication makes, or marts to come.
    assert pages - {exposure["name"].removeprefix("page_") for exposure in exposures} <= {"quality", "refunds"}
    overview = exposures[0]
    assert (overview["name"], overview["type"]) == ("page_overview", "dashboard")
    assert "ref('channel_daily')" in overview["depends_on"]
