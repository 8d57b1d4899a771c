"""dbt's own documentation of the project as one page: models, lineage, tests, metrics, exposures.

It is what `dbt docs generate --static` writes, made from the manifest that a run leaves: no parse, no query.
"""

import json
import logging
from pathlib import Path
from typing import Any

from userops.errors import EXIT_FAILED, UseropsError, first_line

MANIFEST, CATALOG = '"MANIFEST.JSON INLINE DATA"', '"CATALOG.JSON INLINE DATA"'
HEAD = "<head>"
# The page's script holds a tracker that dbt's flag keeps off; this holds whatever the script says.
POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; font-src data:;"
    " script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'\">"
)
PROJECT = "userops"
# Of this machine, or of the part that was built last.
LEFT_OUT = {"build_path", "compiled_path", "compiled_code", "compiled", "root_path", "created_at"}
log = logging.getLogger(__name__)


def page(manifest_path: Path) -> str:
    """The page as HTML, from dbt's manifest; empty where there is none, or dbt is just writing it."""
    from dbt.task.docs import DOCS_INDEX_FILE_PATH

    try:
        manifest = _shown(json.loads(manifest_path.read_text(encoding="utf-8")))
    except (FileNotFoundError, json.JSONDecodeError) as error:
        log.info("no documentation of the models: %s", first_line(error))
        return ""
    html = Path(DOCS_INDEX_FILE_PATH).read_text(encoding="utf-8")
    missing = [part for part in (MANIFEST, CATALOG, HEAD) if part not in html]
    if missing:
        raise UseropsError(
            f"dbt's page of documentation has no place for {missing[0]}.", fix="see what dbt changed there.",
            exit_code=EXIT_FAILED,
        )  # fmt: skip
    html = html.replace(HEAD, HEAD + POLICY, 1)
    return html.replace(CATALOG, _script(_catalog(manifest))).replace(MANIFEST, _script(manifest))


def _shown(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest without what only dbt or a developer needs: unit tests, dbt's macros, paths of this machine."""
    macros = {name: macro for name, macro in manifest["macros"].items() if macro["package_name"] == PROJECT}
    nodes = {
        name: {key: value for key, value in node.items() if key not in LEFT_OUT}
        for name, node in manifest["nodes"].items()
    }
    return manifest | {"macros": macros, "nodes": nodes, "unit_tests": {}}


def _catalog(manifest: dict[str, Any]) -> dict[str, Any]:
    """The types of columns, which the page reads from what dbt asked a server: contracts and sources say them too."""
    described = {
        name: {
            "unique_id": name,
            "metadata": {"type": node.get("config", {}).get("materialized", "source"), "schema": node["schema"],
                         "name": node["name"], "database": None, "comment": None, "owner": None},
            "columns": {
                column["name"]: {"type": column["data_type"], "index": index, "name": column["name"], "comment": None}
                for index, column in enumerate(node["columns"].values(), start=1)
            },
            "stats": {},
        }
        for name, node in (manifest["nodes"] | manifest["sources"]).items()
        if node["columns"] and all(column.get("data_type") for column in node["columns"].values())
    }  # fmt: skip
    return {
        "metadata": {}, "errors": None,
        "nodes": {name: entry for name, entry in described.items() if name in manifest["nodes"]},
        "sources": {name: entry for name, entry in described.items() if name in manifest["sources"]},
    }  # fmt: skip


def _script(data: dict[str, Any]) -> str:
    """JSON that may stand within a script element, whatever its texts say."""
    return json.dumps(data, separators=(",", ":")).replace("</", "<\\/").replace("<!--", "<\\u0021--")
