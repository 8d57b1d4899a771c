"""What counts as delivered, and what each kind of target is sent; requests go through a transport of the test's own."""

import json
from pathlib import Path

import httpx
import pytest

from userops.alerts import chat, delivery

PAYLOAD = {"title": "[critical] t", "body": "b", "severity": "critical"}
HOOK = "https://hooks.example.com/services/SECRET"


def transport(*answers: httpx.Response | Exception) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """A transport that gives these answers in order, and the requests it saw."""
    left, seen = list(answers), []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    return httpx.MockTransport(answer), seen


def test_a_webhook_gets_the_message_under_a_stable_key():
    way, seen = transport(httpx.Response(200, text="ok"))
    delivery.send(HOOK, 7, PAYLOAD, way)
    assert [str(request.url) for request in seen] == [HOOK]
    assert seen[0].headers["Idempotency-Key"] == "userops-7"
    assert json.loads(seen[0].content) == {"message_id": 7, **PAYLOAD}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(500), "HTTP 500"),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example.com"}), "HTTP 302"),
        (httpx.Response(200, text='{"errcode": 93000}'), "HTTP 200 with errcode=93000"),
        (httpx.ReadTimeout("slow"), "ReadTimeout"),
    ],
)
def test_what_is_not_confirmed_is_a_failure_and_is_left_to_the_outbox(answer, said):
    way, seen = transport(answer)
    with pytest.raises(delivery.DeliveryFailed) as raised:
        delivery.send(HOOK, 1, PAYLOAD, way)
    assert str(raised.value) == said
    assert len(seen) == 1


def test_a_refused_connection_is_tried_three_times(monkeypatch):
    monkeypatch.setattr(delivery, "FIRST_PAUSE_SECONDS", 0)
    monkeypatch.setattr(delivery, "LONGEST_PAUSE_SECONDS", 0)
    way, seen = transport(httpx.ConnectError("no"), httpx.ConnectError("no"), httpx.Response(200))
    delivery.send(HOOK, 1, PAYLOAD, way)
    assert len(seen) == 3
    way, seen = transport(*[httpx.ConnectError("no")] * 3)
    with pytest.raises(delivery.DeliveryFailed, match="^ConnectError$"):
        delivery.send(HOOK, 1, PAYLOAD, way)
    assert len(seen) == 3


def test_a_file_gets_each_message_once(tmp_path: Path):
    for message_id in (1, 1, 2):
        delivery.send(f"file://{tmp_path}/below/alerts.log", message_id, PAYLOAD)
    lines = (tmp_path / "below" / "alerts.log").read_text().splitlines()
    assert [json.loads(line)["message_id"] for line in lines] == [1, 2]


def test_an_unknown_channel_is_a_failure():
    with pytest.raises(delivery.DeliveryFailed, match="USEROPS_ALERT_TARGETS"):
        delivery.send("pigeon://roof", 1, PAYLOAD)


@pytest.mark.parametrize(
    ("target", "url", "content"),
    [
        ("wecombot://k3y", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k3y",
         {"msgtype": "text", "text": {"content": "[critical] t\nb"}}),
        ("dingtalk://t0ken/13800138000", "https://oapi.dingtalk.com/robot/send?access_token=t0ken",
         {"msgtype": "text", "text": {"content": "[critical] t\nb"}, "at": {"atMobiles": ["13800138000"]}}),
        ("feishu://t0ken/", "https://open.feishu.cn/open-apis/bot/v2/hook/t0ken",
         {"msg_type": "text", "content": {"text": "[critical] t\nb"}}),
        ("lark://t0ken?x=1", "https://open.larksuite.com/open-apis/bot/v2/hook/t0ken",
         {"msg_type": "text", "content": {"text": "[critical] t\nb"}}),
    ],
)  # fmt: skip
def test_a_chat_bot_gets_the_text_its_service_expects(target, url, content):
    way, seen = transport(httpx.Response(200, text='{"errcode": 0}'))
    delivery.send(target, 1, PAYLOAD, way)
    assert str(seen[0].url) == url
    assert json.loads(seen[0].content) == content


def test_dingtalk_is_signed_where_the_target_has_a_secret():
    assert chat._signature("SEC1", 1_700_000_000) == (
        "&timestamp=1700000000000&sign=ukR4%2BWoOOBTGaOauYqugxVrMSFyr92q4hPxJxuOkiio%3D"
    )
    assert "&timestamp=" in chat.request("dingtalk://SEC1@t0ken", PAYLOAD)[0]


def test_a_long_text_is_cut_to_what_the_service_takes():
    text = chat.request("wecombot://k", PAYLOAD | {"body": "字" * 2000})[1]["text"]["content"]
    assert len(text.encode()) <= chat.WECOM and text.endswith("字…")


def test_an_error_inside_a_200_is_found() -> None:
    assert delivery.error_in('{"errcode": 93000, "errmsg": "invalid webhook"}') == "errcode=93000"
    assert delivery.error_in('{"StatusCode": 1}') == "StatusCode=1"
    assert delivery.error_in('{"code": 19024}') == "code=19024"
    for fine in ('{"errcode": 0}', '{"code": 0, "StatusCode": 0}', "ok", "", "[]", '{"code": 200}'):
        assert delivery.error_in(fine) == ""


def test_a_shown_target_hides_its_secrets() -> None:
    assert delivery.shown("wecombot://SECRET") == "wecombot://"
    assert delivery.shown("https://user:pass@hooks.example.com/services/T0/SECRET?key=1") == "https://hooks.example.com"


@pytest.mark.parametrize(
    ("service", "refused", "taken"),
    [
        ("WeCom", '{"errcode": 45009, "errmsg": "api freq out of limit"}', '{"errcode": 0, "errmsg": "ok"}'),
        ("DingTalk", '{"errcode": 310000, "errmsg": "sign not match"}', '{"errcode": 0, "errmsg": "ok"}'),
        ("Feishu", '{"code": 19021, "data": {}, "msg": "sign match fail"}', '{"code": 0, "msg": "success"}'),
        ("Feishu, older", '{"StatusCode": 9499, "StatusMessage": "Bad Request"}', '{"StatusCode": 0, "Extra": null}'),
        ("a relay", '{"success": false, "error": "no such room"}', '{"success": true}'),
        ("a relay", '{"ok": false, "error": "channel_not_found"}', '{"ok": true}'),
    ],
)
def test_a_service_that_refuses_with_200_is_seen(service: str, refused: str, taken: str) -> None:
    assert delivery.error_in(refused), service
    assert delivery.error_in(taken) == "", service
