"""What is published: marts and their contracts, as dbt's manifest has them."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from userops.errors import UseropsError
from userops.warehouse.rights import VIEWS_OVER_META


@dataclass(frozen=True)
class Column:
    """A published column."""

    name: str
    type: str
    comment: str = ""


@dataclass(frozen=True)
class View:
    """A readers' view that is made over a mart, and made again with it."""

    name: str
    select: str
    comment: str
    columns: dict[str, str]


@dataclass(frozen=True)
class Mart:
    """A published table and the key its rows are matched by. One that is not served has slots, but no readers' view."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    comment: str = ""
    nullable_key: tuple[str, ...] = ()
    is_served: bool = True
    views: tuple[View, ...] = ()

    @property
    def shape(self) -> str:
        """What the slots' tables and the views are made from; another shape means new ones."""
        views = [(view.name, view.select) for view in self.views]
        return _digest(self.key, [(c.name, c.type) for c in self.columns], self.is_served, views)

    @property
    def words(self) -> str:
        """What readers see as comments; other words change no table."""
        return _digest(self.comment, [c.comment for c in self.columns], [(v.comment, v.columns) for v in self.views])

    def has(self, column: str) -> bool:
        """Whether a column of that name is published."""
        return any(c.name == column for c in self.columns)


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


# Not for readers: a slot keeps it so that the next publication finds whose id changed.
MAP = Mart(
    "map_contact_user", ("contact_id",), (Column("contact_id", "text"), Column("user_id", "text")), is_served=False
)


def marts_of_manifest(manifest_path: Path) -> list[Mart]:
    """Read the marts from dbt's manifest: every model below `models/marts`, and the map of contacts to users."""
    manifest = json.loads(manifest_path.read_text())
    marts = [MAP]
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["fqn"][1] == "marts":
            marts.append(_mart(node))
    return sorted(marts, key=lambda mart: mart.name)


def _mart(node: dict) -> Mart:
    name, meta = node["name"], node["config"].get("meta", {})
    if not meta.get("key"):
        raise UseropsError(f"The mart {name} has no key.", fix="add config.meta.key to its YAML.")
    if name in VIEWS_OVER_META:
        raise UseropsError(f"The mart {name} has the name of a view over `meta`.", fix="give the model another name.")
    columns = tuple(Column(c["name"], c["data_type"], c["description"]) for c in node["columns"].values())
    return Mart(name, tuple(meta["key"]), columns, node["description"], tuple(meta.get("nullable_key", ())))
