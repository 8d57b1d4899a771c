"""Data Docs, Great Expectations' own pages on the last run: a by-product that anyone who knows it can read, no gate.

They show figures and bounds only (results are of the format BOOLEAN_ONLY) and ask no other host for anything.
"""

import logging
import re
import shutil
from pathlib import Path

from userops.errors import first_line
from userops.gate.context import open_context, site_folder
from userops.settings import Settings

ELSEWHERE = re.compile(
    r"<(script|link|img)\b[^>]*\b(src|href)=[\"']?(https?:)?//[^>]*>(\s*</script>)?", re.IGNORECASE
)
STYLE = "<style>body{font:14px sans-serif;margin:2em}td,th{padding:.2em .8em;text-align:left}</style>"
log = logging.getLogger(__name__)


def build(settings: Settings, url: str) -> Path | None:
    """Build the site from the stored results; a site that cannot be built is a line in the log, no failure."""
    site = site_folder(settings)
    shutil.rmtree(site, ignore_errors=True)
    try:
        open_context(settings, url).build_data_docs()
        for page in site.rglob("*.html"):
            page.write_text(without_other_hosts(page.read_text(encoding="utf-8")), encoding="utf-8")
    except Exception as error:  # noqa: BLE001 - pages of a tool, whatever breaks them
        log.warning("no Data Docs: %s: %s", type(error).__name__, first_line(error))
        return None
    return site / "index.html"


def without_other_hosts(html: str) -> str:
    """Drop what a page loads from elsewhere: it must read the same on a machine without a network."""
    return ELSEWHERE.sub("", html).replace("</head>", f"{STYLE}</head>", 1)
