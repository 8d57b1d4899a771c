"""What only a whole night can show: harmless corruptions change no mart, and a fan-out in a model reaches no reader."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import changes
import psycopg
import pytest
from changes import each, put
from clean_nights import (
    Business,
    Outcome,
    attempt,
    business,
    marts,
    past_and_folder,
    path_of,
    read,
    restate,
    run_steps,
    write,
)

from userops.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow_corruptions


@pytest.fixture(scope="module")
def published(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    with business(server_url, tmp_path_factory.mktemp("whole"), "whole", 1200, 30, publish=True) as made:
        changes.PAST[:] = [made]
        yield made


def whole(server_url: str, past: Business, folder: Path, change: Callable[[Path], None]) -> tuple[Outcome, dict]:
    """A night to its end, and what readers see then."""
    with past_and_folder(server_url, past, folder, change) as url:
        return run_steps(past.day, url, "publish", past.seen), marts(url)


@pytest.fixture(scope="module")
def undisturbed(server_url: str, published: Business, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The marts of the clean night."""
    outcome, seen = whole(server_url, published, tmp_path_factory.mktemp("undisturbed"), lambda folder: None)
    assert outcome.failing() == []
    assert len(seen) > 10
    return seen


def byte_order_mark(folder: Path) -> None:
    for export in ("orders", "contacts", "touches"):
        path_of(folder, export).write_bytes(b"\xef\xbb\xbf" + path_of(folder, export).read_bytes())
    restate(folder)


def older_corrections(folder: Path) -> None:
    """Versions that were superseded nights ago come once more, with other content, after the newer ones."""
    for export, key, cells in (
        ("orders", "order_id", {"sales_channel": "other"}), ("contacts", "contact_id", {"city": "Elsewhere"})
    ):
        versions: dict[str, list[dict]] = {}
        for nights in range(20, 0, -1):
            for row in read(changes.earlier(folder, nights), export):
                versions.setdefault(row[key], []).append(row)
        tonight = read(folder, export)
        taken = {row[key] for row in tonight}
        changed = [v for k, v in versions.items() if k not in taken and v[0]["updated_at"] < v[-1]["updated_at"]]
        older = [first | cells for first, *_ in changed]
        assert older, f"no {export} changed"
        write(folder, export, tonight + older[:10])


@pytest.mark.parametrize("change", [older_corrections, byte_order_mark])
def test_what_is_harmless_changes_no_mart(server_url, published, undisturbed, tmp_path, change) -> None:
    outcome, seen = whole(server_url, published, tmp_path, change)
    assert outcome.failing() == []
    assert seen == undisturbed


def test_single_bad_rows_are_set_aside_and_the_night_passes(server_url, published, tmp_path) -> None:
    """A header line in the middle and a phone in a free text: quarantined with file, line and reason, nowhere else."""

    def change(folder: Path) -> None:
        for export, key, column, text in (
            ("touches", "touch_id", "touchpoint", "call 138 0013 8000"), ("events", "event_id", "event_id", "event_id")
        ):
            rows = read(folder, export)
            rows += [row | {key: f"{row[key]}-{n}"} for n in range(4) for row in rows]
            middle = len(rows) // 2
            rows[middle] = dict(zip(rows[0], rows[0], strict=True)) if column == key else rows[middle] | {column: text}
            write(folder, export, rows)

    with past_and_folder(server_url, published, tmp_path, change) as url:
        outcome = run_steps(published.day, url, seen=published.seen)
        with psycopg.connect(url) as admin:
            rows = admin.execute(
                "select export, file_name, line > 2, reason from quarantine.rows order by 1"
            ).fetchall()
            kept = admin.execute("select count(*) from raw.touches where touchpoint like '%138%'").fetchone()[0]
    assert not outcome.blocked, outcome.failing()
    assert rows == [
        ("events", "events.csv", True, "the header again"),
        ("touches", "touches.csv", True, "touchpoint holds personal data"),
    ]
    assert kept == 0


def gift_at_no_price(folder: Path) -> None:
    """One order has a further line, of price 0."""
    rows = read(folder, "order_lines")
    gift = rows[0] | {"line_no": "9", "line_key": "9", "quantity": "1", "unit_price": "0.00", "line_amount": "0.00"}
    write(folder, "order_lines", [*rows, gift])


SINGLE = {
    "bad row": each("orders", put(paid_amount="ten"), every=10_000),
    "unknown contact": each("orders", changes.stranger, every=10_000, where=changes.has("contact_id")),
    "gift": gift_at_no_price,
}


@pytest.mark.parametrize("name", SINGLE)
def test_one_odd_row_never_stops_the_night_of_a_small_business(server_url, published, tmp_path, name: str) -> None:
    """Some thirty new orders a night: one of them is 3 %, far above the shares that block a large business."""
    assert len(read(published.folder(), "orders")) < 120
    outcome, seen = whole(server_url, published, tmp_path, SINGLE[name])
    assert not outcome.blocked, outcome.failing()
    assert (published.seen["version"], seen["version"]) == ("1", "2")
    assert {r.check for r in outcome.results if not r.passed and r.severity != "info"} <= {
        "bad_rows", "some_orders_of_unknown_contacts", "some_lines_of_unknown_orders",
    }  # fmt: skip


def doubled(project: Path, model: str, reference: str) -> None:
    """Every row of a reference twice: the mistake of a join whose other side has two rows a key."""
    (path,) = project.rglob(f"{model}.sql")
    text = path.read_text()
    table = f"{{{{ ref('{reference}') }}}}"
    assert table in text, f"{model} does not read {reference}"
    path.write_text(text.replace(table, f"(select * from {table} union all select * from {table})", 1))


@pytest.mark.parametrize(
    ("model", "reference", "mart"),
    [
        ("int_channel_day_figures", "int_orders_counted", "channel_daily"),
        ("users", "int_users_crm", "users"),
        ("cohort_retention", "int_orders_counted", "cohort_retention"),
    ],
)
def test_a_fan_out_reaches_no_reader(server_url, published, tmp_path, monkeypatch, model, reference, mart) -> None:
    project = tmp_path / "project"
    for part in ("dbt_project", "expectations", "dags", "tags", "audiences"):
        shutil.copytree(PROJECT_ROOT / part, project / part)
    doubled(project / "dbt_project", model, reference)
    monkeypatch.setenv("USEROPS_PROJECT", str(project))
    outcome = attempt(server_url, published, tmp_path / "night", lambda folder: None, "publish")
    assert outcome.blocked and outcome.unchanged
    failed = [r for r in outcome.results if not r.passed and r.severity == "critical"]
    assert mart in {r.subject for r in failed}, outcome.failing()
    assert {r.layer for r in failed} <= {"dbt", "expectations"}
    assert re.search(rf"on {mart}: found", outcome.alerts)


def test_a_blocked_night_leaves_the_marts_as_they_were(server_url, published, tmp_path) -> None:
    outcome = attempt(server_url, published, tmp_path, each("orders", put(currency="")), "publish")
    assert outcome.blocked and outcome.unchanged
    assert outcome.of("bad_rows", "orders").blocks
