"""What holds for every test: fake credentials, the stack's default region, and no way off this machine."""

from __future__ import annotations

import ipaddress
import os
import signal
import sys
from typing import Any

for _name in [name for name in os.environ if name.startswith(("AWS_", "PHOTOSORT_", "POWERTOOLS_"))]:
    del os.environ[_name]
os.environ |= {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-west-1",
    "AWS_REGION": "us-west-1",
    # Neither the developer's files nor a metadata service may supply another identity.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

# Where a shell began the tests in the background they ignore Ctrl-C, and every command that they start would, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class LeftThisMachine(RuntimeError):
    """A test tried to reach another machine."""


def _only_loopback(event: str, args: tuple[Any, ...]) -> None:
    """Refuse every way out of Python's socket module, whatever library takes it."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None  # a path, of a Unix socket, stays here
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    if host and not _is_loopback(host):
        raise LeftThisMachine(f"{event}: {host!r} is not loopback")


def _is_loopback(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost"
    return address.is_loopback or address.is_unspecified  # unspecified: what a server binds, or nothing


sys.addaudithook(_only_loopback)
