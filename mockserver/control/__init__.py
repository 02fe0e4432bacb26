"""The control API: what it is asked, what it answers, and how both look in JSON.

`shapes` holds the values, `routes` the table of what can be asked, `jsonform` turns values into
JSON and back, `openapi` describes it all, `operations` are the requests that clients make,
`service` does what is asked and `guard` decides who may ask. Nothing here touches a socket:
`mockserver.server.control` and `mockserver.client.control` do.
"""
