"""Azure's refusals: their texts, and how their bodies are written."""

from typing import Any, Final

from mockserver.conversation import ApiError
from mockserver.providers.azure.filters import STRUCK, harms, not_detected
from mockserver.wire.jsontext import alphabetical, compact, in_ascii, pretty

Json = dict[str, Any]

DENIED: Final = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a "
    "valid key for an active subscription and use a correct regional API endpoint for your "
    "resource."
)
NO_DEPLOYMENT: Final = (
    "The API deployment for this resource does not exist. If you created the deployment within "
    "the last 5 minutes, please wait a moment and try again."
)
NO_QUOTA: Final = (
    "Requests to the ChatCompletions_Create Operation under Azure OpenAI API have exceeded the "
    "quota of your current OpenAI S0 pricing tier. Please go here: "
    "https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."
)
LIMITED: Final = (
    "Your requests to {deployment} for {model} in {region} have exceeded the {counted} rate limit "
    "for your current OpenAI S0 pricing tier. This request was for {operation} under {api}. Please "
    "retry after {wait}. To increase your default rate limit, visit: "
    "https://aka.ms/oai/quotaincrease."
)
"""Pasted in public sources, 2025 and 2026; until early 2025 the code was 429, in other words."""
LIMIT_REACHED: Final = "RateLimitReached"
NEWER_API: Final = "OpenAI Language Model Instance API"
"""What the paths below `/openai/v1` are called in it, which have no version."""
WRONG_OPERATION: Final = (
    "The {} operation does not work with the specified model, {}. Please choose different model "
    "and try again. You can learn more about which models can be used with each operation here: "
    "https://go.microsoft.com/fwlink/?linkid=2197993."
)
FILTERED: Final = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management "
    "policy. Please modify your prompt and retry. To learn more about our content filtering "
    "policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766"
)


def by_gateway(status: int, code: str, message: str) -> ApiError:
    """Return a refusal by the gateway, which has only a code and a message."""
    return ApiError(status, message, type=None, code=code, layer="edge")


def nothing_there() -> ApiError:
    """Return the gateway's 404."""
    return by_gateway(404, "404", "Resource not found")


def refusal_body(error: ApiError) -> str:
    """Return the body of *error*, as the gateway or the deployment writes it."""
    if error.code == "content_filter":
        found = harms(STRUCK)
        inner: Json = {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": alphabetical({**found, "jailbreak": not_detected()}),
        }
        details: Json = {
            "message": error.message,
            "type": None,
            "param": "prompt",
            "code": error.code,
            "status": error.status,
            "innererror": inner,
        }
        return compact({"error": details})
    if error.code == "DeploymentNotFound" and error.type is not None:
        details = {"type": error.type, "code": error.code, "message": error.message}
        return pretty({"error": details})
    if error.code == "unknown_model":
        return compact(
            {"error": {"code": error.code, "message": error.message, "details": error.message}}
        )
    if error.type is None or error.status in {401, 429}:
        code = error.code
        if error.status == 401 or (error.status == 429 and code is None):  # noqa: PLR2004
            code = str(error.status)
        return compact({"error": {"code": code, "message": error.message, **error.added}})
    if error.layer == "responses":
        return in_ascii(pretty({"error": error.members}))
    return pretty({"error": error.members}) + "\n"
