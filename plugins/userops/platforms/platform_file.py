"""Reading a profile's YAML; what is wrong with it is a ValueError in plain words."""

import codecs
import re
from dataclasses import MISSING, fields
from pathlib import Path

import yaml

from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.platforms.layout import Clean, Layout, Profile, ProfileExport, Refuse, SetAside

FORMATS = ("csv", "json", "jsonl", "parquet")
STANDING_VALUES = ("business_date", "currency", "timezone")
NAME = re.compile(r"^[a-z][a-z0-9_]*$")
OF_THE_PROFILE = {"profile", "place", "required", "values"}
# What a profile that is `like` one of several layouts may still say of all of them.
OF_EVERY_LAYOUT = {"encoding", "delimiter", "skip_lines"}


def read(name: str, folder: Path, on_the_way: tuple[str, ...] = ()) -> dict:
    """The file's content as `required`, `values` and `layouts`, with what it takes from another by `like`."""
    path = folder / f"{name}.yml"
    if name in on_the_way:
        raise ValueError(f"`like` leads back to {name}")
    if not path.exists():
        known = ["canonical", *sorted(other.stem for other in folder.glob("*.yml"))]
        raise UseropsError(
            f"There is no source profile {name!r}.",
            fix=f"use one of {', '.join(known)} (USEROPS_SOURCES, `like`), or add {path.name} to platforms/.",
        )
    given = dict(_mapping(yaml.safe_load(path.read_text(encoding="utf-8")), "the file"))
    like = given.pop("like", None)
    profile = {name: given.pop(name) for name in ("required", "values") if name in given}
    if like is not None:
        return _laid_over(read(str(like), folder, (*on_the_way, name)), profile, given)
    if "layouts" in given and len(given) > 1:
        raise ValueError(f"{sorted(set(given) - {'layouts'})[0]!r} stands beside `layouts`: write it in each layout")
    return profile | {"layouts": given.get("layouts", [given])}


def _laid_over(base: dict, profile: dict, given: dict) -> dict:
    """The base profile with the entries of the one that is like it."""
    layouts = base["layouts"]
    refused = sorted(set(given) - OF_EVERY_LAYOUT) if len(layouts) > 1 else sorted({"layouts"} & set(given))
    if refused:
        raise ValueError(f"{refused[0]!r} cannot be changed in a profile that is `like` another: copy that one instead")
    values = _mapping(base.get("values") or {}, "`values`") | _mapping(profile.get("values") or {}, "`values`")
    header = _mapping(given.get("header") or {}, "`header`")
    merged = [layout | given | {"header": layout.get("header", {}) | header} for layout in layouts]
    return base | profile | {"values": values, "layouts": merged}


def parse(given: dict) -> Profile:
    """A profile of what `read` gives; it has no name yet."""
    layouts = given["layouts"]
    if not isinstance(layouts, list) or not layouts:
        raise ValueError("`layouts` is no list of layouts")
    values = {str(name): str(value) for name, value in _mapping(given.get("values") or {}, "`values`").items()}
    for name in values:
        if not NAME.match(name) or name in STANDING_VALUES:
            raise ValueError(f"{name!r} cannot be the name of a value: small letters, digits and _, no standing name")
    required = given.get("required")
    return Profile(
        name="",
        layouts=tuple(
            _layout(layout, f"layout {place}" if len(layouts) > 1 else "the profile", values)
            for place, layout in enumerate(layouts, start=1)
        ),
        required=None if required is None else _exports(_texts(required, "`required`")),
    )


def _layout(given: object, where: str, values: dict[str, str]) -> Layout:
    filled = _filled(Layout, given, where)
    exports = {
        export: _export(rules, f"{where}, {export}") for export, rules in
        _mapping(filled["exports"], f"{where}: `exports`").items()
    }
    clean = _filled(Clean, filled.get("clean") or {}, f"{where}: `clean`")
    layout = Layout(**filled | {
        "files": _texts(filled["files"], f"{where}: `files`"),
        "header": {str(k): str(v) for k, v in _mapping(filled["header"], f"{where}: `header`").items()},
        "exports": exports,
        "each": _texts(filled.get("each", ()), f"{where}: `each`"),
        "optional": _texts(filled.get("optional", ()), f"{where}: `optional`"),
        "compute": _expressions(filled.get("compute") or {}, f"{where}: `compute`"),
        "clean": Clean(**clean | {"missing": _texts(clean.get("missing", ()), f"{where}: `missing`")}),
        "refuse": tuple(Refuse(**_filled(Refuse, rule, f"{where}: `refuse`")) for rule in filled.get("refuse", ())),
        "values": values,
    })
    _check_bytes(layout, where)
    _check_names(layout, where)
    return layout


