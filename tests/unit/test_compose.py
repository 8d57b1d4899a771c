"""The server setting, checked as text: there is no engine here to run it on."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from userops.settings import Settings, variable
from userops.warehouse.server_settings import WANTED

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_ports_are_on_loopback(compose):
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) >= 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_password_stands_in_the_file(compose):
    for name, service in compose["services"].items():
        for key, value in service.get("environment", {}).items():
            assert not key.endswith(("PASSWORD", "SECRET", "KEY")), f"{name}: {key}={value}"
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())


def test_metadata_and_warehouse_are_apart_and_healthy_before_use(compose):
    assert {"warehouse", "metadata"} <= set(compose["services"])
    for name in ("warehouse", "metadata", "api-server", "scheduler"):
        assert "healthcheck" in compose["services"][name]
    for name in ("scheduler", "api-server", "dag-processor", "migrate"):
        needed = compose["services"][name]["depends_on"]
        assert needed["warehouse"]["condition"] == needed["metadata"]["condition"] == "service_healthy"


def test_the_warehouse_has_the_settings_that_runs_ask_for(compose):
    flags = dict(flag.removeprefix("--").split("=") for flag in compose["services"]["warehouse"]["command"][1:])
    assert {wanted.name: flags.get(wanted.name) for wanted in WANTED} == {w.name: w.value for w in WANTED}


def test_secrets_are_read_from_the_files_that_are_mounted(compose):
    service = compose["services"]["scheduler"]
    read = {value.split("/run/secrets/")[1] for value in service["environment"].values() if "/run/secrets/" in value}
    assert read == set(service["secrets"]) == {"warehouse_url", "metadata_url", "hash_key", "airflow_key"}


def test_every_variable_of_userops_is_one_that_settings_know(compose):
    known = {variable(field) for field in Settings.model_fields}
    given = [name for name in compose["services"]["scheduler"]["environment"] if name.startswith("USEROPS_")]
    assert {name.removesuffix("_FILE") for name in given} <= known


def test_the_secrets_script_makes_every_file_once(compose, tmp_path):
    script = tmp_path / "deploy" / "make-secrets"
    script.parent.mkdir()
    shutil.copy(ROOT / "deploy" / "make-secrets", script)
    subprocess.run([script], check=True)
    made = {path.name: path.read_text() for path in (script.parent / "secrets").iterdir()}
    assert set(made) == set(compose["secrets"])
    assert made["warehouse_password"] in made["warehouse_url"] and len(made["hash_key"]) == 64
    assert len(set(made.values())) == 6
    subprocess.run([script], check=True)
    assert {path.name: path.read_text() for path in (script.parent / "secrets").iterdir()} == made
    assert (script.parent / "secrets").stat().st_mode & 0o777 == 0o700


def test_the_image_extends_airflows_in_the_locked_version(compose):
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    locked = next(
        line.split("==")[1].split()[0]
        for line in (ROOT / "requirements" / "runtime.lock").read_text().splitlines()
        if line.startswith("apache-airflow==")
    )
    assert lines[0].startswith(f"FROM apache/airflow:{locked}-python3.12")
    assert [line for line in lines if line.startswith("USER ")][-1] == "USER airflow"
    assert "--require-hashes -r requirements/bootstrap.lock -r requirements/runtime.lock" in "\n".join(lines)
