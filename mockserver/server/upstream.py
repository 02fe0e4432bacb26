"""The one other server that requests may be forwarded to, named when this one starts.

No scenario and no client decides where a request goes. The other server is an API reached by TLS,
or runs on this machine.
"""

import ipaddress
from typing import Final
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from mockserver.cassettes.recording import RecordedAnswer
from mockserver.conversation import ApiError
from mockserver.errors import UsageError
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Headers

MOST_BYTES: Final = 64 * 1024 * 1024
"""The size limit of an answer."""
TIMEOUT: Final = aiohttp.ClientTimeout(total=600, sock_connect=10, sock_read=120)
BETWEEN_NEIGHBOURS: Final = frozenset(
    {
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Hop-by-hop headers (RFC 9110, 7.6.1), and those that follow from others."""
KEPT_IN_PATHS: Final = "/:@!$&'()*+,;="
"""Characters that need no escape in a path (RFC 3986, 3.3)."""


class Upstream:
    """Another server, and the connections to it."""

    def __init__(self, url: str) -> None:
        """Take the *url* of its root: `https://…`, or `http://` on this machine.

        Raises:
            UsageError: It is not such a URL.

        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not host or parts.query or parts.fragment or parts.username or parts.password:
            raise UsageError(f"'{url}' is not the URL of a server's root")
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(host)):
            raise UsageError(f"'{url}' is neither https nor on this machine: keys are sent there")
        self._root = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, http: HttpRequest) -> RecordedAnswer | ApiError:
        """Return what the server answers to *http*, or the refusal where it does not."""
        if self._session is None:
            # What it answers is passed on as it is: not unpacked, no cookies, no other place.
            self._session = aiohttp.ClientSession(
                timeout=TIMEOUT, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
            )
        query = f"?{http.query}" if http.query else ""
        path = quote(http.path, safe=KEPT_IN_PATHS)
        url = URL(f"{self._root}{path}{query}", encoded=True)
        headers = [(n, value) for n, value in http.headers.items() if _is_passed_on(n)]
        try:
            async with self._session.request(
                http.method, url, headers=headers, data=http.body, allow_redirects=False
            ) as response:
                body = await response.content.read(MOST_BYTES + 1)
                while len(body) <= MOST_BYTES and (more := await response.content.read(MOST_BYTES)):
                    body += more
                if len(body) > MOST_BYTES:
                    return _failed(502, f"the answer is longer than {MOST_BYTES} bytes")
                return RecordedAnswer(response.status, _passed_on(response), body)
        except TimeoutError:
            return _failed(504, "no answer in time")
        except aiohttp.ClientError as error:
            return _failed(502, f"{type(error).__name__}")

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_passed_on(name: str) -> bool:
    return name.lower() not in BETWEEN_NEIGHBOURS


def _passed_on(response: aiohttp.ClientResponse) -> Headers:
    pairs = ((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.raw_headers)
    return tuple((name, value) for name, value in pairs if _is_passed_on(name))


def _failed(status: int, why: str) -> ApiError:
    return ApiError(status, f"The upstream server failed: {why}", code="upstream_failed")