def _export(given: object, where: str) -> ProfileExport:
    filled = _filled(ProfileExport, given, where)
    rules = tuple(SetAside(**_filled(SetAside, rule, f"{where}: `set_aside`")) for rule in filled.get("set_aside", ()))
    export = ProfileExport(**filled | {"set_aside": rules})
    if not isinstance(export.select, str) or "_row" not in export.select:
        raise ValueError(f"{where}: the select does not give `_row`, the number of the source row")
    if not 0 <= export.max_set_aside_share <= 1:
        raise ValueError(f"{where}: max_set_aside_share is no share from 0 to 1")
    if export.row_per_line and export.split_lines:
        raise ValueError(f"{where}: `row_per_line` or `split_lines`, not both")
    return export


def _check_bytes(layout: Layout, where: str) -> None:
    if layout.format not in FORMATS:
        raise ValueError(f"{where}: format {layout.format!r} is none of {', '.join(FORMATS)}")
    try:
        codecs.lookup(str(layout.encoding))
    except LookupError as error:
        raise ValueError(f"{where}: there is no encoding {layout.encoding!r}") from error
    if len(layout.delimiter) != 1 or not layout.delimiter.isascii():
        raise ValueError(f"{where}: delimiter {layout.delimiter!r} is not one ASCII character")
    if not isinstance(layout.skip_lines, int) or layout.skip_lines < 0:
        raise ValueError(f"{where}: skip_lines is no number of lines")


def _check_names(layout: Layout, where: str) -> None:
    _exports(tuple(layout.exports))
    if not layout.files or not layout.header or not layout.exports:
        raise ValueError(f"{where}: `files`, `header` and `exports` hold at least one entry each")
    for name in (*layout.columns, *layout.compute):
        if not NAME.match(name):
            raise ValueError(f"{where}: name {name!r} is not of small letters, digits and _")
    twice = sorted(set(layout.columns) & set(layout.compute))
    if twice:
        raise ValueError(f"{where}: {twice[0]!r} is in `header` and in `compute`")
    strange = sorted(set(layout.optional) - set(layout.columns))
    if strange:
        raise ValueError(f"{where}: {strange[0]!r} is optional but no staging name of `header`")
    if not any(export.row_per_line or export.split_lines for export in layout.exports.values()):
        raise ValueError(
            f"{where}: no export answers for every source row: give one `row_per_line: true` or `split_lines: true`"
        )


def _exports(names: tuple[str, ...]) -> tuple[str, ...]:
    strange = sorted(set(names) - set(load_contracts()))
    if strange:
        raise ValueError(f"{strange[0]!r} is no export (contracts/ holds them)")
    return names


def _mapping(given: object, what: str) -> dict:
    if not isinstance(given, dict):
        raise ValueError(f"{what} is not written as `name: value` pairs")
    return given


def _expressions(given: object, what: str) -> dict[str, str]:
    for name, expression in _mapping(given, what).items():
        if not isinstance(expression, str):
            raise ValueError(f"{what}: {name} is no SQL text")
    return given


def _texts(given: object, what: str) -> tuple[str, ...]:
    if not isinstance(given, list | tuple) or not all(isinstance(text, str) for text in given):
        raise ValueError(f"{what} is no list of texts")
    return tuple(given)


def _filled(kind: type, given: object, where: str) -> dict:
    """The entries of a mapping as arguments of `kind`."""
    known = {entry.name: entry for entry in fields(kind) if entry.name not in OF_THE_PROFILE}
    unknown = sorted(set(map(str, _mapping(given, where))) - set(known))
    if unknown:
        raise ValueError(f"{where}: unknown entry {unknown[0]!r} (known: {', '.join(known)})")
    for name, entry in known.items():
        if name not in given and entry.default is MISSING and entry.default_factory is MISSING:
            raise ValueError(f"{where}: no `{name}`")
    return dict(given)
