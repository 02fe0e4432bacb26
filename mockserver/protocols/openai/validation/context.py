"""What is refused for its length: a prompt or an answer that has no room in the model's context.

Source:
    Texts pasted in public issues, 2022 to 2026; the model that ran out of room while it thought:
    a recorded answer of gpt-5.
"""

from typing import Any, Final

from mockserver.models import Model
from mockserver.protocols.openai.validation import abilities, faults, values
from mockserver.protocols.openai.validation.restrictions import restrictions_of
from mockserver.protocols.openai.validation.values import Body

_DEFAULT_COMPLETION: Final = 16
"""What legacy completions take for `max_tokens` if it is not stated."""

_TOO_LONG: Final = "context_length_exceeded"

_THOUGHTLESS: Final = frozenset({"none", "minimal"})


def check_context(body: Body, model: Model, prompt_tokens: int) -> None:
    """Refuse a valid *body* whose *prompt_tokens* or limit exceeds the context of *model*.

    Raises:
        ApiError: There is no room for the prompt, or for the requested answer.

    """
    if "messages" not in body:
        _check_completion(body, model, prompt_tokens)
        return
    limit = body.get("max_completion_tokens")
    if limit is None:
        limit = body.get("max_tokens")
    if limit is not None and model.max_output_tokens and limit > model.max_output_tokens:
        # Said of max_tokens even where max_completion_tokens was sent (gpt-5, 2025-12).
        raise faults.said(
            f"max_tokens is too large: {limit}. This model supports at most "
            f"{model.max_output_tokens} completion tokens, whereas you provided {limit}.",
            "max_tokens",
            "invalid_value",
        )
    if model.context_window is not None:
        _check_chat(model, model.context_window, prompt_tokens, limit)
    if limit == 1 and model.family.reasoning:
        _check_thought(body, model)


def _check_chat(model: Model, window: int, prompt_tokens: int, limit: int | None) -> None:
    if model.family.name.startswith(("gpt-5", "gpt-6")):
        most = restrictions_of(model.behaves_as).most_input or window
        if prompt_tokens > most:
            raise faults.said(
                f"Input tokens exceed the configured limit of {most} tokens. Your messages "
                f"resulted in {prompt_tokens} tokens. Please reduce the length of the messages.",
                "messages",
                _TOO_LONG,
            )
    elif prompt_tokens > window:
        raise faults.said(
            f"This model's maximum context length is {window} tokens. However, your messages "
            f"resulted in {prompt_tokens} tokens. Please reduce the length of the messages.",
            "messages",
            _TOO_LONG,
        )
    elif limit is not None and prompt_tokens + limit > window:
        raise faults.said(
            f"This model's maximum context length is {window} tokens. However, you requested "
            f"{prompt_tokens + limit} tokens ({prompt_tokens} in the messages, {limit} in the "
            "completion). Please reduce the length of the messages or completion.",
            "messages",
            _TOO_LONG,
        )


def _check_thought(body: Body, model: Model) -> None:
    """Refuse a limit that a model uses up before its first word; 16 is known to be enough."""
    effort = abilities.effort(body, restrictions_of(model.behaves_as))
    if effort not in _THOUGHTLESS:
        raise faults.said(
            "Could not finish the message because max_tokens or model output limit was reached. "
            "Please try again with higher max_tokens."
        )


def _check_completion(body: Body, model: Model, prompt_tokens: int) -> None:
    window = model.context_window
    if window is None:
        return
    stated = body.get("max_tokens")
    limit = _DEFAULT_COMPLETION if stated is None else stated
    # Each of several prompts has the window to itself. Their lengths are not known here: the
    # longest is at least as long as their mean.
    longest = -(-prompt_tokens // _prompts(body.get("prompt")))
    if longest + limit > window:
        raise faults.said(
            f"This model's maximum context length is {window} tokens, however you requested "
            f"{longest + limit} tokens ({longest} in your prompt; {limit} for the completion). "
            "Please reduce your prompt; or completion length."
        )


def _prompts(prompt: Any) -> int:
    """Return how many prompts there are; an array of tokens is one."""
    if not values.is_array(prompt) or not prompt or type(prompt[0]) is int:
        return 1
    return len(prompt)
