"""dbt run by a program of another environment: its results come from dbt's artifacts."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from userops.errors import EXIT_FAILED, UseropsError

SHOWN_LINES = 5


def run(command: Sequence[str], arguments: Sequence[str], target: Path) -> list[SimpleNamespace]:
    """Run dbt; returns its results with their nodes, shaped as dbt's own objects are.

    What the program prints goes to `logs/elsewhere.log` of the target folder; raises where dbt itself did not run.
    """
    artifact, log = target / "run_results.json", target / "logs" / "elsewhere.log"
    artifact.unlink(missing_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        done = subprocess.run([*command, *arguments], stdout=out, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        said = log.read_text(encoding="utf-8", errors="replace").splitlines()[-SHOWN_LINES:]
        raise UseropsError(f"dbt did not run: {' '.join(said)}", fix=f"see {log}, then run again.",
                           exit_code=EXIT_FAILED)
    return _results(artifact, target / "manifest.json") if artifact.exists() else []


def _results(artifact: Path, manifest: Path) -> list[SimpleNamespace]:
    parsed = json.loads(manifest.read_text(encoding="utf-8"))
    nodes = parsed["nodes"] | parsed["unit_tests"]
    results = json.loads(artifact.read_text(encoding="utf-8"))["results"]
    return [
        SimpleNamespace(**result, node=_node(nodes[result["unique_id"]]))
        for result in results if result["unique_id"] in nodes
    ]  # fmt: skip


def _node(node: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(**node | {"config": SimpleNamespace(**node["config"])})
