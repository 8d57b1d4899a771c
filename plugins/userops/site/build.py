"""Build the site beside the one that is served, then swap it in."""

import hashlib
import os
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path
from zoneinfo import ZoneInfo

import jinja2
import psycopg

from userops.contracts.model import load_contracts
from userops.errors import EXIT_FAILED, UseropsError, first_line
from userops.settings import PROJECT_ROOT
from userops.site import query, words
from userops.site.dictionary import Mart, mentioned, read_dictionary
from userops.site.formats import script
from userops.site.models import Page
from userops.site.pages import read_pages, read_vocabulary
from userops.site.status import Status, read_status
from userops.site.translations import Translations
from userops.site.view import Frame, exports_of, page_view

HERE = Path(__file__).parent
MODELS = "models.html"
KEPT_BUILDS = 2  # the served one, and the one a browser may still be loading from
SCRIPTS = {
    "boot": ["boot.js"],
    "common": ["common.js"],
    "dictionary": ["dictionary.js"],
    "site": [
        "measures.js", "filters.js", "drawing.js", "options.js", "options_special.js", "map.js", "table.js",
        "figures.js", "page.js",
    ],
}  # fmt: skip


def build_site(url: str, out: Path, labels: dict, dashboards: Path = PROJECT_ROOT / "dashboards") -> Path:
    """Build the site from schema `marts` and put it at `out` in one rename; on failure `out` stays as it was.

    `labels`: `currency`, `timezone`, `simulated` (true: every page says which of its data are), `links`, a list of
    (text, address) that the menu ends with, and `models`, a page about the dbt models as HTML. `dashboards` holds the
    pages; the dbt models stand beside it.
    """
    out = Path(os.path.abspath(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        _write(url, building, labels, dashboards)
        building.chmod(0o755)
        _swap(building, out)
    except psycopg.Error as error:
        shutil.rmtree(building, ignore_errors=True)
        raise UseropsError(
            f"The site was not built: {first_line(error)}. The last one is still served.",
            fix="see that the warehouse answers (`userops doctor`), then run `userops site`.",
            exit_code=EXIT_FAILED,
        ) from error
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return out


def _write(url: str, folder: Path, labels: dict, dashboards: Path) -> None:
    vocabulary = read_vocabulary(dashboards)
    pages = read_pages(dashboards, vocabulary)
    zone = ZoneInfo(labels.get("timezone", "UTC"))
    environment = _environment(Translations.read(dashboards))
    with query.snapshot(url) as connection:
        models = dashboards.parent / "dbt_project" / "models"
        marts = {mart.name: mart for mart in read_dictionary(connection, models, set(load_contracts()))}
        frame = Frame(vocabulary, marts, labels.get("currency", "CNY"), zone)
        status = read_status(connection)
        common = _common(pages, frame, status, labels) | {"assets": _assets(folder, frame, status)}
        template = environment.get_template("page.html.j2")
        for page in pages:
            shown, drawn = page_view(connection, page, frame)
            shown["data"] = _put(folder, f"data/{page.name}.js", script("useropsPage", drawn))
            shown |= {"name": page.name, "title": page.title, "page": page, "exports": exports_of(page, marts)}
            (folder / f"{page.name}.html").write_text(template.render(common | shown), encoding="utf-8")
    if labels.get("models"):
        (folder / MODELS).write_text(labels["models"], encoding="utf-8")
        common["models"] = MODELS
    _write_dictionary(environment, folder, common, pages, list(marts.values()))
    shutil.copyfile(folder / f"{pages[0].name}.html", folder / "index.html")


def _environment(translations: Translations) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "both": words.both, "ui": words.ui, "labels": words.labels, "strings": words.strings(),
        "translated": translations.of,
    }  # fmt: skip
    return environment


def _common(pages: list[Page], frame: Frame, status: Status, labels: dict) -> dict:
    """What the template of every page takes."""
    published = status.published["published_at"].astimezone(frame.zone) if status.published else None
    return {
        "pages": pages,
        "groups": frame.vocabulary.groups,
        "status": status,
        "published_at": published.strftime("%Y-%m-%d %H:%M") if published else "",
        "simulated": bool(labels.get("simulated")),
        "models": "",
        "links": [{"text": text, "href": address} for text, address in labels.get("links", ())],
        "footer": words.filled("footer", currency=frame.currency, timezone=labels.get("timezone", "UTC")),
    }


def _assets(folder: Path, frame: Frame, status: Status) -> dict[str, str]:
    """Write the files that all pages share."""
    texts = {name: "".join(_read(f"assets/{part}") for part in parts) for name, parts in SCRIPTS.items()}
    known = status.published or {}
    site = {
        "strings": words.strings(), "currency": frame.currency, "date": str(known.get("business_date", "")),
        "version": known.get("version"),
    }  # fmt: skip
    texts["common"] = script("useropsSite", site) + texts["common"]
    named = {name: _put(folder, f"assets/{name}.js", text) for name, text in texts.items()}
    return named | {
        "style": _put(folder, "assets/style.css", _read("assets/style.css")),
        "echarts": _put(folder, "assets/echarts.js", _read("vendor/echarts.min.js")),
    }


def _write_dictionary(
    environment: jinja2.Environment, folder: Path, common: dict, pages: list[Page], marts: list[Mart]
) -> None:
    shown_on = defaultdict(list)
    for page in pages:
        for mart in {name for block in page.blocks for name in mentioned(getattr(block, "sql", ""))}:
            shown_on[mart].append(page)
    title = words.strings()["dictionary"]
    html = environment.get_template("dictionary.html.j2").render(
        common | {"name": "dictionary", "title": title, "marts": marts, "shown_on": shown_on}
    )
    (folder / "dictionary.html").write_text(html, encoding="utf-8")


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _put(folder: Path, name: str, text: str) -> str:
    """Write a file whose name carries its hash, so that no stale copy is shown; returns the name."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    hashed = path.with_name(f"{path.stem}-{hashlib.sha256(text.encode()).hexdigest()[:10]}{path.suffix}")
    hashed.write_text(text, encoding="utf-8")
    return hashed.relative_to(folder).as_posix()


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
