"""The site's own words in both languages, as templates and scripts take them."""

from functools import lru_cache
from pathlib import Path

import yaml
from markupsafe import Markup, escape

from userops.site.pages import LOADER

STRINGS = Path(__file__).parent / "strings.yml"


@lru_cache
def strings() -> dict[str, dict[str, str]]:
    """The words of the frame around the pages."""
    return yaml.load(STRINGS.read_text(encoding="utf-8"), LOADER)


def filled(key: str, **values: object) -> dict[str, str]:
    """A text of the frame with its gaps filled in."""
    return {language: text.format(**values) for language, text in strings()[key].items()}


def both(words: object) -> Markup:
    """A text in both languages; the style sheet hides the one that is not read."""
    english, chinese = (words["en"], words["zh"]) if isinstance(words, dict) else (words.en, words.zh)
    return Markup('<span class="en" lang="en">{}</span><span class="zh" lang="zh-CN">{}</span>').format(
        english, chinese
    )


def ui(key: str, **values: object) -> Markup:
    """A text of the frame in both languages."""
    return both(filled(key, **values) if values else strings()[key])


def labels(key: str) -> Markup:
    """Attributes that name an element in the language that is read."""
    text = strings()[key]
    return Markup('aria-label="{en}" data-label-en="{en}" data-label-zh="{zh}"').format(
        en=escape(text["en"]), zh=escape(text["zh"])
    )
