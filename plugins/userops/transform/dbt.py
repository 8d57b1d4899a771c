"""Run one part of the dbt project in this process; each model's and test's result becomes a check result."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from userops import gc_tuning
from userops.alerts.message import clean
from userops.checks import CheckResult
from userops.engines.base import Engine
from userops.errors import EXIT_FAILED, UseropsError
from userops.settings import Settings
from userops.transform import elsewhere, profiles
from userops.warehouse import server_settings

if TYPE_CHECKING:
    from dbt.artifacts.schemas.results import BaseResult as RunResult
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

FAILED = {"error", "fail", "runtime error"}
# What a run has no use for: unit tests are for development, and exposures only say who reads what.
LEFT_OUT = ("unit_test", "exposure")
# The folder of models that only the gate reads.
MEASURES = "quality"
log = logging.getLogger(__name__)
# The project as parsed, by target folder and profile: the parts of a run in one process share one parse. Relations are
# parsed with the database's name in them.
_manifests: dict[tuple[Path, str], "Manifest"] = {}


def target_path(settings: Settings) -> Path:
    """The folder of dbt's artifacts, outside the checkout."""
    return settings.home / "dbt"


def build(settings: Settings, engine: Engine, selector: str) -> list[CheckResult]:
    """Build and test the models of a selector of `selectors.yml`; raise where dbt itself could not run."""
    gc_tuning.tune_gc()
    profiles.write(settings, engine.dbt_target())
    engine.close()
    left_out = [text for kind in LEFT_OUT for text in ("--exclude-resource-type", kind)]
    results = _results(settings, engine, ["build", "--selector", selector, *left_out])
    for result in results:
        if result.status in FAILED:
            log.error("%s: %s", result.node.unique_id, clean(result.message or ""))
    return check_results(results)


def _results(settings: Settings, engine: Engine, arguments: list[str]) -> list["RunResult"]:
    """Run dbt where the engine has it."""
    command = engine.dbt_command()
    if command is not None:
        return elsewhere.run(command, [*arguments, *_options(settings)], target_path(settings))
    done = _invoke(settings, arguments)
    if done.result is None:
        raise _not_run(done)
    return done.result.results


def write_manifest(settings: Settings, engine: Engine) -> None:
    """Write the parsed project to the target folder, without building anything."""
    profiles.write(settings, engine.dbt_target())
    command = engine.dbt_command()
    if command is None:
        parse(settings)
    else:
        elsewhere.run(command, ["parse", *_options(settings)], target_path(settings))


def parse(settings: Settings) -> "Manifest":
    """Parse the project, once per process: what changed alone. The target folder then has it as `manifest.json`."""
    target = target_path(settings)
    key = target, (target / "profiles.yml").read_text(encoding="utf-8")
    if key not in _manifests:
        parsed = _in_process(settings, ["parse"])
        if not parsed.success:
            raise _not_run(parsed)
        _write_artifacts(parsed.result, target)
        _manifests[key] = parsed.result
    return _manifests[key]


def _invoke(settings: Settings, arguments: list[str]) -> "dbtRunnerResult":
    return _in_process(settings, arguments, parse(settings))


def _in_process(settings: Settings, arguments: list[str], manifest: "Manifest | None" = None) -> "dbtRunnerResult":
    """Run dbt in this process.

    It would write the whole project as JSON after each command, which takes seconds, and word every event for a console
    that shows none of them: what fails is logged by `build`.
    """
    from dbt.cli.main import dbtRunner

    return dbtRunner(manifest=manifest).invoke(
        [*arguments, *_options(settings), "--no-write-json", "--log-level", "none"]
    )


def _write_artifacts(manifest: "Manifest", target: Path) -> None:
    """Write `manifest.json` and `semantic_manifest.json` where dbt parsed anything since they were written.

    They are written aside: a process that is killed leaves what it found, or both of the new parse.
    """
    from dbt.parser.manifest import write_manifest

    written, parsed = target / "manifest.json", target / "partial_parse.msgpack"
    if written.exists() and parsed.exists() and written.stat().st_mtime_ns >= parsed.stat().st_mtime_ns:
        return
    with TemporaryDirectory(dir=target) as folder:
        write_manifest(manifest, folder)
        for path in sorted(Path(folder).iterdir(), reverse=True):
            path.replace(target / path.name)


def _options(settings: Settings) -> list[str]:
    target = target_path(settings)
    folders = {
        "project-dir": settings.project_root / "dbt_project",
        "profiles-dir": target,
        "target-path": target,
        "log-path": target / "logs",
    }
    os.environ.update({"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"})
    # A profile has no place for options of a session.
    os.environ.setdefault("PGOPTIONS", server_settings.LIBPQ_OPTIONS)
    # Messages of results are shown to people as they are, without colours.
    plain = ["--no-use-colors", "--log-level", "error", "--log-level-file", "info"]
    return [*(text for name, path in folders.items() for text in (f"--{name}", str(path))), *plain]


def _not_run(done: "dbtRunnerResult") -> UseropsError:
    return UseropsError(
        f"dbt did not run: {clean(str(done.exception or ''))}",
        fix="fix what it names in dbt_project/, then run again.",
        exit_code=EXIT_FAILED,
    )


def check_results(results: Iterable["RunResult"]) -> list[CheckResult]:
    """Turn dbt's results into check results; a failed model, or test of error severity, blocks.

    What was skipped hung on something that failed: the cause is reported, not what followed from it.
    """
    return [
        _check_result(result) for result in results
        if result.status != "skipped" and result.node.resource_type != "operation"
    ]  # fmt: skip


def _check_result(result: "RunResult") -> CheckResult:
    node, is_test = result.node, result.node.resource_type == "test"
    return CheckResult(
        check=node.name,
        layer="dbt",
        subject=(getattr(node, "attached_node", None) or node.unique_id).split(".")[-1],
        severity=_severity(result),
        passed=result.status in {"pass", "success"},
        observed=_observed(result, is_test),
        expected="0 failing rows" if is_test else "built",
        seconds=round(result.execution_time, 3),
        rows=None if is_test else result.adapter_response.get("rows_affected"),
    )


def _severity(result: "RunResult") -> str:
    """How bad a failure is. Checks that read a measure have no answer without it, and fail with their own severity."""
    node = result.node
    if node.resource_type == "model":
        return "info" if node.fqn[1] == MEASURES else "critical"
    warns = result.status == "warn" or str(getattr(node.config, "severity", "")).lower() == "warn"
    return "warning" if warns else "critical"


def _observed(result: "RunResult", is_test: bool) -> str:
    if is_test and result.failures is not None:
        return f"{result.failures} failing rows"
    if result.status in FAILED:
        # The first lines name the object and the error; DETAIL lines may quote cell values and stay out.
        lines = (result.message or "").strip().splitlines()[:2]
        return f"{result.status}: {' '.join(line.strip() for line in lines)}"
    return f"{result.status} {result.adapter_response.get('rows_affected', '')}".strip()
