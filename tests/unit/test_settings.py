"""Configuration: what is read from where, and that a bad value names its variable and the fix."""

from datetime import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT, Settings, variable


def test_defaults_are_below_the_home(tmp_path):
    settings = Settings.load({"USEROPS_HOME": str(tmp_path), "USEROPS_LANDING": "", "USEROPS_THREADS": "3"})
    assert settings.model_dump() == {
        "project_root": PROJECT_ROOT,
        "home": tmp_path,
        "database_url": "",
        "landing": str(tmp_path / "landing"),
        "lake": str(tmp_path / "lake"),
        "engine": "postgres",
        "spark_master": "local[*]",
        "spark_files": tmp_path / "spark",
        "spark_venv": PROJECT_ROOT / ".venv-spark",
        "superset_venv": PROJECT_ROOT / ".venv-superset",
        "memory_limit": "",
        "threads": 3,
        "sources": (),
        "timezone": "Asia/Shanghai",
        "currency": "CNY",
        "default_country": "CN",
        "hash_key": "",
        "site_url": "http://127.0.0.1:8081/",
        "wecom_corp_id": "",
        "wecom_secret": "",
        "deadline": time(8),
        "language": "en",
        "hold_warnings": False,
        "log_level": "WARNING",
        "alert_targets": (f"file://{tmp_path}/alerts.log",),
        "alert_fallbacks": (),
    }


def test_what_is_given_is_read(tmp_path):
    settings = Settings.load({
        "USEROPS_PROJECT": str(tmp_path), "USEROPS_LAKE": "s3://bucket/lake", "USEROPS_LANDING": "landing",
        "USEROPS_SOURCES": "shopify, wecom,", "USEROPS_HOLD_WARNINGS": "1", "USEROPS_DEADLINE": "07:30",
        "USEROPS_ENGINE": "duckdb", "USEROPS_MEMORY_LIMIT": "1.5GB", "USEROPS_ALERT_TARGETS": "console://,slack://a",
    })  # fmt: skip
    assert settings.home == tmp_path / ".userops"
    assert settings.lake == "s3://bucket/lake"
    assert settings.landing == str(Path("landing").resolve())
    assert settings.sources == ("shopify", "wecom")
    assert settings.hold_warnings is True
    assert settings.deadline == time(7, 30)
    assert settings.alert_targets == ("console://", "slack://a")


def test_the_environment_is_read_by_default(monkeypatch, tmp_path):
    monkeypatch.setenv("USEROPS_HOME", str(tmp_path))
    assert Settings.load().home == tmp_path


def test_secret_files_win_over_the_environment(tmp_path):
    (tmp_path / "url").write_text("postgresql://a@b/c\n")
    given = {"USEROPS_DATABASE_URL_FILE": str(tmp_path / "url"), "USEROPS_DATABASE_URL": "postgresql://x@y/z"}
    assert Settings.load(given).database_url == "postgresql://a@b/c"
    with pytest.raises(UseropsError, match=r"USEROPS_HASH_KEY_FILE='.*none' cannot be read: No such file"):
        Settings.load({"USEROPS_HASH_KEY_FILE": str(tmp_path / "none")})


def test_settings_cannot_be_changed_and_do_not_print_secrets():
    given = {"USEROPS_DATABASE_URL": "postgresql://a:pa55@b/c", "USEROPS_HASH_KEY": "k3y" * 20,
             "USEROPS_ALERT_TARGETS": "slack://t0ken"}  # fmt: skip
    settings = Settings.load(given)
    with pytest.raises(ValidationError):
        settings.currency = "EUR"
    assert all(secret not in repr(settings) for secret in ("pa55", "k3y", "t0ken"))


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("USEROPS_TIMEZONE", "Mars/Olympus", "IANA"),
        ("USEROPS_TIMEZONE", "../../etc/passwd", "IANA"),
        ("USEROPS_CURRENCY", "yuan", "ISO 4217"),
        ("USEROPS_DEFAULT_COUNTRY", "China", "ISO 3166"),
        ("USEROPS_DEADLINE", "eight", "HH:MM"),
        ("USEROPS_HOLD_WARNINGS", "perhaps", "1 or 0"),
        ("USEROPS_LOG_LEVEL", "loud", "INFO"),
        ("USEROPS_ENGINE", "mysql", "postgres, duckdb or spark"),
        ("USEROPS_SPARK_MASTER", "cluster", "spark://host:7077"),
        ("USEROPS_THREADS", "0", "from 1"),
        ("USEROPS_MEMORY_LIMIT", "much", "4GB"),
        ("USEROPS_DATABASE_URL", "mysql://a@b/c", "postgresql://"),
    ],
)
def test_a_bad_value_names_its_variable_and_the_fix(name, value, fix):
    with pytest.raises(UseropsError) as raised:
        Settings.load({name: value})
    assert name in raised.value.what and fix in raised.value.fix
    assert raised.value.exit_code == 2


def test_a_bad_secret_is_not_shown():
    with pytest.raises(UseropsError) as raised:
        Settings.load({"USEROPS_DATABASE_URL": "mysql://root:pa55@b/c"})
    assert "pa55" not in str(raised.value)


def test_the_embedded_servers_key_is_made_once_for_the_owner_alone(tmp_path):
    before = Settings.load({"USEROPS_HOME": str(tmp_path / "home")})
    made = before.with_hash_key()
    stored = tmp_path / "home" / "hash_key"
    assert len(made.hash_key) == 64 and stored.read_text() == made.hash_key
    assert stored.stat().st_mode & 0o777 == 0o600
    assert before.with_hash_key() == made, "settings that were loaded before the key was made"
    assert Settings.load({"USEROPS_HOME": str(tmp_path / "home")}).with_hash_key() == made
    assert list(stored.parent.iterdir()) == [stored]


def test_a_warehouse_elsewhere_needs_a_key_of_its_own(tmp_path):
    given = {"USEROPS_HOME": str(tmp_path), "USEROPS_DATABASE_URL": "postgresql://a@b/c"}
    with pytest.raises(UseropsError, match="no key") as raised:
        Settings.load(given).with_hash_key()
    assert "USEROPS_HASH_KEY" in raised.value.fix
    assert not (tmp_path / "hash_key").exists()


def test_the_example_lists_every_variable():
    example = (PROJECT_ROOT / ".env.example").read_text(encoding="utf-8")
    named = {line.partition("=")[0] for line in example.splitlines() if line.startswith("USEROPS_")}
    # Where the project lies is said by its checkout; only an installed package has to be told.
    assert named == {variable(field) for field in Settings.model_fields} - {"USEROPS_PROJECT"}
