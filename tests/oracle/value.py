"""user_value and value_model: BG/NBD and Gamma-Gamma as their papers write them, one buyer after the other.

Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way: while a customer he orders by a Poisson process of
rate ~ Gamma(r, alpha), and leaves after each repeat order with probability ~ Beta(a, b). Fader & Hardie (2013), The
Gamma-Gamma Model of Monetary Value: order values ~ Gamma(p, nu) with nu ~ Gamma(q, v). Weeks throughout.

Left open by the specification and taken from the published descriptions: below how many repeat buyers there is no fit,
where a parameter's range ends, where an expectation is null, and what is held out.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from math import exp, inf, log, log1p

from scipy.optimize import OptimizeResult, minimize
from scipy.special import betaln

from oracle.business import Business, Person
from oracle.compare import Shown

MIN_REPEAT_BUYERS, HOLDOUT_DAYS, HORIZONS = 20, 90, (90, 365)
# In powers of e, either way: where a parameter's range ends, and where digits get lost.
EDGE, FARTHEST = 10, 20

Parameters = tuple[float, ...]


@dataclass(frozen=True)
class Buyer:
    """A user as known by a day: `x` repeat order days, the weeks to the last of them and to the day, and what followed.

    `mean` is the net of a repeat order day, 0 where there is none.
    """

    user: str
    x: int
    recency: float
    age: float
    mean: float
    later_days: int
    later_net: Decimal


@dataclass(frozen=True)
class Model:
    """A model's parameters, its log-likelihood of one buyer, whom it is fitted on, and where to start looking.

    The first `numbers` of the parameters are no money.
    """

    parameters: tuple[str, ...]
    numbers: int
    log_likelihood: Callable[[Parameters, Buyer], float]
    speaks_of: Callable[[Buyer], bool]
    starts: tuple[Parameters, ...]


@dataclass(frozen=True)
class Fit:
    """The likeliest parameters of a model; `is_at_edge` where the data do not bound one of them."""

    parameters: Parameters
    log_likelihood: float
    is_at_edge: bool


def buyers(business: Business, days_ago: int = 0) -> list[Buyer]:
    """Users with a counted order by so many days before the business date."""
    found = (_buyer(business, person, days_ago) for person in business.people.values())
    return [buyer for buyer in found if buyer is not None]


def _buyer(business: Business, person: Person, days_ago: int) -> Buyer | None:
    day, net = business.day - timedelta(days=days_ago), defaultdict(Decimal)
    for order in person.orders:
        net[order.day] += order.net
    days = sorted(d for d in net if d <= day)
    if not days:
        return None
    repeats, later = days[1:], [d for d in net if d > day]
    mean = float(sum(net[d] for d in repeats)) / len(repeats) if repeats else 0.0
    recency, age = (days[-1] - days[0]).days / 7, (day - days[0]).days / 7
    return Buyer(person.user, len(repeats), recency, age, mean, len(later), sum((net[d] for d in later), Decimal(0)))


def _rise(start: float, steps: int) -> float:
    """ln of start × (start + 1) × …, so many factors: the quotient of two gamma functions."""
    return sum(log(start + i) for i in range(steps))


def _log_sum(one: float, other: float) -> float:
    greater = max(one, other)
    return greater + log(exp(one - greater) + exp(other - greater))


def _staying_and_left(parameters: Parameters, buyer: Buyer) -> tuple[float, float]:
    """The two summands of the likelihood (eq. 6), as logarithms: still a customer, and gone after the last order."""
    r, alpha, a, b = parameters
    x, age, recency = buyer.x, buyer.age, buyer.recency
    both = _rise(r, x) + _rise(b, x) - _rise(a + b, x)
    staying = both - r * log1p(age / alpha) - x * log(alpha + age)
    if x == 0:
        return staying, -inf
    return staying, both + log(a / (b + x - 1)) - r * log1p(recency / alpha) - x * log(alpha + recency)


def _orders_log_likelihood(parameters: Parameters, buyer: Buyer) -> float:
    return _log_sum(*_staying_and_left(parameters, buyer))


def _spending_log_likelihood(parameters: Parameters, buyer: Buyer) -> float:
    """Of the mean (eq. 1a)."""
    p, q, v = parameters
    shape, spent = p * buyer.x, buyer.x * buyer.mean
    return shape * log(spent / (v + spent)) - q * log1p(spent / v) - betaln(shape, q) - log(buyer.mean)


MODELS = {
    "bg_nbd": Model(
        ("r", "alpha", "a", "b"),
        4,
        _orders_log_likelihood,
        lambda buyer: True,
        # Chances to leave of 30 % and of 3 %: either 0 or 1 of each customer, everything between, one of all.
        tuple((1, 20, size * a, size * b) for size in (0.05, 2, 300) for a, b in ((0.3, 0.7), (0.03, 0.97))),
    ),
    "gamma_gamma": Model(
        ("p", "q", "v"),
        2,
        _spending_log_likelihood,
        lambda buyer: buyer.x > 0 and buyer.mean > 0,
        ((1, 2, 100), (5, 10, 100), (0.3, 50, 5000)),
    ),
}


def likeliest(model: Model, known: list[Buyer]) -> Fit | None:
    """The maximum, by the simplex of Nelder & Mead, which asks for no slope; None where too few came again."""
    of_model = [buyer for buyer in known if model.speaks_of(buyer)]
    if sum(buyer.x > 0 for buyer in of_model) < MIN_REPEAT_BUYERS:
        return None

    def descent(place: list[float]) -> float:
        if max(map(abs, place)) > FARTHEST:
            return inf
        return -log_likelihood(model, tuple(map(exp, place)), of_model)

    best = min((_descend(descent, list(map(log, start))) for start in model.starts), key=lambda end: end.fun)
    is_at_edge = any(abs(place) > EDGE for place in best.x[: model.numbers])
    return Fit(tuple(map(exp, best.x)), -best.fun, is_at_edge)


def usable(fit: Fit | None) -> Parameters | None:
    """The parameters by which buyers are scored."""
    return None if fit is None or fit.is_at_edge else fit.parameters


def _descend(descent: Callable[[list[float]], float], place: list[float]) -> OptimizeResult:
    """A simplex may shrink before it has arrived: begun anew where it ended until that gains nothing."""
    options = {"maxfev": 4000, "xatol": 1e-6, "fatol": 1e-9}
    end, before = minimize(descent, place, method="Nelder-Mead", options=options), inf
    while before - end.fun > 1e-8:
        before, end = end.fun, minimize(descent, end.x, method="Nelder-Mead", options=options)
    return end


def log_likelihood(model: Model, parameters: Parameters, known: list[Buyer]) -> float:
    """Over the buyers that the model speaks of."""
    return sum(model.log_likelihood(parameters, buyer) for buyer in known if model.speaks_of(buyer))


def p_alive(parameters: Parameters, buyer: Buyer) -> float:
    """The share of staying in the likelihood of the history."""
    staying, left = _staying_and_left(parameters, buyer)
    return exp(staying - _log_sum(staying, left))


def expected_orders(parameters: Parameters, buyer: Buyer, days: int) -> float:
    """The sum over k of the chance that a k-th further order comes.

    It does where k of the Poisson process come (negative binomial, its rate being gamma) and none of the k − 1 before
    it made the customer leave (each time he stays it becomes likelier that he does).
    """
    r, alpha, a, b = parameters
    shape, share = r + buyer.x, days / 7 / (alpha + buyer.age + days / 7)
    exactly = exp(shape * log1p(-share))  # k orders of the process
    more, stays, expected, k = 1 - exactly, 1.0, 0.0, 0
    while more > 1e-13:
        expected += stays * more
        k += 1
        stays *= (b + buyer.x + k - 1) / (a + b + buyer.x + k - 1)
        exactly *= (shape + k - 1) / k * share
        more -= exactly
    return p_alive(parameters, buyer) * expected


def expected_net(parameters: Parameters, buyer: Buyer) -> float | None:
    """Of the next order (eq. 5): the mean of q − 1 unseen orders' worth and of the buyer's own; None where infinite."""
    p, q, v = parameters
    divisor = p * buyer.x + q - 1
    return p * (v + buyer.x * max(buyer.mean, 0)) / divisor if divisor > 0 else None


def user_value(business: Business, orders: Parameters | None, net: Parameters | None) -> list[dict]:
    """One row per user with a counted order, by usable parameters of both models; what these do not tell is None."""
    rows = []
    for buyer in buyers(business):
        figures = dict.fromkeys(("p_alive", *(f"expected_orders_{days}d" for days in HORIZONS)))
        if orders:
            figures["p_alive"] = Shown(p_alive(orders, buyer), 6)
            for days in HORIZONS:
                figures[f"expected_orders_{days}d"] = Shown(expected_orders(orders, buyer, days), 6)
        worth = expected_net(net, buyer) if net else None
        rows.append(
            {
                "user_id": buyer.user,
                "frequency": buyer.x,
                "recency_weeks": _weeks(buyer.recency),
                "age_weeks": _weeks(buyer.age),
                **figures,
                "expected_net_per_order": None if worth is None else Shown(worth, 2),
            }
        )
    return rows


def _weeks(weeks: float) -> Fraction:
    """To four places."""
    return Fraction(round(weeks, 4)).limit_denominator(10_000)


def held_out(business: Business) -> dict[str, tuple[float, Decimal] | None]:
    """(foretold, come) of each model in the last 90 days, of those who had bought before; None where none can be told.

    Foretold by the model fitted on what stood then, which must be as long as what is held out: order days, and the
    net of the order days that came. A fit at the edge foretells nothing.
    """
    then = buyers(business, HOLDOUT_DAYS)
    if max((buyer.age for buyer in then), default=0) * 7 < HOLDOUT_DAYS:
        return dict.fromkeys(MODELS)
    orders, net = (usable(likeliest(model, then)) for model in MODELS.values())
    came = [buyer for buyer in then if buyer.later_days]
    worth = [expected_net(net, buyer) if net else None for buyer in came]
    foretold = None if orders is None else sum(expected_orders(orders, buyer, HOLDOUT_DAYS) for buyer in then)
    return {
        "bg_nbd": None if orders is None else (foretold, Decimal(sum(buyer.later_days for buyer in then))),
        "gamma_gamma": None
        if net is None or None in worth
        else (
            sum(each * buyer.later_days for each, buyer in zip(worth, came, strict=True)),
            sum((buyer.later_net for buyer in came), Decimal(0)),
        ),
    }
