"""Send one message to one target. Success is only what the receiver confirms.

Targets: `file://path`, `console://`, `http(s)://…` (our JSON webhook), the chat bots of `chat.py`, anything else an
Apprise URL.
"""

import json
import logging
import os
import sys
import urllib.parse
from pathlib import Path

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from userops.alerts import chat

TIMEOUT_SECONDS = 10.0
LONGEST_ANSWER = 65536
# A receiver that restarts refuses connections for a moment. Whatever else fails is for the outbox to try again.
CONNECTION_ATTEMPTS, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 3, 0.1, 1.0
# Chat services answer 200 and put the error into the body under one of these names.
ERROR_FIELDS = ("errcode", "code", "statuscode", "error_code")
SUCCESS_FIELDS = ("ok", "success")

# httpx logs the URL of each request, and the URL of a webhook is its secret.
logging.getLogger("httpx").setLevel(logging.WARNING)


class DeliveryFailed(Exception):
    """The receiver did not accept the message; the text holds no address with secrets."""


def send(
    target: str, message_id: int, payload: dict[str, str], transport: httpx.BaseTransport | None = None
) -> None:
    """Deliver, or raise DeliveryFailed. `message_id` lets receivers drop a repeat after a crash of ours.

    `transport` is what HTTP requests go through; httpx's own by default.
    """
    scheme = target.partition("://")[0].lower()
    if scheme == "file":
        _to_file(Path(target.partition("://")[2]), message_id, payload)
    elif scheme == "console":
        print(f"{payload['title']}\n{payload['body']}", file=sys.stderr, flush=True)
    elif scheme in {"http", "https"}:
        _post(target, {"message_id": message_id, **payload}, message_id, transport)
    elif scheme in chat.BOTS:
        _post(*chat.request(target, payload), message_id, transport)
    else:
        _by_apprise(target, payload)


def shown(target: str) -> str:
    """A target without the secrets its URL may carry."""
    scheme, _, rest = target.partition("://")
    # The host of a bot's URL is its token.
    host = "" if scheme.lower() in chat.BOTS else urllib.parse.urlsplit("//" + rest).hostname or rest.partition("/")[0]
    return f"{scheme}://{host}"


def _to_file(path: Path, message_id: int, payload: dict[str, str]) -> None:
    """Append one JSON line; a line that is there already is not written again."""
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


def _post(url: str, content: dict, message_id: int, transport: httpx.BaseTransport | None) -> None:
    body = json.dumps(content, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"userops-{message_id}"}
    try:
        with httpx.Client(transport=transport, timeout=TIMEOUT_SECONDS) as client:
            for attempt in _attempts():
                with attempt, client.stream("POST", url, content=body, headers=headers) as answer:
                    text = next(answer.iter_text(LONGEST_ANSWER), "")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DeliveryFailed(type(error).__name__) from error
    if not answer.is_success:
        raise DeliveryFailed(f"HTTP {answer.status_code}")
    refused = error_in(text)
    if refused:
        raise DeliveryFailed(f"HTTP {answer.status_code} with {refused}")


def _attempts() -> Retrying:
    return Retrying(
        retry=retry_if_exception_type(httpx.ConnectError),
        stop=stop_after_attempt(CONNECTION_ATTEMPTS),
        wait=wait_exponential_jitter(multiplier=FIRST_PAUSE_SECONDS, max=LONGEST_PAUSE_SECONDS),
        reraise=True,
    )


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
    if not channel.notify(title=payload["title"], body=payload["body"], notify_type=kind):
        raise DeliveryFailed("the channel did not accept it")
