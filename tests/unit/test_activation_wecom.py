"""Tags in WeCom against a fake server: what is sent, at which pace, and how a run goes on that was cut off."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from userops.activation.wecom import TRIES, WeCom
from userops.activation.wecom_tags import Change, Customer, Journal, changes, check_tag, send
from userops.errors import UseropsError

TAG, SECRET = "etTAG", "s3cret"
ANN, BEN, CAT = (Customer("staff1", f"wm{name}") for name in ("Ann", "Ben", "Cat"))


class Server:
    """WeCom as far as needed: it knows who bears the tag, and gives the answers that a test asks for first."""

    def __init__(self, *answers: dict | int | Exception) -> None:
        self.answers = list(answers)
        self.tagged: set[str] = set()
        self.requests: list[str] = []
        self.times: list[float] = []
        self.now, self.logins = 0.0, 0

    def client(self, per_second: float = 5.0) -> WeCom:
        return WeCom("ww1", SECRET, per_second=per_second, transport=httpx.MockTransport(self.answer),
                     sleep=self.sleep, clock=lambda: self.now)  # fmt: skip

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.times.append(self.now)
        if request.url.path.endswith("/gettoken"):
            assert dict(request.url.params) == {"corpid": "ww1", "corpsecret": SECRET}
            self.logins += 1
            return httpx.Response(200, json={"errcode": 0, "access_token": f"token{self.logins}", "expires_in": 7200})
        assert request.url.path == "/cgi-bin/externalcontact/mark_tag"
        assert request.url.params["access_token"] == f"token{self.logins}"
        given = self.answers.pop(0) if self.answers else {"errcode": 0, "errmsg": "ok"}
        if isinstance(given, Exception):
            raise given
        if isinstance(given, int):
            return httpx.Response(given, text="Bad Gateway")
        if given["errcode"] == 0:
            self._mark(json.loads(request.content))
        return httpx.Response(200, json=given)

    def _mark(self, body: dict) -> None:
        assert body["userid"] == "staff1"
        change = "add" if "add_tag" in body else "remove"
        assert body[f"{change}_tag"] == [TAG]
        self.requests.append(f"{change} {body['external_userid']}")
        (self.tagged.add if change == "add" else self.tagged.discard)(body["external_userid"])


def errcode(code: int) -> dict:
    return {"errcode": code, "errmsg": "hint: [1]"}


def sent(server: Server, wanted: set[Customer], path: Path) -> list[Change]:
    journal = Journal(path)
    return send(server.client(), TAG, changes(journal, wanted), journal)


def test_the_difference_is_sent_removals_first_and_nothing_twice(tmp_path: Path):
    server, path = Server(), tmp_path / "new" / "journal"
    assert sent(server, {ANN, BEN}, path) == []
    assert sent(server, {BEN, CAT}, path) == []
    assert sent(server, {BEN, CAT}, path) == []
    assert server.requests == ["add wmAnn", "add wmBen", "remove wmAnn", "add wmCat"]
    assert server.tagged == {"wmBen", "wmCat"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(tmp_path: Path):
    server, path = Server({"errcode": 0}, *[502] * TRIES), tmp_path / "journal"
    with pytest.raises(UseropsError, match="HTTP 502 without an error code. Fix: run the same command again later"):
        sent(server, {ANN, BEN, CAT}, path)
    assert server.requests == ["add wmAnn"]
    # The machine stopped while it wrote the next line: that request is sent again, which does no harm.
    with path.open("a") as file:
        file.write('{"change": "add", "userid": "staff1", "ext')
    sent(server, {ANN, BEN, CAT}, path)
    assert server.requests == ["add wmAnn", "add wmBen", "add wmCat"]
    assert Journal(path).tagged == {ANN, BEN, CAT}


def test_who_says_no_after_a_request_that_was_cut_off_is_untagged(tmp_path: Path):
    """Whether WeCom took it cannot be known."""
    server, path = Server(), tmp_path / "journal"
    journal = Journal(path)
    client = server.client()
    client.mark = lambda *_, **__: (_ for _ in ()).throw(RuntimeError("the machine stopped"))
    with pytest.raises(RuntimeError):
        send(client, TAG, changes(journal, {ANN, BEN}), journal)
    assert Journal(path).doubtful == {ANN}
    sent(server, {BEN}, path)
    assert server.requests == ["remove wmAnn", "add wmBen"]
    assert (Journal(path).tagged, Journal(path).doubtful) == ({BEN}, set())


def test_requests_keep_their_pace(tmp_path: Path):
    server = Server()
    sent(server, {ANN, BEN, CAT}, tmp_path / "journal")
    assert server.times == pytest.approx([0.0, 0.2, 0.4, 0.6])


@pytest.mark.parametrize("busy", [errcode(45009), errcode(45033), errcode(-1), 503, httpx.ReadTimeout("slow")])
def test_a_busy_server_is_asked_again_later(tmp_path: Path, busy: dict | int | Exception):
    server = Server(busy, busy)
    sent(server, {ANN}, tmp_path / "journal")
    assert server.requests == ["add wmAnn"]
    # The pauses between tries are a second and two seconds.
    assert server.times == pytest.approx([0.0, 0.2, 1.2, 3.2])


def test_an_expired_token_is_replaced_once(tmp_path: Path):
    server = Server(errcode(42001))
    sent(server, {ANN}, tmp_path / "journal")
    assert server.logins == 2 and server.tagged == {"wmAnn"}
    with pytest.raises(UseropsError, match="errcode 42001"):
        sent(Server(errcode(42001), errcode(42001)), {ANN}, tmp_path / "other")


def test_who_is_no_friend_any_more_is_told_and_stops_nobody_else(tmp_path: Path):
    server, path = Server(errcode(84061)), tmp_path / "journal"
    assert sent(server, {ANN, BEN}, path) == [Change("add", ANN)]
    assert server.tagged == {"wmBen"} and Journal(path).tagged == {BEN}
    # A tag goes with the friendship: one that cannot be removed for that reason is gone.
    server.answers = [errcode(84061)]
    assert sent(server, set(), path) == [] and Journal(path).tagged == set()


@pytest.mark.parametrize(("code", "fix"), [(40068, "--tag"), (48002, "customer-contact API"), (41, "look it up")])
def test_a_refusal_stops_and_says_how_to_fix_it(tmp_path: Path, code: int, fix: str):
    with pytest.raises(UseropsError, match=f"errcode {code}") as raised:
        sent(Server(errcode(code)), {ANN}, tmp_path / "journal")
    assert fix in raised.value.fix


def test_errors_hold_no_secret(tmp_path: Path):
    server = Server(*[httpx.ConnectError(f"https://host/?corpsecret={SECRET}&access_token=token1")] * TRIES)
    with pytest.raises(UseropsError) as raised:
        sent(server, {ANN}, tmp_path / "journal")
    assert "ConnectError" in str(raised.value)
    assert SECRET not in str(raised.value) and "token1" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_compacted_journal_names_nobody_who_was_untagged(tmp_path: Path):
    path = tmp_path / "journal"
    sent(Server(), {ANN, BEN}, path)
    journal = Journal(path)
    journal.note(Change("remove", ANN))
    journal.note(Change("adding", CAT))
    journal.compact()
    assert "wmAnn" not in path.read_text()
    assert (Journal(path).tagged, Journal(path).doubtful) == ({BEN}, {CAT})


def test_a_journal_that_is_none_is_named(tmp_path: Path):
    (tmp_path / "journal").write_text("[]\n")
    with pytest.raises(UseropsError, match=r"journal, line 1 is no entry of a journal\. Fix: remove that line"):
        Journal(tmp_path / "journal")


@pytest.mark.parametrize(("tag", "said"), [("", "has to be named"), ("../x", "is no id of a tag"), ("标签", "no id")])
def test_the_id_of_a_tag_is_checked(tag: str, said: str):
    with pytest.raises(UseropsError, match=said):
        check_tag(tag)


@pytest.mark.parametrize("make", [lambda: WeCom("", SECRET), lambda: WeCom("ww1", "")])
def test_without_its_settings_there_is_no_client(make: Callable[[], WeCom]):
    with pytest.raises(UseropsError, match="USEROPS_WECOM_CORP_ID and USEROPS_WECOM_SECRET"):
        make()
