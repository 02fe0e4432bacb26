"""What LiteLLM and LangChain make of each provider, by their own prefixes and classes.

Prints one JSON object: for each function below, what it returned, or what it raised.
"""

import json
import os
import sys
import warnings
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
"""Nothing is fetched: neither prices nor anything else."""
os.environ["LANGCHAIN_TRACING_V2"] = "false"
warnings.simplefilter("ignore")

import litellm  # noqa: E402 - it reads the environment when it is imported
from langchain_core.tools import tool  # noqa: E402
from langchain_openai import AzureChatOpenAI, ChatOpenAI  # noqa: E402

litellm.suppress_debug_info = True
litellm.telemetry = False

VERSION = "2024-10-21"


def said(text: str) -> Any:
    return [{"role": "user", "content": text}]


def ask(model: str, text: str = "Hi", **options: Any) -> Any:
    settings = {"api_key": "k", "max_retries": 0, **options}
    return litellm.completion(model=model, messages=said(text), **settings)


# --- LiteLLM ---------------------------------------------------------------------------------


def litellm_azure(url: str) -> Any:
    answer = ask("azure/my-deployment", api_base=url, api_version=VERSION)
    return [answer.choices[0].message.content, answer.usage.completion_tokens]


def litellm_azure_stream(url: str) -> Any:
    chunks = ask("azure/my-deployment", api_base=url, api_version=VERSION, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def litellm_azure_filter(url: str) -> Any:
    try:
        ask("azure/my-deployment", "refused", api_base=url, api_version=VERSION)
    except Exception as error:  # noqa: BLE001 - which one is the question
        return type(error).__name__
    return None


def litellm_openrouter(url: str) -> Any:
    answer = ask("openrouter/openai/gpt-3.5-turbo", api_base=f"{url}/api/v1")
    return [answer.choices[0].message.content, answer.usage.total_tokens]


def litellm_openrouter_stream(url: str) -> Any:
    chunks = ask("openrouter/openai/gpt-4o-mini", api_base=f"{url}/api/v1", stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def litellm_openrouter_refusal(url: str) -> Any:
    try:
        ask("openrouter/openai/gpt-4.1", api_base=f"{url}/api/v1")
    except Exception as error:  # noqa: BLE001 - which one is the question
        return [type(error).__name__, getattr(error, "status_code", None)]
    return None


def litellm_openai(url: str) -> Any:
    return ask("openai/gpt-4o", api_base=f"{url}/v1").choices[0].message.content


def litellm_aiml(url: str) -> Any:
    answer = ask("openai/gpt-3.5-turbo", "Hello", api_base=f"{url}/aiml/v1")
    return [answer.choices[0].message.content, answer.usage.total_tokens]


def litellm_relay(url: str) -> Any:
    return ask("openai/gpt-4o", api_base=f"{url}/cometapi/v1").choices[0].message.content


def litellm_router(url: str) -> Any:
    """Return who answered where the first provider of two is down."""
    router = litellm.Router(
        model_list=[
            {
                "model_name": "primary",
                "litellm_params": {
                    "model": "openrouter/openai/gpt-4.1",
                    "api_base": f"{url}/api/v1",
                    "api_key": "k",
                },
            },
            {
                "model_name": "secondary",
                "litellm_params": {
                    "model": "azure/my-deployment",
                    "api_base": url,
                    "api_version": VERSION,
                    "api_key": "k",
                },
            },
        ],
        fallbacks=[{"primary": ["secondary"]}],
        num_retries=0,
    )
    answer = router.completion(model="primary", messages=said("Hi"))
    return [answer.choices[0].message.content, answer.model]


# --- LangChain -------------------------------------------------------------------------------


@tool
def get_weather(city: str) -> str:
    """Return the weather in *city*."""
    return f"sunny in {city}"


def azure_model(url: str) -> Any:
    return AzureChatOpenAI(
        azure_endpoint=url,
        azure_deployment="my-deployment",
        api_version=VERSION,
        api_key="k",
        max_retries=0,
    )


def openrouter_model(url: str, **options: Any) -> Any:
    settings = {"model": "openai/gpt-4o-mini", "api_key": "k", "max_retries": 0, **options}
    return ChatOpenAI(base_url=f"{url}/api/v1", **settings)


def langchain_azure(url: str) -> Any:
    message = azure_model(url).invoke("Hi")
    return [message.content, message.usage_metadata["total_tokens"]]


def langchain_azure_stream(url: str) -> Any:
    return "".join(chunk.content for chunk in azure_model(url).stream("Hi"))


def langchain_azure_tools(url: str) -> Any:
    call = azure_model(url).bind_tools([get_weather]).invoke("weather").tool_calls[0]
    return [call["name"], call["args"]]


def langchain_openrouter(url: str) -> Any:
    message = openrouter_model(url).invoke("Hi")
    return [message.content, message.response_metadata["model_name"]]


def langchain_openrouter_stream(url: str) -> Any:
    return "".join(chunk.content for chunk in openrouter_model(url).stream("Hi"))


def langchain_openai(url: str) -> Any:
    model = ChatOpenAI(model="gpt-4o", base_url=f"{url}/v1", api_key="k", max_retries=0)  # type: ignore[arg-type]
    return model.invoke("Hi").content


def langchain_fallback(url: str) -> Any:
    """Return what is said where the first provider of two is down."""
    down = openrouter_model(url, model="openai/gpt-4.1")
    return down.with_fallbacks([azure_model(url)]).invoke("Hi").content


PROMISES = (
    litellm_azure,
    litellm_azure_stream,
    litellm_azure_filter,
    litellm_openrouter,
    litellm_openrouter_stream,
    litellm_openrouter_refusal,
    litellm_openai,
    litellm_aiml,
    litellm_relay,
    litellm_router,
    langchain_azure,
    langchain_azure_stream,
    langchain_azure_tools,
    langchain_openrouter,
    langchain_openrouter_stream,
    langchain_openai,
    langchain_fallback,
)


def main(url: str, session: str) -> None:
    found: dict[str, Any] = {}
    for promise in PROMISES:
        try:
            found[promise.__name__] = promise(f"{url}/s/{session}-{promise.__name__}")
        except Exception as error:  # noqa: BLE001 - reported as what this promise came to
            found[promise.__name__] = {"raised": f"{type(error).__name__}: {error}"[:500]}
    print(json.dumps(found))  # noqa: T201 - the result


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
