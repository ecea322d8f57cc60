"""Where this process may connect to by HTTP: one guard for whom it pulls from and whom it sends to.

Addresses are said by admins, and departments live in private networks, so what is private is not what is forbidden.
`HUB_EGRESS_ALLOW` names networks (10.20.0.0/16), hosts (api.example.gov.cn) and domains (.example.gov.cn), separated by
commas; without it every address is allowed but those that are never a department's: this machine, its link, and the
services by which clouds tell machines their secrets. A name is resolved once, and the address that was looked at is the one
connected to.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

ALLOW, LOOPBACK = "HUB_EGRESS_ALLOW", "HUB_EGRESS_LOOPBACK"
Address = IPv4Address | IPv6Address

_LOOPBACK = [ip_network(n) for n in ("127.0.0.0/8", "::1/128")]
_NEVER = [
    ip_network(n)
    for n in (
        *("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/128", "fe80::/10", "ff00::/8"),
        # metadata services outside the link's own network: Alibaba, Azure, Oracle, Amazon
        *("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::/32"),
    )
]
_NAT64 = IPv6Network("64:ff9b::/96")
_METADATA = {
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "metadata.tencentyun.com",
}
_permitted = 0


class EgressRefused(OSError):
    """The hub must not connect there; the words say which setting would permit it, if any."""


@dataclass(frozen=True, slots=True)
class Egress:
    """What a deployment allows: networks, hosts and domains; nothing named means all that is not always denied."""

    networks: tuple[Any, ...] = ()
    hosts: frozenset[str] = frozenset()
    domains: tuple[str, ...] = ()
    loopback: bool = False

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Egress:
        """Read the deployment's words; raises EgressRefused for a network that is none."""
        said = [word.strip().lower() for word in variables.get(ALLOW, "").split(",") if word.strip()]
        try:
            networks = tuple(ip_network(word) for word in said if _numeric(word))
        except ValueError as error:
            raise EgressRefused(f"{ALLOW} names no network: {error}") from error
        names = [word for word in said if not _numeric(word)]
        return cls(
            networks,
            frozenset(name for name in names if not name.startswith(".")),
            tuple(name for name in names if name.startswith(".")),
            variables.get(LOOPBACK, "") in {"1", "true"},
        )

    def check_name(self, host: str) -> None:
        """Refuse a name that is never a department's, whatever it resolves to."""
        if host.rstrip(".").lower() in _METADATA:
            raise EgressRefused(f"{host} tells machines their secrets: the hub never asks it")

    def check(self, host: str, address: Address) -> None:
        """Refuse an address that `host` resolved to; raises EgressRefused."""
        for meant in _meant(address):
            local = any(meant in network for network in _LOOPBACK)
            if local and not (self.loopback or _permitted):
                raise EgressRefused(
                    f"{host} is this machine: the hub does not ask itself (for a demo or test set {LOOPBACK}=1)"
                )
            if any(meant in network for network in _NEVER):
                raise EgressRefused(f"{host} leads to {meant}, which is never a department's")
        name = host.rstrip(".").lower()
        if not (self.networks or self.hosts or self.domains) or name in self.hosts:
            return
        if name.endswith(self.domains) or any(address in network for network in self.networks):
            return
        raise EgressRefused(f"{host} ({address}) is not on the list of this deployment: add it to {ALLOW}")


def connect(host: str, port: int, seconds: float) -> socket.socket:
    """Connect to a host this deployment allows, within so many seconds in all.

    Every address of the name must be allowed, so that none is reached by another being looked at. Raises EgressRefused,
    TimeoutError, or another OSError as sockets do.
    """
    until, policy = time.monotonic() + seconds, of_process()
    policy.check_name(host)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, place in found:
        policy.check(host, ip_address(str(place[0]).partition("%")[0]))
    failed: OSError = OSError(f"{host} has no address")
    for *_, place in found:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"{host} was not reached in {seconds:.0f} s") from failed
        try:
            return socket.create_connection((str(place[0]), port), left)
        except OSError as error:
            failed = error
    raise failed


def check_url(url: str) -> None:
    """Refuse an address that can be no receiver's: not http(s), with an account in it, or a host never allowed."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise EgressRefused(f"the address is not usable: {error}") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise EgressRefused("the address begins with neither http:// nor https://")
    if parts.username is not None or parts.password is not None:
        raise EgressRefused("the address holds an account; who asks for one is told it in a header")
    policy = of_process()
    policy.check_name(host)
    if _numeric(host):
        try:
            policy.check(host, ip_address(host))
        except ValueError as error:
            raise EgressRefused(f"the address is not usable: {error}") from error


def of_process() -> Egress:
    """Give what the environment of this process allows."""
    return _read(os.environ.get(ALLOW, ""), os.environ.get(LOOPBACK, ""))


@contextmanager
def this_machine() -> Iterator[None]:
    """Allow this machine's own addresses meanwhile: for the kit that tries a connector on servers of its own."""
    global _permitted  # noqa: PLW0603 — a permission of the process, as its environment is
    _permitted += 1
    try:
        yield
    finally:
        _permitted -= 1


@lru_cache(maxsize=4)
def _read(allow: str, loopback: str) -> Egress:
    return Egress.of({ALLOW: allow, LOOPBACK: loopback})


def _numeric(word: str) -> bool:
    """Tell what is meant as an address or network from a name."""
    return "/" in word or ":" in word or word.replace(".", "").isdigit()


def _meant(address: Address) -> Iterable[Address]:
    """Give an address, and those it stands for inside another one's clothes."""
    yield address
    if isinstance(address, IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(IPv4Address(int(address) & 0xFFFF_FFFF))
        yield from (one for one in inner if one is not None)
