"""WeCom's answers: tags and their names, phones as staff type them, errors among answers, lists that go on."""

import json
from pathlib import Path

import pytest
from platform_reading import CASES, PLATFORMS, Reader, one_by_one, reader

TAGS = PLATFORMS / "wecom_tags" / "wecom_contacts_tags.json"
ERROR = "the platform answered with an error"


@pytest.fixture(scope="module")
def wecom():
    with reader("wecom") as opened:
        yield opened


def test_tags_of_both_calls_have_their_names_where_the_file_holds_them(wecom: Reader) -> None:
    contacts = dict(wecom.read(TAGS, "contacts", "contact_id, external_userid").rows)
    columns = "contact_id, staff_id, tag_name, group_name, removed_at"
    read = wecom.read(TAGS, "contact_tags", columns, "_row, staff_id, 3")
    assert one_by_one([(contacts[who], *rest) for who, *rest in read.rows]) == [
        # The batch call gives ids: et1 is named by the list of tags, et2 by another answer, et9 by nobody.
        "wmBBB001 | rocky | et9 |  | ",
        "wmBBB001 | rocky | 红茶 | 口味 | ",
        "wmBBB001 | rocky | 高价值 | 等级 | ",
        "wmBBB001 | tommy | 高价值 | 等级 | ",
        "wmBBB004 | rocky | 红茶 | 口味 | ",
        # A member of staff's own tag has no id.
        "wmBBB004 | rocky | 老客介绍 | 来源 | ",
    ]
    assert not read.bad
    assert wecom.read(TAGS, "friendships", "1").set_aside == [
        (6, "a tag of the list is no contact"), (7, "a tag of the list is no contact"),
    ]


def test_the_first_number_that_can_be_a_phone_is_the_phone(wecom: Reader) -> None:
    read = wecom.read(TAGS, "contacts", "external_userid, phone", "1")
    assert read.rows == [
        ("wmBBB001", "13800138002"), ("wmBBB002", None), ("wmBBB003", "+85261234568"), ("wmBBB004", None),
    ]


def test_all_valid_numbers_are_identifiers(wecom: Reader) -> None:
    contacts = dict(wecom.read(TAGS, "contacts", "contact_id, external_userid").rows)
    read = wecom.read(TAGS, "contact_identifiers", "contact_id, kind, value")
    assert sorted((contacts[who], *rest) for who, *rest in read.rows) == [
        ("wmBBB001", "phone", "+85261234567"), ("wmBBB001", "phone", "13800138002"),
        ("wmBBB001", "phone", "13900139003"), ("wmBBB003", "phone", "+85261234568"),
        ("wmBBB003", "phone", "13800138003"),
    ]


def test_a_friend_may_be_written_to_on_wechat_and_of_the_rest_nothing_is_said(wecom: Reader) -> None:
    read = wecom.read(TAGS, "contacts", "distinct wechat_consent, sms_consent, email_consent, weibo_consent")
    assert read.rows == [(True, None, None, None)]


def test_one_error_among_many_is_set_aside(wecom: Reader) -> None:
    path = CASES / "wecom-one-error-among-many" / "2026-03-02" / "wecom_get_1.json"
    assert wecom.read(path, "contacts", "external_userid, gender").rows == [("wm1", "m")]
    read = wecom.read(path, "friendships", "staff_id, strftime(added_at, '%m-%d %H:%M')")
    assert (read.rows, read.set_aside) == ([("a", "03-02 00:00")], [(2, ERROR)])


def single(contact: str, next_cursor: str = "", staff: str = "a") -> dict:
    follow = {"userid": staff, "createtime": 1772409600, "add_way": 1}
    return {"errcode": 0, "external_contact": {"external_userid": contact}, "follow_user": [follow],
            "next_cursor": next_cursor}


def batch(contact: str, next_cursor: str = "") -> dict:
    follow = {"userid": "a", "createtime": 1772409600}
    return {"errcode": 0, "next_cursor": next_cursor,
            "external_contact_list": [{"external_contact": {"external_userid": contact}, "follow_info": follow}]}


MISSING = "suspect_file: the last page is missing: it names a next one"
ERRORS = "suspect_file: the platform answered with an error (errcode is not 0)"


@pytest.mark.parametrize(
    ("answers", "refused"),
    [
        ([{"errcode": 84061, "errmsg": "not external contact"}], ERRORS),
        ([batch("wm1"), {"errcode": 41035, "external_contact_list": []}], ERRORS),
        ([single("wm1"), single("wm2", "more")], MISSING),
        ([single("wm1", "more"), single("wm1", staff="b")], ""),
        ([batch("wm1", "more"), batch("wm2")], ""),
        ([batch("wm1", "more"), single("wm2")], MISSING),
        # A second list of staff whose last page was not fetched.
        ([batch("wm1", "more"), batch("wm2"), batch("wm3", "more")], MISSING),
        ([batch("wm1", "more"), {"errcode": 0, "external_contact_list": [], "next_cursor": ""}], ""),
        ([batch("wm1", "more"), {"errcode": 84061, "errmsg": "not external contact"}], MISSING),
    ],
)
def test_answers_that_go_on_refuse_the_file(wecom: Reader, tmp_path: Path, answers: list, refused: str) -> None:
    read = wecom.read_text(tmp_path, "wecom_contacts.json", json.dumps(answers), "friendships", "staff_id")
    assert read.refused == refused


def test_groups_list_present_members_and_no_staff(wecom: Reader, tmp_path: Path) -> None:
    answers = json.loads((PLATFORMS / "wecom_groups" / "2026-03-02.json").read_text())
    answers.append({"errcode": 90500, "errmsg": "no such chat"})
    columns = "strftime(joined_at, '%d %H:%M'), join_way, left_at"
    read = wecom.read_text(
        tmp_path, "wecom_groups.json", json.dumps(answers), "group_members", columns, order="1"
    )
    assert one_by_one(read.rows) == ["01 01:00 | scan | ", "02 02:00 | link | "]
    assert [reason for _, reason in read.set_aside] == ["a member of staff is no contact"] * 2 + [ERROR]
