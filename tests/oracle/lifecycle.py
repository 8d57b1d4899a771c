"""lifecycle_history, lifecycle_daily, lifecycle_moves."""

from collections import Counter
from datetime import timedelta

from oracle.business import Business

DAILY_DAYS = 400


def lifecycle_history(business: Business) -> list[dict]:
    """One row per user × interval of one stage."""
    rows = []
    for person in business.acquired:
        for day, stage in person.stages.items():
            before = person.stages.get(day - timedelta(days=1))
            if stage != before:
                rows.append({"user_id": person.user, "stage": stage, "valid_from": day})
            rows[-1] |= {"valid_to": day, "is_current": day == business.day}
    return rows


def lifecycle_daily(business: Business) -> list[dict]:
    """One row per day × stage, the last 400 days."""
    found = Counter(
        (day, stage)
        for person in business.acquired
        for day, stage in person.stages.items()
        if (business.day - day).days < DAILY_DAYS
    )
    return [{"day": day, "stage": stage, "users": users} for (day, stage), users in found.items()]


def lifecycle_moves(business: Business) -> list[dict]:
    """One row per day × from × to; nothing before the acquired day."""
    found = Counter(
        (day, person.stages.get(day - timedelta(days=1)), stage)
        for person in business.acquired
        for day, stage in person.stages.items()
        if stage != person.stages.get(day - timedelta(days=1))
    )
    return [{"day": d, "from_stage": a, "to_stage": b, "users": n} for (d, a, b), n in found.items()]
