"""One dbt process a night; every model's and test's result comes back as a check result.

The night builds in two calls with Python scoring between them: what needs no scores, then `after_scores` and all that
hangs on it. Both calls share one parsed project.
"""

import json
import logging
import os
import traceback
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict

from userops import gc_tuning, scoring
from userops.alerts.message import clean
from userops.checks import CheckResult
from userops.errors import EXIT_FAILED, UseropsError, first_line
from userops.settings import Settings
from userops.tags.store import write_catalog
from userops.transform import dbt_connections, increments
from userops.warehouse import lease
from userops.warehouse.connection import connect

if TYPE_CHECKING:
    from dbt.artifacts.schemas.results import BaseResult as RunResult
    from dbt.cli.main import dbtRunnerResult

# Models that read scores carry the tag `after_scores`.
AFTER_SCORES = "tag:after_scores+"
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

    Where a model could not be built or scored, the building ends: what follows could only repeat the failure.
    The tag catalogue goes into the warehouse first: models compile their statements from it. With `token` every
    model's commit checks that the run was not superseded.
    """
    gc_tuning.tune_gc()
    write_catalog(url, settings.project_root)
    with connect(url, "transformer") as connection, lease.transaction(connection, token):
        plan = increments.plan(connection, settings, business_date)
    log.info("building %s", f"whole: {plan.why}" if plan.why else "on the last night")
    variables = {
        "business_date": business_date.isoformat(),
        "timezone": settings.timezone,
        "currency": settings.currency,
        "incremental": plan.incremental,
    } | ({} if token is None else {"token": token})
    night = ["--vars", json.dumps(variables)]
    manifest = _parsed(settings, url, night, plan.fingerprint)
    results, stands = _build_part(["--exclude", AFTER_SCORES, *night], settings, url, manifest)
    if stands:
        scored = _score(settings, url, business_date)
        results, stands = results + scored, not any(result.blocks for result in scored)
    if stands:
        rest, stands = _build_part(["--select", AFTER_SCORES, *night], settings, url, manifest)
        results += rest
    if stands:
        with connect(url, "transformer") as connection, lease.transaction(connection, token):
            increments.remember(connection, plan)
    return results


def _parsed(settings: Settings, url: str, night: list[str], fingerprint: str) -> object:
    """The parsed project: kept from one night to the next, for dbt itself would parse anew for another date.

    What a date changes is rendered when a model is built, so one parse serves them all (`fingerprint`: code, versions)
    as long as the warehouse has the same name: every relation is written with it.
    """
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder

    target = target_path(settings)
    kept, stamp = target / "parsed.msgpack", target / "parsed.stamp"
    made_for = f"{fingerprint} {environment(url)['DBT_DBNAME']}"
    if stamp.exists() and stamp.read_text() == made_for and (target / "manifest.json").exists():
        return Manifest.from_msgpack(kept.read_bytes(), decoder=extended_mashumuro_decoder)
    stamp.unlink(missing_ok=True)
    manifest = _invoke(["parse", *night], settings, url).result
    kept.write_bytes(manifest.to_msgpack(extended_mashumaro_encoder))
    stamp.write_text(made_for)
    return manifest


def _score(settings: Settings, url: str, business_date: date) -> list[CheckResult]:
    """The scores' results; whatever breaks them is a failed critical check and ends the night as a block."""
    try:
        return scoring.run(url, settings, business_date)
    except Exception as error:  # noqa: BLE001 - whatever it is, it blocks
        reason = f"{type(error).__name__}: {first_line(error)[:200]}"
        log.error("scoring broke: %s\n%s", reason, "".join(traceback.format_tb(error.__traceback__)))
        return [CheckResult("scores", "scores", "user_value", "critical", False, reason, "scores of every buyer")]


def _build_part(arguments: list[str], settings: Settings, url: str, manifest: object) -> tuple[list[CheckResult], bool]:
    """One `dbt build` over part of the parsed project; its results, and whether every model was built."""
    # The artefacts say what the parse has written, and results come by hand: making them anew takes a second a night.
    part = ["build", "--no-write-json", "--exclude-resource-type", "unit_test", *arguments]
    done = _invoke(part, settings, url, manifest)
    if done.result is None:
        raise _not_run(done)
    results = done.result.results
    for result in results:
        if result.status in FAILED:
            log.error("%s: %s", result.node.unique_id, clean(result.message or ""))
    return check_results(results), all(r.status == "success" for r in results if r.node.resource_type == "model")


def _invoke(arguments: list[str], settings: Settings, url: str, manifest: object = None) -> "dbtRunnerResult":
    """Run dbt in this process: its imports and, with `manifest`, its parse are paid once."""
    from dbt.cli.main import dbtRunner

    project, target = settings.project_root / "dbt_project", target_path(settings)
    target.mkdir(parents=True, exist_ok=True)
    os.environ.update(environment(url))
    options = {"project-dir": project, "profiles-dir": project, "target-path": target, "log-path": target / "logs"}
    with dbt_connections.kept():
        done = dbtRunner(manifest=manifest).invoke(
            [
                *arguments,
                *(text for name, value in options.items() for text in (f"--{name}", str(value))),
                # Its loggers word every event before they look at its level. What fails stands in the results, and
                # statements below `run/`.
                "--log-level",
                "none",
                "--log-level-file",
                "none",
                # Messages of results and exceptions are told to people as they are.
                "--no-use-colors",
                "--threads",
                "2",
            ]
        )
    if arguments[0] == "parse" and not done.success:
        raise _not_run(done)
    return done


def _not_run(done: "dbtRunnerResult") -> UseropsError:
    return UseropsError(
        f"dbt did not run: {clean(str(done.exception or ''))}",
        fix="fix what it names in dbt_project.",
        exit_code=EXIT_FAILED,
    )


def check_results(results: Iterable["RunResult"]) -> list[CheckResult]:
    """Turn dbt's results into check results: a failed model or test with error severity blocks."""
    return [
        # What a skipped node hung on has failed and blocks: the cause is told, not what followed from it.
        _check_result(result) for result in results if result.status != "skipped"
    ]


def _check_result(result: "RunResult") -> CheckResult:
    node, is_test = result.node, result.node.resource_type == "test"
    warns = result.status == "warn" or str(getattr(node.config, "severity", "")).lower() == "warn"
    return CheckResult(
        check=node.name,
        layer="dbt",
        subject=(getattr(node, "attached_node", None) or node.unique_id).split(".")[-1],
        severity="warning" if is_test and warns else "critical",
        passed=result.status in {"pass", "success"},
        observed=_observed(result, is_test),
        expected="0 failing rows" if is_test else "built",
        seconds=round(result.execution_time, 3),
        rows=None if is_test else result.adapter_response.get("rows_affected"),
    )


def _observed(result: "RunResult", is_test: bool) -> str:
    if is_test and result.failures is not None:
        return f"{result.failures} failing rows"
    if result.status in FAILED:
        # The first lines name the object and the error; DETAIL lines may quote cell values and stay out.
        lines = (result.message or "").strip().splitlines()[:2]
        return f"{result.status}: {' '.join(line.strip() for line in lines)}"
    return f"{result.status} {result.adapter_response.get('rows_affected', '')}".strip()
