"""A local stand-in for LLM providers, for tests: exact on the wire and in the bill."""

__version__ = "0.1.0"
