"""What the committed suites say, read as plain JSON: without Great Expectations, which takes seconds to import."""

import json
from pathlib import Path
from typing import Any

import yaml

MEASURES = "quality"
LAYERS = ("raw", "marts")


def measures(folder: Path, layer: str) -> list[str]:
    """The relations of schema `quality` that a layer's checkpoint reads, as `quality.<table>`."""
    assets = _assets(folder)
    names = [_validation(folder, each["name"])["data"]["asset"]["name"] for each in _checkpoint(folder, layer)]
    found = [assets[name] for name in names]
    return sorted({f"{MEASURES}.{a['table_name']}" for a in found if a.get("schema_name") == MEASURES})


def explanations(folder: Path) -> dict[str, tuple[str, ...]]:
    """By check the checks that follow from its failure: an alert folds them below their cause."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted((folder / "suites").glob("*.json")):
        for expectation in _read(path)["expectations"]:
            meta = expectation.get("meta") or {}
            explained = tuple(meta.get("explains", ()))
            if "check" in meta and explained:
                found[meta["check"]] = tuple(dict.fromkeys(found.get(meta["check"], ()) + explained))
    return found


def _assets(folder: Path) -> dict[str, dict[str, Any]]:
    config = yaml.safe_load((folder / "great_expectations.yml").read_text(encoding="utf-8"))
    return {name: asset for source in config["fluent_datasources"].values() for name, asset in source["assets"].items()}


def _checkpoint(folder: Path, layer: str) -> list[dict[str, Any]]:
    return _read(folder / "checkpoints" / f"{layer}.json")["validation_definitions"]


def _validation(folder: Path, name: str) -> dict[str, Any]:
    return _read(folder / "validation_definitions" / f"{name}.json")


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
