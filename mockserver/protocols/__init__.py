"""What clients can request: a folder for each protocol.

To add an endpoint: a file here (or a class in another distribution, under the entry point group
`mockserver.endpoints`) with a subclass of `GeneratingEndpoint`, `ComputingEndpoint` or
`LookupEndpoint` of `mockserver.contracts`.
"""
