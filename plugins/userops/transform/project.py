"""Read the dbt project: its variables, and the relations of each part that belong into the warehouse."""

import json
from pathlib import Path
from typing import Any

import yaml

from userops.engines.base import Engine
from userops.settings import Settings
from userops.transform import dbt

# Relations that commands read beside the marts: who is whom, who may be contacted (by which member of staff), why a
# user bears a tag.
READ_BY_COMMANDS = (
    "map_contact_user", "map_order_user", "int_addresses_reachable", "int_friendships_standing", "int_user_features",
)  # fmt: skip
# Rows that measures are made of: nobody reads them but those.
READ_BY_MEASURES = ["quality", "raw", "recent"]


def variables(settings: Settings) -> dict[str, Any]:
    """The variables of `dbt_project.yml`: bounds and thresholds are written once, there."""
    text = (settings.project_root / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["vars"]


def delivered(settings: Settings, part: str) -> list[str]:
    """The relations that a part of the project delivers to the warehouse, as `schema.table`."""
    manifest = json.loads((dbt.target_path(settings) / "manifest.json").read_text(encoding="utf-8"))
    folders = {"prepare": [["quality", "raw"]], "build": [], "scored": [["quality", "marts"], ["marts"]]}[part]
    found = []
    for node in manifest["nodes"].values():
        folder = node["fqn"][1:-1]
        if node["resource_type"] != "model" or folder == READ_BY_MEASURES:
            continue
        # A mart that is a view where it is built becomes a table of the warehouse.
        if folder[0] == "quality" and node["config"]["materialized"] == "view":
            continue
        by_command = part == "scored" and node["name"] in READ_BY_COMMANDS
        if by_command or any(folder[: len(wanted)] == wanted for wanted in folders):
            found.append(f"{node['schema']}.{node['alias']}")
    return sorted(found)


def mark_manifest(settings: Settings, run_id: str) -> None:
    """Note that the parsed project in this machine's target folder is the one a run was built from."""
    _mark(settings).write_text(run_id, encoding="utf-8")


def manifest_of(settings: Settings, engine: Engine, run_id: str) -> Path:
    """The parsed project of a run as a file; parsed here if another machine built the run."""
    path = dbt.target_path(settings) / "manifest.json"
    if not path.exists() or not _mark(settings).exists() or _mark(settings).read_text(encoding="utf-8") != run_id:
        dbt.write_manifest(settings, engine)
    return path


def _mark(settings: Settings) -> Path:
    return dbt.target_path(settings) / "manifest.run_id"
