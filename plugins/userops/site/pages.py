"""Pages as data: `site/pages/<page>.yml` read and checked before anything is queried."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from userops.errors import EXIT_FAILED, UseropsError

KINDS = ("chart", "table")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Tile:
    """A headline number: one row, first column; the second, where there is one, is its remark."""

    id: str
    label: str
    sql: str
    format: str


@dataclass(frozen=True)
class Section:
    """A chart (with its table) or a table."""

    id: str
    kind: str
    title: str
    note: str
    sql: str
    empty: str
    columns: dict[str, dict]
    spec: dict
    wide: bool


@dataclass(frozen=True)
class Page:
    """One page of the site."""

    name: str
    title: str
    order: int
    intro: str
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]


def read_pages(folder: Path) -> list[Page]:
    """All pages, in their order."""
    pages = [_page(path) for path in sorted(folder.glob("*.yml"))]
    if not pages:
        raise UseropsError(f"No page is declared in {folder}.", fix="restore site/pages.", exit_code=EXIT_FAILED)
    return sorted(pages, key=lambda page: page.order)


def _page(path: Path) -> Page:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), LOADER)
        return Page(
            name=path.stem,
            title=data["title"],
            order=data["order"],
            intro=data.get("intro", ""),
            tiles=tuple(Tile(t["id"], t["label"], t["sql"], t.get("format", "text")) for t in data["tiles"]),
            sections=tuple(_section(s) for s in data["sections"]),
        )
    except (KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise UseropsError(
            f"{path.name} is no page: {error!r}.", fix="see the pages beside it.", exit_code=EXIT_FAILED
        ) from error


def _section(data: dict) -> Section:
    kind = data["kind"]
    if kind not in KINDS or (kind == "chart") != ("spec" in data):
        raise ValueError(f"section {data['id']}: kind {kind!r} with{'' if 'spec' in data else 'out'} a spec")
    return Section(
        id=data["id"],
        kind=kind,
        title=data["title"],
        note=data.get("note", ""),
        sql=data["sql"],
        empty=data.get("empty", "Nothing to show yet."),
        columns={name: _column(name, given) for name, given in data["columns"].items()},
        spec=data.get("spec", {}),
        wide=data.get("wide", False),
    )


def _column(name: str, given: str | dict) -> dict:
    """A column is a label, or a label with a format."""
    return {"label": given, "format": "text"} if isinstance(given, str) else {"format": "text", "label": name} | given
