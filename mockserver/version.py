"""The version of the package; pyproject.toml states the same, and a test holds them together."""

__version__ = "0.1.0"
