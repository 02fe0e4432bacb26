"""Clients of the control API, for tests in Python: one that waits, one that awaits."""
