"""Removal effects of an order-1 Markov chain over marketing channels.

The removal effect of a channel is the share by which conversions fall when every move into it leads nowhere instead.
With Q the probabilities of moves between channels, s those of first moves, c those of moves to the conversion and
N = (I - Q)^-1 the expected visits, P(a path meets i) = (sN)_i / N_ii and P(i converts) = (Nc)_i, so what removing i
loses of P(conversion) = sNc is their product. Source: Kemeny & Snell, Finite Markov Chains, 3.2 and 3.3; removal
effects: Anderl et al. (2016), Mapping the customer journey, IJRM 33(3).

A channel repeated at once is a move to itself. Keeping or collapsing it changes no effect: both factors are
first-passage probabilities of the moves made once a channel is left, and q_ij / (1 - q_ii) is exactly the share of j
in the moves of the collapsed paths, whose counts are those of all moves but the ones to itself.
"""

import numpy as np

START = 0  # as the origin of a move
CONVERSION = 0  # as the end of a move
LOST = -1  # as the end of a move


def removal_effects(origin: np.ndarray, end: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return the removal effect of channels 1 to n as float64 of shape (n,), n being the greatest channel in `end`.

    The three arrays have one shape (moves,): `origin` is START or a channel, `end` a channel, CONVERSION or LOST, and
    `count` how many times the move was made, above 0. Rows of one move are added. Without a conversion every effect
    is 0. Raises ValueError where the moves are not those of whole paths: a channel that is never left, or from which
    no path ends, or a path without a channel.
    """
    channels = int(end.max(initial=0))
    counts = _count_matrix(channels, origin, end, count)
    leaving = counts.sum(axis=1)
    _check_paths(counts)
    shares = counts / np.where(leaving > 0, leaving, 1.0)[:, None]
    first, between, converting = shares[0, 2:], shares[1:, 2:], shares[1:, 1]
    visits = np.linalg.inv(np.eye(channels) - between)
    meets = first @ visits / np.diagonal(visits)
    converts = visits @ converting
    conversion = first @ converts
    return meets * converts / conversion if conversion > 0 else np.zeros(channels)


def _count_matrix(channels: int, origin: np.ndarray, end: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Moves from START and channels 1 to n (rows) to LOST, CONVERSION and channels 1 to n (columns)."""
    if len(end) and (origin.min() < START or origin.max() > channels or end.min() < LOST):
        raise ValueError(
            f"moves go from {origin.min()}..{origin.max()} to {end.min()}..{channels}; "
            f"they go from 0 (the start) or a channel that is entered, to a channel, 0 (conversion) or -1 (lost)"
        )
    if (count <= 0).any():
        raise ValueError(f"a move was made {count.min()} times; counts are above 0")
    cells = origin.astype(np.int64) * (channels + 2) + (end.astype(np.int64) - LOST)
    size = (channels + 1) * (channels + 2)
    return np.bincount(cells, weights=count, minlength=size).reshape(channels + 1, channels + 2)


def _check_paths(counts: np.ndarray) -> None:
    """Every channel must lead to the end of some path: only then is I - Q nonsingular."""
    if counts[0, :2].any():
        raise ValueError("a path goes from the start to its end without a channel")
    moves = counts[1:, 2:] > 0
    ends = counts[1:, :2].any(axis=1)
    reached = -1
    while np.count_nonzero(ends) > reached:
        reached = np.count_nonzero(ends)
        ends = ends | moves @ ends
    if not ends.all():
        stuck = ", ".join(str(channel) for channel in np.flatnonzero(~ends) + 1)
        raise ValueError(f"no path that enters channel {stuck} ends: the moves are not those of whole paths")
