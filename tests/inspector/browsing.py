"""A real browser, and what it saw of a page: rows, errors, requests, violations of the policy."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.ui import WebDriverWait
from support.machine import programs

PATIENCE_S = 20
"""After this long a test fails instead of hanging; nothing here takes it."""
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--lang=en",
)
WIDE, NARROW = (1280, 800), (375, 720)
# Runs before the page does.
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
window.executed = [];
window.alert = (what) => window.executed.push(String(what));
"""


class Browser:
    """One browser, in which pages are opened one after the other."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver
        self._errors: list[str] = []

    def resize(self, size: tuple[int, int]) -> None:
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def dress(self, scheme: str) -> None:
        """Have the system prefer the colour *scheme*, and no motion."""
        wanted = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wanted.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def open(self, url: str, *, fresh: bool = True) -> None:
        """Open *url*, whatever was open; *fresh* forgets what pages have stored."""
        if fresh and self.driver.current_url.startswith("http"):
            self.run("sessionStorage.clear(); localStorage.clear()")
        self.driver.get("about:blank")
        self.forget()
        self.driver.get(url)

    def forget(self) -> None:
        """Forget what was logged so far."""
        self.driver.get_log("browser")
        self.driver.get_log("performance")

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def until(self, condition: str, *arguments: Any) -> Any:
        """Return the value of the JavaScript expression *condition* once it is true."""
        waiting = WebDriverWait(self.driver, PATIENCE_S, poll_frequency=0.02)
        try:
            return waiting.until(lambda _: self.run(f"return {condition}", *arguments))
        except TimeoutException:
            text = self.run("return document.body.innerText")
            raise AssertionError(f"never true: {condition}\n{text}") from None

    def keys(self, *keys: str) -> None:
        """Press *keys*, one after the other, wherever the focus is."""
        for key in keys:
            ActionChains(self.driver, duration=0).send_keys(key).perform()

    def click(self, selector: str) -> None:
        element = self.until(f"document.querySelector({json.dumps(selector)})")
        self.run("arguments[0].click()", element)

    def write(self, selector: str, text: str) -> None:
        """Put *text* into an input, as if it were written there."""
        script = (
            "const input = document.querySelector(arguments[0]); input.value = arguments[1];"
            "input.dispatchEvent(new Event('input', {bubbles: true}))"
        )
        self.run(script, selector, text)

    def text(self, selector: str) -> str:
        """Return the text of the first element that *selector* finds."""
        return str(self.until(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def rows(self) -> list[dict[str, str]]:
        """Return the rows of the list in sight, from top to bottom, by the name of the column."""
        script = (
            "return [...document.querySelectorAll('#rows .row:not([hidden])')]"
            ".sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)"
            ".map((row) => Object.fromEntries([...row.children]"
            ".map((cell) => [cell.className.split(' ')[0].slice(2), cell.textContent])))"
        )
        return list(self.run(script))

    def errors(self) -> list[str]:
        """Return the errors and warnings of the console since `open`."""
        levels = {"SEVERE", "WARNING"}
        return [x["message"] for x in self.driver.get_log("browser") if x["level"] in levels]

    def hosts(self) -> set[str]:
        """Return the hosts that something was requested of since `open`."""
        found: set[str] = set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = urlsplit(message["params"]["request"]["url"])
                if url.scheme not in {"data", "about"}:
                    found.add(url.netloc)
        return found

    def assert_clean(self, url: str) -> None:
        """Assert that nothing went wrong, ran, or was asked of anybody but the server at *url*."""
        assert self.errors() == []
        assert self.run("return window.violations") == []
        assert self.run("return window.executed") == []
        assert self.hosts() <= {urlsplit(url).netloc}


@contextmanager
def browser(folder: str, *flags: str) -> Iterator[Browser]:
    """Run a browser that keeps what it must in *folder*."""
    chromium, driver = programs("chromium", "chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={folder}", *flags):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    running = webdriver.Chrome(options=options, service=Service(driver))
    try:
        running.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        found = Browser(running)
        found.resize(WIDE)
        found.dress("light")
        yield found
    finally:
        running.quit()


def column(rows: Sequence[dict[str, str]], name: str) -> list[str]:
    return [row[name] for row in rows]
