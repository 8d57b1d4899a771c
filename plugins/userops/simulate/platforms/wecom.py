"""WeCom's answers as JSON: contacts with the staff who follow them, and group chats with their present members."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from userops.simulate.platforms.accounts import Account
from userops.simulate.platforms.cells import Row, instant, national
from userops.simulate.platforms.history import History
from userops.simulate.platforms.quirks import Quirks, spelled_by_staff

PAGE = 100
GENDERS = {"m": 1, "f": 2}
ADD_WAYS = {"scan": 1, "search": 2, "share": 3, "group": 4}
JOIN_SCENES = {"invite": 1, "link": 2, "scan": 3}
NO_LONGER_A_CONTACT = {"errcode": 84061, "errmsg": "not external contact"}
ERROR_SHARE, GET_SHARE, JUNK_SHARE = 0.5, 0.2, 0.1


class WeCom:
    """The business's WeCom: who is somebody's friend is its contact, by one external_userid for ever."""

    def __init__(self, account: Account, history: History) -> None:
        self.account, self.history = account, history
        self.ids: dict[str, str] = {}
        self._present: set[tuple[str, str, str]] = set()

    def meet(self, contacts: Iterable[str]) -> list[str]:
        """Of contacts that changed, those that are somebody's friend and not erased; names those who are new."""
        found = [
            name for name in contacts
            if name in self.history.contacts and name in self.history.friendships and name not in self.history.erased
        ]
        for name in found:
            known = self.history.contacts[name].get("external_userid")
            self.ids.setdefault(name, known or f"wm{name}")
        return found

    def contact(self, name: str) -> str:
        """The full id of a contact, or nothing where WeCom does not know it."""
        return self.account.contact("wecom", self.ids.get(name, ""))

    def friends(self, name: str) -> list[Row]:
        """All friendships of a contact, the first added first; one that the contact ended is still listed."""
        rows = self.history.friendships[name].values()
        return sorted(rows, key=lambda row: (self._moment(row["added_at"]), row["staff_id"]))

    def _moment(self, cell: str) -> datetime:
        return instant(cell, self.account.business_zone)

    # The files.

    def contact_files(self, day: str, names: Sequence[str], quirks: Quirks) -> dict[str, bytes]:
        """Answers about contacts, whole; with quirks some are single answers, and one of those an error."""
        if not names:
            return {}
        single = [name for name in names if quirks.happens(GET_SHARE, "get", day, name)]
        batch = [name for name in names if name not in set(single)]
        files = {"wecom_contacts.json": self._pages(batch, quirks)} if batch else {}
        answers = [self._answer(name, quirks) for name in single]
        if answers and quirks.happens(ERROR_SHARE, "error", day):
            answers.append(NO_LONGER_A_CONTACT)
        return files | ({"wecom_get_1.json": _json(answers)} if answers else {})

    def _pages(self, names: Sequence[str], quirks: Quirks) -> bytes:
        rows = [
            {"external_contact": self._person(name), "follow_info": self._follow(name, row, quirks) | {"tag_id": []}}
            for name in names for row in self.friends(name)
        ]
        pages = [rows[start : start + PAGE] for start in range(0, len(rows), PAGE)]
        return _json([
            {"errcode": 0, "errmsg": "ok", "external_contact_list": page,
             "next_cursor": f"cursor{number}" if number < len(pages) else ""}
            for number, page in enumerate(pages, 1)
        ])

    def _answer(self, name: str, quirks: Quirks) -> dict:
        follows = [self._follow(name, row, quirks) | {"tags": []} for row in self.friends(name)]
        return {"errcode": 0, "errmsg": "ok", "external_contact": self._person(name), "follow_user": follows}

    def _person(self, name: str) -> dict:
        row = self.history.contacts[name]
        person = {"external_userid": self.ids[name], "name": row.get("nickname", ""), "type": 1,
                  "gender": GENDERS.get(row["gender"], 0)}
        return person | ({"unionid": row["unionid"]} if row.get("unionid") else {})

    def _follow(self, name: str, row: Row, quirks: Quirks) -> dict:
        follow = {"userid": row["staff_id"], "remark": "", "createtime": self._epoch(row["added_at"]),
                  "add_way": ADD_WAYS.get(row["add_way"], 0),
                  "remark_mobiles": self._mobiles(name, quirks)}
        return follow | ({"state": row["channel_code"]} if row["channel_code"] else {})

    def _mobiles(self, name: str, quirks: Quirks) -> list[str]:
        """With quirks as staff type them, after something that is no phone."""
        phone = national(self.history.contacts[name].get("phone", ""))
        if not phone or not quirks.on:
            return [phone] if phone else []
        junk = ["12345"] if quirks.happens(JUNK_SHARE, "junk", name) else []
        return [*junk, spelled_by_staff(phone, quirks.number("spelling", name))]

    def _epoch(self, cell: str) -> int:
        return int(self._moment(cell).timestamp())

    def group_files(self) -> dict[str, bytes]:
        """All groups with the members they have now, and their owner."""
        if not self.history.groups:
            return {}
        return {"wecom_groups.json": _json([
            {"errcode": 0, "errmsg": "ok", "group_chat": self._chat(group)} for group in self.history.groups.values()
        ])}

    def _chat(self, group: Row) -> dict:
        owner = {"userid": group["owner_staff_id"], "type": 1, "join_time": self._epoch(group["created_at"]),
                 "join_scene": 1}
        members = [self._member(row, group) for row in self.members(group["group_id"])]
        return {"chat_id": chat_id(group), "name": group["group_name"], "owner": group["owner_staff_id"],
                "create_time": self._epoch(group["created_at"]), "notice": "", "member_list": [owner, *members],
                "admin_list": []}

    def members(self, group: str) -> list[Row]:
        """The present members that WeCom knows."""
        rows = self.history.members.get(group, {}).values()
        return [
            row for row in rows
            if not row["left_at"] and row["contact_id"] in self.ids and row["contact_id"] not in self.history.erased
        ]

    def _member(self, row: Row, group: Row) -> dict:
        member = {"userid": self.ids[row["contact_id"]], "type": 2, "join_time": self._epoch(row["joined_at"]),
                  "join_scene": JOIN_SCENES.get(row["join_way"], 1)}
        unionid = self.history.contacts[row["contact_id"]].get("unionid")
        by = self.ids.get(row["inviter_contact_id"], group["owner_staff_id"])
        return member | ({"unionid": unionid} if unionid else {}) | (
            {"invitor": {"userid": by}} if row["join_way"] == "invite" else {})

    # What a perfect mapping makes of them.

    def expected_contacts(self, names: Sequence[str]) -> dict[str, list[Row]]:
        """Contacts and friendships."""
        friends = {name: self.friends(name) for name in names}
        return {
            "contacts": [self._contact_row(name, rows) for name, rows in friends.items()],
            "friendships": [self._friendship_row(name, row) for name, rows in friends.items() for row in rows],
        }

    def _contact_row(self, name: str, friends: Sequence[Row]) -> Row:
        row = self.history.contacts[name]
        return {
            "contact_id": self.contact(name),
            "phone": national(row.get("phone", "")),
            "unionid": row.get("unionid", ""),
            "external_userid": self.ids[name],
            "nickname": row.get("nickname", ""),
            "gender": row["gender"],
            "source_channel_code": next((friend["channel_code"] for friend in friends if friend["channel_code"]), ""),
            "wechat_consent": "true",
            "updated_at": self._stamp(friends[-1]["added_at"]),
        }

    def _friendship_row(self, name: str, row: Row) -> Row:
        return {
            "staff_id": self.account.full(row["staff_id"]),
            "contact_id": self.contact(name),
            "added_at": self._stamp(row["added_at"]),
            "add_way": row["add_way"] if row["add_way"] in ADD_WAYS else "other",
            "channel_code": row["channel_code"],
            "updated_at": self._stamp(row["added_at"]),
        }

    def _stamp(self, cell: str) -> str:
        return self.account.stamp(self._moment(cell))

    def member_changes(self, day: str) -> list[tuple[Row, Row]]:
        """Members new in a list, then those gone from it since the last day: their canonical row, the expected one."""
        found = {
            (group, row["contact_id"], row["joined_at"]): row
            for group in self.history.groups for row in self.members(group)
        }
        left = self.account.stamp(self._moment(day))
        new = [(row, self._member_row(row)) for key, row in found.items() if key not in self._present]
        gone = [self.history.members[key[0]][key[1:]] for key in sorted(self._present)
                if key not in found and key[1] not in self.history.erased]
        self._present = set(found)
        return new + [(row, self._member_row(row) | {"left_at": left, "updated_at": left}) for row in gone]

    def _member_row(self, row: Row) -> Row:
        inviter = row["inviter_contact_id"] if row["join_way"] == "invite" else ""
        return {
            "group_id": self.account.full(chat_id(row)),
            "contact_id": self.contact(row["contact_id"]),
            "joined_at": self._stamp(row["joined_at"]),
            "join_way": row["join_way"] if row["join_way"] in JOIN_SCENES else "invite",
            "inviter_contact_id": self.contact(inviter),
            "updated_at": self._stamp(row["joined_at"]),
        }

    def group_rows(self) -> list[Row]:
        """All groups."""
        return [self._group_row(row) for row in self.history.groups.values()]

    def _group_row(self, row: Row) -> Row:
        return {
            "group_id": self.account.full(chat_id(row)),
            "group_name": row["group_name"],
            "kind": "community",
            "owner_staff_id": self.account.full(row["owner_staff_id"]),
            "created_at": self._stamp(row["created_at"]),
        }


def chat_id(row: Mapping[str, str]) -> str:
    """The id of a group's chat."""
    return f"wr{row['group_id']}"


def _json(documents: Sequence[dict]) -> bytes:
    return json.dumps(documents, ensure_ascii=False, separators=(",", ":")).encode()
