"""Everything that one can talk through."""

import os
import socket

from tools import FACTS, NAME, attack, attempt, claim, claim_if, spill, works

MESSAGE = NAME.encode()


def opened(*kind):
    made = attempt(socket.socket, *kind)
    claim_if(made is not None, "a socket of family %d" % kind[0])
    return made


@attack
def tcp(inner):
    socket.create_connection(("127.0.0.1", FACTS["tcp"]), 1).sendall(MESSAGE)


@attack
def tcp_fast_open(inner):
    made = socket.socket()
    made.settimeout(1)
    made.sendto(MESSAGE, 0x20000000, ("127.0.0.1", FACTS["tcp"]))


@attack
def tcp6(inner):
    made = opened(socket.AF_INET6, socket.SOCK_STREAM)
    made.settimeout(1)
    made.connect(("::ffff:127.0.0.1", FACTS["tcp"]))
    made.sendall(MESSAGE)


@attack
def udp(inner):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(MESSAGE, ("127.0.0.1", FACTS["udp"]))


@attack
def names_asked(inner):
    """What is read, as the name of a host that is asked for."""
    with open("/etc/resolv.conf") as file:
        for line in file:
            if line.startswith("nameserver"):
                made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                attempt(made.sendto, MESSAGE, (line.split()[1], FACTS["udp"]))
    attempt(socket.getaddrinfo, NAME.replace("_", "-") + ".localhost.", 80)


@attack
def listens(inner):
    made = socket.socket()
    made.bind(("0.0.0.0", 0))
    made.listen(1)
    claim("listens on a port")


@attack
def unix_path(inner):
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(1)
    made.connect(FACTS["unix"])
    made.sendall(MESSAGE)


@attack
def unix_datagram(inner):
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.sendto(MESSAGE, FACTS["unix_datagram"])


@attack
def unix_abstract(inner):
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(1)
    made.connect("\0" + FACTS["abstract"])
    made.sendall(MESSAGE)


@attack
def unix_by_root(inner):
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(1)
    made.connect("/proc/self/root" + FACTS["unix"])
    made.sendall(MESSAGE)


@attack
def unix_from_pair(inner):
    """A pair of datagram sockets is allowed to many; one of them can be sent elsewhere."""
    made = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0]
    made.sendto(MESSAGE, FACTS["unix_datagram"])


@attack
def docker_socket(inner):
    for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/dbus/system_bus_socket"):
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(1)
        claim_if(works(made.connect, path), "talks to " + path)


@attack
def named_pipe(inner):
    handle = os.open(FACTS["fifo"], os.O_WRONLY | os.O_NONBLOCK)
    os.write(handle, MESSAGE)


@attack
def netlink(inner):
    made = opened(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    made.bind((0, 0))


@attack
def netlink_audit(inner):
    for protocol in (9, 12, 15, 16):
        attempt(opened, socket.AF_NETLINK, socket.SOCK_RAW, protocol)


@attack
def packet(inner):
    opened(socket.AF_PACKET, socket.SOCK_RAW, 0x0300)


@attack
def raw(inner):
    opened(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    opened(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)


@attack
def vsock(inner):
    """Of virtual machines: made, never connected."""
    opened(40, socket.SOCK_STREAM)


@attack
def kernel_families(inner):
    """Families of sockets whose code in the kernel nobody needs here."""
    for family in (3, 4, 5, 6, 8, 9, 11, 15, 19, 21, 24, 26, 29, 30, 31, 38, 39, 41, 42, 43, 44):
        for kind in (socket.SOCK_SEQPACKET, socket.SOCK_DGRAM, socket.SOCK_RAW):
            if attempt(opened, family, kind):
                return


@attack
def other_protocols(inner):
    for protocol in (132, 262, 33):
        attempt(opened, socket.AF_INET, socket.SOCK_STREAM, protocol)


@attack
def inherited_sockets(inner):
    for number in range(3, 64):
        made = attempt(socket.socket, fileno=os.dup(number) if attempt(os.fstat, number) else -1)
        if made is not None:
            made.settimeout(0.2)
            attempt(made.sendall, MESSAGE)
            spill(attempt(made.recv, 4096) or b"")
