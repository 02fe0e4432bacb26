"""What the server is measured against: aiohttp, one route, a constant.

It parses the same request and answers with bytes of the same size, without any thought.
"""

import json
import sys
from pathlib import Path

from aiohttp import web

CHUNKS = 16


def application(body: bytes, chunk: bytes) -> web.Application:
    """Return an application that answers chats with *body*, or with sixteen times *chunk*."""

    async def chat(request: web.Request) -> web.StreamResponse:
        asked = json.loads(await request.read())
        if not asked.get("stream"):
            return web.Response(body=body, content_type="application/json")
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(CHUNKS):
            await response.write(chunk)
        await response.write_eof()
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    return app


if __name__ == "__main__":
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    web.run_app(
        application((folder / "body").read_bytes(), (folder / "chunk").read_bytes()),
        host="127.0.0.1",
        port=port,
        access_log=None,
        print=None,
    )
