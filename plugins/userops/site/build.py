"""Build the dashboard site beside the one that is served, then swap it in."""

import hashlib
import os
import re
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

import altair
import jinja2
import psycopg
import vl_convert
from jsonschema import ValidationError
from markupsafe import Markup

from userops.errors import EXIT_FAILED, UseropsError, first_line
from userops.settings import PROJECT_ROOT
from userops.site import data
from userops.site.formats import Formats, plain, script_json
from userops.site.pages import Page, Section, Tile, read_pages

CALCULATED = re.compile(r"'calculate': '-?datum\.(\w+)'")
KEPT_BUILDS = 2  # the served one, and the one a browser may still be loading from


def build_site(url: str, out: Path, labels: dict, sources: Path = PROJECT_ROOT / "dashboards") -> Path:
    """Build the site from schema `marts` and put it at `out` in one rename; on failure `out` stays as it was.

    `labels`: `currency`, `timezone`, and `simulated` (true: every page says that channel and CRM data are).
    `sources` holds templates, pages and style.
    """
    out = Path(os.path.abspath(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        _render(url, building, labels, sources)
        building.chmod(0o755)
        _swap(building, out)
    except psycopg.Error as error:
        shutil.rmtree(building, ignore_errors=True)
        raise UseropsError(
            f"The site was not built: {first_line(error)}. The one before is still served.",
            fix="fix the page's SQL in dashboards/pages, then run `userops site`.",
            exit_code=EXIT_FAILED,
        ) from error
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return out


def _render(url: str, folder: Path, labels: dict, sources: Path) -> None:
    formats = Formats(labels.get("currency", "CNY"), labels.get("timezone", "UTC"))
    pages = read_pages(sources / "pages")
    environment = _environment(sources)
    template = environment.get_template("page.html.j2")
    with data.snapshot(url) as connection:
        common = {
            "pages": pages,
            "headline": data.headline(connection),
            "simulated": bool(labels.get("simulated")),
            "currency": formats.currency,
            "timezone": labels.get("timezone", "UTC"),
            "show": formats.show,
            "assets": _assets(folder / "assets", _vega(folder.parent), sources),
        }
        for page in pages:
            html = template.render(page=page, **common, **_contents(connection, page, formats))
            (folder / f"{page.name}.html").write_text(html, encoding="utf-8")
    shutil.copyfile(folder / f"{pages[0].name}.html", folder / "index.html")


def _environment(sources: Path) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(sources / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _assets(folder: Path, vega: str, sources: Path) -> dict[str, str]:
    """Write the files all pages share; their names carry their hash, so no stale copy is shown."""
    folder.mkdir()
    texts = {
        "vega.js": vega,
        "site.js": (sources / "site.js").read_text(encoding="utf-8"),
        "style.css": (sources / "style.css").read_text(encoding="utf-8"),
    }
    names = {}
    for name, text in texts.items():
        stem, ending = name.split(".")
        names[stem] = f"assets/{stem}-{hashlib.sha256(text.encode()).hexdigest()[:10]}.{ending}"
        (folder.parent / names[stem]).write_text(text, encoding="utf-8")
    return names


def _vega(kept: Path) -> str:
    """Vega and Vega-Lite as one script, kept in a file: making it takes seconds."""
    script = kept / f".vega-{version('vl-convert-python')}.js"
    if not script.exists():
        draft = script.with_suffix(f".{os.getpid()}")
        draft.write_text(vl_convert.javascript_bundle(), encoding="utf-8")
        draft.replace(script)
    return script.read_text(encoding="utf-8")


def _contents(connection: psycopg.Connection, page: Page, formats: Formats) -> dict:
    return {
        "tiles": [_tile(connection, tile, formats) for tile in page.tiles],
        "sections": [_section(connection, section, formats) for section in page.sections],
    }


def _tile(connection: psycopg.Connection, tile: Tile, formats: Formats) -> dict:
    found = data.rows(connection, tile.sql)
    values = list(found[0].values()) if found else [None]
    remark = values[1] if len(values) > 1 and values[1] is not None else ""
    value = values[0]
    return {
        "id": tile.id,
        "label": formats.label(tile.label, tile.format),
        "remark": remark,
        "value": formats.show(value, tile.format),
        "raw": "" if value is None else str(value),
    }


def _section(connection: psycopg.Connection, section: Section, formats: Formats) -> dict:
    found = data.rows(connection, section.sql)
    missing = found is None
    if found and section.kind == "chart" and not _is_known(section.spec, found):
        found = []  # a chart of nothing but unknown figures has no scale to draw them on
    shown = {
        "id": section.id,
        "kind": section.kind,
        "title": section.title,
        "note": section.note,
        "wide": section.wide,
        "missing": missing,
        "empty": section.empty,
        "head": [
            {"label": formats.label(c["label"], c["format"]), "kind": formats.kind(c["format"])}
            for c in section.columns.values()
        ],
        "rows": [[formats.show(row[n], c["format"]) for n, c in section.columns.items()] for row in found or []],
        "spec": "",
    }
    if section.kind == "chart" and found:
        shown["spec"] = Markup(script_json(_chart(section, found)))
    return shown


def _is_known(spec: dict, found: list[dict]) -> bool:
    """Whether every axis and scale of colours has a figure to stand on."""
    encodings = [part.get("encoding", {}) for part in (spec, *spec.get("layer", []))]
    drawn = [encoding[name] for encoding in encodings for name in ("x", "y", "color") if name in encoding]
    for field in {channel["field"] for channel in drawn if channel.get("type") == "quantitative"}:
        # A field that no column is called is made of columns by the chart's own transforms.
        columns = [field] if field in found[0] else CALCULATED.findall(str(spec["transform"]))
        if all(row[column] is None for row in found for column in columns):
            return False
    return True


def _chart(section: Section, found: list[dict]) -> dict:
    """The declared chart with its rows, checked against Vega-Lite's schema."""
    values = [{name: plain(value) for name, value in row.items()} for row in found]
    frame = {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    spec = {**frame, "description": section.title, **section.spec, "data": {"name": "rows"}}
    if isinstance(spec.get("height"), dict):
        # A step a value: counted here, because Vega-Lite warns of steps in a chart as wide as its container.
        across = {row[spec["encoding"]["y"]["field"]] for row in found}
        spec["height"] = spec["height"]["step"] * len(across)
    # Held against the schema as it is: altair's own objects, made and unmade, take 25 times as long to say the same.
    top = altair.TopLevelLayerSpec if "layer" in spec else altair.TopLevelUnitSpec
    try:
        top.validate(spec)
    except ValidationError as error:
        raise UseropsError(
            f"Chart {section.id} is no Vega-Lite chart: {first_line(error)}.",
            fix="correct its spec in site/pages.",
            exit_code=EXIT_FAILED,
        ) from error
    return {"$schema": altair.SCHEMA_URL, **spec, "data": {"name": "rows", "values": values}}


def _swap(building: Path, out: Path) -> None:
    """Point `out` at the new build in one rename, then drop builds nobody loads from any more."""
    if out.is_dir() and not out.is_symlink():
        # A plain folder from elsewhere cannot be replaced by a link in one step: put it aside first.
        out.rename(Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent)) / "replaced")
    link = out.parent / f".{out.name}.next"
    link.unlink(missing_ok=True)
    link.symlink_to(building.name)
    link.replace(out)
    builds = sorted(out.parent.glob(f".{out.name}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in builds[KEPT_BUILDS:]:
        if old != building:
            shutil.rmtree(old, ignore_errors=True)
