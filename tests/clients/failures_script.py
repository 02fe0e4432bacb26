"""What openai-python makes of failures: run by both major versions of it.

Takes the cases as JSON, all of which it asks for at once. Prints one JSON
object: for each case, in one line, what came of it.
"""

import asyncio
import json
import sys
from typing import Any

import openai

AT_ONCE = 8


async def main() -> None:
    cases = json.load(sys.stdin)
    turn = asyncio.Semaphore(AT_ONCE)
    async with openai.AsyncOpenAI(api_key="sk-test") as client:

        async def in_turn(case: dict[str, Any]) -> tuple[str, str]:
            async with turn:
                return await outcome(client, case)

        # What has a short timeout comes last, when nothing else keeps this process busy.
        quick = await asyncio.gather(*(in_turn(case) for case in cases if case["timeout_s"] > 5))
        slow = await asyncio.gather(*(in_turn(case) for case in cases if case["timeout_s"] < 5))
    sys.stdout.write(json.dumps(dict([*quick, *slow])))


async def outcome(client: openai.AsyncOpenAI, case: dict[str, Any]) -> tuple[str, str]:
    client = client.with_options(base_url=case["base_url"], timeout=case["timeout_s"])
    received: list[str] = []
    try:
        told = await ask(client, case, received)
        if case["twice"]:
            told = await ask(client, case, received)
    except Exception as error:  # noqa: BLE001 - what a client raises, of whatever kind, is the outcome
        told = raised(error)
        if case["asked"].get("stream") and not isinstance(error, openai.APIStatusError):
            told += f" behind '{''.join(received)}'"
    return case["name"], told


async def ask(client: openai.AsyncOpenAI, case: dict[str, Any], received: list[str]) -> str:
    messages: Any = [{"role": "user", "content": case["name"]}]
    answer = await client.chat.completions.create(
        model="gpt-4o", messages=messages, **case["asked"]
    )
    if case["asked"].get("stream"):
        return await read(answer, received)
    return told_of(answer)


async def read(stream: Any, received: list[str]) -> str:
    finish = None
    async for chunk in stream:
        for choice in chunk.choices or ():
            received.append(choice.delta.content or "")
            finish = choice.finish_reason or finish
    return f"'{''.join(received)}' {finish}"


def told_of(answer: Any) -> str:
    if not getattr(answer, "choices", None):
        known = type(answer).__name__
        return f"{known} without choices" if known == "ChatCompletion" else known
    (choice,) = answer.choices
    message = choice.message
    calls = [f"{call.function.name} {call.function.arguments}" for call in message.tool_calls or ()]
    said = " ".join(calls) or f"'{message.content}'"
    return f"{said} {choice.finish_reason}"


def raised(error: Exception) -> str:
    package = type(error).__module__.partition(".")[0]
    status = getattr(error, "status_code", None)
    return f"{package}.{type(error).__name__}{f' {status}' if status else ''}"


asyncio.run(main())
