"""Clients of the control API, for tests in Python: one blocking, one asynchronous."""
