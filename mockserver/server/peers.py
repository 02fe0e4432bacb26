"""Whether a client that sends no more still reads: half-closed connections, and closed ones.

TCP announces both by the same FIN. On one machine, the kernel knows more: a socket that a program
has closed belongs to nobody, and one that it only will not write to still has an owner.
"""

import asyncio
import errno
import socket
import struct
import sys
from typing import Final, TypeAlias, cast

Name: TypeAlias = tuple[str, int]

_NETLINK: Final = 16
_SOCK_DIAG: Final = 4
_BY_FAMILY: Final = 20
_REQUEST: Final = 1
_ERROR: Final = 2
_ANY_COOKIE: Final = b"\xff" * 8
_ANY_STATE: Final = 0xFFFF_FFFF
_INODE_AT: Final = 16 + 4 + 48 + 16
"""After the message's header, the states, the names and four counters."""
_ANSWER_S: Final = 0.05
"""The kernel answers at once; a sandbox that only seems to have netlink may not."""


def reads_on(transport: asyncio.BaseTransport) -> bool | None:
    """Return whether the client on *transport*, which has sent a FIN, can read an answer.

    None: that cannot be known, since the client is on another machine, or this is not Linux.
    """
    ours, theirs = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
    if sys.platform != "linux" or not isinstance(ours, tuple) or not isinstance(theirs, tuple):
        return None
    here, there = cast(Name, ours), cast(Name, theirs)
    try:
        return _has_owner(there, here)
    except OSError as error:
        # The other end is not a socket of this machine, or it is gone without a trace.
        is_ours = error.errno == errno.ENOENT and there[0] == here[0]
        return False if is_ours else None


def _has_owner(end: Name, other: Name) -> bool:
    """Return whether a program has the socket at *end* of a connection to *other* open.

    Raises:
        OSError: There is no such socket here, or the kernel does not say.

    Source:
        sock_diag(7), and linux/inet_diag.h.

    """
    family = socket.AF_INET6 if ":" in end[0] else socket.AF_INET
    names = struct.pack("!HH", end[1], other[1]) + _packed(family, end) + _packed(family, other)
    wanted = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 0, 0, _ANY_STATE)
    content = wanted + names + struct.pack("=I", 0) + _ANY_COOKIE
    header = struct.pack("=IHHII", 16 + len(content), _BY_FAMILY, _REQUEST, 1, 0)
    with socket.socket(_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
        kernel.settimeout(_ANSWER_S)
        kernel.send(header + content)
        found = kernel.recv(4_096)
    if struct.unpack_from("=H", found, 4)[0] == _ERROR:
        raise OSError(-struct.unpack_from("=i", found, 16)[0], "no such socket")
    inode: int = struct.unpack_from("=I", found, _INODE_AT)[0]
    return inode != 0


def _packed(family: socket.AddressFamily, name: Name) -> bytes:
    return socket.inet_pton(family, name[0].partition("%")[0]).ljust(16, b"\0")
