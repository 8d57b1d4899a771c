"""What a reader does: narrow, sort, download, change language and theme, go by keyboard, print."""

import csv
import io
import time

import psycopg
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from view import View

pytest_plugins = ["browser_fixtures"]


def one(connection_url: str, query: str) -> float:
    with psycopg.connect(connection_url) as connection:
        return float(connection.execute(query).fetchone()[0])


def test_a_filter_narrows_figures_charts_and_the_address(view: View, warehouse_url: str) -> None:
    view.open("channels")
    view.click("[data-filter='channel'] summary")
    view.click("[data-filter='channel'] input[value='channel_1']")
    query = "select sum(users) from marts.channel_performance where acquired_channel_code = 'channel_1'"
    assert view.figure("acquired") == one(warehouse_url, query)
    view.drawn()
    assert [row[0] for row in view.rows("compared")] == ["channel_1"]
    assert view.script("return location.hash") == "#channel=channel_1"
    assert view.find("#balance .unaffected").text == "Not narrowed by: Channel."
    assert not view.find("#compared .unaffected").is_displayed()
    link = view.find("nav.side a[href^='cohorts.html']").get_attribute("href")
    assert link.endswith("cohorts.html#channel=channel_1")


def test_the_address_narrows_the_page_and_reset_widens_it(view: View, warehouse_url: str) -> None:
    everything = one(warehouse_url, "select sum(users) from marts.channel_performance")
    may = "acquired_month between '2026-04-01' and '2026-05-01'"
    some = one(
        warehouse_url,
        f"select sum(users) from marts.channel_performance where {may} and acquired_channel_code <> 'channel_0'",
    )
    others = "channel_1,channel_2,channel_3,channel_4,channel_5"
    view.open("channels", narrowed=f"#period=2026-04..2026-05&channel={others}")
    assert view.figure("acquired") == some
    assert view.find("#figure-acquired .period").text == "2026-04 – 2026-05"
    before = one(
        warehouse_url,
        "select sum(users) from marts.channel_performance where acquired_channel_code <> 'channel_0'"
        " and acquired_month between '2026-02-01' and '2026-03-01'",
    )
    change = view.find("#figure-acquired .change").text.replace("\u2011", "-")
    assert f"against 2026-02 – 2026-03: {before:,.0f}" in change
    view.click("#filters .reset")
    assert view.figure("acquired") == everything
    assert view.script("return location.hash") == ""


