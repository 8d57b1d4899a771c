"""Nothing about one person gets onto a page: no identifier, no user id, no hash of either."""

import re

from userops.errors import EXIT_FAILED, UseropsError
from userops.site.query import Rows

PERSONAL_COLUMNS = re.compile(
    r"(^|_)(user|contact|member|order|coupon|push|touch|event|review|staff|courier)_id$"
    r"|^(identifier|phone|email|e_mail|unionid|external_userid|device_id|request_id|full_name|address)(_hash)?$"
)
PERSONAL_VALUES = re.compile(
    r"\bu_[0-9a-f]{8,}\b"  # a user id
    r"|\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{24,}\b"  # a keyed hash
    r"|[\w.+-]+@[\w-]+\.[a-z]{2,}"  # an e-mail
    r"|\+\d{9,15}\b"  # a phone
    r"|\b1[3-9]\d{9}\b",  # a Chinese mobile phone
    re.IGNORECASE,
)


def assert_impersonal(file: str, block: str, answer: Rows) -> None:
    """Refuse a block whose rows name a person."""
    for name in answer.columns:
        if PERSONAL_COLUMNS.search(name):
            raise _error(file, block, f"column {name} is about one person")
    for row in answer.rows:
        for name, value in zip(answer.columns, row, strict=True):
            if isinstance(value, str) and PERSONAL_VALUES.search(value):
                raise _error(file, block, f"a value of column {name} looks like a person's identifier")


def _error(file: str, block: str, what: str) -> UseropsError:
    return UseropsError(
        f"dashboards/{file}, block {block}: {what}; pages show groups of people alone.",
        fix="count or group in the block's sql.",
        exit_code=EXIT_FAILED,
    )
