"""Regular expressions of scenarios and of requests: matched within bounds, and judged by form."""
