"""Connected components: which identifiers belong to one person.

scipy.sparse.csgraph.connected_components (a depth-first search) over slices of the edges. A slice joins the components
that the slices before it found, so memory beyond the two input arrays is that of one slice, whatever the number of
edges.
"""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

# 35 bytes each while scipy works on them. A slice also costs a pass over the nodes, so it has at least as many edges.
EDGES_AT_ONCE = 4_000_000


def component_roots(nodes: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return root[node], the least node number of each node's component, as int32 of shape (nodes,).

    `a` and `b` are integers of one shape (edges,): the two ends of each undirected edge, numbered 0 to nodes - 1.
    Repeated edges and edges from a node to itself change nothing. Where nodes are numbered in the order in which they
    were first seen, the root is the earliest-seen node. Raises ValueError where an end is no node or the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"edges have {len(a)} first and {len(b)} second ends")
    root = np.arange(nodes, dtype=np.int32)
    step = max(EDGES_AT_ONCE, nodes)
    for first in range(0, len(a), step):
        part = slice(first, first + step)
        _check_ends(nodes, a[part], b[part])
        root = _joined(root[a[part]], root[b[part]], nodes)[root]
    return root


def least_members(label: np.ndarray, count: int) -> np.ndarray:
    """Return the least index that bears each label 0 to count - 1, as int32 of shape (count,); each is borne."""
    least = np.empty(count, dtype=np.int32)
    # Of several values assigned to one place the last one stays: from the back, that is the least index.
    least[label[::-1]] = np.arange(len(label) - 1, -1, -1, dtype=np.int32)
    return least


def _check_ends(nodes: int, *ends: np.ndarray) -> None:
    for end in ends:
        if end.min() < 0 or end.max() >= nodes:
            raise ValueError(f"edges end at nodes {end.min()} to {end.max()}; nodes are numbered 0 to {nodes - 1}")


def _joined(a: np.ndarray, b: np.ndarray, nodes: int) -> np.ndarray:
    """The least node of each node's component, by these edges alone."""
    graph = csr_array((np.ones(len(a)), (a, b)), shape=(nodes, nodes))
    count, label = connected_components(graph, directed=False)
    return least_members(label, count)[label]
