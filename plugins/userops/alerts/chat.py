"""The requests that chat bots expect. Pure: from a target and a message to a URL and its JSON.

WeCom, DingTalk and Feishu (Lark abroad) refuse with HTTP 200 and an error in the body, which Apprise does not read:
their messages go the way of our webhooks. The targets are spelled as Apprise spells them.
"""

import base64
import hashlib
import hmac
import time
import urllib.parse

# What each service takes in one text message, in bytes.
WECOM, DINGTALK, FEISHU = 2048, 20_000, 20_000
BOTS = ("wecombot", "dingtalk", "feishu", "lark")


def request(target: str, payload: dict[str, str]) -> tuple[str, dict]:
    """The URL to post to and the JSON to post.

    `wecombot://KEY`, `dingtalk://[SECRET@]TOKEN[/MOBILE…]` (the mobiles are mentioned), `feishu://TOKEN`, `lark://TOKEN`.
    """
    scheme, _, rest = target.partition("://")
    secret, _, path = rest.partition("?")[0].strip("/").rpartition("@")
    token, *mobiles = path.split("/")
    token, text = urllib.parse.quote(urllib.parse.unquote(token), safe=""), f"{payload['title']}\n{payload['body']}"
    match scheme.lower():
        case "wecombot":
            return f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={token}", _text(text, WECOM)
        case "dingtalk":
            url = f"https://oapi.dingtalk.com/robot/send?access_token={token}"
            mentions = {"at": {"atMobiles": mobiles}} if mobiles else {}
            signature = _signature(urllib.parse.unquote(secret)) if secret else ""
            return url + signature, _text(text, DINGTALK) | mentions
        case "feishu" | "lark" as service:
            host = "open.feishu.cn" if service == "feishu" else "open.larksuite.com"
            content = {"msg_type": "text", "content": {"text": _cut(text, FEISHU)}}
            return f"https://{host}/open-apis/bot/v2/hook/{token}", content
    raise ValueError(f"{scheme!r} is none of {BOTS}")


def _text(text: str, limit: int) -> dict:
    return {"msgtype": "text", "text": {"content": _cut(text, limit)}}


def _cut(text: str, limit: int) -> str:
    """The text within a limit of bytes, a cut one marked."""
    if len(text.encode()) <= limit:
        return text
    return text.encode()[: limit - len("…".encode())].decode(errors="ignore") + "…"


def _signature(secret: str, now: float | None = None) -> str:
    """DingTalk's signature of the moment, as parameters of the URL."""
    stamp = round((time.time() if now is None else now) * 1000)
    digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return f"&timestamp={stamp}&sign={urllib.parse.quote_plus(base64.b64encode(digest))}"
