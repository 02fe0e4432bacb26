"""OpenRouter: its dialect, its models, requests and answers, and its look-ups."""
