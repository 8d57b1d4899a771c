"""A tag in WeCom for an audience: what is there is compared with what should be, and the difference is sent.

What is sent stands in a journal in the output folder, so a run that was cut off goes on where it stopped. WeCom's own
tags are not read: only what the journal says was tagged here is ever removed.
"""

import json
import os
import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg

from userops.activation import files
from userops.activation.members import CONSENT, Published, contactable, identified, open_vault, published
from userops.activation.wecom import WeCom
from userops.errors import UseropsError
from userops.warehouse.connection import connect

FORMAT, MEDIUM, KIND = "wecom", "wechat", "external_userid"
HEADER = ("change", "userid", "external_userid")
FRIENDS = "select contact_id, staff_id from build.int_friendships_standing"


@dataclass(frozen=True, order=True)
class Customer:
    """A staff member and a customer who are friends: tags in WeCom belong to the pair."""

    userid: str
    external_userid: str


@dataclass(frozen=True)
class Change:
    """A step: `add` or `remove` the tag, or `adding` it, before it is known whether that worked."""

    change: str
    customer: Customer


@dataclass(frozen=True)
class Tagged:
    """What was planned and what was done; `refused` are pairs that WeCom says are no friends."""

    path: str
    manifest: str
    audience: str
    tag: str
    version: int
    business_date: date
    users: int
    members: int
    to_add: int
    to_remove: int
    applied: bool
    refused: int

    def __str__(self) -> str:
        """What was planned or sent, as the command says it."""
        sent = "sent" if self.applied else "nothing is sent without --apply"
        refused = f" {self.refused} are no friends of their member of staff any more." if self.refused else ""
        return (
            f"{self.path}: {self.to_add} to tag, {self.to_remove} to untag; {sent}.{refused} {self.users} of the"
            f" {self.members} members may be written to and are friends of a member of staff."
        )


class Journal:
    """Whom we tagged: a file of one JSON line a step.

    A line `adding` is written before the request and `add` or `remove` after it. Who stands at `adding` may bear the
    tag or not: the request was cut off. They are tagged again if they are still wanted, and untagged if they are not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tagged: set[Customer] = set()
        self.doubtful: set[Customer] = set()
        for number, line in enumerate(self._lines(), 1):
            try:
                entry = json.loads(line)
                self._take(Change(entry["change"], Customer(entry["userid"], entry["external_userid"])))
            except (ValueError, KeyError, TypeError) as error:
                raise UseropsError(
                    f"{path}, line {number} is no entry of a journal.",
                    fix="remove that line; its customer is then tagged once more, which does no harm.",
                ) from error

    def note(self, change: Change) -> None:
        """Write down a step, before the next one."""
        _append(self.path, [change])
        self._take(change)

    def compact(self) -> None:
        """Keep one line a customer: nobody who was untagged is named any longer."""
        part = self.path.with_name(f".{self.path.name}.next")
        part.unlink(missing_ok=True)
        kept = [("add", self.tagged), ("adding", self.doubtful)]
        _append(part, [Change(step, customer) for step, customers in kept for customer in sorted(customers)])
        os.replace(part, self.path)

    def _take(self, change: Change) -> None:
        known = {"add": self.tagged, "adding": self.doubtful, "remove": set()}[change.change]
        self.tagged.discard(change.customer)
        self.doubtful.discard(change.customer)
        known.add(change.customer)

    def _lines(self) -> list[str]:
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        # A last line without its end was cut off while it was written: that step is done again.
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            self.path.write_text(whole, encoding="utf-8")
        return whole.splitlines()


def _append(path: Path, done: Iterable[Change]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(handle, "a", encoding="utf-8") as file:
        file.writelines(json.dumps({"change": each.change, **asdict(each.customer)}) + "\n" for each in done)
        file.flush()
        os.fsync(file.fileno())


def check_tag(tag: str) -> None:
    """Raise an error for what cannot be the id of a tag: it becomes part of a file's name."""
    if not tag:
        raise UseropsError("A tag in WeCom has to be named.", fix="give --tag, the id that WeCom shows for it.")
    if not re.fullmatch(r"[\w-]{1,64}", tag, re.ASCII):
        raise UseropsError(f"{tag!r} is no id of a tag.", fix="give the id that WeCom shows for it, such as etAAAA….")


