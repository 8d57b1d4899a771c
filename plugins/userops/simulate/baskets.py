"""What orders hold and cost, in whole cents of their currency."""

from dataclasses import dataclass

import numpy as np

from userops.simulate.clock import DAY
from userops.simulate.csv_columns import ident, money, table, whole, word
from userops.simulate.goods import ONCE, sku
from userops.simulate.people import Crowd
from userops.simulate.purchases import Purchases
from userops.simulate.world import World, pick, ranks

# Nothing is bought again before this part of its usual time has passed.
TOO_SOON = 0.5
HOME = -1


@dataclass
class Baskets:
    """Lines by order, and the orders' sums; `rate`: units of the order's currency for one of the business's."""

    order: np.ndarray
    line_no: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    price: np.ndarray
    amount: np.ndarray
    foreign: np.ndarray
    rate: np.ndarray
    gross: np.ndarray
    net: np.ndarray
    shipping: np.ndarray
    first: np.ndarray

    @property
    def paid(self) -> np.ndarray:
        return self.net + self.shipping


def fill(world: World, crowd: Crowd, chance: np.random.Generator, bought: Purchases, face: np.ndarray) -> Baskets:
    """Draw the lines of every order; `face` is the value of the coupon used on it, set to 0 where it cannot be."""
    assumptions, size = world.assumptions, len(bought)
    order, product = _choose(world, crowd, chance, bought)
    first = np.searchsorted(order, np.arange(size))
    foreign = np.full(size, HOME)
    if world.delivery.wants("fx_rates") and size:
        abroad = np.flatnonzero(chance.random(size) < assumptions["orders"]["abroad"])
        foreign[abroad] = pick(chance, [0.8, 0.2], len(abroad))
    rate = np.append(1 / np.array(world.money.rates), 1.0)[foreign]
    quantity = 1 + pick(chance, assumptions["basket"]["pieces"], len(order))
    price = np.maximum(np.round(world.goods.price[product] * rate[order]), 1).astype(np.int64)
    waiting = crowd.traits["waits_for_discounts"][bought.person]
    offers = assumptions["discounts"]
    off = np.array(offers["percent"])[np.where(waiting, pick(chance, offers["waiting"], size),
                                           pick(chance, offers["usual"], size))]
    amount = (quantity * price * (100 - off[order]) + 50) // 100
    face[(foreign != HOME) | (amount[first] <= face)] = 0
    amount[first] -= face
    net = np.bincount(order, amount, size).astype(np.int64)
    gross = np.bincount(order, quantity * price, size).astype(np.int64)
    free, fee = (np.round(world.money.cents(assumptions["basket"][name]) * rate).astype(np.int64)
                 for name in ("free_shipping", "shipping"))
    shipping = np.where(net >= free, 0, fee)
    return Baskets(order, ranks(order) + 1, product, quantity, price, amount, foreign, rate, gross, net, shipping,
                   first)


def _choose(
    world: World, crowd: Crowd, chance: np.random.Generator, bought: Purchases
) -> tuple[np.ndarray, np.ndarray]:
    """Orders and products of the lines: by taste and promotion, each product once an order, nothing too soon."""
    goods = world.goods
    count = 1 + pick(chance, world.assumptions["basket"]["lines"], len(bought))
    order = np.repeat(np.arange(len(bought)), count)
    taste, day = crowd.taste[bought.person], world.clock.day(bought.at)
    main = ranks(order) == 0
    product = np.empty(len(order), dtype=np.int64)
    product[main] = goods.pick(chance, taste[order[main]], day[order[main]], again=True)
    product[~main] = goods.pick(chance, taste[order[~main]], day[order[~main]], again=False)
    keep = main | _is_wanted(world, bought.person[order], bought.at[order], product)
    order, product, main = order[keep], product[keep], main[keep]
    # The same product twice in an order: the first line stays, and the main line is the first.
    _, kept = np.unique(order * len(goods.rows) + product, return_index=True)
    kept.sort()
    return order[kept], product[kept]


def _is_wanted(world: World, person: np.ndarray, at: np.ndarray, product: np.ndarray) -> np.ndarray:
    """False where the person has one for good, or bought of the category too recently."""
    goods = world.goods
    cycle, category = goods.cycle[product], goods.category[product]
    rows = np.arange(len(product))
    once = np.flatnonzero(cycle == ONCE)
    _, first = np.unique(person[once] * len(goods.rows) + product[once], return_index=True)
    wanted = cycle != ONCE
    wanted[once[first]] = True
    key = person * len(goods.categories) + category
    order = np.lexsort((rows, key))
    before = np.diff(at[order], prepend=0)
    same = np.diff(key[order], prepend=-1) == 0
    soon = same & (before > 0) & (before < TOO_SOON * cycle[order] * DAY)
    wanted[order[soon]] = False
    return wanted


def write_lines(
    world: World, baskets: Baskets, number: np.ndarray, made: np.ndarray, corrected: np.ndarray, until: np.ndarray
) -> None:
    """The order_lines export: each line when its order is first known, the first again where it was corrected.

    `made`, `corrected`: moments an order (NEVER: not); a correction adds one piece at its full price.
    """
    again = baskets.first
    which = np.append(np.arange(len(baskets.order)), again)
    order = baskets.order[which]
    more = np.append(np.zeros(len(baskets.order), dtype=np.int64), np.ones(len(again), dtype=np.int64))
    at = np.append(made[baskets.order], corrected)
    names = table([sku(k) for k in range(len(world.goods.rows))])
    columns = {
        "order_id": ident("O", number[order], 12),
        "line_no": whole(baskets.line_no[which]),
        "sku": word(names, baskets.product[which]),
        "quantity": whole(baskets.quantity[which] + more),
        "unit_price": money(baskets.price[which]),
        "line_amount": money(baskets.amount[which] + more * baskets.price[which]),
    }
    world.delivery.add("order_lines", at, columns, until[order])
