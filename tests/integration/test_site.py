"""The site shows what SQL says, survives missing marts, swaps in whole, and never shows a person."""

import json
import re
import shutil
import threading
import urllib.error
import urllib.request
from html import unescape
from pathlib import Path

import psycopg
import pytest
import yaml

import site_marts
from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT
from userops.site import build
from userops.site.build import build_site
from userops.site.dictionary import mentioned
from userops.site.serve import server

LABELS = {"simulated": True, "currency": "GBP", "timezone": "Europe/London"}
DASHBOARDS = PROJECT_ROOT / "dashboards"
PAGES = sorted(path.stem for path in DASHBOARDS.glob("[!_]*.yml"))
BUSINESS = [page for page in PAGES if page != "quality"]  # which tells of runs, and every warehouse has those
VIEWS = {
    "publication", "quality_results", "step_timings", "rejected_rows", "erasure_log", "freshness", "user_merges",
    "tag_monthly", "audience_changes", "tag_history",
}  # fmt: skip

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
        connection.execute(site_marts.RUNS)
    labels = {**LABELS, "models": "<p>Of dbt</p>"}
    return build_site(warehouse_url, tmp_path_factory.mktemp("site") / "site", labels)


def html_of(site: Path, page: str) -> str:
    return (site / f"{page}.html").read_text(encoding="utf-8")


def data_of(site: Path, page: str) -> dict:
    """What the page's script draws from."""
    (script,) = (site / "data").glob(f"{page}-*.js")
    return json.loads(re.fullmatch(r"window\.useropsPage = (.*);\n", script.read_text(encoding="utf-8"))[1])


def test_before_the_first_publication_every_page_says_so(unpublished: Path) -> None:
    for page in PAGES:
        html = html_of(unpublished, page)
        assert "nothing published yet" in html and "尚未发布" in html
        assert "no check has run yet" in html
        assert "Demo data" not in html
    assert "Not delivered: this warehouse has no marts.users." in html_of(unpublished, "users")


def test_headline_figures_equal_sql(warehouse_url: str, site: Path) -> None:
    with psycopg.connect(warehouse_url) as connection:
        for (page, figure), query in site_marts.HEADLINES.items():
            shown = re.search(rf'id="figure-{figure}" data-value="([^"]*)"', html_of(site, page))
            assert shown, f"{page} has no figure {figure}"
            expected = connection.execute(query).fetchone()[0]
            assert float(shown[1]) == pytest.approx(float(expected), rel=1e-9), (page, figure)


def test_a_figure_says_its_period_and_the_one_before(site: Path) -> None:
    card = re.search(r'<li class="figure" id="figure-net".*?</li>', html_of(site, "overview"), re.DOTALL)[0]
    assert '<small class="period">2026-06</small>' in card, card
    assert re.search(r'<p class="change">£[\d,]+</p>', card)


def test_a_full_business_leaves_no_block_empty(site: Path) -> None:
    for page in PAGES:
        html = html_of(site, page)
        assert re.findall(r"Not delivered: this warehouse has no (?:marts\.)?(\w+)\.", html) == []
        sentences = re.findall(r'class="empty">.*?lang="en">([^<]*)<', html)
        assert [sentence for sentence in sentences if not sentence.startswith("Not delivered")] == [], page
        for block in data_of(site, page)["blocks"]:
            assert block["missing"] or block["rows"]["values"], (page, block["id"])


def test_pages_read_marts_that_exist() -> None:
    known = site_marts.contracts().keys() | VIEWS
    read = {
        (page, mart)
        for page in PAGES
        for block in yaml.safe_load((DASHBOARDS / f"{page}.yml").read_text(encoding="utf-8"))["blocks"]
        for mart in mentioned(block.get("sql", ""))
    }
    assert {(page, mart) for page, mart in read if mart not in known} == set()
    assert known - {mart for _, mart in read} == {"audience_members", "user_tags"}


