"""referrals, referral_k: who brought whom.

Left open by the specification and taken from the published descriptions: the further columns.
"""

from collections import Counter
from datetime import timedelta
from functools import lru_cache

from oracle.business import Business, Person, grouped, has_ended, months_between
from oracle.users import ratio


def referrer_of(business: Business, person: Person) -> str | None:
    """The user who brought them; a referrer within the same user is none."""
    referrer = business.identity.of_contact_id(person.attribute("referrer_contact_id"))
    return referrer if referrer != person.user else None


class Forest:
    """Who brought whom, between users with an acquired day, each ring broken at its earliest edge."""

    def __init__(self, business: Business) -> None:
        acquired_at = {person.user: person.acquired_at for person in business.acquired}
        self.referrer = {p.user: r for p in business.acquired if (r := referrer_of(business, p)) in acquired_at}
        self.ring_users: dict[str, int] = {}
        for user in list(self.referrer):
            ring = self._ring(user)
            if ring:
                first = min(ring, key=lambda u: (acquired_at[u], u))
                self.ring_users[first] = len(ring)
                del self.referrer[first]
        self.brought = grouped(list(self.referrer), lambda user: self.referrer[user])

    def _ring(self, user: str) -> list[str]:
        """The ring that the line of referrers from here comes round in, if any."""
        line = [user]
        while (above := self.referrer.get(line[-1])) is not None:
            if above in line:
                return line[line.index(above) :]
            line.append(above)
        return []

    def depth(self, user: str) -> int:
        """Invitations above."""
        return 1 + self.depth(self.referrer[user]) if user in self.referrer else 0

    def below(self, user: str) -> list[int]:
        """For each user below how many invitations lie between."""
        found = []
        for child in self.brought.get(user, []):
            found += [1, *(1 + steps for steps in self.below(child))]
        return found


@lru_cache(maxsize=8)
def forest_of(business: Business) -> Forest:
    return Forest(business)


def referrals(business: Business) -> list[dict]:
    """One row per user with an acquired day."""
    forest = forest_of(business)
    rows = []
    for person in business.acquired:
        below, direct = forest.below(person.user), len(forest.brought.get(person.user, []))
        rows.append(
            {
                "user_id": person.user,
                "referrer_user_id": forest.referrer.get(person.user),
                "direct": direct,
                "indirect": len(below) - direct,
                "depth": forest.depth(person.user),
                "levels_below": max(below, default=0),
                "ring_users": forest.ring_users.get(person.user),
            }
        )
    return rows


def referral_k(business: Business) -> list[dict]:
    """One row per month from the first with an acquired user on."""
    forest, people = forest_of(business), grouped(business.acquired, lambda p: p.acquired_month)
    users_active = Counter(month for p in business.acquired for month in p.active_months)
    rows = []
    for month in months_between(min(people), business.day) if people else []:
        new = people.get(month, [])
        invited = [p for p in new if p.user in forest.referrer]
        others = [p for p in new if p.user not in forest.referrer]
        before = users_active[(month - timedelta(days=1)).replace(day=1)]
        is_mature = all((business.day - p.acquired_day).days >= 30 for p in invited)
        quick = sum(bool(p.orders) and (p.orders[0].day - p.acquired_day).days <= 30 for p in invited)
        rows.append(
            {
                "month": month,
                "inviters": len({forest.referrer[p.user] for p in invited}),
                "invited": len(invited),
                "converted": quick if is_mature else None,
                "active_before": before,
                "k": ratio(len(invited), before),
                **_shares("", invited),
                "others": len(others),
                **_shares("others_", others),
                "rings": sum(p.user in forest.ring_users for p in new),
                "is_complete": has_ended(month, business.day),
            }
        )
    return rows


def _shares(prefix: str, people: list[Person]) -> dict:
    return {
        f"{prefix}zombie_share": ratio(sum(p.is_zombie for p in people), len(people)),
        f"{prefix}one_time_share": ratio(sum(p.is_one_time for p in people), len(people)),
        f"{prefix}repurchase_share": ratio(sum(len(p.orders) >= 2 for p in people), len(people)),
    }
