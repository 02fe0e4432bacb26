"""The scenario language: reading files, checking them, matching requests."""
