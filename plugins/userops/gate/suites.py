"""What the committed suites say, read as plain JSON: without Great Expectations, which takes seconds to import."""

import json
from typing import Any

import yaml

from userops.gate.context import folder
from userops.settings import Settings

MEASURES = "quality"


def measures(settings: Settings) -> list[str]:
    """The measures that expectations read, as `quality.<table>`."""
    text = (folder(settings) / "great_expectations.yml").read_text(encoding="utf-8")
    sources: dict[str, Any] = yaml.safe_load(text)["fluent_datasources"]
    assets = [asset for source in sources.values() for asset in source["assets"].values()]
    return sorted(f"{MEASURES}.{asset['table_name']}" for asset in assets if "table_name" in asset)


def explanations(settings: Settings) -> dict[str, tuple[str, ...]]:
    """By check the checks that follow from its failure: an alert folds them below their cause."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted((folder(settings) / "suites").glob("*.json")):
        for expectation in json.loads(path.read_text(encoding="utf-8"))["expectations"]:
            meta = expectation.get("meta") or {}
            explained = tuple(meta.get("explains", ()))
            if "check" in meta and explained:
                found[meta["check"]] = tuple(dict.fromkeys(found.get(meta["check"], ()) + explained))
    return found

