"""user_tags: who bears which tag on the business date."""

from oracle.business import Business
from oracle.features import people_on
from oracle.tag_rules import TAGS


def user_tags(business: Business) -> list[dict]:
    """One row per user × tag borne."""
    return [
        {"user_id": on.person.user, "tag_code": code, "value": tag.value(on), "score": tag.score(on)}
        for on in people_on(business, business.day)
        for code, tag in TAGS.items()
        if tag.rule(on)
    ]
