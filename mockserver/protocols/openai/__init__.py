"""What OpenAI can be asked: chat and legacy completions, those it keeps, and its models."""
