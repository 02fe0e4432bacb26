"""What Azure's content filters report on prompts and answers."""

from collections.abc import Mapping
from typing import Any, Final

from mockserver.contracts import Answer, AnsweredChoice
from mockserver.wire.jsontext import JsonValue, alphabetical

Json = dict[str, Any]

HARMS: Final = ("hate", "sexual", "violence", "self_harm")
STRUCK: Final = "violence"
"""The filter that strikes if a scenario makes one strike."""
PROTECTED: Final = ("protected_material_code", "protected_material_text")


def harms(struck: str | None = None) -> Json:
    """Return the finding of each filter for harms; the one named *struck* has filtered."""
    return {
        name: {
            "filtered": name == struck,
            "severity": "medium" if name == struck else "safe",
        }
        for name in HARMS
    }


def finding(source: str, results: Json, end: JsonValue, *, blocked: bool = False) -> Json:
    """Return what responses show of *results* on what comes from *source*, read up to *end*."""
    return {
        "blocked": blocked,
        "source_type": source,
        "content_filter_raw": [],
        "content_filter_results": results,
        "content_filter_offsets": {"start_offset": 0, "end_offset": end, "check_offset": 0},
    }


def not_detected() -> Json:
    """Return the finding of a filter that has detected nothing."""
    return {"detected": False, "filtered": False}


def found_in(choice: AnsweredChoice) -> Json:
    """Return the findings on *choice*; tool calls are not checked."""
    if choice.finish_reason == "content_filter":
        return harms(STRUCK)
    if choice.tool_calls:
        return {}
    return {**harms(), **{name: not_detected() for name in PROTECTED}}


def found_in_prompts(answer: Answer) -> list[Json]:
    """Return the findings on each prompt, with the prompt's number first."""
    found = alphabetical({**harms(), "jailbreak": not_detected()})
    count = max(1, len(answer.request.prompts))
    return [{"prompt_index": n, "content_filter_results": found} for n in range(count)]


def found_in_piece(shown: Mapping[str, Any]) -> Json:
    """Return the findings on *shown*, the JSON of a choice in a chunk."""
    if shown.get("finish_reason") == "content_filter":
        return harms(STRUCK)
    return harms() if shown.get("text") or shown.get("delta", {}).get("content") else {}
