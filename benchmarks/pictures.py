"""Take the pictures of docs/watching: the inspector in a real browser, with calls of all kinds.

    python benchmarks/pictures.py [NAME …]

A server is started, asked as applications ask it, and looked at. Needs chromium and chromedriver.
"""

import argparse
import base64
import contextlib
import http.client
import io
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from mockserver import Control, MockServer, bundled

DOCS: Final = Path(__file__).resolve().parent.parent / "docs" / "watching"
MOST_BYTES: Final = 150_000
COLOURS: Final = 256
PATIENCE_S: Final = 20
FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)

SCENARIO: Final = """\
version: 1
description: A travel assistant, on a day when not everything works.

rules:
  - name: limited-once
    when: {last_user: {contains: weather}, tools: get_weather}
    times: 1
    fail: {kind: rate_limit, retry_after_s: 1}

  - name: cut-once
    when: {last_user: {contains: weather}, tools: get_weather}
    times: 1
    reply:
      kind: tool_calls
      calls: [{name: get_weather, arguments: {city: Lisbon, days: 3, unit: celsius}}]
    latency: {ttft_ms: {median: 320, sigma: 0.2}, per_token_ms: {median: 35, sigma: 0.4}}
    fail: {kind: disconnect, after_tokens: 9}

  - name: weather
    when: {last_user: {contains: weather}, tools: get_weather}
    reply:
      kind: tool_calls
      calls: [{name: get_weather, arguments: {city: Lisbon, days: 3, unit: celsius}}]
    latency: {ttft_ms: {median: 320, sigma: 0.2}, per_token_ms: {median: 30, sigma: 0.4}}

  - name: forecast
    when: {after_tool: get_weather}
    reply: "Clear until Saturday, up to 24 degrees. Take an umbrella for Sunday."
    latency: {ttft_ms: {median: 240, sigma: 0.2}, per_token_ms: {median: 20, sigma: 0.4}}

  - name: itinerary
    when: {last_user: {contains: itinerary}}
    reply: >-
      Day one: the old town on foot, tiles and trams. Day two: the river, the monastery, and
      pastries. Day three: Sintra by train, back for dinner.
    latency: {ttft_ms: {median: 300, sigma: 0.2}, per_token_ms: {median: 25, sigma: 0.4}}

  - name: held
    when: {last_user: {contains: menu}}
    reply: "Grilled sardines, caldo verde, and a pastel de nata."
    fail: {kind: stall, after_tokens: 4, until: released}

  - name: photo
    when: {images: {at_least: 1}}
    reply: "A yellow tram on a steep street."

  - name: in-german
    when: {system: {contains: German}}
    times: 1
    reply: "Guten Tag! Wohin soll die Reise gehen?"

  - name: hello
    when: {last_user: {contains: Hello}}
    reply: "Hello! Where would you like to go?"
    latency: {ttft_ms: {median: 90, sigma: 0.2}, per_token_ms: 8}
"""
WEATHER: Final = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of the next days.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city"],
        },
    },
}
SYSTEM: Final = {
    "role": "system",
    "content": "You are a travel assistant. Look things up before you answer, and keep it short.",
}


def user(said: Any) -> dict[str, Any]:
    return {"role": "user", "content": said}


ASKED: Final = user("What will the weather be in Lisbon until Sunday?")


