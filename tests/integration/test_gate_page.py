"""The gate's page in Airflow's own app: who may look, who may decide, what it shows, what a decision does."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from test_approval import CRITICAL, DAY, NEXT, WARNING, Held, held  # noqa: F401 - a fixture

from userops import run
from userops.checks import CheckResult
from userops.publish.status import status
from userops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from starlette.testclient import TestClient

DAG_RUN = "scheduled__2024-03-01T00:00:00+08:00"
PATH = f"/userops-gate/nightly/{DAG_RUN}"
USERS = "lin:viewer,mei:op"
ROLES = dict(user.split(":") for user in USERS.split(","))
APPROVE = {"decision": "approved", "reason": "the campaign explains it"}


@pytest.fixture(scope="module")
def airflow_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Airflow's API server with its own login, over empty metadata of its own in a file."""
    home = tmp_path_factory.mktemp("airflow")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "CORE__PLUGINS_FOLDER": str(PROJECT_ROOT / "plugins"), "CORE__DAGS_FOLDER": str(home),
            "CORE__LOAD_EXAMPLES": "False", "CORE__SIMPLE_AUTH_MANAGER_USERS": USERS,
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
            "API_AUTH__JWT_SECRET": "t" * 64, "API__SECRET_KEY": "t" * 64,
        }.items():  # fmt: skip
            patch.setenv(f"AIRFLOW__{name}", value)
        from airflow import plugins_manager, settings
        from airflow.api_fastapi import app

        def again() -> None:
            settings.configure_vars()
            settings.configure_orm()
            app.purge_cached_app()
            for cached in (plugins_manager._get_plugins, plugins_manager.get_fastapi_plugins):
                cached.cache_clear()

        again()
        _metadata(settings)
        yield app.create_app(apps="core")
    again()


def _metadata(settings: object) -> None:
    """The tables of the metadata, with one run of the DAG `nightly`, and the asset that a publication updates."""
    from airflow.models import import_all_models
    from airflow.models.asset import AssetModel
    from airflow.models.base import Base
    from airflow.models.dagrun import DagRun
    from airflow.utils.types import DagRunType

    import_all_models()
    Base.metadata.create_all(settings.engine)
    day = datetime(2024, 3, 1, tzinfo=UTC)
    scheduled = {"dag_id": "nightly", "logical_date": day, "run_after": day, "run_type": DagRunType.SCHEDULED}
    with settings.Session() as session:
        session.add(DagRun(run_id=DAG_RUN, **scheduled))
        session.add(AssetModel(name="userops://marts", uri="userops://marts"))
        session.commit()


def _returned_by_begin(run_id: str) -> None:
    """Keep what the task `begin` returned, without the rest of a task's history."""
    from airflow import settings
    from airflow.models.xcom import XComModel
    from sqlalchemy import text

    with settings.Session() as session:
        session.execute(text("pragma foreign_keys = off"))
        XComModel.set(
            key="return_value", value={"run_id": run_id}, task_id="begin", dag_id="nightly", run_id=DAG_RUN,
            session=session,
        )  # fmt: skip
        session.commit()


class Page:
    """The page of a run with these findings, seen by users of Airflow."""

    def __init__(self, app: object, held: Held) -> None:  # noqa: F811
        self.app, self.held = app, held

    def of_run(self, *findings: CheckResult) -> "Page":
        self.state = self.held.run(DAY, *findings)
        _returned_by_begin(self.held.rows("select run_id from meta.runs order by token desc limit 1")[0][0])
        return self

    def client(self, name: str | None = None) -> "TestClient":
        """A browser in which that user of Airflow is logged in."""
        from airflow.api_fastapi.app import get_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
        from starlette.testclient import TestClient

        made = TestClient(self.app, base_url="http://airflow.example.com")
        if name:
            user = SimpleAuthManagerUser(username=name, role=ROLES[name])
            made.cookies.set("_token", get_auth_manager().generate_jwt(user))
        return made

    def text(self, name: str = "lin") -> str:
        got = self.client(name).get(PATH)
        assert got.status_code == 200
        return got.text

    def decided(self) -> list[tuple]:
        return self.held.rows("select decision, decided_by, reason from meta.decisions order by decision_id")


