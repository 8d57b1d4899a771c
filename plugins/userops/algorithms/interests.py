"""Which categories will a user turn to next? History x product similarity x time decay, and how well that guesses.

The interest of user u in category c is the sum over products i that u bought of

    w(u, i) x sum over products j of c of cosine(i, j)

where w adds 0.5 ^ (age in days / half-life) for every line bought, and the cosine is over who bought what: buyers of
both / sqrt(buyers of i x buyers of j). The inner sum is a matrix of products x categories; it comes out of two sparse
products (bought' x (bought x scaled category)) without any product x product matrix.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.sparse import csr_matrix

USERS_AT_ONCE = 25_000
THREADS = 2
Result = TypeVar("Result")
NEVER = 0  # replenishment_days of a category that nobody needs twice

PURCHASE = np.dtype([("user_no", "i4"), ("sku_no", "i4"), ("day_no", "i4")])
INTEREST = np.dtype(
    [
        ("user_no", "i4"),
        ("category_no", "i4"),
        ("rank", "i4"),
        ("score", "f4"),
        ("because_no", "i4"),  # the category whose purchases speak most for this one
        ("because_days", "i4"),  # days since it was last bought
    ]
)


@dataclass(frozen=True)
class Catalogue:
    """Products by number 0, 1, …, sorted by category; `replenishment` in days a category, NEVER where bought once."""

    category: np.ndarray
    replenishment: np.ndarray


@dataclass(frozen=True)
class Rules:
    """How fast a purchase is forgotten (days until it counts half), and how many categories a user is shown."""

    half_life: float
    best: int


@dataclass(frozen=True)
class Pairs:
    """What each user bought: a pair a user and product, sorted by both, of lines up to a day.

    `indptr` delimits users as in a CSR matrix; `weight` is the decayed number of lines, `days` since the last one.
    """

    indptr: np.ndarray
    sku: np.ndarray
    weight: np.ndarray
    days: np.ndarray

    @property
    def users(self) -> int:
        return len(self.indptr) - 1

    def of(self, users: np.ndarray) -> "Pairs":
        """The pairs of the users marked True; the others stay, with none."""
        counts = np.diff(self.indptr)
        keep = np.repeat(users, counts)
        indptr = np.concatenate([[0], np.cumsum(counts * users)])
        return Pairs(indptr, self.sku[keep], self.weight[keep], self.days[keep])


class Purchases:
    """All lines as sorted 64-bit keys (user, product, day): order of arrival can then change no sum."""

    def __init__(self, user: np.ndarray, sku: np.ndarray, day: np.ndarray) -> None:
        self.first_day = int(day.min(initial=0))
        self.day_bits = max(int(day.max(initial=0) - self.first_day).bit_length(), 1)
        self.sku_bits = max(int(sku.max(initial=0)).bit_length(), 1)
        self.users = int(user.max(initial=-1)) + 1
        if self.users.bit_length() + self.sku_bits + self.day_bits > 63:
            raise ValueError(f"{self.users} users, 2^{self.sku_bits} products, 2^{self.day_bits} days: too many")
        keys = user.astype(np.int64)
        keys <<= self.sku_bits
        keys |= sku
        keys <<= self.day_bits
        keys |= day - self.first_day
        keys.sort()
        self.keys = keys

    def days(self) -> np.ndarray:
        """Day number of every line, in the order of the keys."""
        return (self.keys & ((1 << self.day_bits) - 1)) + self.first_day

    def pairs(self, day: int, half_life: float, since: int | None = None) -> Pairs:
        """User x product pairs of the lines with since < day number <= day."""
        decay = 0.5 ** (np.arange(max(day - self.first_day, 0) + 1) / half_life)
        earliest = self.first_day if since is None else since + 1

        def part(first: int) -> tuple[np.ndarray, ...]:
            lines = self.keys[slice(*np.searchsorted(self.keys, self._bounds(first)))]
            line_days = (lines & ((1 << self.day_bits) - 1)) + self.first_day
            wanted = (line_days >= earliest) & (line_days <= day)
            pair, age = (lines >> self.day_bits)[wanted], (day - line_days[wanted]).astype(np.int32)
            starts = np.flatnonzero(np.diff(pair, prepend=-1))
            pair = pair[starts]
            weight = np.add.reduceat(decay[age], starts) if len(starts) else np.zeros(0)
            days = np.minimum.reduceat(age, starts) if len(starts) else age
            user = (pair >> self.sku_bits) - first
            counts = np.bincount(user, minlength=min(USERS_AT_ONCE, self.users - first))
            return counts, (pair & ((1 << self.sku_bits) - 1)).astype(np.int32), weight, days

        parts = list(_over_blocks(part, self.users)) or [part(0)]
        counts, *columns = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Pairs(np.concatenate([[0], np.cumsum(counts)]), *columns)

    def _bounds(self, first: int) -> list[int]:
        """Keys between which the lines of a block of users lie."""
        return [user << (self.sku_bits + self.day_bits) for user in (first, first + USERS_AT_ONCE)]


@dataclass(frozen=True)
class Block:
    """The pairs of some users in a row, and the same pairs gathered by category."""

    first_user: int
    users: int
    row: np.ndarray  # user of each pair, from 0
    sku: np.ndarray
    weight: np.ndarray
    starts: np.ndarray  # where a (user, category) group of pairs begins
    group_row: np.ndarray
    group_category: np.ndarray
    group_days: np.ndarray

    def matrix(self, data: np.ndarray, products: int) -> csr_matrix:
        indptr = np.searchsorted(self.row, np.arange(self.users + 1))
        return csr_matrix((data, self.sku, indptr), shape=(self.users, products))


def _block(pairs: Pairs, catalogue: Catalogue, first: int) -> Block:
    last = min(first + USERS_AT_ONCE, pairs.users)
    part = slice(pairs.indptr[first], pairs.indptr[last])
    row = np.repeat(np.arange(last - first), np.diff(pairs.indptr[first : last + 1]))
    sku = pairs.sku[part]
    category = catalogue.category[sku]
    starts = np.flatnonzero(np.diff(row * len(catalogue.replenishment) + category, prepend=-1))
    days = np.minimum.reduceat(pairs.days[part], starts) if len(starts) else pairs.days[part]
    weight = pairs.weight[part]
    return Block(first, last - first, row, sku, weight, starts, row[starts], category[starts], days)


def _over_blocks(work: Callable[[int], Result], users: int) -> Iterator[Result]:
    """Run `work` for the first user of every block, in threads, few ahead; results come in the blocks' order."""
    firsts = range(0, users, USERS_AT_ONCE)
    with ThreadPoolExecutor(THREADS) as pool:
        for at in range(0, len(firsts), THREADS):
            yield from pool.map(work, firsts[at : at + THREADS])


