"""Bad use: one clear sentence with the fix, and the documented exit code."""

import io
import socket

import psycopg
import pytest
import sqlalchemy.exc
from rich.console import Console

from deployment import clean_environment, userops, userops_forked
from userops.cli import demo
from userops.cli.edge import connection_lost
from userops.errors import EXIT_FAILED
from userops.settings import Settings

DOWN = "postgresql://x@127.0.0.1:1/none"


def environment(tmp_path, **extra):
    return clean_environment(**{"USEROPS_HOME": str(tmp_path / "home")} | extra)


def run(tmp_path, *arguments, **extra):
    return userops(list(arguments), environment(tmp_path, **extra), seconds=120)


@pytest.mark.parametrize(
    ("arguments", "extra", "code", "words"),
    [
        (["run", "--date", "2011-02-30"], {}, 2, ["'2011-02-30' is no date", "Fix: write YYYY-MM-DD"]),
        (["run", "--date", "2011-02-03"], {}, 2, ["home/landing does not exist", "set USEROPS_LANDING"]),
        (["run", "--date", "2011-02-03", "--landing", "."], {}, 2, ["has no folder 2011-02-03", "--rebuild"]),
        (["run", "--rebuild"], {"USEROPS_DATABASE_URL": DOWN}, 2, ["no key to hash identifiers", "USEROPS_HASH_KEY"]),
        (["backfill", "--from", "2011-02-03", "--to", "2011-02-01"], {}, 2, ["is after --to 2011-02-01", "swap"]),
        (["status"], {"USEROPS_DATABASE_URL": DOWN}, 3, ["does not answer", "Fix"]),
        (["superset"], {"USEROPS_SUPERSET_VENV": "/proc/none"}, 2, ["no Superset in /proc/none", "make superset"]),
        (["db", "reader", "bi", "--password-file", "none"], {"USEROPS_DATABASE_URL": DOWN}, 3, ["does not answer"]),
        (["status"], {"USEROPS_TIMEZONE": "Nowhere"}, 2, ["USEROPS_TIMEZONE='Nowhere'", "IANA"]),
        (["waive", "orders.csv", "--date", "2011-02-03", "--by", " ", "--reason", "r"], {}, 2,
         ["needs a name", "--by"]),
        (["waive", "orders.csv", "--date", "2011-02-03", "--by", "A", "--reason", ""], {}, 2, ["needs a reason"]),
        (["approve", "--date", "yesterday", "--by", "A"], {}, 2, ["'yesterday' is no date"]),
        (["accept", "columns_changed", "--subject", "orders.status", "--by", "A", "--reason", " "], {}, 2,
         ["needs a reason"]),
        (["tags", "new", "x1", "--category", "weather"], {}, 2, ["'weather'", "lifecycle"]),
        (["tags", "explain", "u_1"], {"USEROPS_DATABASE_URL": DOWN}, 3, ["does not answer", "Fix"]),
        (["audiences", "export", "a", "--out", "x", "--medium", "fax"], {"USEROPS_DATABASE_URL": DOWN}, 2,
         ["'fax'", "sms"]),
        (["audiences", "export", "a", "--out", "x", "--format", "fax"], {}, 2, ["'fax' is no format", "meta, tencent"]),
        (["audiences", "export", "a", "--out", "x", "--format", "tencent", "--medium", "email"], {}, 2,
         ["tencent finds nobody by email", "--medium sms"]),
        (["audiences", "export", "a", "--out", "x", "--apply"], {}, 2, ["about WeCom", "the format wecom"]),
        (["audiences", "export", "a", "--out", "x", "--format", "wecom"], {}, 2, ["has to be named", "--tag"]),
        (["audiences", "export", "a", "--out", "x", "--format", "wecom", "--tag", "et1", "--apply"], {}, 2,
         ["WeCom is not set up", "USEROPS_WECOM_CORP_ID"]),
        (["simulate", "--out", "x", "--quirks"], {}, 2, ["--quirks is about platforms", "--as"]),
        (["simulate", "--out", "x", "--as", "shopify", "--format", "parquet"], {}, 2, ["not as parquet", "--format"]),
        (["status"], {"USEROPS_SITE_URL": "dashboards"}, 2, ["USEROPS_SITE_URL='dashboards'", "http://host:port/"]),
        (["status"], {"USEROPS_HOME": "/proc/1/none"}, 2, ["cannot be written", "USEROPS_HOME"]),
    ],
)  # fmt: skip
def test_bad_use_says_how_to_fix_it(tmp_path, arguments, extra, code, words):
    got, printed = userops_forked(arguments, environment(tmp_path, **extra), seconds=120)
    assert got == code, printed
    assert "Traceback" not in printed
    assert len(printed.strip().splitlines()) == 1, printed
    for word in words:
        assert word in printed


def test_a_taken_port_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, printed = run(tmp_path, "db", "start", "--port", port)
    assert code == 2
    assert f"Port {port} is taken" in printed


def test_the_settings_of_a_home_are_read_after_those_of_the_environment(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".env").write_text("USEROPS_LANDING=/nowhere/of-the-home\nUSEROPS_TIMEZONE=Mars/Olympus\n")
    code, printed = run(tmp_path, "run", "--date", "2011-02-03", USEROPS_TIMEZONE="Europe/London")
    assert code == 2 and "/nowhere/of-the-home does not exist" in printed


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.AdminShutdown("terminating connection"),
        sqlalchemy.exc.OperationalError("select 1", {}, psycopg.OperationalError("server closed the connection")),
        sqlalchemy.exc.PendingRollbackError("invalid transaction"),
    ],
)
def test_a_lost_database_is_one_sentence_and_safe_to_run_again(error):
    try:
        raise RuntimeError("task failed") from error
    except RuntimeError as raised:
        told = connection_lost(raised)
    assert told.exit_code == EXIT_FAILED
    assert told.what.startswith("The database went away: ") and "\n" not in str(told)
    assert "run the same command again" in told.fix


def test_other_errors_are_no_lost_database():
    assert connection_lost(ValueError("x")) is None
    assert connection_lost(psycopg.errors.UndefinedTable("relation does not exist")) is None


def test_a_business_is_written_as_its_platforms_deliver_it(tmp_path):
    out = tmp_path / "shop"
    code, printed = run(
        tmp_path, "simulate", "--out", str(out), "--users", "60", "--nights", "2", "--as", "shopify,wecom", "--quirks"
    )
    assert code == 0, printed
    assert {path.name for path in (out / "2025-01-01").iterdir() if path.is_dir()} == {"shopify", "wecom"}
    assert not (out / "2025-01-01" / "orders.csv").exists()
    assert (out / "_truth" / "expected" / "2025-01-01" / "orders.csv").is_file()


def test_the_demo_ends_by_saying_what_to_open(tmp_path):
    told = Console(file=io.StringIO(), width=200)
    demo._tell(Settings.load({"USEROPS_HOME": str(tmp_path)}), told)
    last = told.file.getvalue().rstrip().splitlines()[-1]
    assert last == f"Open the dashboards: file://{tmp_path}/site/index.html"
