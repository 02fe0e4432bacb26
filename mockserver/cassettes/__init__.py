"""Recorded exchanges: as values, as lines of a file, without secrets, and found again."""
