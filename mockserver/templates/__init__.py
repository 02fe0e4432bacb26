"""Texts and values that look into the request and the session."""
