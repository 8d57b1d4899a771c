"""BG/NBD: how often will a customer come again, and is he still one?

Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2). While alive a customer buys
by a Poisson process of rate lambda ~ Gamma(r, alpha); after each repeat purchase he leaves with probability
p ~ Beta(a, b). A customer is known by x repeat order days, t_x (age at the last of them) and T (age), both in weeks.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.special import betaln, digamma, expit, gammaln

from userops.algorithms.fitting import SAMPLE, Fit, Problem, maximise

NAMES = ("r", "alpha", "a", "b")
# Of the logarithms: r and alpha / r (mean weeks between orders), a and b / a.
COORDINATES = ((1, 0, 0, 0), (-1, 1, 0, 0), (0, 0, 1, 0), (0, 0, -1, 1))
# Exact to ten digits where alpha is half a week or more, to 0.3 % at a thousandth of the time foretold.
NODES = 128


@dataclass(frozen=True)
class Histories:
    """Distinct (x, t_x, T) with how many customers share them; figures of one column are looked up by code.

    Many customers share a history, and all share few values a column: the costly functions run over the values.
    """

    x: np.ndarray
    recency: np.ndarray
    age: np.ndarray
    x_code: np.ndarray
    recency_code: np.ndarray
    age_code: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, recency: np.ndarray, age: np.ndarray, weight: np.ndarray | None = None) -> "Histories":
        """Deduplicate customers: x is a count, recency and age are weeks with 0 <= recency <= age."""
        values, codes, inverse = _distinct(x, recency, age)
        return cls(*values, *codes, np.bincount(inverse, weights=weight))


def _distinct(*columns: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """(values of each column, their codes in each distinct row, the distinct row of each row)."""
    values, codes = [], []
    packed = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        found, code = np.unique(np.asarray(column, dtype=float), return_inverse=True)
        values.append(found)
        codes.append(code)
        packed = packed * len(found) + code
    _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    return values, [code[first] for code in codes], inverse


def log_likelihood(parameters: np.ndarray, histories: Histories) -> tuple[float, np.ndarray]:
    """Sum of the log-likelihood (eq. 6 of the paper) over all customers, and its gradient over (r, alpha, a, b).

    Differences of large terms are written so that they keep their digits where parameters are large: customers that
    are all alike put the maximum far out on a ridge, and a search lost in rounding would not find it.
    """
    r, alpha, a, b = parameters
    h, x, weight = histories, histories.x, histories.weight
    ratio_age, ratio_recency = np.log1p(h.age / alpha), np.log1p(h.recency / alpha)
    by_x = np.bincount(h.x_code, weights=weight, minlength=len(x))
    buys_by_age = np.bincount(h.age_code, weights=weight * (r + x[h.x_code]), minlength=len(h.age))

    repeat = x[h.x_code] > 0
    xc, tc, ac, w = h.x_code[repeat], h.recency_code[repeat], h.age_code[repeat], weight[repeat]
    shape, gap = r + x[xc], ratio_age[ac] - ratio_recency[tc]
    odds = (np.log(a) - np.log(b + np.maximum(x, 1) - 1))[xc] + shape * gap
    left = w * expit(odds)  # how many of them are gone
    left_by_x = np.bincount(xc, weights=left, minlength=len(x))

    terms = _log_rise(r, x) - x * np.log(alpha) + _log_rise(b, x) - _log_rise(a + b, x)
    value = by_x @ terms - buys_by_age @ ratio_age + w @ np.logaddexp(0.0, odds)
    by_age = np.bincount(h.age_code, weights=weight, minlength=len(h.age))
    buys = np.bincount(h.age_code, weights=weight * x[h.x_code], minlength=len(h.age))
    slopes = (h.recency[tc] - h.age[ac]) / ((alpha + h.age[ac]) * (alpha + h.recency[tc]))
    psi_total = digamma(a + b) - digamma(a + b + x)
    gradient = [
        by_x @ (digamma(r + x) - digamma(r)) - by_age @ ratio_age + left @ gap,
        (r * by_age * h.age - alpha * buys) @ (1 / (alpha + h.age)) / alpha + left @ (shape * slopes),
        by_x @ psi_total + left.sum() / a,
        by_x @ (psi_total + digamma(b + x) - digamma(b)) - left_by_x @ (1 / (b + np.maximum(x, 1) - 1)),
    ]
    return float(value), np.array(gradient)


def _log_rise(start: float, x: np.ndarray) -> np.ndarray:
    """ln Gamma(start + x) - ln Gamma(start), exact for any size of start."""
    count = np.maximum(x, 1)
    return np.where(x > 0, gammaln(count) - betaln(start, count), 0.0)


def fit(x: np.ndarray, recency: np.ndarray, age: np.ndarray, min_repeat_buyers: int = 20) -> Fit:
    """Maximum likelihood over customers (weeks); not fitted below `min_repeat_buyers` customers with x > 0."""
    users, repeat = len(x), int(np.count_nonzero(np.asarray(x) > 0))
    if repeat < max(min_repeat_buyers, 1):
        note = f"{repeat} users have ordered on more than one day; {min_repeat_buyers} are needed"
        return Fit(None, None, users, note, enough=False)
    histories = Histories.of(x, recency, age)
    weeks = max(float(np.mean(age)), 1.0)
    # The last is where some leave at once and others never, which may be a maximum of its own.
    starts = (
        (0.5, weeks / 4, 1.0, 2.0), (2.0, weeks, 0.1, 1.0), (0.2, weeks / 10, 1.0, 10.0), (1.0, weeks, 0.01, 0.05),
    )  # fmt: skip
    problem = Problem(NAMES, COORDINATES, starts)
    sample = None
    if users > SAMPLE:
        some = slice(None, None, users // SAMPLE + 1)
        few = Histories.of(x[some], recency[some], age[some])
        sample = (lambda parameters: log_likelihood(parameters, few)), int(few.weight.sum())
    return maximise(problem, lambda parameters: log_likelihood(parameters, histories), users, sample)


def p_alive(parameters: tuple[float, ...], x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Probability of still being a customer; 1 for x = 0, as leaving comes only after a repeat purchase."""
    r, alpha, a, b = parameters
    x = np.asarray(x, dtype=float)
    odds = np.log(a) - np.log(b + np.maximum(x, 1) - 1)
    odds = odds + (r + x) * (np.log(alpha + np.asarray(age)) - np.log(alpha + np.asarray(recency)))
    return np.where(x > 0, expit(-odds), 1.0)


