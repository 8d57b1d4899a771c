"""`userops sources try` and `new`: what would become of a file, without a server, and drafts for files nobody knows."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from userops.cli.main import app
from userops.platforms.loading import load_platform
from userops.settings import PROJECT_ROOT

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "platforms"
SHOPIFY = FIXTURES / "shopify" / "orders_export_1.csv"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own with all platforms; no server is anywhere."""
    shutil.copytree(PROJECT_ROOT / "platforms", tmp_path / "platforms")
    for name, value in {"USEROPS_PROJECT": tmp_path, "USEROPS_HOME": tmp_path / "home", "USEROPS_SOURCES": "",
                        "USEROPS_TIMEZONE": "America/New_York", "USEROPS_CURRENCY": "USD",
                        "USEROPS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    return tmp_path


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["sources", *map(str, words)], env={"COLUMNS": "200"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def tried(file: Path, *words: str) -> dict[str, dict]:
    _, printed = run("try", file, "--json", *words)
    return {each["export"]: each for each in json.loads(printed)}


def test_a_file_is_tried_with_its_months_sums_and_without_names(project: Path) -> None:
    code, printed = run("try", SHOPIFY)
    assert code == 0
    assert "shopify:#1001" in printed and "orders a month" in printed
    text = SHOPIFY.read_text(encoding="utf-8")
    addresses = [cell for line in text.splitlines()[1:] for cell in line.split(",") if "@" in cell]
    assert addresses and not any(address in printed for address in addresses)
    found = tried(SHOPIFY)
    assert set(found) >= {"orders", "order_lines", "contacts"}
    (month,) = found["orders"]["figures"]
    figures = dict(zip(found["orders"]["figure_names"], month, strict=True))
    assert (figures["month"], figures["currency"], figures["orders"]) == ("2026-03", "USD", 5)
    assert not (project / "home" / "lake").exists()


def test_what_goes_to_quarantine_is_counted_by_reason_and_line(project: Path, tmp_path: Path) -> None:
    text = (FIXTURES / "pinduoduo" / "pdd_orders.csv").read_text("utf-8-sig")
    path = tmp_path / "pdd_orders.csv"
    path.write_text(text.replace("已发货，待收货", "飞走了", 1))
    orders = tried(path)["orders"]
    assert orders["reasons"]["status is none of the allowed values"] == 1
    assert [reason for _, reason in orders["lines"]][0]


def test_a_file_that_would_be_refused_says_why_and_how_to_mend(project: Path, tmp_path: Path) -> None:
    path = tmp_path / "orders_export_1.csv"
    path.write_text(SHOPIFY.read_text(encoding="utf-8").replace("Financial Status", "Money", 1), encoding="utf-8")
    code, printed = run("try", path, "--source", "shopify")
    assert code == 1
    assert "the file would be refused" in printed and "no column Financial Status" in printed


def test_a_source_of_the_business_is_tried_as_it_says(project: Path) -> None:
    (project / "sources.yml").write_text("sources:\n  - {name: north, platform: shopify, channel_code: n}\n")
    rows = tried(SHOPIFY, "--source", "north")["orders"]["rows"]
    assert rows[0][0] == "north:#1001"
    assert tried(SHOPIFY)["orders"]["rows"][0][0] == "north:#1001"
    assert run("list")[1].count("north") == 1


def test_a_later_date_than_the_given_one_is_in_the_future(project: Path) -> None:
    reasons = tried(SHOPIFY, "--date", "2026-03-01")["orders"]["reasons"]
    assert any("is after the business date" in reason for reason in reasons)


def test_what_is_not_sure_is_not_tried_without_a_source(project: Path) -> None:
    path = next((FIXTURES / "taobao").glob("ExportOrderList*"))
    with pytest.raises(Exception, match="not sure whose file .* taobao and tmall fit alike"):
        run("try", path)
    assert tried(path, "--source", "tmall")["orders"]["stored"] > 0


def test_detect_says_how_sure_it_is_by_its_exit_code(project: Path, tmp_path: Path) -> None:
    shutil.copy(SHOPIFY, tmp_path / "x")
    code, printed = run("detect", tmp_path / "x")
    assert code == 0 and "x is of shopify (shopify/1)" in printed
    code, printed = run("detect", next((FIXTURES / "tmall").iterdir()))
    assert code == 1 and "not sure: taobao and tmall fit alike" in printed
    (tmp_path / "y").write_text("colour;size\nred;2\n")
    code, printed = run("detect", tmp_path / "y")
    assert code == 1 and "not sure: no platform knows its columns" in printed


TILL = """Till report of March
Order No;Date;E-mail;Total;Shop
T-1;02/03/2026 10:15;ann@example.com;1.200,50;north
T-2;28/02/2026 09:00;;12,00;north
"""
LINES = """Order ID,Order Date,Customer Email,SKU,Product Name,Quantity,Unit Price,Order Total,Shipping,Currency,Mobile
A1,2026-03-02 10:00:00,ann@example.com,CUP,Cup,2,10.00,25.00,5.00,USD,+12125552368
A1,2026-03-02 10:00:00,ann@example.com,POT,Pot,1,0.00,25.00,5.00,USD,+12125552368
B2,2026/3/2 11:00,bob@example.com,CUP,Cup,1,10.00,10.00,0.00,USD,
"""
ADS = """Day,Campaign ID,Impressions,Clicks,Cost
3/2/2026,11,"1,000",10,2.50
3/2/2026,11,500,5,1.25
2/28/2026,12,1,1,0.10
"""


def drafted(project: Path, tmp_path: Path, name: str, text: str) -> tuple[str, dict[str, dict]]:
    path = tmp_path / f"{name}_2026-03-02.csv"
    path.write_text(text, encoding="utf-8")
    code, printed = run("new", path, "--name", name)
    assert code == 0 and f"platforms/{name}.yml is drafted" in printed
    assert load_platform(name, project / "platforms").layouts[0].matches(path.name)
    return (project / "platforms" / f"{name}.yml").read_text(encoding="utf-8"), tried(path, "--source", name)


def test_a_draft_of_orders_is_marked_and_can_be_tried(project: Path, tmp_path: Path) -> None:
    text, found = drafted(project, tmp_path, "till", TILL)
    for guess in ("delimiter: \";\"  # guess", "skip_lines: 1  # guess", '"Order No": order_id  # guess',
                  "# guess: day/month/year", "# guess: 1.200,50"):  # fmt: skip
        assert guess in text
    orders = found["orders"]
    assert orders["reasons"] == {}
    assert [dict(zip(orders["figure_names"], row, strict=True))["paid"] for row in orders["figures"]] == [
        "12.00", "1200.50"
    ]
    assert found["contacts"]["stored"] == 1


def test_a_draft_of_lines_makes_orders_of_them(project: Path, tmp_path: Path) -> None:
    text, found = drafted(project, tmp_path, "lines", LINES)
    assert "every row of the file is a line of an order" in text
    assert found["order_lines"]["stored"] == 3
    (month,) = found["orders"]["figures"]
    assert month[:3] == ["2026-03", "USD", 2] and month[-1] == "35.00"
    assert found["contacts"]["stored"] == 2


def test_a_draft_of_a_report_adds_its_rows(project: Path, tmp_path: Path) -> None:
    text, found = drafted(project, tmp_path, "clicks", ADS)
    assert "# guess: month/day/year" in text
    assert found["ad_stats"]["figures"] == [
        ["2026-02", "USD", 1, 1, 1, "0.10"], ["2026-03", "USD", 1, 1500, 15, "3.75"]
    ]


def test_a_draft_replaces_no_platform_and_needs_a_header(project: Path, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="platforms/shopify.yml exists"):
        run("new", SHOPIFY, "--name", "shopify")
    with pytest.raises(Exception, match="cannot be the name of a platform"):
        run("new", SHOPIFY, "--name", "My Shop")
    (tmp_path / "words").write_text("just words\n")
    with pytest.raises(Exception, match="looks like a header"):
        run("new", tmp_path / "words")
    (tmp_path / "x.json").write_text('{"a": 1}')
    with pytest.raises(Exception, match="drafts are made of CSV alone"):
        run("new", tmp_path / "x.json")


@pytest.mark.parametrize("path", sorted(path for path in FIXTURES.rglob("*.csv")), ids=lambda path: path.name)
def test_a_draft_of_any_file_can_be_read(project: Path, path: Path) -> None:
    run("new", path, "--name", "draft")
    assert load_platform("draft", project / "platforms").layouts
