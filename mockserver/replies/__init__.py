"""What the model can answer, one kind a file.

To add one: a file here (or a class in another distribution, under the entry point group
`mockserver.replies`) with a subclass of `mockserver.contracts.Reply`.
"""
