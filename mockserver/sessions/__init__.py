"""Isolated state: which sessions there are, what each answers by, how far its rules have come."""