def similarity(pairs: Pairs, catalogue: Catalogue) -> np.ndarray:
    """Products x categories: the sum of a product's cosines with all products of a category (itself too)."""
    products, categories = len(catalogue.category), len(catalogue.replenishment)
    buyers = np.bincount(pairs.sku, minlength=products)
    scale = np.where(buyers > 0, 1 / np.sqrt(np.maximum(buyers, 1)), 0.0)

    def part(first: int) -> np.ndarray:
        block = _block(pairs, catalogue, first)
        cells = block.row * categories + catalogue.category[block.sku]
        scaled = np.bincount(cells, weights=scale[block.sku], minlength=block.users * categories)
        return block.matrix(np.ones(len(block.sku)), products).T @ scaled.reshape(block.users, categories)

    total = np.zeros((products, categories))
    for one in _over_blocks(part, pairs.users):
        total += one
    return total * scale[:, None]


def best_categories(scores: np.ndarray, best: int) -> tuple[np.ndarray, np.ndarray]:
    """(category, score) of the `best` highest scores >= 0 of each row, ties by category number; 0 means none.

    Score and category make one whole number, so that a partition decides ties too. Scores count as single precision:
    a tie is not decided by the last bit of a sum.
    """
    categories = scores.shape[1]
    bits = np.ascontiguousarray(scores, dtype=np.float32).view(np.uint32)
    keys = (bits.astype(np.int64) << 20) | ((1 << 20) - 1 - np.arange(categories))
    if categories > best:
        keys = np.partition(keys, categories - best, axis=1)[:, categories - best :]
    keys = np.sort(keys, axis=1)[:, ::-1]
    return (1 << 20) - 1 - (keys & ((1 << 20) - 1)), (keys >> 20).astype(np.uint32).view(np.float32)


