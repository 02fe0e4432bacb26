"""What providers that are compatible with OpenAI say where none is asked for words of its own.

A dialect that says it otherwise overrides the method of the same name. Texts: public issues
and recorded answers, 2023 to 2026; docs/fidelity.md tells how sure each is.
"""

from typing import Final

from mockserver.conversation import ApiError
from mockserver.protocols.openai.limits import go_duration
from mockserver.traffic.limits import LimitReached

OVERLOADED: Final = (
    "The server is currently overloaded with other requests. Sorry about that! You can retry "
    "your request, or contact us through our help center at help.openai.com if the error persists."
)
BROKE_OFF: Final = "The server had an error while processing your request. Sorry about that!"
FILTERED: Final = (
    "The response was filtered due to the prompt triggering the content management policy. "
    "Please modify your prompt and retry."
)
_SEE_LIMITS: Final = (
    "Visit https://platform.openai.com/account/rate-limits to learn more."  # as the API says it
)
_UNITS: Final = {
    ("requests", "minute"): "requests per min (RPM)",
    ("requests", "day"): "requests per day (RPD)",
    ("tokens", "minute"): "tokens per min (TPM)",
    ("tokens", "day"): "tokens per day (TPD)",
}
SITE_OVERLOADED: Final = 529
"""What no standard knows: some providers say by it that they are overloaded."""


def rate_limited(reached: LimitReached) -> ApiError:
    """Return the refusal of what does not fit in a limit."""
    kind = "requests" if reached.of == "requests" else "tokens"
    where = (
        f"for {reached.model} in organization org-mockserver on {_UNITS[kind, reached.window]}: "
    )
    if reached.of == "too_large":
        message = (
            f"Request too large {where}Limit {reached.limit}, Requested {reached.requested}. The "
            f"input or output tokens must be reduced in order to run successfully. {_SEE_LIMITS}"
        )
    else:
        message = (
            f"Rate limit reached {where}Limit {reached.limit}, Used {reached.used}, Requested "
            f"{reached.requested}. Please try again in {go_duration(reached.wait_ms)}. "
            f"{_SEE_LIMITS}"
        )
    code = "rate_limit_exceeded"
    return ApiError(429, message, kind, None, code, "edge", allowances=reached.allowances)


def overloaded(status: int | None = None) -> ApiError:
    """Return the refusal of a server that has too much to do, by its own *status* or another."""
    if status == SITE_OVERLOADED:
        again = (("x-should-retry", "true"),)
        return ApiError(status, "Overloaded", "overloaded_error", headers=again)
    return ApiError(status or 503, OVERLOADED, "server_error")


def content_filtered() -> ApiError:
    """Return the refusal of a prompt that a filter does not like."""
    return ApiError(400, FILTERED, None, "prompt", "content_filter")


def broke_off() -> ApiError:
    """Return what is told in the middle of a stream that cannot go on."""
    return ApiError(500, BROKE_OFF, "server_error")
