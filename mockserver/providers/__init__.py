"""How providers spell protocols: a file or a folder for each provider.

To add one: a file or a folder here (or a class in another distribution, under the entry point
group `mockserver.dialects`) with a subclass of `mockserver.contracts.Dialect`.
"""
