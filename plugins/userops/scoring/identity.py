"""Connected components of identifiers: each component is a user."""

import numpy as np

from userops.algorithms.components import component_roots
from userops.scoring import Store, tables
from userops.scoring.arrow import assert_numbered, read_columns, to_arrow


def resolve(store: Store) -> None:
    """Write a row per node with the least node of its component, which is its earliest-seen identifier."""
    node = read_columns(store, tables.NODES, tables.NODE)["node"]
    assert_numbered(tables.NODES, "node", node)
    edges = read_columns(store, tables.EDGES, tables.EDGE)
    root = component_roots(len(node), edges["node_a"], edges["node_b"])
    numbers = np.arange(len(root), dtype=np.int32)
    store.write("build.identity_components", to_arrow({"node": numbers, "root": root}, tables.COMPONENTS))
