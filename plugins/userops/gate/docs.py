"""Great Expectations' own page on a night's validation: a by-product for who reads its format, never a gate.

It holds figures and bounds only (results are of the format BOOLEAN_ONLY) and asks no other host for anything.
"""

import logging
import re
import shutil
from pathlib import Path
from typing import Any

KEPT_NIGHTS = 30
ELSEWHERE = re.compile(r"<(script|link)\b[^>]*\b(src|href)=[\"']?(https?:)?//[^>]*>(\s*</script>)?", re.IGNORECASE)
STYLE = "<style>body{font:14px sans-serif;margin:2em}td,th{padding:.2em .8em;text-align:left}</style>"
log = logging.getLogger(__name__)


def write_page(validation: Any, folder: Path, business_date: str, layer: str) -> Path | None:
    """Render the validation to `<folder>/<date>/<layer>.html`; a page that cannot be made is a log line, no failure."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView
    from jinja2 import TemplateError

    path = folder / business_date / f"{layer}.html"
    try:
        html = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(validation))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ELSEWHERE.sub("", html).replace("</head>", f"{STYLE}</head>", 1), encoding="utf-8")
        for old in sorted(entry for entry in folder.iterdir() if entry.is_dir())[:-KEPT_NIGHTS]:
            shutil.rmtree(old)
    except (OSError, TemplateError, KeyError, ValueError, TypeError, AttributeError) as error:
        log.warning("no page of Great Expectations for %s: %s", business_date, type(error).__name__)
        return None
    return path
