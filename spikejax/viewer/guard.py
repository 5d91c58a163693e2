"""Who may ask: the token in the address, Host and Origin, and the sizes of requests.

A page of any site that is open in the browser can send requests to this computer. The token keeps
it from guessing an address, the check of Host from reaching the server under a name of its own,
and the check of Origin from writing.
"""

import ipaddress
import secrets
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

MAX_BODY = 64 << 10
MAX_QUERY = 4 << 10

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """An ASGI application that lets only requests of the page through to another one."""

    def __init__(self, app: App, token: str, host: str = "127.0.0.1") -> None:
        """Guards an application.

        Args:
            app: the application; it sees addresses without the token.
            token: the first part of all addresses.
            host: the address that the server listens at. Beyond the loopback interface, any
                number and the name of this computer are accepted as Host.
        """
        self._app, self._token = app, token
        self._names = {"localhost", host.lower()}
        self._open = not _is_loopback(host)
        if self._open:
            self._names.add(socket.gethostname().lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        path = scope["path"][len(self._token) + 1 :]
        inner = {**scope, "path": path, "raw_path": path.encode(), "root_path": ""}
        await self._app(inner, _limited(receive), _with_headers(send))

    def _refusal(self, scope: Scope, headers: dict[bytes, str]) -> tuple[int, str] | None:
        host = headers.get(b"host", "")
        if not self._is_ours(host):
            return 421, "the Host of the request is not this server"
        origin = headers.get(b"origin")
        if origin is not None and origin != f"http://{host}":
            return 403, "the request comes from another site"
        if headers.get(b"sec-fetch-site", "none") not in ("none", "same-origin"):
            return 403, "the request comes from another site"
        first, _, rest = scope["path"].removeprefix("/").partition("/")
        if not secrets.compare_digest(first.encode(), self._token.encode()):
            return 404, "the address lacks its token; copy it from the terminal"
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "expected GET or POST"
        if not rest and not scope["path"].endswith("/"):
            return 404, "the address ends in /"
        if len(scope["query_string"]) > MAX_QUERY:
            return 414, f"expected at most {MAX_QUERY} bytes of query"
        length = headers.get(b"content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY:
            return 413, f"expected at most {MAX_BODY} bytes"
        return None

    def _is_ours(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._open or address.is_loopback


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _limited(receive: Receive) -> Receive:
    """Ends a body that is longer than it may be, whatever its header says."""
    taken = 0

    async def limited() -> MutableMapping[str, Any]:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY:
            raise ValueError(f"expected at most {MAX_BODY} bytes")
        return message

    return limited


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", ()), *ours]}
        await send(message)

    return sending


async def _answer(send: Send, status: int, line: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    send = _with_headers(send)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"spikejax view: {line}\n".encode()})
