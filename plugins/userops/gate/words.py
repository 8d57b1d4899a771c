"""The gate's own words in English and Chinese, from `words.yml`."""

from functools import cache
from pathlib import Path

import yaml


@cache
def _words() -> dict[str, dict[str, str]]:
    return yaml.safe_load((Path(__file__).resolve().parent / "words.yml").read_text(encoding="utf-8"))


def word(key: str, language: str, **values: object) -> str:
    """A text, filled in."""
    return _words()[key][language].format(**values)
