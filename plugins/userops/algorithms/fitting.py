"""Maximum likelihood without penalty: deterministic starts, one optimiser, and a plain word where it fails."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import OptimizeResult, minimize

# Parameters are positive, so the search runs over their logarithms, or sums and differences of these. Beyond the bounds
# of these coordinates a distribution over customers is for all purposes one point, and the likelihood is flat.
BOUND = 10.0
# The search has found a maximum where another step would raise the mean log-likelihood of a user by no more.
ENOUGH = 1e-8
NEWTON_STEPS = 20
AT_EDGE = "a parameter stands at the edge of its range: the data do not bound it, so nobody is scored by it"
# Users on whom the starts are tried where there are more.
SAMPLE = 20_000

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class Fit:
    """A model's parameters and total log-likelihood; both None where it could not be fitted, and `note` says why.

    `enough` is False where there were too few users to try. `at_edge` is True where a parameter stands at the edge of
    its range: the likelihood still rises beyond it, and what such a fit foretells is an accident of where the range
    ends. Users are scored only by a fit that `is_usable`.
    """

    parameters: dict[str, float] | None
    log_likelihood: float | None
    users: int
    note: str = ""
    enough: bool = True
    at_edge: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether users may be scored by this fit: a maximum was found, inside the range of every parameter."""
        return self.parameters is not None and not self.at_edge

    @property
    def values(self) -> tuple[float, ...]:
        """The parameters in the model's order; only for a fitted model."""
        if self.parameters is None:
            raise ValueError(f"the model is not fitted: {self.note}")
        return tuple(self.parameters.values())


@dataclass(frozen=True)
class Problem:
    """What is to be fitted: the names of the parameters, where to start, and the coordinates to search in.

    A row of `coordinates` is a coordinate as a sum of the parameters' logarithms. Where customers are nearly alike, the
    likelihood hardly changes while two parameters grow in proportion: their quotient is then a coordinate to find.
    """

    names: tuple[str, ...]
    coordinates: tuple[tuple[float, ...], ...]
    starts: tuple[tuple[float, ...], ...]


def maximise(
    problem: Problem, log_likelihood: Objective, users: int, sample: tuple[Objective, int] | None = None
) -> Fit:
    """Fit positive parameters by L-BFGS-B from every start; the best end point counts where it is a maximum.

    `log_likelihood` takes the parameters and returns the sum over `users` and its gradient. With `sample`, the same
    over a few of them, the starts are tried there, and the best end is the one start on all. The same data give the
    same figures: starts, order and optimiser are fixed. Where a coordinate ends at its bound, `at_edge` is True.
    """
    to_coordinates = np.array(problem.coordinates)
    starts = [to_coordinates @ np.log(start) for start in problem.starts]
    if sample is not None:
        starts = [end.x for end in _climb(problem, *sample, starts)[:1]] or starts
    ends = _climb(problem, log_likelihood, users, starts)
    if not ends:
        return Fit(None, None, users, "the likelihood is not finite at any start")
    descent = _descent(problem, log_likelihood, users)
    place, left = _polish(descent, ends[0].x)
    place, left = _polish(descent, _edge_as_high(descent, place))
    if not left <= ENOUGH:
        return Fit(None, None, users, f"no maximum found: the log-likelihood still rises by {left:.1e} a user")
    parameters = np.exp(np.linalg.solve(to_coordinates, place))
    at_edge = bool((np.abs(place) >= BOUND).any())
    values = {name: float(value) for name, value in zip(problem.names, parameters, strict=True)}
    highest = float(-descent(place)[0] * users)
    return Fit(values, highest, users, AT_EDGE if at_edge else "", at_edge=at_edge)


def _descent(problem: Problem, log_likelihood: Objective, users: int) -> Objective:
    """The mean negative log-likelihood and its gradient, over the coordinates."""
    to_logarithms = np.linalg.inv(np.array(problem.coordinates))

    def descent(place: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = np.exp(to_logarithms @ place)
        value, gradient = log_likelihood(parameters)
        return -value / users, -(gradient * parameters) @ to_logarithms / users

    return descent


def _climb(problem: Problem, log_likelihood: Objective, users: int, starts: list[np.ndarray]) -> list[OptimizeResult]:
    """Where L-BFGS-B ends from each start, the best first; only finite ends."""
    descent = _descent(problem, log_likelihood, users)
    bounds = [(-BOUND, BOUND)] * len(problem.names)
    options = {"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-7, "maxcor": 20}
    ends = [minimize(descent, s, jac=True, method="L-BFGS-B", bounds=bounds, options=options) for s in starts]
    return sorted((end for end in ends if np.isfinite(end.fun)), key=lambda end: end.fun)


def _polish(descent: Objective, place: np.ndarray) -> tuple[np.ndarray, float]:
    """Go on by Newton's steps where L-BFGS-B stalled on a ridge; returns the place and what another step would gain."""
    left = np.inf
    for _ in range(NEWTON_STEPS):
        value, slope = descent(place)
        step, left = _newton_step(descent, place, slope)
        if left <= ENOUGH:
            break
        shorter = (np.clip(place - step / 2**halvings, -BOUND, BOUND) for halvings in range(20))
        better = next((there for there in shorter if descent(there)[0] < value), None)
        if better is None:
            break
        place = better
    return place, left


def _edge_as_high(descent: Objective, place: np.ndarray) -> np.ndarray:
    """The place with a coordinate at its bound, where that costs nothing: on a flat ridge a search stops anywhere."""
    value = descent(place)[0]
    for k, bound in product(range(len(place)), (-BOUND, BOUND)):
        edge = np.where(np.arange(len(place)) == k, bound, place)
        if descent(edge)[0] < value + ENOUGH:
            return edge
    return place


def _newton_step(descent: Objective, place: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, float]:
    """(step down, what it gains a user); a coordinate that only its bound keeps from falling stands still.

    Along a direction of little or wrong curvature the step is one unit at most.
    """
    held = ((place >= BOUND) & (slope < 0)) | ((place <= -BOUND) & (slope > 0))
    free = np.flatnonzero(~held)
    if not free.size:
        return np.zeros_like(place), 0.0
    nudges = 1e-4 * np.eye(len(place))[free]
    curvature = np.array([(descent(place + n)[1] - descent(place - n)[1])[free] / 2e-4 for n in nudges])
    if not np.isfinite(curvature).all():
        return np.zeros_like(place), np.inf
    values, directions = np.linalg.eigh((curvature + curvature.T) / 2)
    along = directions.T @ slope[free]
    lengths = along / np.maximum(values, np.maximum(np.abs(along), 1e-300))
    step = np.zeros_like(place)
    step[free] = directions @ lengths
    return step, float(lengths @ along) / 2
