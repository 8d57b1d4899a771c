"""The values for Airflow's Helm chart, checked as text: there is no cluster here to install them on."""

import re
from pathlib import Path

import pytest
import yaml

from userops.settings import Settings, variable

ROOT = Path(__file__).resolve().parents[2]
VALUES = ROOT / "deploy" / "kubernetes" / "values.yaml"
# The keys of the chart that are used here, as release 1.22 has them: a mapping is looked into, None is free.
WORKER = dict.fromkeys((
    "queue", "replicas", "extraVolumes", "extraVolumeMounts", "resources", "terminationGracePeriodSeconds",
)) | {"persistence": {"enabled": None}}  # fmt: skip
CHART = dict.fromkeys((
    "airflowVersion", "airflowHome", "executor", "env", "secret", "config",
    "apiSecretKeySecretName", "jwtSecretName", "fernetKeySecretName",
)) | {
    "images": {"airflow": {"repository": None, "tag": None}},
    "postgresql": {"enabled": None},
    "redis": {"enabled": None},
    "triggerer": {"enabled": None},
    "data": {"metadataSecretName": None},
    "workers": {"celery": WORKER | {"enableDefault": None, "sets": None}},
}  # fmt: skip


@pytest.fixture(scope="module")
def values():
    return yaml.safe_load(VALUES.read_text(encoding="utf-8"))


def unknown(found: dict, known: dict, place: str = "") -> list[str]:
    names = []
    for name, content in found.items():
        if name not in known:
            names.append(f"{place}{name}")
        elif known[name] is not None:
            names += unknown(content, known[name], f"{place}{name}.")
    return names


def test_every_key_is_one_of_the_chart(values):
    assert unknown(values, CHART) == []
    (builder,) = values["workers"]["celery"]["sets"]
    assert unknown(builder, WORKER | {"name": None}) == []


def test_an_unknown_key_is_noticed():
    assert unknown({"redis": {"enable": True}, "workers": {"queue": "x"}}, CHART) == ["redis.enable", "workers.queue"]


def test_every_variable_of_userops_is_one_that_settings_know(values):
    known = {variable(field) for field in Settings.model_fields}
    given = {one["name"] for one in values["env"]} | {one["envName"] for one in values["secret"]}
    assert {name for name in given if name.startswith("USEROPS_")} <= known
    assert {"USEROPS_DATABASE_URL", "USEROPS_HASH_KEY", "USEROPS_LAKE", "USEROPS_LANDING"} <= given


def test_no_secret_stands_in_the_file(values):
    for one in values["env"]:
        assert not one["name"].endswith(("PASSWORD", "SECRET", "KEY", "DATABASE_URL"))
    assert all(set(one) == {"envName", "secretName", "secretKey"} for one in values["secret"])


def test_one_worker_builds_and_others_do_the_rest(values):
    """The queue of the DAG is served by a set of exactly one; both keep USEROPS_HOME on a disk of their own."""
    celery = values["workers"]["celery"]
    (builder,) = celery["sets"]
    (queue,) = set(re.findall(r'"queue": "(\w+)"', (ROOT / "dags" / "nightly.py").read_text()))
    assert (values["executor"], celery["enableDefault"], celery["queue"]) == ("CeleryExecutor", True, "default")
    assert (builder["queue"], builder["replicas"]) == (queue, 1)
    (home,) = [one["value"] for one in values["env"] if one["name"] == "USEROPS_HOME"]
    assert [mount["mountPath"] for mount in celery["extraVolumeMounts"]] == [home]
    for worker in (celery, builder):
        assert [volume["name"] for volume in worker["extraVolumes"]] == ["home"]


def test_what_workers_share_is_reached_from_any_machine(values):
    given = {one["name"]: one.get("value") for one in values["env"]}
    for name in ("USEROPS_LAKE", "USEROPS_LANDING", "USEROPS_ALERT_TARGETS"):
        assert re.match(r"(s3|gs|https)://", given[name]), name


def test_versions_and_places_are_those_of_the_image(values):
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"FROM apache/airflow:{values['airflowVersion']}-" in dockerfile
    assert f"AIRFLOW_HOME={values['airflowHome']} " in dockerfile
    for name in ("dags_folder", "plugins_folder"):
        assert f"={values['config']['core'][name]} " in dockerfile


def test_the_page_makes_every_secret_that_is_named(values):
    page = (ROOT / "docs" / "how-to" / "run-on-kubernetes.md").read_text(encoding="utf-8")
    named = {one["secretName"] for one in values["secret"]} | {values["data"]["metadataSecretName"]}
    named |= {values[f"{name}SecretName"] for name in ("apiSecretKey", "fernetKey")} | {values["jwtSecretName"]}
    assert set(re.findall(r"create secret generic ([\w-]+)", page)) == named
    assert {one["secretKey"] for one in values["secret"]} <= set(re.findall(r"--from-literal=([\w-]+)=", page))
