"""Chinese definitions of marts and columns for the dictionary; the English ones are the dbt models' descriptions."""

from dataclasses import dataclass
from pathlib import Path

import yaml
from markupsafe import Markup, escape

from userops.site.pages import LOADER
from userops.site.words import both

FILE = "_dictionary.yml"


@dataclass(frozen=True)
class Translations:
    """`{mart: sentence}` and `{mart.column: sentence}`."""

    texts: dict[str, str]

    @classmethod
    def read(cls, folder: Path) -> "Translations":
        """The translations of `dashboards/`; none where it has no such file."""
        path = folder / FILE
        return cls(yaml.load(path.read_text(encoding="utf-8"), LOADER) if path.exists() else {})

    def of(self, name: str, english: str) -> Markup:
        """The definition in both languages, or in English alone."""
        column = name.rpartition(".")[2]
        chinese = self.texts.get(name) or (self.texts.get(f"*.{column}") if "." in name else None)
        return both({"en": english, "zh": chinese}) if chinese else escape(english)
