"""user_tags and tag_history: who bore which tag on the month-ends before, and since when."""

from datetime import date, timedelta
from functools import lru_cache

from oracle.business import Business, Person
from oracle.features import On
from oracle.tag_rules import TAGS

MONTHS = 6


def checkpoints(day: date) -> list[date]:
    """The month-ends of the six months before, and the day itself."""
    found = [day]
    while len(found) <= MONTHS:
        found.append(found[-1].replace(day=1) - timedelta(days=1))
    return found[::-1]


@lru_cache(maxsize=8)
def tag_history(business: Business) -> list[dict]:
    """One row per user × tag × interval of one value: checkpoints in a row on which it is borne."""
    rows = []
    for person in business.acquired:
        states = [On(business, person, day) for day in checkpoints(business.day)]
        for code, tag in TAGS.items():
            values = [tag.value(on) if on.day >= person.acquired_day and tag.rule(on) else None for on in states]
            rows += [{"user_id": person.user, "tag_code": code} | run for run in _runs(person, states, values)]
    return rows


def _runs(person: Person, states: list[On], values: list[object]) -> list[dict]:
    """What holds on a checkpoint holds since the day after the one before, or since the user was acquired."""
    found: list[dict] = []
    for k, (on, value) in enumerate(zip(states, values, strict=True)):
        if value is None:
            continue
        if k and values[k - 1] == value:
            found[-1]["valid_to"] = on.day
        else:
            since = max(on.day.replace(day=1), person.acquired_day)
            found.append({"value": value, "valid_from": since, "valid_to": on.day})
    return found


def user_tags(business: Business) -> list[dict]:
    """One row per user × tag borne on the business date."""
    borne = {(row["user_id"], row["tag_code"]): row for row in tag_history(business) if row["valid_to"] == business.day}
    return [
        {
            "user_id": user,
            "tag_code": code,
            "value": row["value"],
            "score": TAGS[code].score(On(business, business.people[user], business.day)),
            "since": row["valid_from"],
        }
        for (user, code), row in borne.items()
    ]
