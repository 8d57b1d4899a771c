"""Score every buyer by BG/NBD and Gamma-Gamma, and say how far off the same models were over the last days held out."""

from dataclasses import dataclass

import numpy as np

from userops.algorithms import bg_nbd, gamma_gamma
from userops.algorithms.fitting import Fit

WEEK = 7.0
HORIZONS = (90, 365)

# What is read of each buyer: its history to the business date, its history to the cut (frequency -1 where the
# first order came later) and what it did after the cut.
BUYER = np.dtype(
    [
        ("user_no", "i4"),
        ("frequency", "i4"),
        ("recency_days", "i4"),
        ("age_days", "i4"),
        ("repeat_net", "f8"),
        ("cut_frequency", "i4"),
        ("cut_recency_days", "i4"),
        ("cut_age_days", "i4"),
        ("cut_repeat_net", "f8"),
        ("held_order_days", "i4"),
        ("held_net", "f8"),
    ]
)
# NaN where the fit of a model is not usable.
VALUE = np.dtype(
    [
        ("user_no", "i4"),
        ("p_alive", "f8"),
        ("expected_orders_90d", "f8"),
        ("expected_orders_365d", "f8"),
        ("expected_net_per_order", "f8"),
    ]
)


@dataclass(frozen=True)
class Model:
    """A model's fit with the (predicted, actual) totals of the days held out; None where those cannot be told."""

    name: str
    parameters: tuple[str, ...]
    fit: Fit
    held: tuple[float, float] | None

    def rows(self) -> list[dict]:
        """A row per parameter, with the columns of `score_value_models`."""
        values = self.fit.parameters or dict.fromkeys(self.parameters)
        predicted, actual = self.held or (None, None)
        return [
            {
                "model": self.name,
                "parameter": parameter,
                "value": values[parameter],
                "log_likelihood": self.fit.log_likelihood,
                "users": self.fit.users,
                "holdout_predicted": predicted,
                "holdout_actual": actual,
                "note": self.fit.note or None,
            }
            for parameter in self.parameters
        ]


def score_values(buyers: np.ndarray, holdout_days: int, min_repeat_buyers: int) -> tuple[np.ndarray, list[Model]]:
    """Fit both models on `buyers` (a BUYER array) and score them.

    Returns a VALUE array, a row a buyer, and the two models. Nothing raises where there is too little to learn from:
    the figures of a model without a usable fit are NaN, and its note says why.
    Orders are order days: several orders of one day are one occasion to buy.
    """
    orders, net = _fit(buyers, "", min_repeat_buyers)
    held = _hold_out(buyers, holdout_days, min_repeat_buyers)
    scored = np.zeros(len(buyers), dtype=VALUE)
    scored["user_no"] = buyers["user_no"]
    for name in VALUE.names[1:]:
        scored[name] = np.nan
    if orders.is_usable:
        known = history(buyers)
        scored["p_alive"] = bg_nbd.p_alive(orders.values, *known)
        for days in HORIZONS:
            scored[f"expected_orders_{days}d"] = bg_nbd.expected_orders(orders.values, *known, days / WEEK)
    if net.is_usable:
        scored["expected_net_per_order"] = gamma_gamma.expected_value(net.values, *spending(buyers))
    return scored, [
        Model("bg_nbd", bg_nbd.NAMES, orders, held[0]),
        Model("gamma_gamma", gamma_gamma.NAMES, net, held[1]),
    ]


def _fit(buyers: np.ndarray, prefix: str, min_repeat_buyers: int) -> tuple[Fit, Fit]:
    return (
        bg_nbd.fit(*history(buyers, prefix), min_repeat_buyers),
        gamma_gamma.fit(*spending(buyers, prefix), min_repeat_buyers),
    )


def history(buyers: np.ndarray, prefix: str = "") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(x, t_x, T) of a BUYER array, in weeks; with prefix `cut_` as they stood at the cut."""
    days = (buyers[f"{prefix}recency_days"], buyers[f"{prefix}age_days"])
    return buyers[f"{prefix}frequency"], days[0] / WEEK, days[1] / WEEK


def spending(buyers: np.ndarray, prefix: str = "") -> tuple[np.ndarray, np.ndarray]:
    """(x, mean net of a repeat order day); the mean is 0 where there is none."""
    x = buyers[f"{prefix}frequency"]
    return x, buyers[f"{prefix}repeat_net"] / np.maximum(x, 1)


def _hold_out(buyers: np.ndarray, holdout_days: int, min_repeat_buyers: int) -> tuple[tuple | None, tuple | None]:
    """(predicted, actual) totals of the held-out days, a model each; None where that cannot be told.

    Both models are fitted on what stood at the cut. BG/NBD foretells the order days after it, Gamma-Gamma the net of
    the order days that came. The history before the cut must be as long as what is held out.
    """
    known = buyers[buyers["cut_frequency"] >= 0]
    if len(known) == 0 or known["cut_age_days"].max() < holdout_days:
        return None, None
    orders, net = _fit(known, "cut_", min_repeat_buyers)
    return _held_orders(known, orders, holdout_days), _held_net(known, net)


def _held_orders(known: np.ndarray, orders: Fit, days: int) -> tuple[float, float] | None:
    if not orders.is_usable:
        return None
    expected = bg_nbd.expected_orders(orders.values, *history(known, "cut_"), days / WEEK)
    return float(expected.sum()), float(known["held_order_days"].sum())


def _held_net(known: np.ndarray, net: Fit) -> tuple[float, float] | None:
    if not net.is_usable:
        return None
    came = known[known["held_order_days"] > 0]
    expected = gamma_gamma.expected_value(net.values, *spending(came, "cut_"))
    if np.isnan(expected).any():
        return None
    return float(expected @ came["held_order_days"]), float(came["held_net"].sum())
