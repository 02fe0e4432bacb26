"""What can go wrong, one kind a file.

To add one: a file here (or a class in another distribution, under the entry point group
`mockserver.failures`) with a subclass of `mockserver.contracts.Failure`.
"""
