"""What OpenRouter makes of models, requests and answers: the bulk of its dialect, by subject."""
