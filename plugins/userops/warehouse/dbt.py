"""One dbt process a night; every model's and test's result comes back as a check result."""

import json
import logging
import os
from datetime import date
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from userops.checks import CheckResult
from userops.errors import EXIT_FAILED, UseropsError
from userops.settings import Settings
from userops.warehouse import increments, lease
from userops.warehouse.pg import connect

FAILED = {"error", "fail", "runtime error"}
log = logging.getLogger(__name__)


def environment(url: str) -> dict[str, str]:
    """What `dbt_project/profiles.yml` reads."""
    parts = conninfo_to_dict(url)
    return {
        "DBT_HOST": str(parts.get("host") or "127.0.0.1"),
        "DBT_PORT": str(parts.get("port") or "5432"),
        "DBT_USER": str(parts.get("user") or "postgres"),
        "DBT_PASSWORD": str(parts.get("password") or ""),
        "DBT_DBNAME": str(parts.get("dbname") or "userops"),
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def target_path(settings: Settings) -> Path:
    """Where dbt writes its artefacts: outside the checkout."""
    return settings.home / "dbt"


def build(settings: Settings, url: str, business_date: date, token: int | None = None) -> list[CheckResult]:
    """Build every model in `staging` and `build`, and test them; raises where dbt itself could not run.

    With `token` every model's commit checks that the run was not overtaken.
    """
    with connect(url, "transformer") as connection, lease.transaction(connection, token):
        plan = increments.plan(connection, settings, business_date)
    log.info("building %s", f"whole: {plan.why}" if plan.why else "on the last night")
    variables = {
        "business_date": business_date.isoformat(),
        "timezone": settings.timezone,
        "currency": settings.currency,
        "incremental": plan.incremental,
    } | ({} if token is None else {"token": token})
    target = target_path(settings)
    (target / "run_results.json").unlink(missing_ok=True)
    error = _invoke(["build", "--exclude-resource-type", "unit_test", "--vars", json.dumps(variables)], settings, url)
    results_path = target / "run_results.json"
    if not results_path.exists():
        raise UseropsError(
            f"dbt did not run: {error}", mend=f"read {target}/logs/dbt.log; mend the project.", exit_code=EXIT_FAILED
        )
    results = read_results(results_path, target / "manifest.json")
    if _all_models_built(results_path):
        with connect(url, "transformer") as connection, lease.transaction(connection, token):
            increments.remember(connection, plan)
    return results


def _all_models_built(results_path: Path) -> bool:
    results = json.loads(results_path.read_text())["results"]
    return all(r["status"] == "success" for r in results if r["unique_id"].startswith("model."))


def _invoke(arguments: list[str], settings: Settings, url: str) -> str:
    """Run dbt in this process (its imports are paid once for several nights); returns what went wrong."""
    from dbt.cli.main import dbtRunner

    project, target = settings.project_root / "dbt_project", target_path(settings)
    target.mkdir(parents=True, exist_ok=True)
    os.environ.update(environment(url))
    done = dbtRunner().invoke(
        [
            *arguments,
            "--project-dir",
            str(project),
            "--profiles-dir",
            str(project),
            "--target-path",
            str(target),
            "--log-path",
            str(target / "logs"),
            "--quiet",
            "--no-use-colors",
            "--threads",
            "2",
        ]
    )
    return str(done.exception or "")


def read_results(results_path: Path, manifest_path: Path) -> list[CheckResult]:
    """Turn `run_results.json` into check results: a failed or skipped model or test with error severity blocks."""
    nodes = json.loads(manifest_path.read_text())["nodes"]
    results = []
    for result in json.loads(results_path.read_text())["results"]:
        node = nodes.get(result["unique_id"], {})
        is_test = node.get("resource_type") == "test"
        status = result["status"]
        if status == "skipped":
            # What it hung on has failed and blocks: the cause is told, not what followed from it.
            continue
        warns = status == "warn" or str(node.get("config", {}).get("severity", "")).lower() == "warn"
        subject = (node.get("attached_node") or result["unique_id"]).split(".")[-1]
        results.append(
            CheckResult(
                check=node.get("name", result["unique_id"]),
                layer="dbt",
                subject=subject,
                severity="warning" if is_test and warns else "critical",
                passed=status in {"pass", "success"},
                observed=_observed(result, is_test),
                expected="0 failing rows" if is_test else "built",
            )
        )
    return results


def _observed(result: dict, is_test: bool) -> str:
    if is_test and result.get("failures") is not None:
        return f"{result['failures']} failing rows"
    if result["status"] in FAILED:
        # The first lines name the object and the error; DETAIL lines may quote cell values and stay out.
        lines = (result.get("message") or "").strip().splitlines()[:2]
        return f"{result['status']}: {' '.join(line.strip() for line in lines)}"
    rows = result.get("adapter_response", {}).get("rows_affected", "")
    return f"{result['status']} {rows}".strip()
