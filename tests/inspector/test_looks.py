"""What everybody needs of the page: names, roles, contrast, room."""

from collections.abc import Iterator
from itertools import product

import planted
import pytest
from browsing import NARROW, Browser

GROUNDS = ("bg", "surface", "raised", "accent-bg")
TEXTS = (
    *product(("text", "soft", "accent"), GROUNDS),
    *((kind, f"{kind}-bg") for kind in ("good", "bad", "warn", "violet")),
    *product(("good", "bad", "warn", "violet"), ("bg", "surface")),
    *(("text", f"{kind}-bg") for kind in ("good", "bad", "warn", "violet")),
    *(("soft", f"{kind}-bg") for kind in ("warn", "violet")),
    ("good", "violet-bg"),
    ("accent", "violet-bg"),
    ("on-accent", "accent"),
    ("surface", "good"),
    ("surface", "bad"),
)
SIGNS = (*product(("accent", "edge", "good", "bad", "warn", "violet"), ("bg", "surface")),)
COLOURS = """
const probe = document.createElement("i");
document.body.append(probe);
return Object.fromEntries(arguments[0].map((name) => {
  probe.style.color = `var(--${name})`;
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = getComputedStyle(probe).color;
  context.fillRect(0, 0, 1, 1);
  return [name, [...context.getImageData(0, 0, 1, 1).data]];
}))
"""
# What a person operates, and has no name that a screen reader could say.
NAMELESS = """
const nameOf = (element) => (element.getAttribute("aria-label") ?? "").trim()
  || (element.getAttribute("aria-labelledby") ?? "").split(" ")
    .map((id) => document.getElementById(id)?.textContent ?? "").join("").trim()
  || [...(element.labels ?? [])].map((label) => label.textContent).join("").trim()
  || (element.matches("img") ? element.alt : "")
  || (element.matches("input, select, textarea") ? "" : element.textContent.trim());
const wanted = "button, a[href], input, select, textarea, summary, img, audio, dialog, main, nav,"
  + "section, [role=grid], [role=tab], [role=tablist], [role=tabpanel], [role=separator],"
  + "[role=toolbar], [role=img], [tabindex='0']";
return [...document.querySelectorAll(wanted)]
  .filter((element) => !element.matches("audio") && !nameOf(element))
  .map((element) => element.outerHTML.slice(0, 120))
"""
# References to what is not there, ids that are there twice, and rows whose cells have no role.
BROKEN = """
const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
const found = ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `twice: ${id}`);
const names = ["controls", "labelledby", "describedby", "activedescendant"];
for (const name of names.map((each) => `aria-${each}`))
  for (const element of document.querySelectorAll(`[${name}]`))
    for (const id of element.getAttribute(name).split(" "))
      if (!document.getElementById(id)) found.push(`${name}: ${id}`);
for (const row of document.querySelectorAll("[role=row] > *"))
  if (!["gridcell", "columnheader"].includes(row.getAttribute("role"))) found.push(row.outerHTML);
for (const cell of document.querySelectorAll("th:not([scope])")) found.push(cell.outerHTML);
if (document.querySelectorAll("[role=tab][aria-selected=true]").length > 1) found.push("tabs");
return found
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with planted.served() as url:
        yield url


def luminance(colour: tuple[int, ...]) -> float:
    """Return the relative luminance. Source: WCAG 2.2, definition of the same name."""
    parts = [value / 255 for value in colour[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(left: tuple[int, ...], right: tuple[int, ...]) -> float:
    low, high = sorted((luminance(left), luminance(right)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.system
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough_to_read(browser: Browser, url: str, scheme: str) -> None:
    browser.dress(scheme)
    browser.open(f"{url}/_mock/")
    names = sorted({name for pair in (*TEXTS, *SIGNS) for name in pair})

    colours = {name: tuple(value) for name, value in browser.run(COLOURS, names).items()}

    assert all(colour[3] == 255 for colour in colours.values())
    wanted = [*((pair, 4.5) for pair in TEXTS), *((pair, 3.0) for pair in SIGNS)]
    poor = {
        pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2)
        for pair, least in wanted
        if contrast(colours[pair[0]], colours[pair[1]]) < least
    }
    assert poor == {}


@pytest.mark.system
def test_the_switch_wins_over_the_system(browser: Browser, url: str) -> None:
    browser.dress("light")
    browser.open(f"{url}/_mock/")
    background = "getComputedStyle(document.body).backgroundColor"
    light = browser.run(f"return {background}")

    browser.run(
        "const theme = document.getElementById('theme'); theme.value = 'dark';"
        "theme.dispatchEvent(new Event('change'))"
    )

    dark = browser.run(f"return {background}")
    assert dark != light
    browser.open(f"{url}/_mock/", fresh=False)
    assert browser.run(f"return {background}") == dark


@pytest.mark.system
@pytest.mark.parametrize(
    "place",
    [
        "#/",
        "#/sessions",
        "#/scenario",
        *(f"#/s/x/12/{name}" for name in ("stream", "conversation")),
    ],
)
def test_everything_has_a_name_and_a_role(browser: Browser, url: str, place: str) -> None:
    browser.open(f"{url}/_mock/{place}")
    browser.until("document.querySelector('.card, .section, #rows .row')")

    assert browser.run(NAMELESS) == []
    assert browser.run(BROKEN) == []
    assert browser.run("return document.querySelectorAll('main:not([hidden])').length") == 1
    quiet = "return [...document.querySelectorAll('[aria-live], [role=status]')].map((e) => e.id)"
    assert browser.run(quiet) == ["say"]


@pytest.mark.system
def test_focus_is_visible_wherever_it_can_be(browser: Browser, url: str) -> None:
    browser.open(f"{url}/_mock/#/s/x/12")
    browser.until("document.querySelector('.section')")
    seen: set[str] = set()
    script = (
        "const style = getComputedStyle(document.activeElement);"
        "return [document.activeElement.id || document.activeElement.className,"
        "style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2]"
    )
    for _ in range(24):
        browser.keys("\ue004")
        name, is_visible = browser.run(script)
        assert is_visible, name
        seen.add(name)
    assert {"filter", "pause", "scroll", "split", "tab-conversation"} <= seen


@pytest.mark.system
@pytest.mark.parametrize("place", ["#/", "#/sessions", "#/scenario", "#/s/x/12/stream"])
def test_a_narrow_window_is_enough(narrow: Browser, url: str, place: str) -> None:
    narrow.open(f"{url}/_mock/{place}")
    narrow.until("document.querySelector('.card, .section, #rows .row')")

    assert narrow.run("return document.documentElement.scrollWidth") == NARROW[0]
    small = (
        "return [...document.querySelectorAll('.top button, .tools button, .tools select, .tabs"
        " button')].filter((each) => each.offsetWidth && each.offsetHeight < 24)"
        ".map((each) => each.textContent)"
    )
    assert narrow.run(small) == []


@pytest.mark.system
def test_nothing_moves_where_motion_is_not_wanted(browser: Browser, url: str) -> None:
    browser.open(f"{url}/_mock/")
    browser.until("document.querySelector('#rows .row')")

    assert browser.run("return document.getAnimations().length") == 0
