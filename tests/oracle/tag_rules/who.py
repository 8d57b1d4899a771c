"""Who people are, where they live, where they came from and whom they know."""

from oracle.features import On
from oracle.tag_rules.tag import Tag
from oracle.users import ratio


def _is_of_age(on: On, first: int, last: int) -> bool:
    return on.age is not None and first <= on.age <= last


def _tells_nothing(on: On) -> bool:
    return on.person.attribute("gender") in (None, "u") and on.age is None


DEMOGRAPHIC = {
    "young_adult": Tag(lambda on: _is_of_age(on, 18, 24)),
    "family_age": Tag(lambda on: _is_of_age(on, 30, 45)),
    "silver_age": Tag(lambda on: on.age is not None and on.age >= 55),
    "female": Tag(lambda on: on.person.attribute("gender") == "f"),
    "male": Tag(lambda on: on.person.attribute("gender") == "m"),
    "profile_incomplete": Tag(_tells_nothing),
}

REGION = {
    "first_tier_city": Tag(lambda on: on.person.attribute("city_tier") == 1),
    "emerging_city": Tag(lambda on: (on.person.attribute("city_tier") or 0) >= 3),
    "home_city": Tag(lambda on: on.person.attribute("city") is not None, value=lambda on: on.person.attribute("city")),
    "store_member": Tag(lambda on: on.person.attribute("store_id") is not None),
    "community_resident": Tag(lambda on: on.person.attribute("community_id") is not None),
}


def _channels_of_touches(on: On) -> int:
    return len({touch["channel_code"] for touch in on.within(on.person.touches, "occurred_at", 90)})


ACQUISITION = {
    "just_acquired": Tag(lambda on: (on.day - on.person.acquired_day).days < 14),
    "paid_channel": Tag(lambda on: on.channel.get("is_paid", False)),
    "private_channel": Tag(lambda on: on.channel.get("domain") == "private"),
    "offline_channel": Tag(lambda on: on.channel.get("domain") == "offline"),
    "referred_in": Tag(lambda on: on.is_referred),
    "touched_by_many": Tag(lambda on: _channels_of_touches(on) >= 2, score=_channels_of_touches),
    "guest_buyer": Tag(lambda on: bool(on.orders) and not on.is_over(on.person.registered_at)),
}


def _buyers_brought(on: On) -> int:
    return sum(any(order.day <= on.day for order in person.orders) for person in on.brought)


SOCIAL = {
    "staff_friend": Tag(lambda on: bool(on.friends)),
    "silent_friend": Tag(lambda on: bool(on.friends) and not on.by_then(on.person.friendships, "first_reply_at")),
    "staff_vip": Tag(lambda on: "VIP" in on.staff_tags),
    "group_member": Tag(lambda on: bool(on.groups)),
    "many_groups": Tag(lambda on: len(on.groups) >= 2),
    "left_a_group": Tag(lambda on: bool(on.within(on.person.joins, "left_at", 90))),
    "brings_friends": Tag(lambda on: bool(on.brought), score=lambda on: len(on.brought)),
    "brings_buyers": Tag(lambda on: _buyers_brought(on) >= 1, score=_buyers_brought),
    "shares": Tag(lambda on: bool(on.events("share", 90)), score=lambda on: len(on.events("share", 90))),
    "checks_in": Tag(lambda on: bool(on.events("check_in", 30))),
    "writes_to_us": Tag(lambda on: bool(on.events("message_in", 30))),
    "happy_reviewer": Tag(
        lambda on: bool(on.ratings) and sum(on.ratings) >= 4 * len(on.ratings),
        score=lambda on: ratio(sum(on.ratings), len(on.ratings)),
    ),
}
