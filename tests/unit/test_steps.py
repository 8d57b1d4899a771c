"""Steps whose work was lost with a machine: they begin again where the engine's place still holds something."""

from types import SimpleNamespace

import pyarrow as pa
import pytest

from userops import steps
from userops.engines import NoRelation

RUN = {"run_id": "2024-03-02-a", "business_date": "2024-03-02", "token": 1}


class Place:
    """An engine whose place is a dictionary that can be lost."""

    def __init__(self) -> None:
        self.relations: dict[str, pa.Table] = {}
        self.ran: list[str] = []
        self.dies_in = ""

    def read(self, relation: str) -> pa.RecordBatchReader:
        if relation not in self.relations:
            raise NoRelation(relation)
        return self.relations[relation].to_reader()

    def write(self, relation: str, rows: pa.Table) -> None:
        self.relations[relation] = rows

    def close(self) -> None:
        """Nothing is open."""

    def run(self, name: str) -> None:
        if self.dies_in == name:
            raise KeyboardInterrupt
        if name == "first":
            self.relations.clear()
        self.ran.append(name)


@pytest.fixture
def place(monkeypatch) -> Place:
    place = Place()
    monkeypatch.setattr(steps, "open_engine", lambda settings, url, token: place)
    monkeypatch.setattr(steps, "warehouse_url", lambda settings: "")
    monkeypatch.setattr(steps, "lease", SimpleNamespace(keep_alive=lambda url, token: None))
    monkeypatch.setattr(steps, "step_timings", SimpleNamespace(note=lambda *_: None))
    return place


@pytest.fixture
def chain(place):
    """Three steps, each after the one before it."""
    made = [None]
    for name in ("first", "second", "third"):
        def work(settings, url, run, name=name):
            place.run(name)

        work.__name__ = name
        made.append(steps.builds(after=made[-1])(work))
    return made[1:]


def test_each_step_runs_once_while_nothing_is_lost(place, chain):
    for step in chain:
        step(None, RUN)
    chain[1](None, RUN)
    assert place.ran == ["first", "second", "third", "second"]


def test_with_its_place_lost_a_run_starts_again_from_the_first(place, chain):
    chain[0](None, RUN)
    chain[1](None, RUN)
    place.relations.clear()
    chain[2](None, RUN)
    assert place.ran == ["first", "second", "first", "second", "third"]


def test_what_another_run_built_is_not_taken_for_this_ones(place, chain):
    for step in chain:
        step(None, RUN | {"run_id": "2024-03-01-b"})
    chain[2](None, RUN)
    assert place.ran[3:] == ["first", "second", "third"]


def test_killed_while_it_starts_again_it_goes_on_where_it_was(place, chain):
    place.dies_in = "second"
    with pytest.raises(KeyboardInterrupt):
        chain[2](None, RUN)
    place.dies_in = ""
    chain[2](None, RUN)
    assert place.ran == ["first", "second", "third"]
