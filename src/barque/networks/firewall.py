"""Which packets of a bridge may leave and come back: one nftables table per bridge, ours alone."""

from __future__ import annotations

import re
import shutil
import subprocess

from barque.linux import nftables

IPTABLES_PATH = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin"
COMMENT = "barque"
TIMEOUT = 20


def table_name(bridge: str) -> str:
    """The table's name: nft identifiers have no dashes or dots."""
    return "barque_" + re.sub(r"[^A-Za-z0-9_]", lambda match: f"_{ord(match[0]):02x}", bridge)


def ruleset(bridge: str, subnet: str, masquerade: bool = True, icc: bool = True) -> str:
    """The nft commands that make the table anew: masquerade outwards, answers back in, nothing else from outside.

    ``icc`` lets containers of the bridge talk to each other.
    """
    table = f"table ip {table_name(bridge)}"
    nat = f'ip saddr {subnet} oifname != "{bridge}" masquerade' if masquerade else ""
    between = "accept" if icc else "drop"
    return f"""{table}
delete {table}
{table} {{
  chain postrouting {{
    type nat hook postrouting priority 100; policy accept;
    {nat}
  }}
  chain forward {{
    type filter hook forward priority 0; policy accept;
    iifname "{bridge}" oifname "{bridge}" {between}
    iifname "{bridge}" accept
    oifname "{bridge}" ct state established,related accept
    oifname "{bridge}" drop
  }}
}}
"""


def removal(bridge: str) -> str:
    """The nft commands after which the table is not there, whether or not it was."""
    table = f"table ip {table_name(bridge)}"
    return f"{table}\ndelete {table}\n"


def _iptables(*arguments: str) -> subprocess.CompletedProcess[str] | None:
    program = shutil.which("iptables", path=IPTABLES_PATH)
    if program is None:
        return None
    return subprocess.run([program, "-w", "5", *arguments], capture_output=True, text=True, timeout=TIMEOUT)


def _forward_rules(bridge: str) -> list[list[str]]:
    marked = ["-m", "comment", "--comment", f"{COMMENT} {bridge}", "-j", "ACCEPT"]
    established = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED"]
    return [["-i", bridge, *marked], ["-o", bridge, *established, *marked]]


def install(bridge: str, subnet: str, masquerade: bool, icc: bool) -> list[str]:
    """Forwarding on, the table in place. Gives warnings: what could not be done but does not stop containers."""
    warnings = []
    try:
        with open("/proc/sys/net/ipv4/ip_forward", "r+") as forward:
            if forward.read().strip() != "1":
                forward.seek(0)
                forward.write("1")
    except OSError as error:
        warnings.append(f"IPv4 forwarding is disabled: {error.strerror}")
    try:
        nftables.run(ruleset(bridge, subnet, masquerade, icc))
    except OSError as error:
        warnings.append(f"containers cannot reach the outside: {error.strerror}")
    _accept_where_dropped(bridge)
    return warnings


def _accept_where_dropped(bridge: str) -> None:
    """An accept in our table does not outvote iptables' own policy DROP (another engine sets it): say it there too."""
    listed = _iptables("-S", "FORWARD")
    if listed is None or "-P FORWARD DROP" not in listed.stdout:
        return
    for rule in _forward_rules(bridge):
        present = _iptables("-C", "FORWARD", *rule)
        if present is not None and present.returncode:
            _iptables("-I", "FORWARD", "1", *rule)


def uninstall(bridge: str) -> None:
    """The table and our rules in iptables are gone after this. Raises OSError."""
    nftables.run(removal(bridge))
    listed = _iptables("-S", "FORWARD")
    if listed is None or f"{COMMENT} {bridge}" not in listed.stdout:
        return
    for rule in _forward_rules(bridge):
        _iptables("-D", "FORWARD", *rule)
