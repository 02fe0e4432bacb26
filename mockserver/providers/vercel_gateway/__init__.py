"""What a gateway of the AI SDK's kind is asked, and what it tells of the way an answer took.

The `ai` package speaks a protocol of its own to its gateway: each major version of it has a
specification of language models, and sends and reads the very values of that specification as
JSON. `specifications` tells them apart, `reading`, `prompts` and `requests` understand what is
asked, `upstream` says what reaches the model behind the gateway, `answers` writes what is told,
`accounts` who answered and what it cost. How the gateway is reached, and how it refuses, is its
dialect's.

Source:
    The published sources of `ai` 5, 6 and 7 and of `@ai-sdk/provider` 2, 3 and 4; what those
    packages send, recorded; answers of the Vercel AI Gateway, recorded by third parties, 2026-02
    to 2026-09 (docs/vercel-gateway.md names them).
"""
