"""How providers spell the protocol, one file each.

To add one: a file here (or a class in another distribution, under the entry point group
`mockserver.dialects`) with a subclass of `mockserver.contracts.Dialect`.
"""