def test_the_example_of_every_mart_is_a_query_that_readers_may_ask(warehouse_url: str, site: Path) -> None:
    examples = yaml.safe_load((PROJECT_ROOT / "docs" / "_queries.yml").read_text(encoding="utf-8"))
    assert examples.keys() == site_marts.contracts().keys() | VIEWS
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("set role bi_reader")
        for mart, query in examples.items():
            assert mart in mentioned(query)
            assert connection.execute(query).description, mart


def test_an_empty_business_reads_sentences(empty: Path) -> None:
    for page in BUSINESS:
        html = html_of(empty, page)
        assert html.count('class="body"') == 0, page
        assert html.count('class="empty"') >= html.count("<section") > 0, page
        assert data_of(empty, page)["blocks"]


def test_every_page_names_date_version_gate_the_simulation_and_what_is_late(site: Path) -> None:
    for page in PAGES:
        html = html_of(site, page)
        assert 'id="business-date">2026-06-30<' in html
        assert 'id="version">7<' in html
        assert "passed with 1 warning<" in html and "已通过，1 条警告" in html
        assert "Demo data" in html
        assert "reaches 2026-06-20, 10 days behind" in html and "只到 2026-06-20，落后 10 天" in html
    assert '<li class="here"><code>ad_stats</code>' in html_of(site, "channels")
    assert '<li class="here"><code>ad_stats</code>' not in html_of(site, "groups")


def test_cells_are_data_not_markup(site: Path) -> None:
    assert "</script><script>alert" not in html_of(site, "users")
    segments = {row[0] for row in block(site, "users", "segments")["rows"]["values"]}
    assert "</script><script>alert(1)</script>" in segments
    assert "CANARY" not in html_of(site, "quality") + json.dumps(data_of(site, "quality"))


def block(site: Path, page: str, name: str) -> dict:
    return next(block for block in data_of(site, page)["blocks"] if block["id"] == name)


def test_nothing_is_fetched_and_every_link_leads_somewhere(site: Path) -> None:
    dictionary = html_of(site, "dictionary")
    for page in [*PAGES, "dictionary", "index"]:
        html = html_of(site, page)
        for address in map(unescape, re.findall(r'(?:src|href)="([^"]+)"', html)):
            if address in ("#main", "data:,"):
                continue
            file, _, anchor = address.partition("#")
            assert not file or (site / file).is_file(), (page, address)
            if anchor and file != build.MODELS:
                assert f'id="{anchor}"' in dictionary, (page, address)
        assert "default-src 'none'" in html


def test_every_block_is_explained_in_both_languages_and_shows_its_sql(site: Path) -> None:
    for page in PAGES:
        html = html_of(site, page)
        for section in re.findall(r"<section class=\"block.*?</section>", html, re.DOTALL):
            assert re.search(r'<p class="read"><span class="en" lang="en">[^<]+</span><span class="zh"', section)
            assert "<summary>" in section and "marts." in section


def test_the_dictionary_holds_every_mart_and_column(site: Path) -> None:
    html = html_of(site, "dictionary")
    for mart, columns in site_marts.contracts().items():
        for column in columns:
            assert f'id="{mart}.{column}"' in html, (mart, column)
    for view in VIEWS:
        assert f'id="{view}"' in html
    assert "One row per version ever published" in html


def test_the_dictionary_leads_to_the_documentation_of_the_models_where_there_is_one(site: Path, empty: Path) -> None:
    assert (site / build.MODELS).read_text(encoding="utf-8") == "<p>Of dbt</p>"
    linked = set(re.findall(rf'href="{build.MODELS}#!/model/model.userops.(\w+)"', html_of(site, "dictionary")))
    assert linked == site_marts.contracts().keys() - VIEWS
    assert build.MODELS not in html_of(empty, "dictionary")


