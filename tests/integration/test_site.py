"""The site shows what SQL says, survives missing marts, swaps in whole, and draws in a browser without a network."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import psycopg
import pytest
import site_marts

from userops.errors import UseropsError
from userops.site import build
from userops.site.build import build_site

LABELS = {"simulated": True, "currency": "GBP", "timezone": "Europe/London"}
PAGES = ("users", "value", "lifecycle", "journey", "channels", "tags", "community", "campaigns", "quality")
BUSINESS = PAGES[:-1]  # the last page tells of nights, which every warehouse has

NIGHTS = """
insert into meta.publications (version, business_date, run_id, slot) values (6, '2026-06-29', 'r6', 0),
    (7, '2026-06-30', 'r7', 1);
update meta.pointer set version = 7, slot = 1;
insert into meta.quality_results (run_id, business_date, check_name, layer, subject, severity, passed, observed,
    expected)
select 'r7', '2026-06-30', 'check ' || n, 'contract', 'orders', 'warning', n > 1, '3 <b>rows</b>', '0 rows'
from generate_series(1, 12) as n;
insert into meta.quality_results (run_id, business_date, check_name, layer, subject, severity, passed, observed,
    expected, seconds, rows)
values ('r7', '2026-06-30', 'users', 'dbt', 'users', 'critical', true, 'success 9', 'built', 1.5, 9);
insert into meta.step_timings (run_id, business_date, step, part, seconds) values
    ('r6', '2026-06-29', 'build', '', 21.5), ('r7', '2026-06-30', 'load', 'orders', 0.4),
    ('r7', '2026-06-30', 'build', '', 20.5);
insert into meta.load_files (business_date, export, file_name, sha256, source, bytes, rows_in_file, rows_loaded,
    rows_quarantined, state) values ('2026-06-30', 'orders', 'orders.csv', 'x', 'canonical', 9, 10, 8, 2, 'loaded');
insert into quarantine.rows (load_id, business_date, export, file_name, line, raw_text, reason) values
    (1, '2026-06-30', 'orders', 'orders.csv', 3, 'CANARY', 'amount is no number'),
    (1, '2026-06-30', 'orders', 'orders.csv', 4, 'CANARY', 'amount is no number');
"""

HEADLINES = {
    ("users", "users"): "select count(*) from marts.users",
    ("users", "buyers"): "select count(*) from marts.users where orders > 0",
    ("users", "orders"): "select sum(orders) from marts.users",
    ("users", "net"): "select sum(net) from marts.users",
    ("lifecycle", "zombies"): "select count(*) from marts.users where stage = 'zombie'",
    ("channels", "acquired"): "select sum(users) from marts.channel_performance",
    ("channels", "cost"): "select sum(cost) from marts.channel_performance",
    ("channels", "cac"): "select sum(cost) / sum(users) from marts.channel_performance where cost > 0",
    ("value", "expected-net"): "select sum(clv_365) from marts.user_value",
    ("value", "clv"): "select sum(clv_365) / count(*) from marts.user_value",
    ("value", "alive"): "select sum(p_alive) / count(*) from marts.user_value",
    ("value", "expected-orders"): "select round(sum(expected_orders_90d)) from marts.user_value",
    ("journey", "touched"): "select sum(users) from marts.private_domain_funnel where step_number = 1",
    ("journey", "bought"): "select (select sum(users) from marts.private_domain_funnel where step = 'first_order')"
    " / (select sum(users) from marts.private_domain_funnel where step = 'touched')",
    ("journey", "activated"): "select activated * 1.0 / acquired from marts.aarrr_monthly where month = '2026-05-01'",
    ("tags", "declared"): "select count(distinct tag_code) from marts.tag_catalog",
    ("tags", "useful"): "select count(*) from marts.tag_value where verdict = 'useful'",
    ("tags", "borne"): "select sum(users) * 1.0 / (select count(*) from marts.users) from marts.tag_value",
    ("community", "stores"): "select count(distinct store_id) from marts.store_performance",
    ("community", "members"): "select sum(members) from marts.group_performance",
    ("community", "k"): "select k from marts.referral_k where month = '2026-05-01'",
    ("campaigns", "campaigns"): "select count(*) from marts.campaign_performance",
    ("campaigns", "cost"): "select sum(cost) from marts.campaign_performance",
    ("campaigns", "may-push"): "select avg(may_push::integer) from marts.push_fatigue",
    ("campaigns", "points"): "select sum(closing) from marts.loyalty_ledger",
    ("quality", "version"): "select max(version) from marts.publication",
    ("quality", "failed"): "select count(*) from marts.quality_results where not passed",
    ("quality", "rejected"): "select count(*) from quarantine.rows",
}


@pytest.fixture(scope="module")
def unpublished(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built before anything was ever published: only the views over `meta` stand."""
    return build_site(warehouse_url, tmp_path_factory.mktemp("unpublished") / "site", {**LABELS, "simulated": False})


