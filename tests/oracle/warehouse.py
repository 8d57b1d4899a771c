"""Which of the warehouse's users is which of the oracle's."""

from collections.abc import Mapping

from oracle.exports import Row
from oracle.identity import Identity

MAPS = {
    "contact": ("map_contact_user", "contact_id"),
    "order": ("map_order_user", "order_id"),
    "touch": ("int_touches_users", "touch_id"),
    "event": ("int_events_users", "event_id"),
}


def user_ids(tables: Mapping[str, list[Row]], identity: Identity) -> tuple[dict[str, str], list[str]]:
    """The warehouse's id of each of the oracle's users, and where the two see different people."""
    to_id: dict[str, str] = {}
    to_user: dict[str, str] = {}
    found: list[str] = []
    for kind, (table, key) in MAPS.items():
        ours = {name: user for name, user in getattr(identity, f"of_{kind}").items() if user is not None}
        theirs = {row[key]: row["user_id"] for row in tables[table] if row["user_id"] is not None}
        for name in sorted(set(ours) ^ set(theirs)):
            found.append(f"{table} {name}: oracle {ours.get(name)}, warehouse {theirs.get(name)}")
        for name in sorted(set(ours) & set(theirs)):
            user, user_id = ours[name], theirs[name]
            if to_id.setdefault(user, user_id) != user_id:
                found.append(f"{table} {name}: of user {user}, whom the warehouse splits: {user_id}, {to_id[user]}")
            if to_user.setdefault(user_id, user) != user:
                found.append(f"{table} {name}: the warehouse joins {user} and {to_user[user_id]} in {user_id}")
    return to_id, found


def with_user_ids(rows: list[Row], to_id: dict[str, str]) -> list[Row]:
    """The oracle's rows with the warehouse's names of users."""
    columns = ("user_id", "referrer_user_id")
    return [row | {c: to_id.get(row[c], row[c]) for c in columns if row.get(c) is not None} for row in rows]
