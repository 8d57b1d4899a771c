"""Nobody who opted out is written to: 10,000 random audiences against consents read from the delivered files.

The people are simulated; some then refuse, unsubscribe, agree again, ask to be restricted or erased, are deleted, or
share a phone with somebody who refuses. The audiences go the way of `audiences/`: parsed, kept in `config_audiences`,
evaluated by the model, exported. `CONSENT_SEED` repeats a draw.
"""

import csv
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from userops.ingest.tables import ensure_raw_tables

from csv_rows import rows_of
from oracle.business import Business, Person
from oracle.exports import Landing, normalised
from oracle.users import MEDIA, has_identifier
from oracle.warehouse import Built
from userops.ingest import loader
from userops.privacy import erasure
from userops.privacy.keys import hashed
from userops.settings import Settings
from userops.simulate import simulate
from userops.tags import export, store
from userops.tags.catalog import Audience, Catalog, load_catalog
from userops.tags.expressions import parse
from userops.transform import dbt
from userops.warehouse.connection import connect

AUDIENCES, FILES = 10_000, 100
SEED = int(os.environ.get("CONSENT_SEED") or random.SystemRandom().randrange(10**6))
KEY, TIMEZONE = "k" * 64, "Asia/Shanghai"
FIRST, NIGHTS = date(2024, 1, 1), 25
DAY = FIRST + timedelta(days=NIGHTS - 1)
CHANGES = ("agrees", "refuses", "unsubscribes", "agrees again", "restricted", "erased", "deleted")
# So many carry one phone that it makes no two of them one user, and the first refuses; the next two are one user.
SHARERS, SHARED = 8, "13911112222"
pytestmark = pytest.mark.slow


def add(path: Path, rows: list[dict[str, str]]) -> None:
    """More rows of a delivered file; a column that a row does not name is empty."""
    with path.open("a", encoding="utf-8", newline="") as file:
        header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
        csv.DictWriter(file, header, restval="", lineterminator="\n").writerows(rows)


def changed(landing: Path, draw: random.Random) -> None:
    """The last folder brings a change of mind for everybody: each agrees to all media first, by all identifiers."""
    folder = landing / str(DAY)
    before = [path for path in sorted(landing.glob("20*/contacts.csv")) if path.parent != folder]
    newest = {row["contact_id"]: row for path in before for row in rows_of(path)}
    noon = datetime.combine(DAY, datetime.min.time(), ZoneInfo(TIMEZONE)) + timedelta(hours=12)
    contacts, pushes, requests = [], [], []
    for place, (contact_id, row) in enumerate(newest.items()):
        change, medium = draw.choice(CHANGES), draw.choice(list(MEDIA))
        if place < SHARERS:
            change, medium = "agrees" if place else "refuses", "sms"
        elif place < SHARERS + 2:
            change, medium = "agrees" if place > SHARERS else "refuses", "weibo"
        agreed = row | {
            "email": row["email"] or f"{contact_id}@example.com", "unionid": row["unionid"] or f"u-{contact_id}",
            "device_id": row["device_id"] or f"d-{contact_id}", "deleted_at": "", "updated_at": noon.isoformat(),
            **{MEDIA[name][0]: str(draw.random() < 0.8 or name == medium).lower() for name in MEDIA},
        }  # fmt: skip
        if place < SHARERS:
            agreed["phone"] = SHARED
        elif place < SHARERS + 2:
            agreed["unionid"] = "one and the same"
        later = {"updated_at": (noon + timedelta(hours=2)).isoformat()}
        contacts.append(agreed)
        if change == "refuses":
            contacts.append(agreed | later | {MEDIA[medium][0]: "false"})
        elif change == "deleted":
            contacts.append(agreed | later | {"deleted_at": later["updated_at"]})
        elif change in ("unsubscribes", "agrees again"):
            left = (noon + timedelta(hours=1)).isoformat()
            pushes.append({"push_id": f"X{place}", "contact_id": contact_id, "medium": draw.choice(MEDIA[medium][2]),
                           "sent_at": noon.isoformat(), "unsubscribed_at": left, "updated_at": left})
            contacts += [agreed | later] if change == "agrees again" else []
        elif change in ("restricted", "erased"):
            requests.append({"request_id": f"X{place}", "contact_id": contact_id, "requested_at": noon.isoformat(),
                             "scope": "restrict" if change == "restricted" else "erase",
                             "updated_at": noon.isoformat()})
    for export_name, rows in (("contacts", contacts), ("pushes", pushes), ("erasure_requests", requests)):
        add(folder / f"{export_name}.csv", rows)


