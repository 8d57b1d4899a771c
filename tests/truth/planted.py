"""The project with a tag for each planted trait beside its own (`planted.yml`)."""

import shutil
from pathlib import Path

import yaml

from userops.settings import PROJECT_ROOT

PLANTED = yaml.safe_load(Path(__file__).with_name("planted.yml").read_text(encoding="utf-8"))


def code_of(trait: str) -> str:
    """The tag's code; some traits have the name of a tag of the project."""
    return f"planted_{trait}"


def with_planted_tags(root: Path) -> Path:
    """Make `root` a project like this one, with the planted tags."""
    for folder in ("dbt_project", "tags", "audiences", "expectations"):
        shutil.copytree(PROJECT_ROOT / folder, root / folder)
    scenarios = root / "tags" / "_scenarios.yml"
    listed = yaml.safe_load(scenarios.read_text(encoding="utf-8"))["scenarios"] + PLANTED["scenarios"]
    _write(scenarios, {"scenarios": listed})
    head = {"category": "value", "owner": "tests", "decision": "None.", "validity_days": 30}
    _write(root / "tags" / "planted.yml", head | {"tags": [_tag(**given) for given in PLANTED["tags"]]})
    return root


def _tag(trait: str, scenario: str, rule: str) -> dict:
    code = code_of(trait)
    return {"code": code, "name": code, "name_zh": code, "scenario": scenario, "rule": rule}


def _write(path: Path, content: dict) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
