"""The control API: requests, answers, and how both look in JSON.

`shapes` holds the values, `routes` the table of routes, `jsonform` turns values into JSON and
back, `openapi` describes the API, `operations` are the requests that clients make, `service`
carries them out and `guard` decides who may send them. Nothing here touches a socket:
`mockserver.server.control` and `mockserver.client.control` do.
"""