@pytest.fixture(scope="module")
def empty(warehouse_url: str, unpublished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a business without a single user."""
    with psycopg.connect(warehouse_url) as connection:
        site_marts.create(connection)
    return build_site(warehouse_url, tmp_path_factory.mktemp("empty") / "site", LABELS)


@pytest.fixture(scope="module")
def unknown(warehouse_url: str, empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a business that has every row, and in them nothing that can be known."""
    with psycopg.connect(warehouse_url) as connection:
        site_marts.fill(connection, known=False)
    return build_site(warehouse_url, tmp_path_factory.mktemp("unknown") / "site", LABELS)


@pytest.fixture(scope="module")
def site(warehouse_url: str, unknown: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with psycopg.connect(warehouse_url) as connection:
        site_marts.clear(connection)
        site_marts.fill(connection)
        connection.execute(NIGHTS)
    return build_site(warehouse_url, tmp_path_factory.mktemp("site") / "site", LABELS)


def test_before_the_first_publication_every_page_says_so(unpublished: Path) -> None:
    for page in PAGES:
        html = (unpublished / f"{page}.html").read_text()
        assert "nothing published yet" in html
        assert "no check has run yet" in html
        assert "Simulated" not in html
    assert "This mart has not been published yet." in (unpublished / "users.html").read_text()


def test_headline_numbers_equal_sql(warehouse_url: str, site: Path) -> None:
    with psycopg.connect(warehouse_url) as connection:
        for (page, tile), query in HEADLINES.items():
            html = (site / f"{page}.html").read_text()
            shown = re.search(rf'id="tile-{tile}" data-value="([^"]*)">([^<]*)<', html)
            assert shown, f"{page} has no tile {tile}"
            expected = connection.execute(query).fetchone()[0]
            assert float(shown[1]) == pytest.approx(float(expected)), (page, tile)
            seen = float(re.sub(r"[^\d.]", "", shown[2])) / (100 if "%" in shown[2] else 1)
            assert seen == pytest.approx(float(expected), abs=0.0051), (page, tile)


def test_a_full_business_leaves_no_section_empty(site: Path) -> None:
    for page in PAGES:
        assert 'class="empty"' not in (site / f"{page}.html").read_text(), page


def test_an_empty_business_reads_sentences(empty: Path) -> None:
    said = []
    for page in BUSINESS:
        html = (empty / f"{page}.html").read_text()
        sentences = re.findall(r'class="empty">([^<]*)<', html)
        assert len(sentences) == html.count("<section") > 0, page
        assert 'class="chart"' not in html
        said += sentences
    assert not [s for s in said if "has not been published" in s or s == "Nothing to show yet."]


def test_header_names_date_version_gate_and_the_simulation(site: Path) -> None:
    for page in PAGES:
        html = (site / f"{page}.html").read_text()
        assert 'id="business-date">2026-06-30<' in html
        assert 'id="version">7<' in html
        assert "passed with 1 warning(s)" in html
        assert "Channel and CRM data are simulated" in html


def test_cells_are_data_not_markup(site: Path) -> None:
    users, quality = ((site / f"{page}.html").read_text() for page in ("users", "quality"))
    assert "</script><script>alert" not in users
    assert "alert(1)" in unescape(users)
    assert "<b>rows</b>" not in quality
    assert "CANARY" not in quality
    for spec in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', users):
        assert json.loads(spec)["data"]["values"]


def test_every_chart_has_its_table_and_nothing_is_fetched(site: Path) -> None:
    for page in PAGES:
        html = (site / f"{page}.html").read_text()
        assert html.count('class="chart"') == html.count("<details>") > 0
        for address in re.findall(r'(?:src|href)="([^"]+)"', html):
            local = not re.match(r"[a-z]+:|//", address) or address == "data:,"
            assert local, address
            assert address in ("#main", "data:,") or (site / address).is_file()


def test_a_failed_build_keeps_yesterdays(
    warehouse_url: str, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (site / "users.html").read_bytes()
    changed = tmp_path / "sources"
    shutil.copytree(build.sources(), changed)
    page = changed / "pages" / "users.yml"
    sound = page.read_text()
    page.write_text(sound.replace("from marts.reachability", "from marts.reachability where nonsense"))
    monkeypatch.setattr(build, "sources", lambda: changed)
    with pytest.raises(UseropsError, match="Yesterday's is still served"):
        build_site(warehouse_url, site, LABELS)
    page.write_text(sound.replace("mark: {type: bar,", "mark: {type: barr,"))
    with pytest.raises(UseropsError, match="no Vega-Lite chart"):
        build_site(warehouse_url, site, LABELS)
    assert (site / "users.html").read_bytes() == before
    assert len(list(site.parent.glob(".site-*"))) == 1


def test_a_new_build_replaces_the_old_in_one_rename(warehouse_url: str, site: Path) -> None:
    first = site.resolve()
    for _ in range(3):
        build_site(warehouse_url, site, LABELS)
    assert site.is_symlink() and site.resolve() != first
    assert len(list(site.parent.glob(".site-*"))) == build.KEPT_BUILDS


def test_reads_as_the_reader_and_writes_nothing(warehouse_url: str) -> None:
    from userops.site.data import snapshot

    with snapshot(warehouse_url) as connection:
        row = connection.execute(
            "select current_user as who, current_setting('transaction_read_only') as read_only,"
            " current_setting('transaction_isolation') as isolation"
        ).fetchone()
    assert row == {"who": "bi_reader", "read_only": "on", "isolation": "repeatable read"}


def test_a_blocked_night_is_in_the_header_beside_what_readers_see(warehouse_url: str, tmp_path: Path) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "insert into meta.quality_results (run_id, business_date, check_name, layer, subject, severity, passed,"
            " observed, expected) values ('r8', '2026-07-01', 'row count', 'manifest', 'orders', 'critical', false,"
            " '5', '10')"
        )
    html = (build_site(warehouse_url, tmp_path / "site", LABELS) / "users.html").read_text()
    assert 'class="gate blocked"' in html
    assert "blocked the night of 2026-07-01: 1 critical check(s) failed" in html
    assert 'id="business-date">2026-06-30<' in html


# Every page in a frame; when all have drawn, what each holds goes into the document that Chromium prints.
FRAMES = """<!doctype html><meta charset="utf-8"><pre id="seen"></pre><script>
const frames = %s.map(([name, address, width]) => {
  const frame = document.createElement("iframe");
  Object.assign(frame, { name, src: address, width, height: 4000 });
  return document.body.appendChild(frame);
});
const look = (frame) => {
  const page = frame.contentDocument, charts = [...page.querySelectorAll(".chart")];
  return [frame.name, {
    charts: charts.length,
    drawn: charts.filter((chart) => chart.dataset.drawn && chart.querySelector("svg")).length,
    wider: page.documentElement.scrollWidth - frame.clientWidth,
    nonsense: charts.filter((chart) => /NaN|undefined|Infinity/.test(chart.innerHTML)).map((chart) => chart.id),
  }];
};
const wait = setInterval(() => {
  if (!frames.every((frame) => frame.contentDocument?.documentElement?.dataset.drawn)) return;
  clearInterval(wait);
  document.getElementById("seen").textContent = JSON.stringify(Object.fromEntries(frames.map(look)));
}, 50);
</script>"""


def test_draws_in_a_browser_without_a_network(site: Path, empty: Path, unknown: Path, tmp_path: Path) -> None:
    """Businesses full, empty and unknown, on a desk and on a phone: nothing in the console, no chart broken."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine")
    frames = [
        (f"{business} {page} {width}", f"file://{folder.resolve()}/{page}.html", width)
        for business, folder, width in (("full", site, 1280), ("full", site, 390), ("empty", empty, 390),
                                        ("unknown", unknown, 1280))
        for page in PAGES
    ]
    (tmp_path / "frames.html").write_text(FRAMES % json.dumps(frames))
    done = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--proxy-server=127.0.0.1:9",
            "--allow-file-access-from-files",
            f"--user-data-dir={tmp_path}/browser",
            "--enable-logging=stderr",
            "--v=0",
            "--virtual-time-budget=60000",
            "--dump-dom",
            f"file://{tmp_path}/frames.html",
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not console, console
    seen = json.loads(unescape(re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)[1]) or "{}")
    assert seen.keys() == {name for name, _, _ in frames}, "a page was not drawn"
    for name, page in seen.items():
        assert page["drawn"] == page["charts"], name
        assert page["charts"] or not name.startswith("full"), name
        assert page["wider"] <= 0, f"{name} is wider than its window"
        assert not page["nonsense"], name
