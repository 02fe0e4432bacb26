"""The list of calls, live, in a real browser."""

import asyncio
import json

import aiohttp
import pytest
from browsing import Browser, column
from selenium.webdriver.common.keys import Keys
from support.wire import Connection, Serve, chat, exchange, request

from mockserver import Control, MockServer

SCENARIO = """
rules:
  - name: limited-once
    when: {last_user: {contains: Lisbon}}
    times: 1
    fail: {kind: rate_limit, retry_after_s: 0.01}
  - name: weather
    when: {last_user: {contains: Lisbon}}
    reply: "Sunny."
  - name: held
    when: {last_user: hold on}
    reply: "One two three."
    fail: {kind: stall, after_tokens: 1, until: released}
"""

pytestmark = pytest.mark.system


def page(server: MockServer, rest: str = "") -> str:
    return f"{server.url}/_mock/{rest}"


def ask(server: MockServer, said: str = "Hi", *, session: str = "", model: str = "gpt-4o") -> int:
    """Ask *server* and return the status of its answer."""
    path = f"/s/{session}/v1/chat/completions" if session else "/v1/chat/completions"
    return exchange(server, request("POST", path, chat(said, model=model))).status


def ask_often(server: MockServer, sessions: int, calls: int) -> None:
    """Ask *server* in each of several *sessions*, some at once."""

    async def one_session(http: aiohttp.ClientSession, number: int) -> None:
        url = f"{server.url}/s/load-{number}/v1/chat/completions"
        for call in range(calls):
            async with http.post(url, json=chat(f"Question {call} of {number}")) as answer:
                await answer.read()

    async def all_sessions() -> None:
        headers = {"authorization": "Bearer sk-test"}
        async with aiohttp.ClientSession(headers=headers) as http:
            await asyncio.gather(*(one_session(http, number) for number in range(sessions)))

    asyncio.run(all_sessions())


@pytest.fixture
def server(serve: Serve) -> MockServer:
    return serve(SCENARIO, any_model=True)


def test_without_calls_the_page_says_what_to_do(browser: Browser, server: MockServer) -> None:
    browser.open(page(server))
    browser.until("!document.getElementById('empty').hidden")

    invitation = browser.text("#empty")
    assert "Waiting for the first call" in invitation
    assert f"OPENAI_BASE_URL={server.url}/v1" in invitation
    assert f"curl {server.url}/v1/chat/completions" in invitation

    ask(server)
    browser.until("document.getElementById('empty').hidden")
    browser.assert_clean(server.url)


def test_calls_appear_as_they_come(browser: Browser, server: MockServer) -> None:
    browser.open(page(server))
    browser.until("document.getElementById('live').dataset.state === 'live'")

    ask(server, "How is the weather in Lisbon?")
    ask(server, "How is the weather in Lisbon?")
    ask(server, "Hi", session="checkout", model="gpt-4.1")
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 3")

    rows = browser.rows()
    assert column(rows, "session") == ["checkout", "default", "default"]
    assert column(rows, "model") == ["gpt-4.1", "gpt-4o", "gpt-4o"]
    assert column(rows, "rule") == ["no rule", "weather", "limited-once"]
    assert column(rows, "status") == ["200", "200", "429 rate_limit"]
    assert browser.text("#count") == "3 calls"
    browser.assert_clean(server.url)


def test_what_no_rule_answered_says_why(browser: Browser, serve: Serve) -> None:
    server = serve()
    ask(server)
    ask(server, model="gpt-0")
    exchange(server, request("POST", "/v1/nowhere", chat("Hi")))
    browser.open(page(server))
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 3")

    assert column(browser.rows(), "rule") == ["no endpoint", "refused", "auto"]


def test_a_client_that_left_before_the_answer_was_sent_no_status(
    browser: Browser, serve: Serve
) -> None:
    server = serve("rules: [{reply: Late., latency: {ttft_ms: 60000}}]", time_scale=1)
    with Connection(server) as connection:
        connection.send(request("POST", "/v1/chat/completions", chat("Hi"), close=False))
        Control(server.url).session("default").wait_for(1, unfinished=True)
    browser.open(page(server, "#/s/default/1"))

    browser.until("document.querySelector('#rows .row .badge')?.textContent === 'left'")
    browser.until("document.body.innerText.includes('The client left before anything was sent.')")


def test_an_open_call_moves_until_it_ends(browser: Browser, server: MockServer) -> None:
    browser.open(page(server))
    with Connection(server) as connection:
        body = chat("hold on", stream=True)
        connection.send(request("POST", "/v1/chat/completions", body, close=False))
        browser.until("document.querySelector('#rows [data-kind=open]')")
        Control(server.url).session("default").release()
        browser.until("document.querySelector('#rows .row[data-kind=bad]')")

    assert column(browser.rows(), "status") == ["200 stall"]