@dataclass
class Place:
    """A warehouse in which everything but the audiences is built, and what the files say of its people."""

    url: str
    settings: Settings
    business: Business
    user_ids: dict[str, str]


def run_models(settings: Settings, url: str, select: str) -> None:
    variables = {"business_date": str(DAY), "timezone": TIMEZONE, "currency": "CNY", "incremental": False}
    done = dbt._invoke(["run", "--select", select, "--vars", json.dumps(variables)], settings, url)
    assert done.success, done.exception


@pytest.fixture(scope="module")
def place(warehouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Place:
    home = tmp_path_factory.mktemp("consent")
    simulate(home / "landing", 200, NIGHTS, FIRST, 3)
    for manifest in (home / "landing").glob("20*/_manifest.json"):
        manifest.unlink()
    changed(home / "landing", random.Random(SEED))
    settings = Settings.load({"USEROPS_HOME": str(home), "USEROPS_HASH_KEY": KEY, "USEROPS_TIMEZONE": TIMEZONE})
    days = [FIRST + timedelta(days=k) for k in range(NIGHTS)]
    with connect(warehouse_url, "loader") as connection:
        ensure_raw_tables(connection)
        for day in days:
            for name in sorted(path.stem for path in (home / "landing" / str(day)).glob("*.csv")):
                results = loader.load_export(connection, settings, name, day, "test")
                blocking = [(r.check, r.observed) for r in results if r.blocks]
                assert not blocking, blocking
        erasure.apply(connection, DAY)
    store.write_catalog(warehouse_url)
    run_models(settings, warehouse_url, "+int_audience_members int_touches_users int_events_users")
    business = Business(Landing.read(home / "landing", ZoneInfo(TIMEZONE), [DAY]), DAY, "CNY")
    with psycopg.connect(warehouse_url) as connection:
        user_ids, differences = Built(connection).user_ids(business.identity)
    assert differences == []
    return Place(warehouse_url, settings, business, user_ids)


class Drawn:
    """Random rules over features and tags, about values that users have."""

    def __init__(self, draw: random.Random, catalog: Catalog, values: dict[str, list[object]]) -> None:
        self.draw, self.tags, self.values = draw, list(catalog.tags), values
        self.features = {name: feature.type for name, feature in catalog.features.items()}

    def rule(self, depth: int = 0) -> str:
        roll = self.draw.random()
        if depth < 3 and roll < 0.45:
            return f"({self.rule(depth + 1)} {self.draw.choice(('and', 'or', 'or'))} {self.rule(depth + 1)})"
        if roll < 0.55:
            return f"not ({self._condition()})"
        return self._condition()

    def _condition(self) -> str:
        if self.draw.random() < 0.3:
            return f"has('{self.draw.choice(self.tags)}')"
        name = self.draw.choice(list(self.features))
        kind, seen = self.features[name], self.values[name]
        if kind == "boolean":
            return name
        if not seen or self.draw.random() < 0.1:
            return f"{name} is {self.draw.choice(('', 'not '))}null"
        if kind == "text":
            texts = [str(text).replace("'", "''") for text in self.draw.sample(seen, min(2, len(seen)))]
            return name + " in ('" + "', '".join(texts) + "')"
        return f"{name} {self.draw.choice(('<', '<=', '>', '>=', '<>'))} {Decimal(self.draw.choice(seen)):.4f}"


@pytest.fixture(scope="module")
def audiences(place: Place) -> dict[str, Audience]:
    """The audiences, evaluated by the product's own model and put where the export reads."""
    catalog = load_catalog()
    with psycopg.connect(place.url) as connection:
        values = {
            name: [row[0] for row in connection.execute(
                f"select distinct {name} from build.int_user_features"
                f" where as_of = %s and {name} is not null order by 1", [DAY],
            )] for name in catalog.features
        }
    names = {name: feature.type for name, feature in catalog.features.items()}
    drawn = Drawn(random.Random(SEED), catalog, values)
    found = {}
    for number in range(AUDIENCES):
        code, rule = f"a{number:05}", drawn.rule()
        found[code] = Audience(code, code, code, "recall", "o", "d", parse(rule, names, catalog.tags), rule)
    rows = list(store.tables_of(replace(catalog, audiences=found))["config_audiences"])
    with connect(place.url, "transformer") as connection:
        store._replace(connection, "config_audiences", rows)
    run_models(place.settings, place.url, "int_audience_members")
    with psycopg.connect(place.url) as admin:
        admin.execute("create table marts.audience_members as select * from build.int_audience_members")
        admin.execute("create index on marts.audience_members (audience_code)")
        admin.execute("create table marts.audiences as select audience_code, count(*) as size"
                      " from marts.audience_members group by 1")
        admin.execute("grant select on marts.audience_members, marts.audiences to publisher")
        admin.execute("insert into meta.publications (version, business_date, run_id, slot) values (1, %s, 'r', 0)",
                      [DAY])
        admin.execute("update meta.pointer set version = 1, slot = 0")
        admin.execute("analyze marts.audience_members")
    return found


def refusal(person: Person, medium: str) -> str | None:
    """Why nobody may write to this person by this medium; None where somebody may."""
    if person.is_restricted:
        return "restricted"
    consent, kinds, _ = MEDIA[medium]
    standing = [c for c in person.contacts if not c["deleted_at"]]
    if not standing:
        return "deleted" if person.contacts else "no contact"
    agreed = [c for c in standing if c[consent] and (not kinds or has_identifier(c, medium))]
    if not agreed:
        return "no consent"
    return None if any(not has_left(person, c, medium) for c in agreed) else "unsubscribed"


def has_left(person: Person, contact: dict, medium: str) -> bool:
    """Whether the person unsubscribed from the medium, by any contact, after this contact's last change."""
    return any(
        push["unsubscribed_at"] and push["unsubscribed_at"] > contact["updated_at"]
        for push in person.pushes if push["medium"] in MEDIA[medium][2]
    )


def refusing(business: Business, medium: str) -> set[str]:
    """Contacts to whom nothing may be sent by the medium: their own refusal, their person's, or a later one of
    somebody who carries the identifier that would be written to."""
    consent, kinds, _ = MEDIA[medium]
    contacts = {c["contact_id"]: (p, c) for p in business.people.values() for c in p.contacts}
    refused = {
        name for name, (person, c) in contacts.items()
        if person.is_restricted or c["deleted_at"] or not c[consent] or has_left(person, c, medium)
        or (kinds and not has_identifier(c, medium))
    }  # fmt: skip
    last_no: dict[tuple, datetime] = {}
    for person, c in contacts.values():
        at = written_to(c, medium)
        if at and not c["deleted_at"] and (not c[consent] or has_left(person, c, medium)):
            last_no[at] = max(last_no.get(at, c["updated_at"]), c["updated_at"])
    return refused | {
        name for name, (_, c) in contacts.items()
        if (at := written_to(c, medium)) in last_no and last_no[at] >= c["updated_at"]
    }


def written_to(contact: dict, medium: str) -> tuple[str, str] | None:
    """The identifier a message goes to; on WeChat the external_userid where there is one."""
    carried = [(kind, normalised(kind, contact[kind])) for kind in reversed(MEDIA[medium][1])]
    return next((pair for pair in carried if pair[1]), None)


def members(place: Place) -> Iterator[tuple[str, tuple[bool, ...], int]]:
    """User, may_* in the order of MEDIA, and in how many audiences the user stands so."""
    with psycopg.connect(place.url) as connection:
        yield from (
            (user, tuple(may), count) for user, *may, count in connection.execute(
                f"select user_id, {', '.join(f'may_{medium}' for medium in MEDIA)}, count(*)"
                " from marts.audience_members group by 1, 2, 3, 4, 5, 6"
            ).fetchall()
        )


def violations(place: Place, rows: Iterator[tuple[str, tuple[bool, ...], int]]) -> tuple[list[str], Counter]:
    """Members who may be written to and may not; and how often each refusal stood in an audience."""
    people = {place.user_ids[user]: person for user, person in place.business.people.items()}
    wrong, met = [], Counter()
    for user, may, count in rows:
        if user not in people or people[user].is_restricted:
            wrong.append(f"{user} is in {count} audiences: {'restricted' if user in people else 'unknown'}")
            continue
        for medium, allowed in zip(MEDIA, may, strict=True):
            why = refusal(people[user], medium)
            met[why] += count
            if why and allowed:
                wrong.append(f"{user} by {medium} in {count} audiences: {why}")
    return wrong, met


def test_in_ten_thousand_audiences_nobody_opted_out(place: Place, audiences: dict, capsys) -> None:
    with capsys.disabled():
        print(f"\n{AUDIENCES} audiences, seed {SEED}: CONSENT_SEED={SEED} repeats them")
    with psycopg.connect(place.url) as connection:
        sizes = [row[0] for row in connection.execute("select size from marts.audiences")]
    assert len(sizes) > AUDIENCES / 2 and max(sizes) > 80, "hardly an audience has members"
    wrong, met = violations(place, members(place))
    assert wrong == []
    assert min(met[why] for why in ("no consent", "unsubscribed", "deleted", None)) > AUDIENCES, met
    # The same question finds somebody where everybody may be written to.
    wrong, _ = violations(place, ((user, (True,) * len(MEDIA), count) for user, _, count in members(place)))
    assert any("unsubscribed" in line for line in wrong) and any("no consent" in line for line in wrong)


def exported(place: Place, audiences: list[str]) -> Counter:
    """How often each (medium, contact) is let through by the statement that the export reads by."""
    found = Counter()
    with connect(place.url, "publisher") as connection:
        for audience in audiences:
            found.update(row[0:3:2] for row in export._contactable(connection, audience, list(MEDIA)))
    return found


def test_no_file_of_theirs_holds_an_opted_out_contact(place: Place, audiences: dict, tmp_path: Path) -> None:
    """Every audience through the export's statement, some through the files."""
    never = {medium: refusing(place.business, medium) for medium in MEDIA}
    known = {c["contact_id"] for p in place.business.people.values() for c in p.contacts}
    written = exported(place, list(audiences))
    assert [(medium, contact) for medium, contact in written if contact in never[medium] or contact not in known] == []
    assert min(Counter(medium for medium, _ in written.elements())[medium] for medium in MEDIA) > AUDIENCES
    by_hash = {hashed(KEY, "contact_id", contact): contact for contact in known}
    with psycopg.connect(place.url) as connection:
        codes = [row[0] for row in connection.execute("select audience_code from marts.audiences order by 1")]
    for audience in random.Random(SEED).sample(codes, FILES):
        done = export.export(place.settings, place.url, audience, tmp_path)
        rows = rows_of(Path(done.path))
        assert len(rows) == done.rows
        assert not [row for row in rows if by_hash[row["contact_hash"]] in never[row["medium"]]]


@pytest.mark.parametrize("clause", ["and contacts.is_reachable", "and same.updated_at >= contacts.updated_at"])
def test_a_statement_that_asks_less_is_noticed(
    place: Place, audiences: dict, monkeypatch: pytest.MonkeyPatch, clause: str
) -> None:
    less = {"and contacts.is_reachable": "", "and same.updated_at >= contacts.updated_at": "and false"}[clause]
    assert clause in export.CONTACTABLE
    monkeypatch.setattr(export, "CONTACTABLE", export.CONTACTABLE.replace(clause, less))
    never = {medium: refusing(place.business, medium) for medium in MEDIA}
    assert [1 for medium, contact in exported(place, list(audiences)[:500]) if contact in never[medium]]