def test_the_dictionary_is_in_chinese_too_and_translates_what_exists(site: Path) -> None:
    html = html_of(site, "dictionary")
    texts = yaml.safe_load((DASHBOARDS / "_dictionary.yml").read_text(encoding="utf-8"))
    contracts = site_marts.contracts()
    fields = {f"{mart}.{column}" for mart, columns in contracts.items() for column in columns}
    known = contracts.keys() | VIEWS | fields
    assert [name for name in texts if not name.startswith("*.") and name not in known] == []
    for mart in contracts.keys() | VIEWS:
        assert texts[mart] in html, mart


def with_page(tmp_path: Path, page: str, old: str, new: str) -> Path:
    """A copy of the pages in which one text of a page is another."""
    changed = tmp_path / "dashboards"
    shutil.copytree(DASHBOARDS, changed, dirs_exist_ok=True)
    text = (changed / f"{page}.yml").read_text(encoding="utf-8")
    assert old in text
    (changed / f"{page}.yml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return changed


def test_a_failed_build_names_the_block_and_keeps_the_last_site(warehouse_url: str, site: Path, tmp_path: Path) -> None:
    before = (site / "users.html").read_bytes()
    wrong = (
        ("from marts.reachability", "frm marts.reachability", "dashboards/users.yml, block reachability: syntax error"),
        ("select medium, with_identifier,", "select medium,", "block reachability: its sql has no column with_identif"),
        ("select medium,", "select medium, 'a' as user_id,", "block reachability: column user_id is about one person"),
        ("select medium,", "select 'u_0123456789abcdef' as medium,", "looks like a person's identifier"),
    )
    for number, (old, new, error) in enumerate(wrong):
        changed = with_page(tmp_path / str(number), "users", old, new)
        with pytest.raises(UseropsError, match=error):
            build_site(warehouse_url, site, LABELS, changed)
    assert (site / "users.html").read_bytes() == before
    assert len(list(site.parent.glob(".site-*"))) == 1


def test_a_new_build_replaces_the_old_in_one_rename(warehouse_url: str, site: Path) -> None:
    first = site.resolve()
    for _ in range(3):
        build_site(warehouse_url, site, LABELS)
    assert site.is_symlink() and site.resolve() != first
    assert len(list(site.parent.glob(".site-*"))) == build.KEPT_BUILDS


def test_reads_as_the_reader_and_writes_nothing(warehouse_url: str) -> None:
    from userops.site.query import snapshot

    with snapshot(warehouse_url) as connection:
        row = connection.execute(
            "select current_user, current_setting('transaction_read_only'), current_setting('transaction_isolation')"
        ).fetchone()
    assert row == ("bi_reader", "on", "repeatable read")


def test_a_blocked_run_is_in_the_header_beside_what_readers_see(warehouse_url: str, site: Path, tmp_path: Path) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "insert into meta.quality_results (run_id, business_date, check_name, layer, subject, severity, passed,"
            " observed, expected) values ('r8', '2026-07-01', 'row count', 'manifest', 'orders', 'critical', false,"
            " '5', '10')"
        )
    html = html_of(build_site(warehouse_url, tmp_path / "site", LABELS), "users")
    assert 'class="gate blocked"' in html
    assert "blocked the run of 2026-07-01: 1 critical check failed" in html
    assert 'id="business-date">2026-06-30<' in html


def test_serves_the_newest_build_to_this_machine_alone(warehouse_url: str, site: Path) -> None:
    with server(site, port=0) as serving:
        assert serving.server_address[0] == "127.0.0.1"
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{serving.server_address[1]}"
        with urllib.request.urlopen(f"{address}/", timeout=5) as answer:
            first = answer.read().decode()
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert 'id="version">7<' in first
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}/data/", timeout=5)
        build_site(warehouse_url, site, {**LABELS, "simulated": False})
        with urllib.request.urlopen(f"{address}/", timeout=5) as answer:
            assert "Demo data" not in answer.read().decode()
        serving.shutdown()


def test_serving_without_a_site_says_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(UseropsError, match="userops site"):
        server(tmp_path, port=0)
