"""The SQL function behind the referral figures agrees with a plain walk through random graphs, rings among them."""

import random

import psycopg

from dbt_macros import macros

SEED, GRAPHS, USERS = 20250430, 400, 12


def test_the_forest_is_that_of_a_plain_walk(warehouse_url):
    draw = random.Random(SEED)
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(_create_function())
        for _ in range(GRAPHS):
            inviters = _random_inviters(draw)
            found = connection.execute(
                "select * from build.referral_forest(%s::int[]) order by node", (inviters,)
            ).fetchall()
            assert found == _walked(inviters), inviters


def test_a_long_chain_costs_no_more_than_its_length(warehouse_url):
    # Over all pairs of ancestors this would be 20 billion rows; a source that names each row's neighbour sends it.
    users = 200_000
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(_create_function())
        connection.execute("set local statement_timeout = '60s'")
        deepest, below = connection.execute(
            "select max(depth), max(below) from build.referral_forest(array(select generate_series(0, %s - 1)))",
            (users,),
        ).fetchone()
    assert (deepest, below) == (users - 1, users - 1)


def _create_function() -> str:
    return macros("create_referral_forest.sql", target={"schema": "build"}).create_referral_forest()


def _random_inviters(draw: random.Random) -> list[int]:
    """Inviters of users 1, 2, …; 0 for none. Users never invite themselves."""
    users, invited_share = draw.randint(0, USERS), draw.random()
    return [
        draw.choice([other for other in range(1, users + 1) if other != user])
        if users > 1 and draw.random() < invited_share
        else 0
        for user in range(1, users + 1)
    ]


def _walked(inviters: list[int]) -> list[tuple[int, ...]]:
    parent = dict(enumerate(inviters, start=1))
    rings = {min(ring): len(ring) for user in parent if user in (ring := _line_above(user, parent))}
    parent |= dict.fromkeys(rings, 0)
    lines = {user: _line_above(user, parent) for user in parent}
    return [
        (
            user,
            parent[user],
            len(lines[user]),
            sum(parent[other] == user for other in parent),
            sum(user in line for line in lines.values()),
            max((line.index(user) + 1 for line in lines.values() if user in line), default=0),
            rings.get(user, 0),
        )
        for user in parent
    ]


def _line_above(user: int, parent: dict[int, int]) -> list[int]:
    """Inviter, inviter's inviter, …, until nobody or somebody seen; of a user on a ring, the whole ring."""
    line: list[int] = []
    above = parent[user]
    while above and above not in line:
        line.append(above)
        above = parent[above]
    return line
