"""What the committed suites say, read as plain JSON: without Great Expectations, which takes seconds to import."""

import json
from collections.abc import Iterator
from typing import Any

from userops.gate.context import folder
from userops.settings import Settings

MEASURES = "quality"


def with_levels(settings: Settings) -> list[str]:
    """The checks whose normal level a person may move by `userops accept`."""
    return sorted({meta["check"] for meta in _metas(settings) if meta.get("accepts")})


def explanations(settings: Settings) -> dict[str, tuple[str, ...]]:
    """By check the checks that follow from its failure: an alert folds them below their cause."""
    found: dict[str, tuple[str, ...]] = {}
    for meta in _metas(settings):
        explained = tuple(meta.get("explains", ()))
        if explained:
            found[meta["check"]] = tuple(dict.fromkeys(found.get(meta["check"], ()) + explained))
    return found


def _metas(settings: Settings) -> Iterator[dict[str, Any]]:
    """The `meta` of every expectation that names its check."""
    for path in sorted((folder(settings) / "suites").glob("*.json")):
        for expectation in json.loads(path.read_text(encoding="utf-8"))["expectations"]:
            meta = expectation.get("meta") or {}
            if "check" in meta:
                yield meta

