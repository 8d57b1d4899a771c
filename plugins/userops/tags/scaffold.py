"""`userops tags new`: the lines of a tag at the end of its category's file."""

from pathlib import Path

import yaml

from userops import yaml_files
from userops.errors import UseropsError
from userops.tags.catalog import read_catalog

UNWRITTEN = {"name_zh": "待译", "rule": "false"}


def add_tag(root: Path, code: str, category: str, given: dict[str, str | None]) -> tuple[Path, int]:
    """Append a tag; returns its file and line. What is not given and has no default in the head stays to be written.

    A tag that would make the catalogue worse is refused, and the file stays as it was.
    """
    path = _file_of(root, category)
    before = path.read_text(encoding="utf-8")
    _, known = read_catalog(root)
    values = {"code": code, "name": code.replace("_", " ").capitalize()} | UNWRITTEN
    values |= {key: value for key, value in given.items() if value}
    order = ["code", "name", "name_zh", "scenario", "decision", "rule", "value", "score"]
    lines = [_line(key, values[key]) for key in order if key in values]
    text = before.rstrip("\n") + "\n\n  - " + "\n    ".join(lines) + "\n"
    path.write_text(text, encoding="utf-8")
    _, problems = read_catalog(root)
    new = [problem for problem in problems if problem not in known]
    if new:
        path.write_text(before, encoding="utf-8")
        raise UseropsError(f"{path.name} stays as it was: {new[0].what}.", fix=f"{new[0].fix}.")
    return path, text.count("\n") - len(lines) + 1


def _file_of(root: Path, category: str) -> Path:
    categories = {}
    for path in sorted((root / "tags").glob("[!_]*.yml")):
        content = yaml_files.read(path, root).content
        categories[str(content.get("category", ""))] = path
    if category not in categories:
        raise UseropsError(
            f"No file of tags/ is of category {category!r}.", fix=f"use one of: {', '.join(sorted(categories))}."
        )
    return categories[category]


def _line(key: str, value: str) -> str:
    return yaml.safe_dump({key: value}, allow_unicode=True, width=10_000).strip()
