"""Every tag by its code: what each of them means, said once more in plain Python, by category."""

from oracle.tag_rules import buying, contact, who
from oracle.tag_rules.tag import Tag

TAGS: dict[str, Tag] = {
    **who.DEMOGRAPHIC,
    **who.REGION,
    **who.ACQUISITION,
    **who.SOCIAL,
    **buying.VALUE,
    **buying.RECENCY_FREQUENCY,
    **buying.CATEGORY_INTEREST,
    **buying.PRICE_SENSITIVITY,
    **contact.CHANNEL_PREFERENCE,
    **contact.LIFECYCLE,
    **contact.SERVICE,
}
