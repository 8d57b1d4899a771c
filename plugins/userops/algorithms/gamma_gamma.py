"""Gamma-Gamma: what will a customer's next order be worth?

Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value. Order values of a customer are Gamma(p, nu) with
nu ~ Gamma(q, v) over customers, independent of how often they buy. A customer is known by x, the number of repeat order
days, and their mean value.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import betaln, digamma

from userops.algorithms.fitting import SAMPLE, Fit, Problem, maximise

NAMES = ("p", "q", "v")
# Of the logarithms: p, q and p v / q (about the mean value). The values are brought to mean 1 before.
PROBLEM = Problem(
    NAMES, ((1, 0, 0), (0, 1, 0), (1, -1, 1)), starts=((2.0, 2.0, 1.0), (6.0, 4.0, 0.5), (20.0, 20.0, 1.0))
)


@dataclass(frozen=True)
class Spending:
    """What customers with x > 0 and mean > 0 spent, and what no parameter changes."""

    spent: np.ndarray  # x * mean of each
    log_spent: np.ndarray
    code: np.ndarray  # which of `counts` is the x of each
    counts: np.ndarray
    by_count: np.ndarray
    log_mean: float  # sum of ln(mean)

    @classmethod
    def of(cls, x: np.ndarray, mean: np.ndarray) -> "Spending":
        counts, code = np.unique(np.asarray(x, dtype=float), return_inverse=True)
        spent = x * mean
        return cls(spent, np.log(spent), code, counts, np.bincount(code), float(np.log(mean).sum()))


def log_likelihood(parameters: np.ndarray, spending: Spending) -> tuple[float, np.ndarray]:
    """Sum of the log-likelihood (eq. 1a of the note) over all customers, and its gradient over (p, q, v).

    Written so that digits are kept where q and v are large, which they are where all customers are alike.
    """
    p, q, v = parameters
    spent, counts, by_count = spending.spent, spending.counts, spending.by_count
    ratio = np.log1p(spent / v)
    shares = np.bincount(spending.code, weights=spending.log_spent - np.log(v) - ratio, minlength=len(counts))
    value = p * counts @ shares - by_count @ betaln(p * counts, q) - q * ratio.sum() - spending.log_mean
    psi = digamma(p * counts + q)
    gradient = [
        counts @ (by_count * (psi - digamma(p * counts)) + shares),
        by_count @ (psi - digamma(q)) - ratio.sum(),
        ((q * spent - p * v * counts[spending.code]) / (v + spent)).sum() / v,
    ]
    return float(value), np.array(gradient)


def fit(x: np.ndarray, mean: np.ndarray, min_buyers: int = 20) -> Fit:
    """Maximum likelihood over the customers with x > 0 and a positive mean; not fitted below `min_buyers` of them."""
    known = (np.asarray(x) > 0) & (np.asarray(mean) > 0)
    x, mean = np.asarray(x, dtype=float)[known], np.asarray(mean, dtype=float)[known]
    if len(x) < max(min_buyers, 1):
        note = f"{len(x)} users have repeat orders of positive net; {min_buyers} are needed"
        return Fit(None, None, len(x), note, enough=False)
    # v is money: with the values brought to mean 1 the same starts serve every currency.
    unit = float(mean.mean())
    scaled = mean / unit
    sample = None
    if len(x) > SAMPLE:
        some = slice(None, None, len(x) // SAMPLE + 1)
        few = Spending.of(x[some], scaled[some])
        sample = (lambda parameters: log_likelihood(parameters, few)), len(few.spent)
    all_ = Spending.of(x, scaled)
    fitted = maximise(PROBLEM, lambda parameters: log_likelihood(parameters, all_), len(x), sample)
    if fitted.parameters is None:
        return fitted
    p, q, v = fitted.values
    likelihood = float(fitted.log_likelihood - len(x) * np.log(unit))
    return replace(fitted, parameters={"p": p, "q": q, "v": v * unit}, log_likelihood=likelihood)


def expected_value(parameters: tuple[float, ...], x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Net to expect of each customer's next order (eq. 5): his own mean drawn towards everyone's.

    A mean below 0 counts as 0. NaN where the expectation is infinite (q <= 1 and no repeat order).
    """
    p, q, v = parameters
    x, spent = np.asarray(x, dtype=float), np.asarray(x) * np.maximum(np.asarray(mean, dtype=float), 0.0)
    divisor = p * x + q - 1
    return np.where(divisor > 0, p * (v + spent) / np.where(divisor > 0, divisor, 1.0), np.nan)