def predict(pairs: Pairs, catalogue: Catalogue, similar: np.ndarray, best: int) -> np.ndarray:
    """The `best` categories of every user: an INTEREST array by user and rank; only scores above 0."""

    def part(first: int) -> np.ndarray:
        block = _block(pairs, catalogue, first)
        scores = block.matrix(block.weight, len(catalogue.category)) @ similar
        needed_again = catalogue.replenishment[block.group_category]
        left_out = (needed_again == NEVER) | (block.group_days < needed_again)
        scores[block.group_row[left_out], block.group_category[left_out]] = 0.0
        category, score = best_categories(scores, best)
        because = _because(block, similar, category)
        row, place = np.nonzero(score > 0)
        found = np.zeros(len(row), dtype=INTEREST)
        found["user_no"] = block.first_user + row
        found["category_no"] = category[row, place]
        found["rank"] = place + 1
        found["score"] = score[row, place]
        found["because_no"] = block.group_category[because[row, place]]
        found["because_days"] = block.group_days[because[row, place]]
        return found

    return np.concatenate([np.zeros(0, dtype=INTEREST), *_over_blocks(part, pairs.users)])


def _because(block: Block, similar: np.ndarray, category: np.ndarray) -> np.ndarray:
    """The (user, category) group that gives most to each chosen category, users x best; the first one on a tie."""
    because = np.zeros(category.shape, dtype=np.int64)
    if not len(block.starts):
        return because
    users = np.flatnonzero(np.diff(block.group_row, prepend=-1))
    groups = np.diff(np.append(users, len(block.starts)))
    pairs = np.bincount(block.row, minlength=block.users)
    cells, flat = block.sku.astype(np.int64) * similar.shape[1], similar.ravel()
    for place in range(category.shape[1]):
        share = flat.take(cells + np.repeat(category[:, place], pairs))
        share *= block.weight
        share = np.add.reduceat(share, block.starts)
        most = np.flatnonzero(share == np.repeat(np.maximum.reduceat(share, users), groups))[::-1]
        because[block.group_row[most], place] = most
    return because


def quality(purchases: Purchases, catalogue: Catalogue, cut: int, rules: Rules) -> list[tuple[str, int, int]]:
    """(method, users, hits): predictions made on day number `cut` against what was bought in the days after it.

    Users are those with a purchase up to the cut and one after it. A hit is a user who bought one of the `best`
    categories. `history` ranks by the user's own decayed purchases alone, `popularity` by everyone's. Where there are
    no more than `best` categories nobody is asked: whoever names them all is right, whatever the method.
    """
    then = purchases.pairs(cut, rules.half_life)
    later = purchases.pairs(int(purchases.days().max(initial=cut)), rules.half_life, since=cut)
    categories = len(catalogue.replenishment)
    asked = (np.diff(then.indptr) > 0) & (np.diff(later.indptr) > 0) & (categories > rules.best)
    bought = np.unique(_cells(later, catalogue))
    asked_pairs = then.of(asked)
    found = predict(asked_pairs, catalogue, similarity(then, catalogue), rules.best)
    own, everyone = _history(asked_pairs, catalogue, rules.best), _popular(then, catalogue, rules.best)
    guesses = {
        "interest": found["user_no"].astype(np.int64) * categories + found["category_no"],
        "popularity": np.add.outer(np.flatnonzero(asked) * categories, everyone).ravel(),
        "history": own,
    }
    users = int(np.count_nonzero(asked))
    right = {method: np.unique(cells[np.isin(cells, bought)] // categories) for method, cells in guesses.items()}
    return [(method, users, len(hits)) for method, hits in right.items()]


def _cells(pairs: Pairs, catalogue: Catalogue) -> np.ndarray:
    """user x categories + category, of each pair."""
    user = np.repeat(np.arange(pairs.users), np.diff(pairs.indptr))
    return user * len(catalogue.replenishment) + catalogue.category[pairs.sku]


def _history(pairs: Pairs, catalogue: Catalogue, best: int) -> np.ndarray:
    """Cells of the categories each user bought most of, by decayed weight."""
    categories = len(catalogue.replenishment)

    def part(first: int) -> np.ndarray:
        block = _block(pairs, catalogue, first)
        own = np.zeros((block.users, categories))
        if len(block.starts):
            own[block.group_row, block.group_category] = np.add.reduceat(block.weight, block.starts)
        category, weight = best_categories(own, best)
        row, place = np.nonzero(weight > 0)
        return (block.first_user + row) * categories + category[row, place]

    return np.concatenate([np.zeros(0, dtype=np.int64), *_over_blocks(part, pairs.users)])


def _popular(pairs: Pairs, catalogue: Catalogue, best: int) -> np.ndarray:
    """The categories all users together bought most of, by decayed weight."""
    weights = np.bincount(catalogue.category[pairs.sku], weights=pairs.weight, minlength=len(catalogue.replenishment))
    category, weight = best_categories(weights[None, :], best)
    return category[weight > 0]
