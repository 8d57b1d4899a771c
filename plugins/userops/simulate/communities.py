"""Friends among the staff, groups, and an industry's own path."""

import numpy as np

from userops.simulate.clock import NEVER
from userops.simulate.csv_columns import ident, table, word
from userops.simulate.locations import ROLES
from userops.simulate.people import Crowd
from userops.simulate.world import World, pick, waits

_ADD_WAYS = table(["scan", "search", "group", "share", "other"])
_JOIN_WAYS = table(["invite", "scan", "link"])


def write_friendships(world: World, crowd: Crowd, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Friends added, perhaps replying, perhaps lost; gives who was active when."""
    person = np.flatnonzero(crowd.friend_at < NEVER)
    added = crowd.friend_at[person]
    replied = np.where(chance.random(len(person)) < 0.6, added + chance.integers(30, 7200, len(person)), NEVER)
    lost = world.season.after(chance, added, 1 + waits(chance, 45, len(person)))
    lost = np.maximum(lost, np.where(replied < NEVER, replied + 1, 0))
    lost = np.where(chance.random(len(person)) < 0.1, lost, NEVER)
    way = pick(chance, [0.4, 0.15, 0.2, 0.2, 0.05], len(person))
    which = np.tile(np.arange(len(person)), 3)
    at = np.concatenate([added, replied, lost])
    moments = world.moments
    columns = {
        "staff_id": word(table([f"S{k + 1}" for k in range(len(ROLES))]), crowd.staff[person][which]),
        "contact_id": lambda rows: crowd.names[person[which[rows]]],
        "added_at": moments.instant(added[which], offset=False),
        "add_way": word(_ADD_WAYS, way[which]),
        "channel_code": word(world.channel_codes, crowd.channel[person][which]),
        "first_reply_at": moments.instant(np.where(replied[which] <= at, replied[which], NEVER), offset=False),
        "deleted_at": moments.instant(np.where(lost[which] <= at, lost[which], NEVER), offset=False),
    }
    world.delivery.add("friendships", at, columns, crowd.gone[person][which])
    return np.tile(person, 2), np.concatenate([added, replied])


def write_group_stays(world: World, crowd: Crowd, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Groups joined, some left again, a few joined anew; gives who was active when."""
    person = np.flatnonzero(crowd.group_at < NEVER)
    joined = crowd.group_at[person]
    left = world.season.after(chance, joined, 3 + waits(chance, 30, len(person)))
    left = np.where(chance.random(len(person)) < 0.15, left, NEVER)
    anew = np.flatnonzero((left < NEVER) & (chance.random(len(person)) < 0.2))
    back = world.season.after(chance, left[anew], 1 + waits(chance, 10, len(anew)))
    stay_person = np.append(person, person[anew])
    stay_joined, stay_left = np.append(joined, back), np.append(left, np.full(len(anew), NEVER))
    way = pick(chance, [0.3, 0.4, 0.3], len(stay_person))
    inviter = _inviters(crowd, stay_person, stay_joined, way, chance)
    which = np.tile(np.arange(len(stay_person)), 2)
    at = np.append(stay_joined, stay_left)
    groups = table([f"G{k + 1}" for k in range(world.places.groups)])
    columns = {
        "group_id": word(groups, crowd.group[stay_person][which]),
        "contact_id": lambda rows: crowd.names[stay_person[which[rows]]],
        "joined_at": world.moments.instant(stay_joined[which]),
        "join_way": word(_JOIN_WAYS, way[which]),
        "inviter_contact_id": lambda rows: inviter[which[rows]],
        "left_at": world.moments.instant(np.where(stay_left[which] <= at, stay_left[which], NEVER)),
    }
    world.delivery.add("group_members", at, columns, crowd.gone[stay_person][which])
    return stay_person, stay_joined


def _inviters(
    crowd: Crowd, person: np.ndarray, joined: np.ndarray, way: np.ndarray, chance: np.random.Generator
) -> np.ndarray:
    """Who was invited names someone who had come before."""
    by = (chance.random(len(person)) * person).astype(np.int64)
    named = (way == 0) & (person > 0) & (crowd.born[by] < joined) & (crowd.gone[by] == NEVER)
    cells = crowd.names[by]
    cells[~named] = 0
    return cells


def write_stages(world: World, crowd: Crowd, chance: np.random.Generator) -> None:
    """The track `exam`: enrolled, then the exam, then the certificate, each reached by its known share."""
    exam = world.assumptions["exam"]
    person = np.flatnonzero(crowd.traits["takes_exam"])
    size = len(person)
    enrolled = world.season.after(chance, crowd.born[person], waits(chance, 8, size))
    taken = world.season.after(chance, enrolled, exam["days"][0] + chance.integers(-5, 6, size))
    certified = world.season.after(chance, taken, exam["days"][1] + chance.integers(-10, 11, size))
    taken = np.where(chance.random(size) < exam["taken"], taken, NEVER)
    certified = np.where((taken < NEVER) & (chance.random(size) < exam["certified"]), certified, NEVER)
    which, stage = np.tile(np.arange(size), 3), np.repeat(np.arange(3), size)
    at = np.concatenate([enrolled, taken, certified])
    columns = {
        "event_id": ident("X", crowd.number[person][which] * 10 + stage, 9),
        "contact_id": lambda rows: crowd.names[person[which[rows]]],
        "track": word(table(["exam"]), stage * 0),
        "stage_code": word(table(["enrolled", "exam_taken", "certified"]), stage),
        "occurred_at": world.moments.instant(at),
    }
    world.delivery.add("stage_events", at, columns, crowd.gone[person][which])
    world.truth.stages(int((enrolled < world.clock.end).sum()), int((taken < world.clock.end).sum()),
                       int((certified < world.clock.end).sum()))
