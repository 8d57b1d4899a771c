"""What readers rely on: the columns of every mart as committed in `dbt_project/marts_baseline.yml`.

`python -m userops.publish.baseline` writes that file; tests/unit/test_baseline.py compares it with the contracts of the
dbt models. What breaks readers is what dbt calls a breaking change of a contract (a column is gone, a type is another),
and another key besides. It is allowed where the mart's version (`config.meta.version`, 1 by default) is raised.
"""

import re
import runpy
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from userops.errors import UseropsError
from userops.publish.logs import SINCE, TAG_HISTORY, TAGS
from userops.settings import PROJECT_ROOT
from userops.warehouse.schema import MIGRATIONS

FILE = Path("dbt_project") / "marts_baseline.yml"
COMMAND = "python -m userops.publish.baseline"
HEAD = f"""\
# Written by `{COMMAND}`. What readers rely on: a mart that breaks it needs a higher version.
# A column of a view has no type here: it follows from the view's SQL.
"""
REFERENCE = re.compile(r"ref\('(\w+)'\)")
VIEWS = MIGRATIONS / "versions" / "0007_views.py"


@dataclass(frozen=True)
class Promise:
    """What a mart promises to its readers: what a row is, and names and types of its columns (None: a view's)."""

    key: tuple[str, ...]
    columns: dict[str, str | None]
    version: int = 1


@dataclass(frozen=True)
class Change:
    """How a mart differs from the baseline: what breaks readers, and what is merely new."""

    mart: str
    broken: tuple[str, ...]
    added: tuple[str, ...] = ()
    version: int = 1  # the baseline's
    allowed: bool = False  # a higher version says that readers were told


@dataclass
class Project:
    """The marts as the project declares them, where each is declared, and who reads it."""

    promises: dict[str, Promise]
    files: dict[str, str] = field(default_factory=dict)
    readers: dict[str, list[str]] = field(default_factory=dict)


def read_project(root: Path = PROJECT_ROOT) -> Project:
    """Read the contracts of the marts, the views that stand beside them, and the exposures."""
    models, project = root / "dbt_project" / "models", Project({})
    for path in sorted((models / "marts").rglob("_*models.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            meta = model["config"]["meta"]
            columns = {column["name"]: column["data_type"] for column in model["columns"]}
            if model["name"] == TAGS:
                columns |= {column.name: column.type for column in SINCE}
            project.promises[model["name"]] = Promise(tuple(meta["key"]), columns, meta.get("version", 1))
            project.files[model["name"]] = path.relative_to(root).as_posix()
    views = {name: words for name, (_, words, _) in runpy.run_path(str(VIEWS))["VIEWS"].items()}
    for name, columns in (views | {TAG_HISTORY.name: TAG_HISTORY.columns}).items():
        project.promises[name] = Promise((), dict.fromkeys(columns))
    for path in sorted(models.rglob("*__exposures.yml")):
        for exposure in yaml.safe_load(path.read_text(encoding="utf-8"))["exposures"]:
            for mart in REFERENCE.findall(" ".join(exposure["depends_on"])):
                project.readers.setdefault(mart, []).append(exposure["name"])
    return project


def read_baseline(root: Path = PROJECT_ROOT) -> dict[str, Promise]:
    """The committed promises by mart."""
    marts = yaml.safe_load((root / FILE).read_text(encoding="utf-8"))
    return {name: Promise(tuple(mart["key"]), mart["columns"], mart["version"]) for name, mart in marts.items()}


def render(promises: dict[str, Promise]) -> str:
    """The text of the baseline: a column a line, so that a diff shows what changed."""
    lines = []
    for name, promise in sorted(promises.items()):
        lines += [f"{name}:", f"  version: {promise.version}", f"  key: [{', '.join(promise.key)}]", "  columns:"]
        lines += [f"    {column}:{f' {kind}' if kind else ''}" for column, kind in promise.columns.items()]
    return HEAD + "\n".join(lines) + "\n"


def compare(baseline: dict[str, Promise], promises: dict[str, Promise]) -> list[Change]:
    """Every mart that differs from the baseline, by name; the order of columns is no promise."""
    changes = []
    for name in sorted(baseline.keys() | promises.keys()):
        before, now = baseline.get(name), promises.get(name)
        if now is None:
            changes.append(Change(name, ("the mart is gone",), version=before.version))
        elif before is None:
            changes.append(Change(name, (), ("the mart",)))
        elif (broken := tuple(_broken(before, now))) or before != now:
            added = tuple(f"`{column}`" for column in now.columns if column not in before.columns)
            changes.append(Change(name, broken, added, before.version, now.version > before.version))
    return changes


def _broken(before: Promise, now: Promise) -> Iterable[str]:
    if now.version < before.version:
        yield f"its version was {before.version} and is {now.version}"
    if now.key != before.key:
        yield f"one row was per {', '.join(before.key)} and is per {', '.join(now.key)}"
    for column, kind in before.columns.items():
        if column not in now.columns:
            yield f"column `{column}` ({kind or 'of a view'}) is gone"
        elif now.columns[column] != kind:
            yield f"column `{column}` was {kind} and is {now.columns[column]}"


def complaint(change: Change, project: Project) -> str:
    """What breaks, who reads it, and what to do, for a change that breaks readers and is not allowed."""
    readers = ", ".join(project.readers.get(change.mart, [])) or "no page or export of this project"
    told = f"run `{COMMAND}` and say in CHANGELOG.md what readers have to change"
    if change.mart not in project.promises:
        fix = f"bring it back; or delete its entry in {FILE.as_posix()} and say in CHANGELOG.md what to read instead"
    elif change.mart not in project.files:
        fix = f"keep the view and add another one beside it; or delete its entry in {FILE.as_posix()}, {told}"
    else:
        fix = (
            f"keep the old columns and add new ones beside them; or set `version: {change.version + 1}` below"
            f" config.meta of {change.mart} in {project.files[change.mart]}, {told}"
        )
    return (
        f"{change.mart} breaks its readers: {'; '.join(change.broken)}.\n"
        f"  Read by: {readers}; and by whatever queries marts.{change.mart} from outside.\n"
        f"  Fix: {fix}."
    )


def complaints(baseline: dict[str, Promise], project: Project) -> list[str]:
    """One text for each mart that breaks its readers though its version was not raised."""
    changes = compare(baseline, project.promises)
    return [complaint(change, project) for change in changes if change.broken and not change.allowed]


def write(root: Path = PROJECT_ROOT) -> None:
    """Record the marts as they are; refuse where that would break readers without a word."""
    project, file = read_project(root), root / FILE
    broken = complaints(read_baseline(root), project) if file.exists() else []
    if broken:
        raise UseropsError("\n".join(broken))
    file.write_text(render(project.promises), encoding="utf-8")


if __name__ == "__main__":
    try:
        write()
    except UseropsError as error:
        sys.exit(str(error))
