"""Who invited whom, as a forest: depth, invitees and descendants of every user.

Each user has one inviter at most, so the graph is trees, and rings with trees on them. A ring loses the edge of its
earliest user and unrolls into a tree. Ancestors are then found by pointer doubling: after k rounds each user knows its
ancestor 2^k levels up, and every figure covers 2^k levels. A round is linear in the users who still have such an
ancestor, so a forest of depth d costs users x log2(d): a chain of a million users takes 20 rounds. Source: Wyllie's
list ranking, as in JaJa (1992), An Introduction to Parallel Algorithms, 2.2.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from userops.algorithms.components import least_members

NOBODY = -1


@dataclass(frozen=True)
class Forest:
    """One int32 of shape (users,) per figure."""

    inviter: np.ndarray  # NOBODY at a root
    depth: np.ndarray  # edges up to the root
    direct: np.ndarray  # users invited
    below: np.ndarray  # descendants, the direct ones among them
    levels_below: np.ndarray  # edges down to the farthest descendant
    ring_users: np.ndarray  # on the user whose edge was dropped: users of the ring it closed; 0 elsewhere


def referral_forest(inviter: np.ndarray) -> Forest:
    """Build the forest from inviter[user] (integers of shape (users,)), a user number or NOBODY.

    Users are numbered 0, 1, ... in the order in which they were acquired, so the earliest edge of a ring is that of
    its least user. Raises ValueError where an inviter is no user.
    """
    users = len(inviter)
    if users and (inviter.min() < NOBODY or inviter.max() >= users):
        raise ValueError(f"an inviter is {inviter.min()} or {inviter.max()}; users are numbered 0 to {users - 1}")
    parent = inviter.astype(np.int32)
    ring_users = _ring_users(parent)
    parent[ring_users > 0] = NOBODY
    direct = np.bincount(parent[parent != NOBODY], minlength=users).astype(np.int32)
    depth, below, levels_below = _levels(parent)
    return Forest(parent, depth, direct, below, levels_below, ring_users)


def _ring_users(parent: np.ndarray) -> np.ndarray:
    """Number of users of each ring, on the least of them; 0 on all other users."""
    users = len(parent)
    invited = np.flatnonzero(parent != NOBODY)
    graph = csr_array((np.ones(len(invited)), (invited, parent[invited])), shape=(users, users))
    count, label = connected_components(graph, connection="strong")
    size, least = np.bincount(label, minlength=count), least_members(label, count)
    # A user who invited themselves is a ring of one.
    rings = (size > 1) | (parent[least] == least)
    ring_users = np.zeros(users, dtype=np.int32)
    ring_users[least[rings]] = size[rings]
    return ring_users


def _levels(parent: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(depth, below, levels_below) of a forest, each counted over `reach` levels, which doubles."""
    depth = (parent != NOBODY).astype(np.int32)
    within = np.ones(len(parent), dtype=np.int32)  # descendants fewer than `reach` levels down, and oneself
    levels = np.zeros(len(parent), dtype=np.int32)
    ancestor, reach = parent.copy(), 1  # `reach` levels up
    active = np.flatnonzero(ancestor != NOBODY)
    while len(active):
        above = ancestor[active]
        np.add.at(within, above, within[active])
        np.maximum.at(levels, above, levels[active] + np.int32(reach))
        depth[active] += depth[above]
        ancestor[active] = ancestor[above]
        active, reach = active[ancestor[active] != NOBODY], 2 * reach
    return depth, within - 1, levels
