"""Hashes as the platforms publish them, and how a user's addresses become lines."""

from collections import Counter
from hashlib import sha256

import pytest

from userops.activation.formats import FORMATS, email, lines, media_of, phone_chinese, phone_digits, phone_e164
from userops.activation.members import Address
from userops.errors import UseropsError

# Published by the platforms: Meta's examples of an e-mail and a phone, TikTok's of an e-mail. The others were made with
# `printf … | sha256sum`.
META_EMAIL = "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79"
META_PHONE = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"
TIKTOK_EMAIL = "d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69"
E164 = "a6e82c2f4091baff57a4f33d01efb65bfbeacbbfbcfaa9d0ff9f57d28d78fedb"
CHINESE = "a6942f9771d67f34034d2f1926988ed3fad3bf1b4e7cedb9a31f31398dea43bc"


@pytest.mark.parametrize(
    ("convert", "value", "expected"),
    [
        (email, "mary@example.com", META_EMAIL),
        (email, "  Mary@Example.COM\n", META_EMAIL),
        (email, "jane doe@gmail.com", TIKTOK_EMAIL),
        (email, "j.doe@gmail.com", sha256(b"j.doe@gmail.com").hexdigest()),
        (email, "nobody", None),
        (email, "a@b", None),
        (phone_digits, "+16505551212", META_PHONE),
        (phone_digits, "16505551212", None),
        (phone_e164, "+16577770000", E164),
        (phone_e164, "+86 138 0013 8000", None),
        (phone_e164, "+0138001380000", None),
        (phone_chinese, "+8613800138000", CHINESE),
        (phone_chinese, "+861380013800", None),
        (phone_chinese, "+862134567890", None),
        (phone_chinese, "+16505551212", None),
    ],
)
def test_a_value_is_hashed_as_the_platform_hashes_it(convert, value, expected):
    assert convert(value) == expected


def address(user: str, kind: str, value: str | None) -> Address:
    medium = {"phone": "sms", "email": "email"}.get(kind, "wechat")
    return Address(medium, user, f"c_{user}", kind, f"h_{value}", value)


ADDRESSES = [
    address("u1", "email", "mary@example.com"),
    address("u1", "email", "janedoe@gmail.com"),
    address("u1", "phone", "+16505551212"),
    address("u2", "phone", "+8613800138000"),
    address("u3", "phone", "13"),
    address("u4", "email", None),
]


def test_a_user_with_several_addresses_has_several_lines():
    users, left_out = set(), Counter()
    found = list(lines(FORMATS["meta"], ADDRESSES, users, left_out))
    assert found == [
        (META_EMAIL, META_PHONE),
        (TIKTOK_EMAIL, ""),
        ("", sha256(b"8613800138000").hexdigest()),
    ]
    assert users == {"u1", "u2"}
    assert left_out == {"phone is none that the platform knows": 1, "email is not in the vault": 1}


def test_platforms_in_china_take_chinese_mobile_phones_alone():
    for name in ("tencent", "ocean_engine"):
        users, left_out = set(), Counter()
        phones = [each for each in ADDRESSES if each.kind == "phone"]
        assert list(lines(FORMATS[name], phones, users, left_out)) == [(CHINESE,)]
        assert users == {"u2"} and left_out == {"phone is none that the platform knows": 2}


def test_columns_stand_in_the_order_of_the_values():
    assert [FORMATS[name].columns for name in ("google", "meta")] == [("Email", "Phone"), ("email", "phone")]
    assert [list(FORMATS[name].media) for name in ("google", "meta")] == [["email", "sms"]] * 2
    assert FORMATS["tencent"].columns is FORMATS["ocean_engine"].columns is None


def test_a_medium_that_a_platform_does_not_take_is_named():
    assert media_of(FORMATS["google"], None) == ["email", "sms"]
    assert media_of(FORMATS["google"], "sms") == ["sms"]
    with pytest.raises(UseropsError, match="tencent finds nobody by wechat. Fix: use --medium sms"):
        media_of(FORMATS["tencent"], "wechat")
