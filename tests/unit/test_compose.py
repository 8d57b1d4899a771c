"""The server setting, checked as text: there is no engine here to run it on."""

from pathlib import Path

import pytest
import yaml

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
        for variable, value in service.get("environment", {}).items():
            assert not variable.endswith(("PASSWORD", "SECRET", "KEY")), f"{name}: {variable}={value}"
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())


def test_metadata_and_warehouse_are_apart_and_healthy_before_use(compose):
    assert {"warehouse", "metadata"} <= set(compose["services"])
    for name in ("warehouse", "metadata", "api-server", "scheduler"):
        assert "healthcheck" in compose["services"][name]
    for name in ("scheduler", "api-server", "dag-processor", "migrate"):
        needed = compose["services"][name]["depends_on"]
        assert needed["warehouse"]["condition"] == needed["metadata"]["condition"] == "service_healthy"


def test_the_warehouse_has_the_settings_that_nights_want(compose):
    flags = dict(flag.removeprefix("--").split("=") for flag in compose["services"]["warehouse"]["command"][1:])
    assert {wanted.name: flags.get(wanted.name) for wanted in WANTED} == {w.name: w.value for w in WANTED}


def test_every_secret_of_the_entry_point_is_mounted(compose):
    script = (ROOT / "deploy" / "with-secrets").read_text()
    mounted = set(compose["services"]["scheduler"]["secrets"])
    assert mounted == set(compose["secrets"])
    assert all(f"secret {name})" in script for name in mounted)
    assert "USER userops" in (ROOT / "Dockerfile").read_text()
