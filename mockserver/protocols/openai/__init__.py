"""OpenAI's protocol: chat and legacy completions, stored completions, and models."""