FILTERS = {
    "lisbon": [1, 2],
    "lisbon -failed:": [2],
    'asked:"in lisbon"': [1, 2],
    "status:429": [1],
    "status:2xx": [2, 3, 4],
    "status:>=400": [1],
    "status:200,429": [1, 2, 3, 4],
    "rule:weather": [2],
    "-rule:weather": [1, 3, 4],
    "model:gpt-4.1*": [3],
    "model:gpt-4*": [1, 2, 3, 4],
    "session:checkout": [3],
    "failed:": [1],
    "failed:no": [2, 3, 4],
    "failure:rate_limit": [1],
    "unmatched:": [3, 4],
    "attempt:>1": [2],
    "number:1 session:default": [1],
    "no such words": [],
}


def test_the_filter_narrows_the_list(browser: Browser, server: MockServer) -> None:
    ask(server, "How is the weather in Lisbon?")
    ask(server, "How is the weather in Lisbon?")
    ask(server, "Hi", session="checkout", model="gpt-4.1")
    ask(server, "Thank you")
    browser.open(page(server))
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 4")

    found: dict[str, list[int]] = {}
    for text in FILTERS:
        browser.write("#filter", text)
        browser.until("document.getElementById('filter-note').textContent.match(/match/)")
        script = (
            "return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>"
            "done([...document.querySelectorAll('#rows .row:not([hidden])')]"
            ".map((row) => Number(row.id.slice(5))).sort()))))"
        )
        found[text] = browser.run(script)

    assert found == FILTERS
    assert browser.text("#empty").startswith("No call matches the filter")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("modle:gpt-4o", "There is no term modle:; did you mean model:?"),
        ("status:often", "status: takes HTTP status: 429, 4xx, >=400, none; not often"),
        ("failed:perhaps", "failed: takes failed: or failed:no"),
        ("colour:red", "There is no term colour:; there are status: rule: session:"),
    ],
)
def test_a_term_that_is_unknown_gets_a_hint(
    browser: Browser, server: MockServer, text: str, hint: str
) -> None:
    browser.open(page(server))
    browser.write("#filter", text)

    note = browser.text("#filter-note")

    assert hint in note
    assert note.startswith("0 calls match.")


def test_the_list_pauses_and_goes_on(browser: Browser, server: MockServer) -> None:
    ask(server)
    browser.open(page(server))
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 1")

    browser.keys("p")
    browser.until("document.getElementById('live-text').textContent === 'Paused'")
    ask(server)
    ask(server)
    browser.until("document.getElementById('pause').textContent === 'Resume · 2 new'")
    assert len(browser.rows()) == 1

    browser.click("#pause")
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 3")
    assert browser.text("#pause") == "Pause"


def test_a_session_can_be_chosen_and_the_list_be_cleared(
    browser: Browser, server: MockServer
) -> None:
    ask(server)
    ask(server, session="checkout")
    browser.open(page(server))
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 2")

    browser.run(
        "const choice = document.getElementById('session'); choice.focus();"
        "choice.value = 'checkout'; choice.dispatchEvent(new Event('change'))"
    )
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 1")
    assert column(browser.rows(), "session") == ["checkout"]

    browser.click("#clear")
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 0")
    ask(server, "again", session="checkout")
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 1")
    assert browser.text("#count") == "1 call since the list was cleared"


def test_the_front_of_a_session_leads_to_its_calls(browser: Browser, server: MockServer) -> None:
    ask(server)
    ask(server, session="checkout")

    browser.open(f"{server.url}/s/checkout")
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 1")

    assert column(browser.rows(), "session") == ["checkout"]
    assert browser.run("return document.getElementById('session').value") == "checkout"


def test_everything_can_be_done_by_the_keyboard(browser: Browser, server: MockServer) -> None:
    for number in range(1, 5):
        ask(server, f"Question {number}")
    browser.open(page(server))
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 4")

    browser.keys("j", "j", Keys.ENTER)
    browser.until("location.hash === '#/s/default/3'")
    browser.until("document.getElementById('panel-title')")
    browser.keys("k")
    browser.until("location.hash === '#/s/default/4'")
    browser.keys("7")
    browser.until("location.hash === '#/s/default/4/raw'")
    browser.until("document.getElementById('section').innerText.includes('Question 4')")
    browser.keys("G")
    browser.until("location.hash === '#/s/default/1/raw'")
    active = "document.getElementById('scroll').getAttribute('aria-activedescendant')"
    browser.until(f"document.getElementById({active})?.ariaSelected === 'true'")
    browser.keys(Keys.ESCAPE)
    browser.until("document.getElementById('panel').hidden && location.hash === '#/'")
    browser.keys("/", "2")
    browser.until("document.activeElement.id === 'filter'")
    browser.until("document.getElementById('filter').value === '2'")
    browser.keys(Keys.ESCAPE)
    browser.until("document.getElementById('filter').value === ''")
    browser.keys(Keys.ESCAPE, "n")
    browser.until("document.getElementById('order').textContent === 'Newest last'")
    browser.keys("?")
    browser.until("document.getElementById('help').open")
    browser.keys(Keys.ESCAPE)
    browser.until("!document.getElementById('help').open")
    browser.assert_clean(server.url)


