"""WeCom's API for tags of customers: one request at a time, at a steady pace, tried again while WeCom is busy.

Sources: WeCom's documentation of `externalcontact/mark_tag` (path 92697) and of its error codes (path 90455); at most
five requests of this kind at once are allowed, and a busy server wants at most three more tries.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from userops.errors import EXIT_FAILED, UseropsError

API = "https://qyapi.weixin.qq.com/cgi-bin"
TIMEOUT_SECONDS = 10.0
PER_SECOND = 5.0
TRIES, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 4, 1.0, 60.0
BUSY = {-1: "the system is busy", 6000: "a conflict of versions", 45009: "too many requests", 45033: "too many at once"}
TOKEN_ENDED = {40014, 42001}
# The staff member or the customer is gone, or they are no longer friends.
NO_FRIENDS = {40003, 40096, 60111, 84061}
FIXES = {
    40001: "correct USEROPS_WECOM_SECRET: the secret of an application that may call the customer-contact API.",
    40013: "correct USEROPS_WECOM_CORP_ID.",
    40068: "correct --tag: the id of a tag as `get_corp_tag_list` gives it.",
    48002: "let the application call the customer-contact API, in WeCom's administration.",
    60020: "add this machine's address to the application's trusted ones, in WeCom's administration.",
}

# httpx logs the URL of each request, and it holds the secret or the token.
logging.getLogger("httpx").setLevel(logging.WARNING)


class _Busy(Exception):
    """The server asks to come back later."""


class WeCom:
    """A connection to WeCom; `transport`, `sleep` and `clock` are what requests, pauses and times come from."""

    def __init__(
        self, corp_id: str, secret: str, *, per_second: float = PER_SECOND,
        transport: httpx.BaseTransport | None = None, sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not corp_id or not secret:
            raise UseropsError("WeCom is not set up.", fix="set USEROPS_WECOM_CORP_ID and USEROPS_WECOM_SECRET.")
        self._corp_id, self._secret, self._token = corp_id, secret, ""
        self._pause, self._sleep, self._clock, self._due = 1 / per_second, sleep, clock, 0.0
        self._client = httpx.Client(transport=transport, timeout=TIMEOUT_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def mark(self, userid: str, external_userid: str, *, add: str = "", remove: str = "") -> bool:
        """Add or remove a tag of a staff member's customer; False if the two are not (or no longer) friends.

        Safe to repeat. Raises UseropsError where WeCom refuses for another reason, or does not answer.
        """
        body: dict[str, Any] = {"userid": userid, "external_userid": external_userid}
        body |= {"add_tag": [add]} if add else {"remove_tag": [remove]}
        answer = self._with_token(body)
        if answer["errcode"] in NO_FRIENDS:
            return False
        _expect_success(answer)
        return True

    def _with_token(self, body: dict[str, Any]) -> dict[str, Any]:
        if not self._token:
            self._token = self._log_in()
        answer = self._ask("POST", "externalcontact/mark_tag", {"access_token": self._token}, body)
        if answer["errcode"] in TOKEN_ENDED:
            self._token = self._log_in()
            answer = self._ask("POST", "externalcontact/mark_tag", {"access_token": self._token}, body)
        return answer

    def _log_in(self) -> str:
        answer = self._ask("GET", "gettoken", {"corpid": self._corp_id, "corpsecret": self._secret}, None)
        _expect_success(answer)
        return answer["access_token"]

    def _ask(self, method: str, path: str, query: dict[str, str], body: dict[str, Any] | None) -> dict[str, Any]:
        """The answer to a request; one that cannot be had is an error that holds no address."""
        attempts = Retrying(
            retry=retry_if_exception_type(_Busy), stop=stop_after_attempt(TRIES), sleep=self._sleep, reraise=True,
            wait=wait_exponential(multiplier=FIRST_PAUSE_SECONDS, max=LONGEST_PAUSE_SECONDS),
        )
        try:
            return attempts(self._ask_once, method, path, query, body)
        except _Busy as error:
            raise UseropsError(
                f"WeCom did not take the request: {error}.",
                fix="run the same command again later: it goes on where it stopped.", exit_code=EXIT_FAILED,
            ) from None

    def _ask_once(self, method: str, path: str, query: dict[str, str], body: dict[str, Any] | None) -> dict[str, Any]:
        self._keep_pace()
        try:
            response = self._client.request(method, f"{API}/{path}", params=query, json=body)
            answer = response.json() if response.is_success else {}
        except httpx.HTTPError as error:
            raise _Busy(type(error).__name__) from None
        except ValueError:
            raise _Busy("an answer that is no JSON") from None
        if not isinstance(answer, dict) or not isinstance(answer.get("errcode"), int):
            raise _Busy(f"HTTP {response.status_code} without an error code")
        if answer["errcode"] in BUSY:
            raise _Busy(f"{BUSY[answer['errcode']]} (errcode {answer['errcode']})")
        return answer

    def _keep_pace(self) -> None:
        now = self._clock()
        if now < self._due:
            self._sleep(self._due - now)
        self._due = max(now, self._due) + self._pause


def _expect_success(answer: dict[str, Any]) -> None:
    code = answer["errcode"]
    if code:
        raise UseropsError(
            f"WeCom refused the request with errcode {code}.",
            fix=FIXES.get(code, "look it up in WeCom's documentation of error codes."), exit_code=EXIT_FAILED,
        )
