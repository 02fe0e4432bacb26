"""What servers are measured against: aiohttp, a few routes, a constant.

It parses the request, and answers with as many bytes as the server does, without any thought.
"""

import json
import sys

from aiohttp import web

BODY = b"{}".ljust(874)
CHUNK = b"data: {}".ljust(311) + b"\n\n"
CHUNKS = 16


async def chat(request: web.Request) -> web.StreamResponse:
    asked = json.loads(await request.read())
    if not asked.get("stream"):
        return web.Response(body=BODY, content_type="application/json")
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    for _ in range(CHUNKS):
        await response.write(CHUNK)
    await response.write_eof()
    return response


def main() -> None:
    """Answer on a port, at some paths."""
    port, *paths = sys.argv[1:]
    app = web.Application()
    for path in paths:
        app.router.add_post(path, chat)
    web.run_app(app, host="127.0.0.1", port=int(port), access_log=None, print=None)


if __name__ == "__main__":
    main()
