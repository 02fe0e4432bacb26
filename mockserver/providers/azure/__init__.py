"""Azure OpenAI: its dialect, filters and refusals, and its list of models."""
