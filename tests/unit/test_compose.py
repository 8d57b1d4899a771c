"""The server setting, checked as text: there is no engine here to run it on."""

import re
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
    assert read == set(service["secrets"]) == {"warehouse_url", "metadata_url", "hash_key", "airflow_key", "broker_url"}


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
    assert made["reader_password"] in made["reader_url"] and made["superset_key"] != made["airflow_key"]
    assert len(set(made.values())) == len(compose["secrets"])
    assert made["broker_password"] in made["broker_url"]
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
    assert "--require-hashes -r requirements/bootstrap.lock -r requirements/celery.lock" in "\n".join(lines)


def test_superset_comes_with_a_profile_and_reads_the_warehouse_by_a_login_of_its_own(compose):
    bi = {name: service for name, service in compose["services"].items() if service.get("profiles") == ["bi"]}
    assert set(bi) == {"superset", "superset-login", "superset-metadata"}
    others = [service for name, service in compose["services"].items() if name not in bi]
    assert not {"superset", "superset-login"} & {needed for other in others for needed in other.get("depends_on", [])}
    superset = bi["superset"]
    assert superset["image"] != compose["services"]["scheduler"]["image"]
    files = [value for name, value in superset["environment"].items() if name.endswith("_FILE")]
    read = {file.removeprefix("/run/secrets/") for file in files}
    assert read == set(superset["secrets"]) and "warehouse_url" not in read
    assert superset["depends_on"]["superset-login"]["condition"] == "service_completed_successfully"
    made = bi["superset-login"]["command"]
    assert made[:4] == ["userops", "db", "reader", "superset"] and "reader_password" in bi["superset-login"]["secrets"]


def test_superset_gets_the_variables_that_its_configuration_reads(compose):
    folder = ROOT / "deploy" / "superset"
    given = {name.removesuffix("_FILE") for name in compose["services"]["superset"]["environment"]}
    image = (folder / "Dockerfile").read_text()
    given |= {name for name in ("SUPERSET_HOME", "SUPERSET_CONFIG_PATH") if f"{name}=" in image}
    needed = set(re.findall(r'given\("(SUPERSET_\w+)"\)', (folder / "superset_config.py").read_text()))
    assert needed and needed <= given
    assert "--require-hashes -r requirements/superset.lock" in image
    assert [line for line in image.splitlines() if line.startswith("USER ")] == ["USER superset"]
    for program in ("prepare", "serve"):
        assert (folder / program).stat().st_mode & 0o111


def test_the_images_lock_is_the_runtimes_and_celerys():
    runtime, celery = (locked(name) for name in ("runtime", "celery"))
    assert runtime < celery
    added = {line.split("==")[0] for line in celery - runtime}
    assert {"apache-airflow-providers-celery", "celery", "redis"} <= added


def test_celerys_services_run_with_its_profile_alone(compose):
    services = compose["services"]
    celery = {name for name, service in services.items() if service.get("profiles") == ["celery"]}
    assert celery == {"redis", "worker", "builder"}
    always = [service for service in services.values() if "profiles" not in service]
    assert not celery & {needed for service in always for needed in service.get("depends_on", [])}
    assert services["scheduler"]["environment"]["AIRFLOW__CORE__EXECUTOR"] == "${AIRFLOW_EXECUTOR:-LocalExecutor}"
    assert not any("ports" in services[name] for name in celery)
    for name in ("worker", "builder"):
        assert services[name]["depends_on"].keys() == {"warehouse", "metadata", "migrate", "redis"}
        assert services["scheduler"]["environment"].items() <= services[name]["environment"].items()


def test_every_queue_of_the_dag_has_its_worker(compose):
    """What engines build in files of one worker is built by one service, which nothing multiplies."""
    dag = (ROOT / "dags" / "nightly.py").read_text()
    (queue,) = set(re.findall(r'"queue": "(\w+)"', dag))
    served = {name: _option(compose["services"][name]["command"], "--queues") for name in ("worker", "builder")}
    assert served == {"worker": "default", "builder": queue}
    assert not {"deploy", "scale"} & compose["services"]["builder"].keys()


def test_the_broker_asks_for_its_password(compose):
    redis = compose["services"]["redis"]
    assert "--requirepass" in redis["command"][-1] and redis["secrets"] == ["broker_password"]


def locked(name: str) -> set[str]:
    lines = (ROOT / "requirements" / f"{name}.lock").read_text().splitlines()
    return {line.split(" ")[0] for line in lines if "==" in line}


def _option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]