class Application:
    """Asks a server, as an application would."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc

    def ask(
        self, body: Mapping[str, Any], path: str = "/v1/chat/completions", leave_after: int = 0
    ) -> Any:
        """Return the JSON that *body* is answered with, or None; leave after so many bytes."""
        connection = http.client.HTTPConnection(self._address, timeout=PATIENCE_S)
        headers = {"content-type": "application/json", "authorization": "Bearer sk-mock"}
        with contextlib.closing(connection):
            try:
                connection.request("POST", path, json.dumps(body), headers)
                answer = connection.getresponse()
                content = answer.read(leave_after or None)
            except (OSError, http.client.HTTPException):
                return None
        with contextlib.suppress(ValueError):
            return json.loads(content)
        return None

    def chat(self, *messages: Mapping[str, Any], session: str = "", **members: Any) -> Any:
        """Return the answer to *messages* in *session*; `leave_after` is as of `ask`."""
        path = f"/s/{session}/v1/chat/completions" if session else "/v1/chat/completions"
        leave_after = members.pop("leave_after", 0)
        body = {"model": "gpt-4o", "messages": messages, **members}
        return self.ask(body, path, leave_after)


def picture_of_a_tram() -> str:
    """Return a small picture as a `data:` URL."""
    image = Image.new("RGB", (160, 100), (176, 208, 232))
    image.paste((150, 140, 130), (0, 78, 160, 100))
    image.paste((244, 190, 40), (30, 26, 130, 82))
    for left in (38, 68, 98):
        image.paste((90, 120, 150), (left, 34, left + 24, 54))
    for left in (44, 100):
        image.paste((50, 50, 55), (left, 76, left + 16, 88))
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    encoded = base64.b64encode(content.getvalue()).decode()
    return f"data:image/png;base64,{encoded}"


def ask_all(server: MockServer) -> None:
    """Make calls of all kinds; what they show is in the pictures."""
    app = Application(server.url)
    asked = (SYSTEM, ASKED)
    options = {"tools": [WEATHER], "stream": True}
    # The first wait is shorter than what was asked for, which is a verdict.
    app.chat(*asked, **options)
    time.sleep(0.4)
    app.chat(*asked, **options)
    time.sleep(0.8)
    app.chat(*asked, **options)
    call = {"name": "get_weather", "arguments": '{"city":"Lisbon","days":3,"unit":"celsius"}'}
    made = {"id": "call_7Qx2", "type": "function", "function": call}
    result = (
        '{"days":[{"sky":"clear","high":24},{"sky":"clear","high":23},{"sky":"rain","high":19}]}'
    )
    answered = (
        {"role": "assistant", "content": None, "tool_calls": [made]},
        {"role": "tool", "tool_call_id": "call_7Qx2", "content": result},
    )
    app.chat(*asked, *answered, **options)
    itinerary = user("Write me an itinerary for three days, on foot and by train.")
    app.chat(SYSTEM, itinerary, model="gpt-4.1-mini", stream=True)
    app.chat(SYSTEM, itinerary, model="gpt-4.1-mini", stream=True, leave_after=2_600)
    shown = {"type": "image_url", "image_url": {"url": picture_of_a_tram()}}
    app.chat(user([{"type": "text", "text": "What is this, and where?"}, shown]))
    app.chat(user("Hello"), model="openai/gpt-4o")
    app.ask({"model": "gpt-4o", "messages": [user("Hello")]}, "/chat/completions")
    for _ in range(3):
        app.chat(user("Hello, is anybody there?"), session="retries", model="gpt-4.1")
        time.sleep(0.05)
    refund = user("I would like a refund for order 7.")
    app.chat(refund, session="refunds", model="gpt-5")
    app.ask({"model": "text-embedding-3-small", "input": "trams of Lisbon"}, "/v1/embeddings")
    app.chat(user("Hello"), stream=True)


@dataclass(frozen=True)
class Picture:
    """A picture to take: of which place, how large, in which colours."""

    place: str
    size: tuple[int, int] = (1240, 720)
    scheme: str = "light"


PICTURES: Final = {
    "list-light": Picture("#/", (1240, 640)),
    "list-dark": Picture("#/", (1240, 640), "dark"),
    "tool-call-cut": Picture("#/s/default/2"),
    "rules": Picture("#/s/default/3/rules"),
    "stream": Picture("#/s/default/2/stream", (1240, 720), "dark"),
    "attempts": Picture("#/s/default/2/attempts", (1240, 560)),
    "scenario": Picture("#/scenario/default", (1240, 720)),
    "narrow": Picture("#/s/default/4", (390, 780)),
}


@contextlib.contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    """Run a browser that shows times as in UTC."""
    found = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    if None in found.values():
        sys.exit("chromium and chromedriver are needed: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(found["chromium"])
    with tempfile.TemporaryDirectory() as folder:
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        service = Service(found["chromedriver"], env={**os.environ, "TZ": "UTC"})
        driver = webdriver.Chrome(options=options, service=service)
        try:
            yield driver
        finally:
            driver.quit()


def take(driver: webdriver.Chrome, url: str, picture: Picture) -> Image.Image:
    """Return *picture* of the inspector at *url*."""
    width, height = picture.size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    wanted = {"prefers-color-scheme": picture.scheme, "prefers-reduced-motion": "reduce"}
    features = [{"name": name, "value": value} for name, value in wanted.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    driver.get("about:blank")
    driver.get(f"{url}/_mock/{picture.place}")
    is_there = (
        "const { state } = document.getElementById('live').dataset;"
        "const place = location.hash.split('/')[1] || 'list';"
        "const wanted = { s: '.section', scenario: '.script', sessions: '.card',"
        " list: '.row.head' };"
        "return state === 'live' && document.querySelector(wanted[place])"
        " && document.querySelector('#rows .row')"
    )
    WebDriverWait(driver, PATIENCE_S).until(lambda found: found.execute_script(is_there))
    # Two more frames: what was asked for is drawn.
    driver.execute_async_script(
        "const done = arguments[0];"
        "document.fonts.ready.then(() => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    return Image.open(io.BytesIO(driver.get_screenshot_as_png()))


def write(image: Image.Image, path: Path) -> None:
    """Write *image* with few colours, as small as it gets."""
    colours = COLOURS
    while True:
        content = io.BytesIO()
        few = image.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
        few.save(content, "PNG", optimize=True)
        if len(content.getvalue()) <= MOST_BYTES or colours <= 16:
            break
        colours //= 2
    path.write_bytes(content.getvalue())
    print(f"{path.name}: {len(content.getvalue()) / 1000:.0f} kB")


def main() -> None:
    """Take the pictures that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", nargs="*", choices=[[], *PICTURES], help="which pictures to take")
    names = parser.parse_args().name or list(PICTURES)
    DOCS.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        # A file of its own, so that rules have places that a reader could open.
        stack.enter_context(contextlib.chdir(stack.enter_context(tempfile.TemporaryDirectory())))
        Path("travel.yaml").write_text(SCENARIO, "utf-8")
        server = stack.enter_context(MockServer("travel.yaml", seed=11))
        driver = stack.enter_context(browser())
        control = Control(server.url)
        for name, shipped in (
            ("retries", "retries/third-attempt-succeeds"),
            ("refunds", "agents/refund-with-approval"),
        ):
            text = (bundled.folder("scenarios") / f"{shipped}.yaml").read_text("utf-8")
            control.new_session(name, text)
        ask_all(server)
        for name in names:
            write(take(driver, server.url, PICTURES[name]), DOCS / f"{name}.png")


if __name__ == "__main__":
    main()