def test_an_address_shows_the_same_call_again(browser: Browser, server: MockServer) -> None:
    ask(server, "How is the weather in Lisbon?")

    browser.open(page(server, "#/s/default/1/rules"))

    browser.until("document.querySelector('#tab-rules')?.ariaSelected === 'true'")
    assert "limited-once" in browser.text("#panel")
    browser.open(page(server, "#/s/default/9"))
    browser.until("document.getElementById('panel').innerText.includes('not kept any more')")


def test_a_token_is_asked_for_and_kept_in_the_tab_alone(browser: Browser, serve: Serve) -> None:
    server = serve(control_token="a-secret-token")
    ask(server)
    browser.open(page(server))
    browser.until("document.getElementById('token').open")

    browser.write("#token-value", "wrong-token")
    browser.click("#token button")
    browser.until("!document.getElementById('token-wrong').hidden")
    browser.write("#token-value", "a-secret-token")
    browser.click("#token button")

    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 1")
    assert browser.run("return [Object.values({...localStorage}), document.cookie]") == [[], ""]
    assert browser.run("return Object.values({...sessionStorage})") == ["a-secret-token"]
    browser.open(page(server), fresh=False)
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 1")


def test_a_token_in_the_address_is_taken_over(browser: Browser, serve: Serve) -> None:
    server = serve(control_token="a-secret+token")
    ask(server)

    browser.open(page(server, "#token=a-secret%2Btoken"))

    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 1")
    assert browser.run("return location.href") == page(server, "#/")
    assert "token" not in browser.run("return performance.getEntriesByType('resource').join()")
    browser.assert_clean(server.url)


def test_a_lost_connection_is_shown_and_found_again(browser: Browser, serve: Serve) -> None:
    server = serve()
    ask(server, "before")
    port = int(server.url.rpartition(":")[2])
    browser.open(page(server))
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 1")

    server.stop()
    browser.until("!document.getElementById('lost').hidden")
    assert "Connection lost" in browser.text("#lost")
    again = serve(port=port)
    ask(again, "after")
    ask(again, "after")
    browser.click("#lost button")

    browser.until("document.getElementById('lost').hidden")
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 2")


def test_nobody_is_asked_while_the_page_is_hidden(browser: Browser, server: MockServer) -> None:
    ask(server)
    browser.open(page(server))
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 1")

    # A browser without a window hides no page, so the page is told that it is hidden.
    become = (
        "Object.defineProperty(document, 'hidden', "
        "{configurable: true, value: arguments[0] === 1});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    browser.run(become, 1)
    browser.until("document.getElementById('live-text').textContent === 'Resting'")
    asked = (
        "performance.getEntriesByType('resource').filter((x) => x.name.includes('calls?')).length"
    )
    before = browser.run(f"return {asked}")
    ask(server)
    assert len(browser.rows()) == 1
    assert browser.run(f"return {asked}") == before
    browser.run(become, 0)
    browser.until("document.querySelectorAll('#rows .row:not([hidden])').length === 2")


@pytest.fixture
def busy(serve: Serve) -> MockServer:
    server = serve(time_scale=0)
    ask_often(server, sessions=10, calls=1_000)
    return server


def test_ten_thousand_calls_take_no_more_rows_than_are_in_sight(
    browser: Browser, busy: MockServer
) -> None:
    browser.open(page(busy))
    browser.until("document.getElementById('count').textContent.includes('older on the server')")
    assert browser.text("#count") == "500 calls, 9,500 older on the server"
    for loaded in range(1_000, 10_001, 500):
        browser.click("#older")
        browser.until(f"document.getElementById('count').textContent.startsWith('{loaded:,} ')")

    assert browser.text("#count") == "10,000 calls"
    assert browser.run("return document.getElementById('older').hidden")
    assert browser.run("return document.querySelectorAll('#rows .row').length") < 60
    for place in (0.2, 0.9, 0.5):
        browser.run(
            "const list = document.getElementById('scroll');"
            "list.scrollTop = list.scrollHeight * arguments[0]",
            place,
        )
        shown = (
            "[...document.querySelectorAll('#rows .row:not([hidden])')].some((row) => {"
            "const list = document.getElementById('scroll').getBoundingClientRect();"
            "const box = row.getBoundingClientRect();"
            "return box.top < list.top + 300 && box.bottom > list.top + 300})"
        )
        browser.until(shown)
    assert browser.run("return document.querySelectorAll('#rows .row').length") < 60

    took = browser.run(
        "const from = performance.now(); const input = document.getElementById('filter');"
        "input.value = 'session:load-7 model:gpt-4o-mini'; input.dispatchEvent(new Event('input'));"
        "return performance.now() - from"
    )
    browser.until("document.getElementById('count').textContent === '1,000 of 10,000 calls'")
    assert took < 1_000, json.dumps(took)
    browser.assert_clean(busy.url)
