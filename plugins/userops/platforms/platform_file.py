"""Reading a platform's YAML; what is wrong in it is an error with file, line, entry and fix."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import model_validator

from userops.errors import UseropsError
from userops.platforms.layout import (
    NAME,
    OF_LINES,
    Layout,
    LayoutEntries,
    Platform,
    check_exports,
    check_layout,
)
from userops.yaml_files import Location, Mistake, Problem, ProblemFound, YamlFile, YamlModel, check, unknown_entry
from userops.yaml_files import read as read_yaml

STANDING_VALUES = ("business_date", "currency", "end_of_day", "timezone")
# What a platform that is `like` one of several layouts may still say of all of them.
OF_EVERY_LAYOUT = ("files", "encoding", "delimiter", "skip_lines")
FIX = "; platforms/README.md lists the entries and what each says"


class PlatformEntries(YamlModel):
    """The entries that a file has beside its layouts."""

    required: tuple[str, ...] | None = None
    values: dict[str, str] = {}
    orders_from_lines: bool = False

    @model_validator(mode="after")
    def _check(self) -> "PlatformEntries":
        check_values(self.values)
        check_exports(self.required or ())
        return self


class _Files(YamlModel):
    files: tuple[str, ...]


OF_PLATFORM = tuple(PlatformEntries.model_fields)


def check_values(values: dict[str, str]) -> None:
    """Raise Mistake where one of the names cannot stand in SQL."""
    for name in values:
        if not NAME.match(name) or name in STANDING_VALUES:
            raise Mistake(f"{name!r} cannot be the name of a value", "use small letters, digits and _")


def read(name: str, folder: Path) -> Platform:
    """A platform of `<folder>/<name>.yml`; raises the error of its first mistake."""
    content, file = _content(name, folder)
    entries = {key: content[key] for key in OF_PLATFORM if key in content}
    said = _checked(file, PlatformEntries, entries, ())
    found = []
    for place, given in enumerate(content["layouts"], start=1):
        several = len(content["layouts"]) > 1
        at: Location = ("layouts", place - 1) if ("layouts",) in file.lines else ()
        layout = _checked(file, LayoutEntries, given, at, f"layout {place}" if several else "")
        _raising(file, at, f"layout {place}" if several else "", lambda layout=layout: check_layout(layout))
        found.append(Layout(**dict(layout), platform=name, place=place, values=said.values))
    files = _checked(file, _Files, {"files": content.get("files", [])}, ()).files
    platform = Platform(name, tuple(found), said.required, said.values, said.orders_from_lines, files)
    _raising(file, (), "orders_from_lines", lambda: _check_lines(platform))
    return platform


def _checked(file: YamlFile, model: type, given: Any, at: Location, entry: str = "") -> Any:
    found, problems = check(file, model, given, at, entry)
    if found is None:
        first = problems[0]
        raise ProblemFound(Problem(first.file, first.line, first.entry, first.what, first.fix + FIX), len(problems) - 1)
    return found


def _raising(file: YamlFile, at: Location, entry: str, checking: Callable[[], None]) -> None:
    """Tell of a mistake in entries that each are right."""
    try:
        checking()
    except Mistake as mistake:
        raise ProblemFound(Problem(file.file, file.line(at), entry, mistake.what, mistake.fix + FIX)) from None


def _check_lines(platform: Platform) -> None:
    if not platform.orders_from_lines:
        return
    for layout in platform.layouts:
        lines = layout.exports.get("order_lines")
        missing = [name for name in OF_LINES if lines and name not in lines.select]
        if missing:
            raise Mistake(f"`orders_from_lines`, and order_lines has no {missing[0]}",
                          f"select {', '.join(OF_LINES)} in order_lines")


def _content(name: str, folder: Path, on_the_way: tuple[str, ...] = ()) -> tuple[dict, YamlFile]:
    """The file's content as `layouts` and what stands beside them, with what it takes from another by `like`."""
    path = folder / f"{name}.yml"
    if not path.exists():
        known = ["canonical", *sorted(other.stem for other in folder.glob("*.yml"))]
        raise UseropsError(
            f"There is no platform {name!r}.",
            fix=f"use one of {', '.join(known)}, or add {path.name} to platforms/.",
        )
    file = read_yaml(path, folder.parent)
    if not isinstance(file.content, dict):
        raise _wrong(file, "", "the file is not written as `name: value` pairs", "write it so")
    if name in on_the_way:
        raise _wrong(file, "like", f"`like` leads back to {name}", "name another platform")
    given = dict(file.content)
    if "like" in given:
        return _like(str(given.pop("like")), given, file, folder, (*on_the_way, name)), file
    beside = {key: given.pop(key) for key in OF_PLATFORM if key in given}
    if "layouts" in given and len(given) > 1:
        strange = sorted(set(given) - {"layouts"})[0]
        raise _wrong(file, strange, f"{strange!r} stands beside `layouts`", "write it in each layout")
    layouts = given.get("layouts", [given])
    if not isinstance(layouts, list) or not layouts or not all(isinstance(layout, dict) for layout in layouts):
        raise _wrong(file, "layouts", "`layouts` is no list of layouts", "write each with a `-`")
    return beside | {"layouts": layouts}, file


def _like(base_name: str, given: dict, file: YamlFile, folder: Path, on_the_way: tuple[str, ...]) -> dict:
    """The content of the platform that this one is like, with its own entries laid over it."""
    base, _ = _content(base_name, folder, on_the_way)
    beside = {key: given.pop(key) for key in OF_PLATFORM if key in given}
    known = tuple(LayoutEntries.model_fields)
    for key in given:
        if key not in known and key != "layouts":
            problem = unknown_entry(file.file, file.line((key,)), "", key, ("like", *OF_PLATFORM, *known))
            raise ProblemFound(problem)
    layouts = base["layouts"]
    refused = sorted(set(given) - set(OF_EVERY_LAYOUT)) if len(layouts) > 1 else sorted({"layouts"} & set(given))
    if refused:
        raise _wrong(file, refused[0], f"{refused[0]!r} cannot be changed in a platform that is `like` another",
                     f"copy platforms/{base_name}.yml and change it there")
    for key in ("header", "values"):
        if not isinstance((beside | given).get(key, {}), dict):
            raise _wrong(file, key, f"`{key}` is not written as `name: value` pairs", "write them so")
    values = (base.get("values") or {}) | beside.get("values", {})
    header = given.get("header", {})
    if len(layouts) > 1 and "files" in given:
        # Whose files these are; which layout each has is for its columns to tell.
        beside["files"] = given.pop("files")
    merged = [layout | given | {"header": layout.get("header", {}) | header} for layout in layouts]
    return base | beside | {"values": values, "layouts": merged}


def _wrong(file: YamlFile, entry: str, what: str, fix: str) -> ProblemFound:
    return ProblemFound(Problem(file.file, file.line((entry,)), entry, what, fix + FIX))
