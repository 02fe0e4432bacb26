"""The Vercel AI Gateway: its dialect, and the protocol `ai-sdk`, which only it speaks.

The `ai` package has its own protocol for its gateway: each major version has a specification of
language models, and sends and reads the values of that specification as JSON. `specifications`
tells them apart; `reading`, `prompts` and `requests` parse requests; `upstream` decides which
settings reach the model; `answers` and `chat_answers` write answers, and `routing` the provider
and price of each; `attempts` has the fallbacks; `account` and `models` are look-ups; `dialect` has
paths, keys, headers and refusals.

Source:
    The published sources of `ai` 5, 6 and 7 and of `@ai-sdk/provider` 2, 3 and 4; what those
    packages send, recorded; answers of the Vercel AI Gateway, recorded by third parties, 2026-02
    to 2026-09 (docs/vercel-gateway.md names them).
"""
