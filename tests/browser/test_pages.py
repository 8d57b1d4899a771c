"""Every page draws, fits and can be read: three of them on each run, all of them with `make test-browser`."""

from itertools import product

import psycopg
import pytest
from view import DESK, PHONE, View

import site_marts
from userops.settings import PROJECT_ROOT

pytest_plugins = ["browser_fixtures"]

PAGES = [*sorted(path.stem for path in (PROJECT_ROOT / "dashboards").glob("[!_]*.yml"))]
OFTEN = ("overview", "channels", "lifecycle")
# Each language with each theme and each width, in as few views as that takes.
PAIRS = (("en", "light", DESK), ("zh", "dark", DESK), ("en", "dark", PHONE), ("zh", "light", PHONE))
ALL = tuple(product(("en", "zh"), ("light", "dark"), (DESK, PHONE)))


def check(view: View, page: str, language: str, theme: str, width: int, business: str = "full") -> None:
    view.open(page, language, theme, width, business)
    drawn = view.drawn()
    assert drawn["undrawn"] == drawn["without"] == drawn["nonsense"] == drawn["fetched"] == []
    assert drawn["wider"] <= 0, "wider than its window"
    assert drawn["blocks"] == drawn["delivered"] or business != "full"
    assert view.script("return document.documentElement.lang") == {"en": "en", "zh": "zh-CN"}[language]
    assert view.violations() == []


@pytest.mark.parametrize(("language", "theme", "width"), PAIRS)
@pytest.mark.parametrize("page", OFTEN)
def test_page(view: View, page: str, language: str, theme: str, width: int) -> None:
    check(view, page, language, theme, width)


@pytest.mark.parametrize("business", ["empty", "unknown"])
def test_page_of_a_business_of_which_little_is_known(view: View, business: str) -> None:
    for page in OFTEN:
        check(view, page, "en", "light", DESK, business)


@pytest.mark.browser_all
@pytest.mark.parametrize(("language", "theme", "width"), ALL)
@pytest.mark.parametrize("page", PAGES)
def test_every_page(view: View, page: str, language: str, theme: str, width: int) -> None:
    check(view, page, language, theme, width)


@pytest.mark.browser_all
@pytest.mark.parametrize("business", ["empty", "unknown"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_a_business_of_which_little_is_known(view: View, page: str, business: str) -> None:
    check(view, page, "en", "light", DESK, business)


def test_the_dictionary_finds_what_one_searches(view: View) -> None:
    view.open("dictionary")
    view.find("#search").send_keys("payback_day")
    shown = view.script("return [...document.querySelectorAll('section.mart:not([hidden])')].map((part) => part.id)")
    assert shown == ["channel_performance"]
    assert view.find("[id='channel_performance.payback_day']").is_displayed()
    assert view.violations() == []


def test_headline_figures_equal_sql_after_the_script_ran(view: View, warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        for page in sorted({page for page, _ in site_marts.HEADLINES}):
            view.open(page)
            for (of, figure), query in site_marts.HEADLINES.items():
                if of == page:
                    expected = float(connection.execute(query).fetchone()[0])
                    assert view.figure(figure) == pytest.approx(expected, rel=1e-9), (page, figure)
