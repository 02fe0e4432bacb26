"""The way of one request, step by step; `engine.engine` is its table of contents."""