def test_a_click_on_a_bar_narrows_the_page_to_it(view: View) -> None:
    view.open("attribution")
    view.drawn()
    bar = view.find("#net-by-channel .chart")
    ActionChains(view.browser).move_to_element_with_offset(bar, 0, -bar.size["height"] // 2 + 30).click().perform()
    assert view.script("return userops.filters.state().channel.length") == 1


def test_tables_sort_search_and_show_all(view: View) -> None:
    view.open("quality")
    view.drawn()
    view.click("#models th [data-column='model']")
    assert view.find("#models th[aria-sort]").get_attribute("aria-sort") == "ascending"
    view.open("tags")
    view.drawn()
    assert len(view.rows("catalog")) == 25
    view.click("#catalog .more button")
    assert len(view.rows("catalog")) == 240
    view.find("#catalog .find").send_keys("tag_name_17")
    assert {row[0] for row in view.rows("catalog")} == {"tag_name_17"} | {f"tag_name_17{n}" for n in range(10)}
    view.click("#catalog th [data-column='users']")
    users = [int(row[4].replace(",", "")) for row in view.rows("catalog")]
    assert users == sorted(users, reverse=True) and len(set(users)) > 1


def parsed(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf"), "Excel takes a file without a mark for another encoding"
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_download_holds_what_is_shown_and_no_formula(view: View, warehouse_url: str) -> None:
    view.open("channels", narrowed="#period=2026-05..2026-05")
    view.drawn()
    head, *rows = parsed(view.download("keywords"))
    assert head == ["Month", "Keyword", "Clicks", "Advertising cost", "Cost a click", "Change"]
    with psycopg.connect(warehouse_url) as connection:
        expected = connection.execute(
            "select month::text, keyword, clicks, cost, cpc, cpc_change from marts.keyword_costs"
            " where month = '2026-05-01' order by cost desc, keyword"
        ).fetchall()
    assert len(rows) == len(expected) > 0
    for row, found in zip(rows, expected, strict=True):
        assert row[:2] == [found[0], "'" + found[1] if found[1][0] in "=@" else found[1]]
        assert [float(value) for value in row[2:]] == pytest.approx([float(value) for value in found[2:]])


def test_a_download_is_in_the_language_that_is_read(view: View) -> None:
    view.open("channels", language="zh")
    view.drawn()
    head, *rows = parsed(view.download("verdicts"))
    assert head[:2] == ["渠道", "建议"]
    assert {row[1] for row in rows} == {"加投", "停投", "继续测试", "保持（免费）"}


def test_language_and_theme_are_remembered_from_page_to_page(view: View) -> None:
    view.open("overview")
    view.click("#language")
    assert view.find("h1").text == "总览"
    view.script("const theme = document.getElementById('theme'); theme.value = 'dark';"
                "theme.dispatchEvent(new Event('change'))")
    ground = view.script("return getComputedStyle(document.body).backgroundColor")
    view.click("nav.side a[href^='channels.html']")
    assert view.find("h1").text == "渠道"
    assert view.script("return document.title") == "渠道 · userops"
    assert view.script("return getComputedStyle(document.body).backgroundColor") == ground == "rgb(16, 21, 27)"


def press(view: View, *keys: str) -> None:
    ActionChains(view.browser).send_keys(*keys).perform()


def test_everything_is_reached_by_keyboard(view: View) -> None:
    view.open("channels")
    press(view, Keys.TAB)
    assert view.script("return document.activeElement.className") == "skip"
    press(view, Keys.ENTER)
    picker = "document.querySelector('[data-filter=\"channel\"]')"
    view.script(f"{picker}.querySelector('summary').focus()")
    press(view, Keys.ENTER)
    assert view.script(f"return {picker}.open") is True
    press(view, Keys.TAB)
    press(view, Keys.SPACE)
    assert view.script("return userops.filters.state()") == {"channel": ["channel_0"]}
    press(view, Keys.ESCAPE)
    assert view.script(f"return {picker}.open") is False
    view.drawn()
    view.script("document.querySelector('#spend .as-table').focus()")
    press(view, Keys.ENTER)
    assert view.find("#spend table").is_displayed()
    assert view.script("return document.activeElement.getAttribute('aria-pressed')") == "true"


def test_a_chart_says_to_a_screen_reader_what_it_shows(view: View) -> None:
    view.open("overview")
    view.drawn()
    label = view.find("#net-by-month .chart").get_attribute("aria-label")
    assert label.startswith("Chart: Net sales and orders. ") and "latest £" in label and "highest £" in label


def test_a_legend_hides_a_series(view: View) -> None:
    view.open("overview")
    view.drawn()
    paths = "return document.querySelectorAll('#natural-paid .chart svg path').length"
    before = view.script(paths)
    view.click("#natural-paid .legend button")
    view.wait(lambda: view.script(paths) < before)
    assert view.find("#natural-paid .legend button").get_attribute("aria-pressed") == "false"


def test_printing_draws_everything_on_white_and_leaves_the_tools_out(view: View) -> None:
    view.open("channels", theme="dark")
    view.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    view.script("window.dispatchEvent(new Event('beforeprint'))")
    undrawn = "return userops.page.blocks.filter((b) => document.querySelector(`#${b.id} .body`)" \
              " && document.getElementById(b.id).dataset.drawn !== 'yes').length"
    assert view.script(undrawn) == 0
    widths = view.script("return [...document.querySelectorAll('.chart svg')].map((drawing) => drawing.clientWidth)")
    assert len(widths) > 0 and max(widths) <= 680
    # The browser prints what stands there at this moment: no bar may still be growing.
    bars = "return [...document.querySelectorAll('.chart svg path')].map((path) => path.getAttribute('d')).join()"
    at_once = view.script(bars)
    time.sleep(0.5)
    assert view.script(bars) == at_once
    for hidden in ("nav.side", "#filters", "#spend .tools", "#language"):
        assert not view.browser.find_element("css selector", hidden).is_displayed(), hidden
    assert view.script("return document.documentElement.dataset.theme") == "light"
    view.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    view.script("window.dispatchEvent(new Event('afterprint'))")
    assert view.script("return document.documentElement.dataset.theme") == "dark"
