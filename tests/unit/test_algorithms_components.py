"""Connected components agree with a plain search through random graphs, and cost what their size says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from userops.algorithms import components
from userops.algorithms.components import component_roots

# A busy machine is no failure.


@st.composite
def graphs(draw):
    """(nodes, edges): repeated edges, and edges from a node to itself, among them."""
    nodes = draw(st.integers(0, 12))
    ends = st.integers(0, max(nodes - 1, 0))
    return nodes, draw(st.lists(st.tuples(ends, ends), max_size=20)) if nodes else []


def roots(nodes, edges):
    a, b = np.array(edges, dtype=np.int32).reshape(-1, 2).T
    found = component_roots(nodes, a, b)
    assert found.dtype == np.int32
    return found.tolist()


def searched(nodes, edges):
    """The least node that can be reached from each, one step after the other."""
    reached = [{node} for node in range(nodes)]
    for _ in range(nodes):
        for a, b in edges:
            reached[a] = reached[b] = reached[a] | reached[b]
    return [min(component) for component in reached]


@pytest.mark.parametrize("edges_at_once", [1, 4_000_000])
@given(graph=graphs())
def test_roots_are_those_of_a_plain_search(edges_at_once, graph):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(components, "EDGES_AT_ONCE", edges_at_once)
        assert roots(*graph) == searched(*graph)


@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_edges_and_of_their_ends_changes_nothing(graph, random):
    nodes, edges = graph
    turned = [edge if random.random() < 0.5 else edge[::-1] for edge in random.sample(edges, len(edges))]
    assert roots(nodes, turned) == roots(nodes, edges)


def test_by_hand():
    """Node 4 joins 1 and 3; 0 and 2 carry nothing in common with anybody."""
    assert roots(5, [(4, 3), (1, 4), (1, 4), (2, 2)]) == [0, 1, 2, 1, 1]


def test_slices_join_what_earlier_slices_found(monkeypatch):
    """The last edge links two chains that the slices before it built; a slice is as long as there are nodes."""
    monkeypatch.setattr(components, "EDGES_AT_ONCE", 1)
    chains = [(i, i + 2) for i in range(98)] * 3
    assert roots(100, chains) == [i % 2 for i in range(100)]
    assert roots(100, [*chains, (98, 99)]) == [0] * 100


def test_a_long_chain():
    nodes = 1_000_000
    ends = np.arange(nodes - 1, 0, -1)
    assert not component_roots(nodes, ends, ends - 1).any()


@pytest.mark.parametrize("edges", [[(0, 3)], [(-1, 0)], [(0, 1), (2, 7)]])
def test_an_edge_to_no_node_is_an_error(edges):
    with pytest.raises(ValueError, match="nodes are numbered 0 to 2"):
        roots(3, edges)


def test_ends_of_unequal_number_are_an_error():
    with pytest.raises(ValueError, match="edges have 2 first and 1 second ends"):
        component_roots(3, np.array([0, 1]), np.array([1]))