@pytest.fixture
def gate(airflow_app, held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:  # noqa: F811
    monkeypatch.setattr(run.docs, "build", lambda *_: None)
    for name, value in {"HOME": tmp_path, "DATABASE_URL": held.url, "HASH_KEY": "k" * 64, "HOLD_WARNINGS": 1}.items():
        monkeypatch.setenv(f"USEROPS_{name}", str(value))
    return Page(airflow_app, held)


def test_anonymous_sees_and_decides_nothing(gate: Page) -> None:
    gate.of_run(WARNING)
    anonymous = gate.client()
    assert anonymous.get(PATH).status_code == 401
    assert anonymous.post(PATH, json=APPROVE).status_code == 401
    assert anonymous.get("/userops-gate/docs").status_code != 200
    assert anonymous.get("/userops-gate/openapi.json").status_code in (401, 404)
    assert gate.decided() == [] and status(gate.held.url)["state"] == "held"


def test_a_viewer_sees_the_run_and_cannot_decide(gate: Page) -> None:
    gate.of_run(WARNING)
    text = gate.text("lin")
    assert "waits for a person" in text and "Readers see nothing yet." in text
    assert "drift 0.2" in text and "at most 0.12" in text
    assert 'id="decide"' not in text and "You may look, but not decide" in text
    for decision in ("approved", "rejected"):
        assert gate.client("lin").post(PATH, json=APPROVE | {"decision": decision}).status_code == 403
    assert gate.decided() == [] and status(gate.held.url)["state"] == "held"


def test_an_operator_publishes_by_an_approval_with_a_reason(gate: Page) -> None:
    gate.of_run(WARNING)
    assert 'id="decide"' in gate.text("mei")
    answer = gate.client("mei").post(PATH, json=APPROVE)
    assert (answer.status_code, answer.json()) == (
        200, {"decision": "approved", "by": "mei", "business_date": DAY.isoformat(), "version": 1}
    )
    assert status(gate.held.url)["state"] == "published"
    assert gate.held.rows("select approved_by from meta.approvals") == [("mei",)]
    assert gate.decided() == [("approved", "mei", APPROVE["reason"])]
    text = gate.text("lin")
    assert f"mei approved it: {APPROVE['reason']}" in text and "Readers see version 1 of 2024-03-01" in text
    assert 'id="decide"' not in gate.text("mei")
    assert gate.client("mei").post(PATH, json=APPROVE).status_code == 409


def test_an_approval_starts_what_follows_a_publication(gate: Page) -> None:
    from airflow import settings
    from airflow.models.asset import AssetEvent

    def events() -> int:
        with settings.Session() as session:
            return session.query(AssetEvent).count()

    before = events()
    gate.of_run(WARNING).client("mei").post(PATH, json=APPROVE)
    assert events() == before + 1


def test_a_rejection_is_kept_and_publishes_nothing(gate: Page) -> None:
    gate.of_run(WARNING)
    answer = gate.client("mei").post(PATH, json={"decision": "rejected", "reason": "half of the orders are missing"})
    assert answer.json()["version"] is None
    assert status(gate.held.url)["state"] == "held"
    assert "mei rejected it: half of the orders are missing" in gate.text("lin")
    assert gate.client("mei").post(PATH, json=APPROVE).status_code == 200, "who rejected may think better of it"


def test_after_another_build_an_approval_says_that_the_date_runs_again(gate: Page) -> None:
    gate.of_run(WARNING).held.run(NEXT, CRITICAL)
    assert f"userops run --date {DAY}" in gate.text("mei")
    assert gate.client("mei").post(PATH, json=APPROVE).json()["version"] is None
    assert gate.decided() == [("approved", "mei", APPROVE["reason"])]
    assert gate.held.rows("select count(*) from meta.publications") == [(0,)]


def test_a_blocked_run_cannot_be_approved(gate: Page) -> None:
    assert gate.of_run(CRITICAL, WARNING).state == "blocked"
    text = gate.text("mei")
    assert 'id="decide"' not in text and text.index("amount_level") < text.index("category_mix")
    assert gate.client("mei").post(PATH, json=APPROVE).status_code == 409
    assert gate.decided() == []


def test_a_publication_that_breaks_closes_the_run_and_is_told(gate: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.of_run(WARNING)

    def broken(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(run.publication, "publish", broken)
    with pytest.raises(RuntimeError, match="disk is full"):
        gate.client("mei").post(PATH, json=APPROVE)
    assert status(gate.held.url)["state"] == "failed"
    assert gate.held.rows("select count(*) from meta.outbox where title like '%failed%'") == [(1,)]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"json": {"decision": "approved"}}, 422),
        ({"json": APPROVE | {"reason": "   "}}, 422),
        ({"json": APPROVE | {"decision": "published"}}, 422),
        ({"data": APPROVE}, 422),
        ({"json": APPROVE, "headers": {"Sec-Fetch-Site": "cross-site"}}, 403),
        ({"json": APPROVE, "headers": {"Sec-Fetch-Site": "same-site"}}, 403),
    ],
)
def test_what_the_page_itself_would_not_send_decides_nothing(gate: Page, sent: dict, code: int) -> None:
    gate.of_run(WARNING)
    assert gate.client("mei").post(PATH, **sent).status_code == code
    assert gate.decided() == []


