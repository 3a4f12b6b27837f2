"""Access to a Dask scheduler: with TLS, holders of its certificates; without TLS, every user of this machine.

A scheduler has no passwords, and scheduler, workers and clients unpickle whatever they receive. Anyone who can connect can
therefore run any code on all of them. With TLS, Dask accepts only connections with a certificate from the cluster's own
authority: https://distributed.dask.org/en/stable/tls.html.
"""

import contextlib
import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING

from autograder.errors import AutograderError
from autograder.text import clean

if TYPE_CHECKING:  # Dask is installed only if SCHEDULER is used
    from distributed import Security

MAX_SHOWN = 100  # characters of an address
SETTINGS = "distributed.comm.tls"
HOW = "docs/cluster.md shows how to make certificates."


class ClusterError(AutograderError):
    """The cluster cannot be used; the text is a sentence for the TA."""


def complete_address(address: str) -> str:
    """Return a scheduler's address with its scheme, tls by default.

    Raise ClusterError if it is not a valid address, or if it reaches another machine without TLS.
    """
    scheme, separator, place = address.rpartition("://")
    scheme, shown = scheme if separator else "tls", clean(address, MAX_SHOWN)
    host, _, port = place.rpartition(":")
    if scheme not in ("tls", "tcp") or not host or not (port.isascii() and port.isdecimal()):
        raise ClusterError(f"SCHEDULER={shown} is not an address such as tls://10.0.0.1:8786.")
    if scheme == "tcp" and not is_loopback(host):
        raise ClusterError(
            f"SCHEDULER={shown} can be reached from other machines, and without TLS anyone who reaches that scheduler "
            f"can run any program on its workers and as you. Use SCHEDULER=tls://{clean(place, MAX_SHOWN)}; {HOW}"
        )
    return f"{scheme}://{place}"


def is_loopback(host: str) -> bool:
    """Return whether a host is a numeric loopback address or "localhost"; any other name may resolve to another machine."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    return host.lower() == "localhost"


def warn_of_access(address: str) -> str:
    """Return a warning about a scheduler without TLS, or ""; raise ClusterError as `complete_address` does."""
    if not address or complete_address(address).startswith("tls:"):
        return ""
    return (
        f"The scheduler at {address} runs without TLS, so every user of this machine can run any program there as you. "
        f"On a shared machine, start it with TLS: {HOW}"
    )


def read_security(address: str) -> "Security":
    """Return Dask's TLS settings for a complete address; raise ClusterError if it is a tls address and they are unusable."""
    from distributed import Security

    files = ""
    try:
        if address.startswith("tcp:"):
            return Security()
        security = Security(require_encryption=True)
        role = security.get_tls_config_for_role("client")
        needed = {"ca-file": role["ca_file"], "client.cert": role["cert"]}
        if missing := [f"{SETTINGS}.{name}" for name, value in needed.items() if not value]:
            raise ClusterError(f"{address} needs certificates: Dask's configuration has no {' and no '.join(missing)}. {HOW}")
        files = "".join(f" {value}" for value in (*needed.values(), role["key"]) if value and "\n" not in value)
        security.get_connection_args("client")  # reads the files
    except (OSError, ValueError) as error:
        words = clean(f"{error}:{files}" if files else str(error), 500)
        raise ClusterError(f"The settings {SETTINGS} of Dask's configuration cannot be used: {words}. {HOW}") from error
    return security


def refuse_open(address: str, others: Iterable[str]) -> None:
    """Raise ClusterError if other machines can connect to the scheduler or a worker without TLS.

    others are the addresses that the cluster itself uses, because a scheduler that listens on every network also answers on
    loopback.
    """
    encrypted = address.startswith("tls:")
    for other in others:
        scheme, _, place = other.partition("://")
        if scheme != "tls" and (encrypted or not is_loopback(place.rpartition(":")[0])):
            raise ClusterError(
                f"The cluster at {address} has a scheduler or worker at {clean(other, MAX_SHOWN)}, and everyone on its "
                "network can connect to it without TLS. Start all of them with TLS or, if all run on one machine, with "
                f"--host 127.0.0.1; {HOW}"
            )
