"""BG/NBD and Gamma-Gamma: the published estimates, the formulas written out, and what must hold for any customers."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import hyp2f1

from userops.algorithms import bg_nbd, gamma_gamma, value
from userops.algorithms.fitting import AT_EDGE, BOUND, Problem, maximise

# A busy machine is no failure.
FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
PUBLISHED = (0.243, 4.414, 0.793, 2.426)

positive = st.floats(0.05, 50)
bg_nbd_parameters = st.tuples(positive, positive, positive, positive)


@st.composite
def customers(draw, most=30):
    """(x, t_x, T): counts, and weeks in whole days with 0 < t_x <= T where x > 0."""
    rows = []
    for _ in range(draw(st.integers(1, most))):
        age = draw(st.integers(0, 60))
        recency = draw(st.integers(0, age))
        rows.append((draw(st.integers(1, 5)) if recency else 0, recency / 7, age / 7))
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def columns_of(fixture):
    with (FIXTURES / fixture).open() as file:
        return np.array([[float(cell) for cell in row.values()] for row in csv.DictReader(file)]).T


@pytest.fixture(scope="module")
def cdnow():
    return columns_of("cdnow_summary.csv")


def test_published_estimates_of_bg_nbd(cdnow):
    fit = bg_nbd.fit(*cdnow[:3])
    assert fit.values == pytest.approx(PUBLISHED, rel=0.01)
    assert fit.log_likelihood == pytest.approx(-9582.4, abs=0.1)


def test_published_estimates_of_gamma_gamma(cdnow):
    fit = gamma_gamma.fit(cdnow[0], cdnow[3])
    assert fit.values == pytest.approx((6.25, 3.74, 15.44), rel=0.01)
    assert fit.users == 946


def test_expected_orders_of_the_published_example():
    """Fader, Hardie & Lee (2005): a customer with x = 2, t_x = 30.43, T = 38.86 is to buy 1.226 times in 39 weeks."""
    one = (np.array([2]), np.array([30.43]), np.array([38.86]))
    assert bg_nbd.expected_orders(PUBLISHED, *one, 39) == pytest.approx([1.226], abs=0.001)


def per_customer(parameters, x, recency, age):
    """The likelihood of one customer, as the paper states it."""
    r, alpha, a, b = parameters
    log = math.lgamma(r + x) - math.lgamma(r) + r * math.log(alpha)
    log += math.lgamma(a + b) + math.lgamma(b + x) - math.lgamma(b) - math.lgamma(a + b + x)
    alive = -(r + x) * math.log(alpha + age)
    if x == 0:
        return log + alive
    gone = math.log(a / (b + x - 1)) - (r + x) * math.log(alpha + recency)
    return log + np.logaddexp(alive, gone)


@given(customers(), bg_nbd_parameters)
def test_likelihood_of_distinct_histories_is_that_of_all_customers(some, parameters):
    many = tuple(np.concatenate([column, column[: len(column) // 2]]) for column in some)
    found, _ = bg_nbd.log_likelihood(np.array(parameters), bg_nbd.Histories.of(*many))
    assert found == pytest.approx(sum(per_customer(parameters, *one) for one in zip(*many, strict=True)), rel=1e-9)


@given(customers(), bg_nbd_parameters)
def test_gradient_of_bg_nbd(some, parameters):
    histories = bg_nbd.Histories.of(*some)
    assert_gradient(lambda p: bg_nbd.log_likelihood(p, histories), np.array(parameters))


@given(st.lists(st.tuples(st.integers(1, 9), st.floats(0.1, 100)), min_size=1), st.tuples(positive, positive, positive))
def test_gradient_of_gamma_gamma(spent, parameters):
    spending = gamma_gamma.Spending.of(*(np.array(column, dtype=float) for column in zip(*spent, strict=True)))
    assert_gradient(lambda p: gamma_gamma.log_likelihood(p, spending), np.array(parameters))


def assert_gradient(log_likelihood, parameters):
    value, gradient = log_likelihood(parameters)
    for i, parameter in enumerate(parameters):
        step = np.zeros(len(parameters))
        step[i] = 1e-5 * parameter
        slope = (log_likelihood(parameters + step)[0] - log_likelihood(parameters - step)[0]) / (2 * step[i])
        assert slope == pytest.approx(gradient[i], rel=1e-3, abs=1e-4 * (1 + abs(value) / parameter))


@given(customers(), bg_nbd_parameters)
def test_alive_is_a_probability_and_one_without_repeat_orders(some, parameters):
    alive = bg_nbd.p_alive(parameters, *some)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert (alive[some[0] == 0] == 1).all()


@given(bg_nbd_parameters, st.integers(1, 50), st.floats(0, 100), st.floats(0, 100), st.floats(0.1, 50))
def test_alive_falls_with_silence(parameters, x, recency, silence, more):
    def alive(t_x, age):
        return bg_nbd.p_alive(parameters, np.array([x]), np.array([t_x]), np.array([age]))[0]

    age = recency + silence + more
    assert alive(recency, recency + silence) >= alive(recency, age)
    assert alive(recency + more, age) >= alive(recency, age)


@given(customers(most=8), bg_nbd_parameters, st.floats(0.1, 60), st.floats(0.1, 60))
def test_expected_orders_grow_with_time_and_stay_below_those_of_one_who_never_leaves(some, parameters, weeks, more):
    sooner = bg_nbd.expected_orders(parameters, *some, weeks)
    later = bg_nbd.expected_orders(parameters, *some, weeks + more)
    r, alpha = parameters[:2]
    assert (sooner >= 0).all()
    assert (later >= sooner).all()
    assert (sooner <= (r + some[0]) / (alpha + some[2]) * weeks * (1 + 1e-9)).all()


@given(customers(most=8), st.tuples(positive, st.floats(1, 50), st.floats(1.1, 5), st.floats(0.5, 5)), st.floats(1, 60))
def test_expected_orders_as_the_paper_writes_them(some, parameters, weeks):
    (x, _, age), (r, alpha, a, b) = some, parameters
    z = weeks / (alpha + age)
    z = z / (1 + z)
    # Euler's transformation of the paper's 2F1(r + x, b + x; a + b + x - 1; z), which is far from 1 and safe.
    hypergeometric = (1 - z) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z)
    written = (a + b + x - 1) / (a - 1) * (1 - hypergeometric) * bg_nbd.p_alive(parameters, *some)
    assert bg_nbd.expected_orders(parameters, *some, weeks) == pytest.approx(written, rel=1e-6)


@pytest.mark.parametrize("parameters", [(0.2, 0.01, 1.0, 2.0), (1e4, 1e5, 1e-5, 1e5), (1e-4, 1e5, 1e5, 1e-4)])
def test_expected_orders_are_finite_at_the_edges(parameters):
    x, recency, age = np.array([0, 1, 400]), np.array([0, 0.1, 100]), np.array([0, 0.1, 104])
    expected = bg_nbd.expected_orders(parameters, x, recency, age, 52)
    assert np.isfinite(expected).all()
    assert (expected >= 0).all()


def test_too_few_repeat_buyers_are_not_fitted():
    x = np.array([1] * 19 + [0] * 100)
    fit = bg_nbd.fit(x, x / 7, np.full(119, 10.0))
    assert fit.parameters is None
    assert not fit.enough
    assert fit.note == "19 users have ordered on more than one day; 20 are needed"


@pytest.mark.parametrize(("leaves", "truth"), [(0.0, (1e4, 4e4, 1e-3, 1e3)), (0.2, (1e4, 4e4, 2e3, 8e3))])
def test_customers_who_are_all_alike_are_fitted(leaves, truth):
    """One rate, one chance to leave: the maximum lies far out, on a ridge."""
    random = np.random.default_rng(1)
    x, recency, age = np.zeros(400), np.zeros(400), np.full(400, 30.0)
    for customer in range(400):
        now = random.exponential(4)
        while now < 30:
            x[customer], recency[customer] = x[customer] + 1, now
            if random.random() < leaves:
                break
            now += random.exponential(4)
    fit = bg_nbd.fit(x, recency, age)
    assert fit.values[0] / fit.values[1] == pytest.approx(1 / 4, rel=0.1)
    histories = bg_nbd.Histories.of(x, recency, age)
    assert fit.log_likelihood >= bg_nbd.log_likelihood(np.array(truth), histories)[0] - 1e-3
    if leaves == 0:
        assert bg_nbd.expected_orders(fit.values, x, recency, age, 8).mean() == pytest.approx(2, rel=0.1)


# Ages of those who came once, and (x, t_x, T) of the others, in days.
ONCE = (8, 9, 10, 17, 18, 18, 19, 20, 27, 27, 32, 39, 61, 62, 75, 76, 77, 90, 91, 121, 130, 148, 227, 261, 422, 444,
        492, 546, 603)  # fmt: skip
AGAIN = (
    (1, 2, 557), (1, 29, 121), (1, 30, 121), (1, 31, 121), (1, 31, 266), (1, 44, 121), (1, 46, 121), (1, 46, 134),
    (1, 59, 121), (1, 60, 121), (1, 89, 121), (1, 90, 121), (1, 195, 471), (1, 197, 216), (1, 197, 515), (1, 234, 240),
    (1, 316, 335), (2, 2, 25), (2, 10, 21), (2, 101, 191), (2, 269, 599), (2, 275, 442), (2, 283, 347), (2, 293, 391),
    (2, 322, 374), (2, 364, 405), (2, 390, 414), (3, 20, 25), (3, 364, 574), (3, 387, 583), (3, 410, 522),
    (3, 446, 590), (3, 527, 536), (5, 299, 533), (5, 377, 464), (6, 305, 530), (6, 550, 553), (9, 602, 609),
)  # fmt: skip


def test_of_two_maxima_the_higher_one_is_found():
    """One where everybody may leave with the same small chance, and a higher one: some leave at once, others never."""
    histories = np.array([*((0, 0, age) for age in ONCE), *AGAIN], dtype=float) / (1, 7, 7)
    higher, _ = bg_nbd.log_likelihood(np.array([3.578, 94.56, 1e-4, 2.035e-3]), bg_nbd.Histories.of(*histories.T))
    assert bg_nbd.fit(*histories.T).log_likelihood >= higher


def test_customers_who_all_spend_alike_are_fitted_at_the_edge():
    fit = gamma_gamma.fit(np.arange(1, 101), np.full(100, 25.0))
    assert (fit.note, fit.at_edge, fit.is_usable) == (AT_EDGE, True, False)
    expected = gamma_gamma.expected_value(fit.values, np.array([0, 3]), np.array([0, 25.0]))
    assert expected == pytest.approx([25, 25], rel=1e-3)


def test_a_ridge_that_flattens_is_told_to_have_no_end():
    """In `a` it still rises, by so little that a search has had enough where it starts."""

    def log_likelihood(parameters):
        a, b = parameters
        return -1e-4 / a - np.log(b) ** 2, np.array([1e-4 / a**2, -2 * np.log(b) / b])

    fit = maximise(Problem(("a", "b"), ((1, 0), (0, 1)), ((5000.0, 5.0),)), log_likelihood, users=1)
    assert (fit.values, fit.note, fit.at_edge) == (pytest.approx((np.exp(BOUND), 1)), AT_EDGE, True)


def test_a_likelihood_that_rises_in_every_parameter_ends_in_the_corner():
    """Nothing is free to move there, and no step is left to take."""

    def log_likelihood(parameters):
        return float(np.log(parameters).sum()), 1 / parameters

    fit = maximise(Problem(("a", "b"), ((1, 0), (0, 1)), ((2.0, 3.0),)), log_likelihood, users=1)
    assert (fit.values, fit.note, fit.at_edge) == (pytest.approx((np.exp(BOUND), np.exp(BOUND))), AT_EDGE, True)


@given(st.integers(0, 20), st.floats(0.01, 1000), st.floats(0.2, 20), st.floats(1.1, 20), st.floats(0.1, 100))
def test_expected_value_lies_between_everyones_mean_and_ones_own(x, mean, p, q, v):
    found = gamma_gamma.expected_value((p, q, v), np.array([x]), np.array([mean]))[0]
    everyone = p * v / (q - 1)
    own = mean if x else everyone
    assert min(own, everyone) * (1 - 1e-9) <= found <= max(own, everyone) * (1 + 1e-9)


def test_expected_value_is_null_where_it_is_infinite():
    found = gamma_gamma.expected_value((2.0, 0.9, 10.0), np.array([0, 1]), np.array([0.0, 10.0]))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(2 * 20 / 1.9)


def test_currency_changes_nothing_but_v(cdnow):
    yuan, fen = (gamma_gamma.fit(cdnow[0], cdnow[3] * unit) for unit in (1, 100))
    assert fen.values == pytest.approx((*yuan.values[:2], 100 * yuan.values[2]), rel=1e-4)


def buyers(cdnow):
    """The CDNOW customers as scoring reads them."""
    found = np.zeros(cdnow.shape[1], dtype=value.BUYER)
    found["user_no"] = np.arange(len(found))
    found["frequency"] = cdnow[0]
    found["recency_days"] = np.round(cdnow[1] * 7)
    found["age_days"] = np.round(cdnow[2] * 7)
    found["repeat_net"] = cdnow[0] * cdnow[3]
    found["cut_frequency"] = -1
    found["cut_age_days"] = found["age_days"] - 90
    return found


def test_scores_of_all_buyers(cdnow):
    scored, models = value.score_values(buyers(cdnow), holdout_days=90, min_repeat_buyers=20)
    assert [model.name for model in models] == ["bg_nbd", "gamma_gamma"]
    assert [model.held for model in models] == [None, None]
    assert (scored["user_no"] == np.arange(2357)).all()
    assert not any(np.isnan(scored[name]).any() for name in scored.dtype.names)
    assert (scored["expected_orders_365d"] > scored["expected_orders_90d"]).all()


def test_held_out_days_are_foretold_from_what_stood_before(cdnow):
    known = buyers(cdnow)
    for name in ("frequency", "recency_days", "age_days", "repeat_net"):
        known[f"cut_{name}"] = known[name]
    known["held_order_days"][:10] = 2
    known["held_net"][:10] = 70
    orders, net = value.score_values(known, holdout_days=90, min_repeat_buyers=20)[1]
    history, spending = value.history(known), value.spending(known[:10])
    predicted = bg_nbd.expected_orders(orders.fit.values, *history, 90 / 7).sum()
    assert orders.held == pytest.approx((predicted, 20))
    assert net.held == pytest.approx((2 * gamma_gamma.expected_value(net.fit.values, *spending).sum(), 700))


def test_nothing_to_learn_from_gives_nulls_and_no_failure():
    for nobody in (np.zeros(0, dtype=value.BUYER), np.zeros(3, dtype=value.BUYER)):
        scored, models = value.score_values(nobody, holdout_days=90, min_repeat_buyers=20)
        assert len(scored) == len(nobody)
        assert np.isnan(scored["p_alive"]).all()
        rows = [row for model in models for row in model.rows()]
        assert [row["parameter"] for row in rows] == ["r", "alpha", "a", "b", "p", "q", "v"]
        assert {row["value"] for row in rows} == {None}
        assert [row["note"] for row in rows] == [
            *["0 users have ordered on more than one day; 20 are needed"] * 4,
            *["0 users have repeat orders of positive net; 20 are needed"] * 3,
        ]


def buyers_at_the_edge():
    """300 buyers of one order day, 21 of two, 3 of three, within 60 days: nothing bounds `a` (how soon they leave)."""
    frequency, recency, age = columns_of("bg_nbd_at_its_edge.csv")
    found = np.zeros(len(frequency), dtype=value.BUYER)
    found["user_no"] = np.arange(len(found))
    found["frequency"], found["recency_days"], found["age_days"] = frequency, recency, age
    found["repeat_net"] = 25 * frequency
    found["cut_frequency"] = -1
    return found


def test_a_fit_at_its_edge_scores_nobody():
    """Scored all the same, whoever came again would be worth less: p_alive 1.000, 0.021 and 0.003."""
    scored, (orders, _) = value.score_values(buyers_at_the_edge(), holdout_days=90, min_repeat_buyers=20)
    assert (orders.fit.at_edge, orders.fit.is_usable, orders.fit.note) == (True, False, AT_EDGE)
    assert orders.fit.parameters["a"] == pytest.approx(np.exp(BOUND))
    for name in ("p_alive", "expected_orders_90d", "expected_orders_365d"):
        assert np.isnan(scored[name]).all()


def test_a_model_at_its_edge_says_so_beside_its_parameters():
    rows = value.score_values(buyers_at_the_edge(), holdout_days=90, min_repeat_buyers=20)[1][0].rows()
    assert [row["parameter"] for row in rows] == ["r", "alpha", "a", "b"]
    assert {row["note"] for row in rows} == {AT_EDGE}
    assert rows[2]["value"] == pytest.approx(np.exp(BOUND))


def test_one_model_at_its_edge_leaves_the_other_its_scores(cdnow):
    """Everybody spends alike: nothing bounds p and q, and what they foretell of days held out is not told either."""
    known = buyers(cdnow)
    known["repeat_net"] = 25 * known["frequency"]
    for name in ("frequency", "recency_days", "age_days", "repeat_net"):
        known[f"cut_{name}"] = known[name]
    known["held_order_days"][:10] = 2
    known["held_net"][:10] = 50
    scored, (orders, net) = value.score_values(known, holdout_days=90, min_repeat_buyers=20)
    assert (net.fit.note, net.held) == (AT_EDGE, None)
    assert np.isnan(scored["expected_net_per_order"]).all()
    assert (orders.fit.note, orders.held[1]) == ("", 20)
    assert not np.isnan(scored["p_alive"]).any()


def test_a_search_without_end_is_not_usable():
    """A likelihood that still rises where the search stops gives no parameters, and the note says by how much."""

    def log_likelihood(parameters):
        # The slope is not that of the value: no step along it goes up.
        return 0.0, np.array([1.0]) / parameters

    fit = maximise(Problem(("a",), ((1,),), ((1.0,),)), log_likelihood, users=1)
    assert (fit.parameters, fit.is_usable, fit.enough) == (None, False, True)
    assert fit.note == "no maximum found: the log-likelihood still rises by 5.0e-01 a user"
