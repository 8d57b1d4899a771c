"""Send one message to one target. Success is only what the receiver said it took.

Targets: `file://path`, `console://`, `http(s)://…` (our JSON webhook), anything else an Apprise URL.
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TIMEOUT_SECONDS = 10
# Chat services answer 200 and put the error into the body under one of these names.
ERROR_FIELDS = ("errcode", "code", "statuscode", "error_code")
SUCCESS_FIELDS = ("ok", "success")


class DeliveryFailed(Exception):
    """The receiver did not take the message; the text holds no address with secrets."""


def send(target: str, message_id: int, payload: dict[str, str]) -> None:
    """Deliver, or raise DeliveryFailed. `message_id` lets receivers drop a repeat after a crash of ours."""
    scheme = target.partition("://")[0].lower()
    if scheme == "file":
        _to_file(Path(target.partition("://")[2]), message_id, payload)
    elif scheme == "console":
        print(f"{payload['title']}\n{payload['body']}", file=sys.stderr, flush=True)
    elif scheme in {"http", "https"}:
        _to_webhook(target, message_id, payload)
    else:
        _by_apprise(target, payload)


def shown(target: str) -> str:
    """A target without the secrets its URL may carry."""
    scheme, _, rest = target.partition("://")
    return f"{scheme}://{urllib.parse.urlsplit('//' + rest).hostname or rest.partition('/')[0]}"


def _to_file(path: Path, message_id: int, payload: dict[str, str]) -> None:
    """Append one JSON line; a line that stands there already is not written again."""
    line = json.dumps({"message_id": message_id, **payload}, ensure_ascii=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and line in path.read_text(encoding="utf-8").splitlines():
            return
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise DeliveryFailed(f"file: {error.strerror}") from error


def _to_webhook(target: str, message_id: int, payload: dict[str, str]) -> None:
    body = json.dumps({"message_id": message_id, **payload}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"userops-{message_id}"}
    request = urllib.request.Request(target, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            text = answer.read(65536).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        raise DeliveryFailed(f"HTTP {error.code}") from error
    except (OSError, ValueError) as error:
        raise DeliveryFailed(f"{type(error).__name__}") from error
    refused = error_in(text)
    if refused:
        raise DeliveryFailed(f"HTTP 200 with {refused}")


def error_in(text: str) -> str:
    """The error a 200 answer carries, as `field=value`; empty where it carries none."""
    try:
        answer = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    for name, value in answer.items():
        if name.lower() in ERROR_FIELDS and value not in (0, "0", None, "", 200, "200"):
            return f"{name}={str(value)[:40]}"
        if name.lower() in SUCCESS_FIELDS and value is False:
            return f"{name}=false"
    return ""


def _by_apprise(target: str, payload: dict[str, str]) -> None:
    import apprise

    channel = apprise.Apprise()
    if not channel.add(target):
        raise DeliveryFailed("no channel of this kind is known: see USEROPS_ALERT_TARGETS")
    kind = {"critical": "failure", "warning": "warning"}.get(payload["severity"], "info")
    with _answers() as answers:
        taken = channel.notify(title=payload["title"], body=payload["body"], notify_type=kind)
    # Apprise looks at the status alone; WeCom, DingTalk and Feishu refuse with 200.
    refused = next(filter(None, map(error_in, answers)), "")
    if not taken or refused:
        raise DeliveryFailed(f"HTTP 200 with {refused}" if refused else "the channel did not take it")


@contextmanager
def _answers() -> Iterator[list[str]]:
    """The texts that services answer with while the block runs."""
    import requests

    texts: list[str] = []
    send = requests.Session.send

    def remember(session: requests.Session, *arguments: object, **options: object) -> requests.Response:
        answer = send(session, *arguments, **options)
        texts.append(answer.text[:65536])
        return answer

    requests.Session.send = remember
    try:
        yield texts
    finally:
        requests.Session.send = send
