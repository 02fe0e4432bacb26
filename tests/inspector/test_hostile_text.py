"""Whatever a request holds, it is text in the page, and stays in its place."""

from collections.abc import Iterator

import planted
import pytest
from browsing import NARROW, WIDE, Browser

pytestmark = pytest.mark.system

SECTIONS = (*("conversation", "rules", "stream", "attempts", "bill", "headers", "raw", "verdicts"),)
FOREIGN = (
    "[...document.body.querySelectorAll('script, iframe, object, embed, style, link, base, form')]"
    ".filter((each) => each.id !== 'token-form').length"
)
# What sticks out of the window, unless something around it hides or scrolls that.
STICKS_OUT = """
return [...document.body.querySelectorAll('*')].filter((element) => {
  const box = element.getBoundingClientRect();
  if (!box.width || box.right <= innerWidth + 1) return false;
  for (let each = element.parentElement; each; each = each.parentElement) {
    const style = getComputedStyle(each);
    if (style.overflowX !== 'visible' && each.getBoundingClientRect().right <= innerWidth + 1) {
      return false;
    }
  }
  return true;
}).map((element) => `${element.tagName} ${element.className}`).slice(0, 5)
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with planted.served() as url:
        yield url


def assert_harmless(browser: Browser, url: str) -> None:
    assert browser.run(f"return {FOREIGN}") == 0
    assert browser.run(STICKS_OUT) == []
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    handlers = (
        "return [...document.querySelectorAll('*')].filter((element) => [...element.attributes]"
        ".some((each) => /^on/i.test(each.name))).length"
    )
    assert browser.run(handlers) == 0
    links = "return [...document.links].map((link) => new URL(link.href).protocol)"
    assert set(browser.run(links)) <= {"http:"}
    browser.assert_clean(url)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_rows_show_it_as_it_is(browser: Browser, url: str, size: tuple[int, int]) -> None:
    browser.resize(size)
    browser.open(f"{url}/_mock/")
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length >= 10")
    browser.run("const list = document.getElementById('scroll'); list.scrollTop = 1e6")

    rows = browser.rows()

    assert any(row["model"] == "<script>alert('script')</script>" for row in rows)
    assert any("U+202Eright to leftU+202C" in row["words"] for row in rows)
    assert any(row["rule"].startswith("U+D800 alone U+DFFF") for row in rows)
    heights = "return [...document.querySelectorAll('#rows .row')].map((row) => row.offsetHeight)"
    assert set(browser.run(heights)) <= {0, 32, 54}
    assert_harmless(browser, url)


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_shows_it_as_it_is(browser: Browser, url: str, section: str) -> None:
    browser.open(f"{url}/_mock/#/s/{'%3Cscript%3E' * 3}/12/{section}")
    browser.until(f"document.querySelector('.section.in-{section}')")

    browser.run(
        "document.querySelectorAll('details:not(.chip)').forEach((each) => { each.open = true })"
    )
    browser.run(
        "document.querySelectorAll('#section .more:not(.offered .more)')"
        ".forEach((each) => each.click());"
        "document.querySelectorAll('.part, tr, li').forEach((each) => each.scrollIntoView())"
    )

    text = browser.run("return document.getElementById('panel').textContent")
    assert "<script>alert('script')</script>" in text
    assert "U+202E" in text
    assert "\u202e" not in text
    assert browser.text(".hint").startswith("Hint")
    browser.resize(NARROW)
    assert_harmless(browser, url)
    browser.resize(WIDE)
    assert browser.run(STICKS_OUT) == []


def test_only_whole_pictures_are_shown(browser: Browser, url: str) -> None:
    browser.open(f"{url}/_mock/#/s/x/12")
    browser.until("document.querySelector('.section.in-conversation')")

    sources = browser.run("return [...new Set([...document.images].map((each) => each.src))]")

    assert sources == [planted.PIXEL]
    text = browser.run("return document.getElementById('section').textContent")
    assert ", not loadedhttps://evil.example/pixel.png?<script>" in text


@pytest.mark.parametrize("view", ["sessions", "scenario"])
def test_sessions_and_scenario_show_it_as_it_is(browser: Browser, url: str, view: str) -> None:
    browser.open(f"{url}/_mock/#/{view}")
    browser.until(f"document.querySelector('#{view} .card')")

    text = browser.text(f"#{view}")

    assert "<script>alert('script')</script>" in text
    assert "U+202E" in text
    browser.resize(NARROW)
    assert_harmless(browser, url)
    browser.resize(WIDE)
    assert browser.run(STICKS_OUT) == []


def test_what_cannot_be_copied_is_selected(browser: Browser, url: str) -> None:
    browser.open(f"{url}/_mock/#/s/x/12")
    browser.until("document.querySelector('.panel-head .copy')")
    browser.run("navigator.clipboard.writeText = () => Promise.reject(new Error('refused'))")

    browser.click(".panel-head .copy")
    browser.until("document.getElementById('copy').open")

    chosen = (
        "const area = document.getElementById('copy-text');"
        "return area.value.slice(area.selectionStart, area.selectionEnd).toWellFormed()"
    )
    assert "</textarea><script>" in browser.run(chosen)
    assert browser.run(f"return {FOREIGN}") == 0
