"""The site shows what SQL says, survives missing marts, swaps in whole, and draws in a browser without a network."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import psycopg
import pytest

from userops.errors import UseropsError
from userops.site import build
from userops.site.build import build_site

LABELS = {"simulated": True, "currency": "GBP", "timezone": "Europe/London"}
PAGES = ("users", "lifecycle", "channels", "quality")

MARTS = """
create table marts.users as
select 'u_' || n as user_id, n % 5 as orders, (n % 5) * 12.50 as net,
    (array['new', 'active', 'loyal', 'at_risk', 'prospect_weak', 'zombie'])[n % 6 + 1] as stage
from generate_series(1, 500) as n;
create table marts.user_rfm as
select 'u_' || n as user_id, n % 90 as recency_days, n % 5 + 1 as frequency, (n % 7 + 1) * 20.0 as monetary,
    (array['champions', 'lost_small', 'new_small', '</script><script>alert(1)</script>'])[n % 4 + 1] as segment
from generate_series(1, 300) as n;
create table marts.reachability as
select * from (values ('sms', 300, 250, 200, 0.40), ('email', 400, 350, 300, 0.60)) as media
    (medium, with_identifier, with_consent, reachable, share);
create table marts.cohort_retention as
select (date '2026-01-01' + make_interval(months => c))::date as cohort_month, m as month_number,
    'all' as acquired_channel_code, 100 as cohort_size, 60 - 8 * m as buyers,
    case when c + m < 6 then (60 - 8 * m) / 100.0 end as retention_rate, c + m < 6 as is_mature
from generate_series(0, 5) as c cross join generate_series(0, 6) as m;
create table marts.lifecycle_daily as
select date '2026-01-01' + d as day, stage, 50 + d + length(stage) as users
from generate_series(0, 180) as d cross join unnest(array['new', 'active', 'loyal', 'at_risk', 'zombie']) as stage;
create table marts.lifecycle_moves as
select date '2026-06-20' + d as day, f as from_stage, 'active' as to_stage, d + 3 as users
from generate_series(0, 9) as d cross join unnest(array[null, 'new', 'at_risk']) as f;
create table marts.channel_daily as
select date '2026-01-01' + d as day, c as channel_code, 2 as first_orders, 5 as orders, 61.25 as net
from generate_series(0, 180) as d cross join unnest(array['search_ads', 'referral', 'unknown']) as c;
create table marts.channel_performance as
select c as acquired_channel_code, (date '2026-01-01' + make_interval(months => m))::date as acquired_month,
    case when c = 'search_ads' then 500.00 + 30 * m else 0 end as cost, 40 as users, 20 as first_order_users,
    case when c = 'search_ads' then (500.00 + 30 * m) / 40 end as cac,
    case when m < 5 then 0.25 + m / 50.0 end as first_order_conversion, 0.3 as one_time_share,
    0.1 as zombie_share, case when m < 3 then 14.20 end as margin_90, m < 3 as is_mature
from generate_series(0, 5) as m cross join unnest(array['search_ads', 'referral']) as c;
insert into meta.publications (version, business_date, run_id, slot) values (6, '2026-06-29', 'r6', 0),
    (7, '2026-06-30', 'r7', 1);
update meta.pointer set version = 7, slot = 1;
insert into meta.quality_results (run_id, business_date, check_name, layer, subject, severity, passed, observed,
    expected)
select 'r7', '2026-06-30', 'check ' || n, 'contract', 'orders', 'warning', n > 1, '3 <b>rows</b>', '0 rows'
from generate_series(1, 12) as n;
insert into meta.load_files (business_date, export, file_name, sha256, profile, bytes, rows_in_file, rows_loaded,
    rows_quarantined, state) values ('2026-06-30', 'orders', 'orders.csv', 'x', 'canonical', 9, 10, 8, 2, 'loaded');
insert into quarantine.rows (load_id, business_date, export, file_name, line, raw_text, reason) values
    (1, '2026-06-30', 'orders', 'orders.csv', 3, 'CANARY', 'amount is no number'),
    (1, '2026-06-30', 'orders', 'orders.csv', 4, 'CANARY', 'amount is no number');
grant select on all tables in schema marts to bi_reader;
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
    ("quality", "version"): "select max(version) from marts.publication",
    ("quality", "failed"): "select count(*) from marts.quality_results where not passed",
    ("quality", "rejected"): "select count(*) from quarantine.rows",
}


@pytest.fixture(scope="module")
def empty_site(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built before anything was ever published: only the views over `meta` stand."""
    return build_site(warehouse_url, tmp_path_factory.mktemp("empty") / "site", {**LABELS, "simulated": False})


@pytest.fixture(scope="module")
def site(warehouse_url: str, empty_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(MARTS)
    return build_site(warehouse_url, tmp_path_factory.mktemp("site") / "site", LABELS)


def test_before_the_first_publication_every_page_says_so(empty_site: Path) -> None:
    for page in PAGES:
        html = (empty_site / f"{page}.html").read_text()
        assert "nothing published yet" in html
        assert "no check has run yet" in html
        assert "Simulated" not in html
    assert "This mart has not been published yet." in (empty_site / "users.html").read_text()


def test_headline_numbers_equal_sql(warehouse_url: str, site: Path) -> None:
    with psycopg.connect(warehouse_url) as connection:
        for (page, tile), query in HEADLINES.items():
            html = (site / f"{page}.html").read_text()
            shown = re.search(rf'id="tile-{tile}" data-value="([^"]*)">([^<]*)<', html)
            assert shown, f"{page} has no tile {tile}"
            expected = connection.execute(query).fetchone()[0]
            assert float(shown[1]) == pytest.approx(float(expected)), (page, tile)
            assert float(re.sub(r"[^\d.]", "", shown[2])) == pytest.approx(float(expected), abs=0.0051), (page, tile)


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
    page.write_text(page.read_text().replace("from marts.reachability", "from marts.reachability where nonsense"))
    monkeypatch.setattr(build, "sources", lambda: changed)
    with pytest.raises(UseropsError, match="Yesterday's is still served"):
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


@pytest.mark.parametrize("page", PAGES)
def test_draws_in_a_browser_without_a_network(site: Path, page: str, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine")
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
            f"--user-data-dir={tmp_path}",
            "--enable-logging=stderr",
            "--v=0",
            "--virtual-time-budget=15000",
            "--dump-dom",
            f"file://{site.resolve()}/{page}.html",
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not console, console
    charts = done.stdout.count('class="chart')
    assert charts > 0
    assert done.stdout.count('data-drawn="yes"') == charts + 1, "a chart was not drawn"
    assert done.stdout.count("<svg") >= charts