def test_runs_without_a_gate_say_so(gate: Page) -> None:
    gate.of_run(WARNING)
    lin = gate.client("lin")
    assert "judges runs of the DAG `nightly`" in lin.get("/userops-gate/erasure/manual__1").text
    assert lin.get("/userops-gate/nightly/manual__1").status_code == 404
    _returned_by_begin("gone")
    assert "has begun no run" in lin.get(PATH).text


def test_the_trend_and_the_findings_over_the_last_runs(gate: Page) -> None:
    drift = replace(WARNING, check="hour_mix")
    for share in ("0.05", "0.10"):
        gate.of_run(replace(drift, passed=True, observed=f"drift {share}"))
    text = gate.of_run(drift).text()
    trend = text[text.index('<svg class="trend"'):text.index("</svg>")]
    assert "hour_mix over the last 3 runs: passed, passed, warning" in trend
    assert trend.count("<circle") == 3 and "<polyline" in trend
    assert "2024-03-01: drift 0.05" in trend


def test_rows_set_aside_are_shown_without_anything_of_a_person(gate: Page) -> None:
    gate.of_run(WARNING)
    with psycopg.connect(gate.held.url) as admin:
        run_id = admin.execute("select run_id from meta.runs").fetchone()[0]
        load = _load(admin, run_id)
        admin.cursor().executemany(
            "insert into quarantine.rows (load_id, business_date, export, file_name, line, raw_text, reason)"
            " values (%s, %s, 'contacts', 'contacts.csv', %s, %s, 'phone is not a number')",
            [
                (load, DAY, 7, "C-17,王小明,ann.lee@example.com,+86 13800138000,ＡＢ１２ é"),
                (load, DAY, 9, "<b>Lee</b>"),
            ],
        )
    text = gate.text()
    assert "x-99,xxx,xxx.xxx@xxxxxxx.xxx,+99 99999999999,xxxx x" in text
    assert "phone is not a number" in text and "contacts.csv: 7, 9" in text
    for secret in ("王", "ann", "lee", "Lee", "138", "１２"):
        assert secret not in text


def _load(admin: psycopg.Connection, run_id: str) -> int:
    return admin.execute(
        "insert into meta.load_files (business_date, export, file_name, source, sha256, bytes, rows_in_file,"
        " rows_loaded, rows_quarantined, state, run_id)"
        " values (%s, 'contacts', 'contacts.csv', 'canonical', 'x', 1, 2, 0, 2, 'loaded', %s)"
        " returning load_id", [DAY, run_id]
    ).fetchone()[0]


def test_texts_of_a_check_are_text(gate: Page) -> None:
    odd = replace(WARNING, observed="<script>alert(1)</script>", detail="<img src=y>")
    got = gate.of_run(odd).client("mei").get(PATH)
    assert "<script>alert" not in got.text and "<img" not in got.text
    policy = got.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert "http://" not in got.text and "https://" not in got.text


def test_the_page_speaks_chinese_where_it_is_set(gate: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USEROPS_LANGUAGE", "zh")
    text = gate.of_run(WARNING).text("mei")
    for words in ('<html lang="zh">', "2024-03-01 的质量门", "批准并发布", "未通过的检查", "尚未发布任何数据"):
        assert words in text


# What Airflow's own page gives the frame of a tab.
FRAME = """
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts allow-same-origin allow-forms allow-downloads";
    frame.src = arguments[0];
    document.body.replaceChildren(frame);
"""


@contextmanager
def served(app: object) -> Iterator[str]:
    """The app behind a port of this machine, for as long as the block lasts."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        thread.join(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    chromium, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium with its driver on this machine: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{argument}")
    options.add_argument(f"--user-data-dir={tmp_path / 'profile'}")
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield started
    started.quit()


def test_a_person_approves_in_a_browser_within_airflows_frame(gate: Page, browser: webdriver.Chrome) -> None:
    gate.of_run(WARNING)
    with served(gate.app) as url:
        browser.get(f"{url}/api/v2/version")
        browser.add_cookie({"name": "_token", "value": gate.client("mei").cookies["_token"], "path": "/"})
        browser.execute_script(FRAME, url + PATH)
        browser.switch_to.frame(0)
        wait = WebDriverWait(browser, 20)
        wait.until(lambda shown: shown.find_elements(By.ID, "reason"))[0].send_keys("the campaign explains it")
        assert browser.find_element(By.CSS_SELECTOR, "button").value_of_css_property("background-color") == (
            "rgba(29, 95, 209, 1)"
        ), "the policy lets the page's own style in"
        browser.find_element(By.CSS_SELECTOR, "button[value=approved]").click()
        wait.until(lambda shown: shown.find_elements(By.ID, "decisions"))
        assert "mei approved it: the campaign explains it" in browser.find_element(By.ID, "decisions").text
    assert status(gate.held.url)["state"] == "published"
