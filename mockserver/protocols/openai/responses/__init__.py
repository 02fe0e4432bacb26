"""The Responses API: `POST /v1/responses`, and what is stored by it."""
