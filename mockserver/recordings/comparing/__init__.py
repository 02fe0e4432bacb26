"""How this server's answers differ from recorded ones, and how a provider's do today."""
