"""What clients can ask for, one file each.

To add one: a file here (or a class in another distribution, under the entry point group
`mockserver.endpoints`) with a subclass of `mockserver.contracts.GeneratingEndpoint` or
`mockserver.contracts.LookupEndpoint`.
"""