def changes(journal: Journal, wanted: set[Customer]) -> list[Change]:
    """What makes the tagged the wanted ones; removals first, for they are what people asked for."""
    return [
        *(Change("remove", customer) for customer in sorted((journal.tagged | journal.doubtful) - wanted)),
        *(Change("add", customer) for customer in sorted(wanted - journal.tagged)),
    ]


def send(client: WeCom, tag: str, planned: Iterable[Change], journal: Journal) -> list[Change]:
    """Send the changes one after the other; returns those that WeCom says are of no friends.

    A tag goes with the friendship, so one that could not be removed for that reason is gone.
    """
    refused = []
    for change in planned:
        customer = change.customer
        if change.change == "add":
            journal.note(Change("adding", customer))
        if client.mark(customer.userid, customer.external_userid, **{change.change: tag}):
            journal.note(change)
            continue
        journal.note(Change("remove", customer))
        if change.change == "add":
            refused.append(change)
    return refused


def tag_audience(url: str, audience: str, out: Path, tag: str, client: WeCom | None = None) -> Tagged:
    """Write down what has to change for the tag to say who is in the audience; with a `client` send it too.

    Only members who may be written to on WeChat are tagged, for each staff member who is their friend.
    """
    check_tag(tag)
    current, wanted, users = _wanted(url, audience)
    journal = Journal(out / f"{audience}.{FORMAT}.{tag}.journal")
    planned = changes(journal, wanted)
    refused = []
    if client is not None:
        refused = send(client, tag, planned, journal)
        journal.compact()
    return _put(out, audience, tag, current, planned, users, None if client is None else len(refused))


def _wanted(url: str, audience: str) -> tuple[Published, set[Customer], int]:
    with connect(url, "publisher") as connection, closing(open_vault(url)) as vault:
        connection.read_only = True
        current = published(connection, audience)
        addresses = list(identified(vault, contactable(connection, audience, [MEDIUM])))
        staff = _staff(connection)
    wanted, users = set(), set()
    for address in addresses:
        if address.kind == KIND and address.value:
            friends = {Customer(userid, _own(address.value)) for userid in staff.get(address.contact_id, ())}
            wanted |= friends
            users |= {address.user_id} if friends else set()
    return current, wanted, len(users)


def _staff(connection: psycopg.Connection) -> dict[str, list[str]]:
    """By contact, the staff members who are their friends."""
    if connection.execute("select to_regclass('build.int_friendships_standing')").fetchone()[0] is None:
        raise UseropsError(
            "The newest build has no friendships for WeCom.", fix="build it again: `userops run --rebuild`."
        )
    friends: dict[str, list[str]] = {}
    with connection.cursor(name="friends") as cursor:
        cursor.execute(FRIENDS)
        for contact_id, staff_id in cursor:
            friends.setdefault(contact_id, []).append(_own(staff_id))
    return friends


def _own(name: str) -> str:
    """An id as WeCom knows it, without the source's name before it: ids of WeCom hold no colon."""
    return name.rpartition(":")[2]


def _put(
    out: Path, audience: str, tag: str, current: Published, planned: list[Change], users: int, refused: int | None
) -> Tagged:
    kind = {"audience": audience, "format": FORMAT, "tag": tag}
    name = files.free_name(out, f"{audience}.{FORMAT}.{tag}.{current.business_date}")
    lines = [(change.change, change.customer.userid, change.customer.external_userid) for change in planned]
    file = files.write_lines(out / f"{name}.csv", HEADER, lines)
    to_add = sum(change.change == "add" for change in planned)
    applied = refused is not None
    manifest = files.write_manifest(out, name, {
        **kind, "file": file.file, "rows": file.rows, "sha256": file.sha256, "users": users,
        "members": current.members, "version": current.version, "business_date": current.business_date,
        "created_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "consent": {"media": [MEDIUM], "rule": CONSENT}, "to_add": to_add, "to_remove": len(planned) - to_add,
        "applied": applied, "refused": refused,
    })  # fmt: skip
    files.remove_older(out, **kind)
    return Tagged(
        str(out / file.file), str(manifest), audience, tag, current.version, current.business_date, users,
        current.members, to_add, len(planned) - to_add, applied, refused or 0,
    )  # fmt: skip
