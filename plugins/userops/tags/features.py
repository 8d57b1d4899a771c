"""The features rules may read: the columns of `int_user_features`, whose enforced contract is their one home."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT

MODELS = Path("dbt_project/models/intermediate/features/_user_features__models.yml")
TYPES = {
    "integer": "number", "bigint": "number", "decimal": "number", "double precision": "number", "boolean": "boolean",
    "text": "text",
}  # fmt: skip
KEY = ("user_id", "as_of")


@dataclass(frozen=True)
class Feature:
    """One column: its type in rules and in the database, its short label and its whole description."""

    name: str
    type: str
    data_type: str
    label: str
    description: str


@lru_cache(maxsize=8)
def load_features(root: Path = PROJECT_ROOT) -> dict[str, Feature]:
    """All features by name, in the order of the table."""
    path = root / MODELS
    try:
        columns = yaml.safe_load(path.read_text(encoding="utf-8"))["models"][0]["columns"]
    except (OSError, yaml.YAMLError, KeyError, IndexError) as error:
        raise UseropsError(f"The features cannot be read from {path}: {error}.", fix="restore that file.") from error
    return {column["name"]: _feature(column) for column in columns if column["name"] not in KEY}


def _feature(column: dict[str, str]) -> Feature:
    data_type, description = column["data_type"], column["description"]
    return Feature(column["name"], TYPES[data_type.split("(")[0]], data_type, _label(description), description)


def _label(description: str) -> str:
    """The description up to its first semicolon, as it stands inside a sentence."""
    label = description.split(";")[0].removesuffix(".")
    return label if label[1:2].isupper() else label[0].lower() + label[1:]