def expected_orders(
    parameters: tuple[float, ...], x: np.ndarray, recency: np.ndarray, age: np.ndarray, weeks: float
) -> np.ndarray:
    """Order days to expect in the next `weeks` (eq. 10 of the paper), a customer each."""
    (counts, ages), (count, at), inverse = _distinct(x, age)
    alive = _while_alive(parameters, counts[count], ages[at], weeks)
    return p_alive(parameters, x, recency, age) * alive[inverse]


def _while_alive(parameters: tuple[float, ...], counts: np.ndarray, ages: np.ndarray, weeks: float) -> np.ndarray:
    """Expectation for those alive: the mean of (1 - (1 + p t / (alpha + T))^-(r + x)) / p over p ~ Beta(a, b + x).

    The counts (x) come sorted. The paper writes the mean by the hypergeometric function, which is singular at a = 1 and
    unsafe for large parameters; Gauss quadrature of the same integral is neither.
    """
    r, alpha, a, b = parameters
    result = np.empty(len(counts))
    distinct, starts = np.unique(counts, return_index=True)
    for x, first, last in zip(distinct, starts, np.append(starts[1:], len(counts)), strict=True):
        nodes, weights = _beta_quadrature(a, b + x)
        nodes = np.maximum(nodes, 1e-300)
        growth = np.log1p(np.outer(weeks / (alpha + ages[first:last]), nodes))
        result[first:last] = (-np.expm1(-(r + x) * growth) / nodes) @ weights
    return result


def _beta_quadrature(a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in [0, 1] and weights (sum 1) for means over Beta(a, b), by Golub & Welsch; safe for any a and b."""
    k, s = np.arange(1.0, NODES), a + b - 2
    diagonal = np.empty(NODES)
    diagonal[0] = (a - b) / (a + b)
    diagonal[1:] = ((a - 1) ** 2 - (b - 1) ** 2) / ((2 * k + s) * (2 * k + s + 2))
    square = np.empty(NODES - 1)
    square[0] = 4 * a * b / ((a + b) ** 2 * (a + b + 1))
    j = k[1:]
    square[1:] = 4 * j * (j + a - 1) * (j + b - 1) * (j + s) / ((2 * j + s) ** 2 * (2 * j + s + 1) * (2 * j + s - 1))
    nodes, vectors = eigh_tridiagonal(diagonal, np.sqrt(square))
    return np.clip((nodes + 1) / 2, 0.0, 1.0), vectors[0] ** 2
