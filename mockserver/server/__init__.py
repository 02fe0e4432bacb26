"""Sockets, loops and threads: the only package that knows aiohttp."""
