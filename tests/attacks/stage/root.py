"""A copy of this machine that is thrown away: whatever an attack changes anywhere is in a layer of
its own, where all of it can be seen. Also: processes, network, System V objects of its own."""

import os
import subprocess

# A folder that every machine has: what is mounted there is seen by nobody else.
PLACE = "/mnt"
NODES = ("null", "zero", "full", "random", "urandom", "tty")
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1"}


def mount(*words):
    subprocess.run(("mount",) + words, check=True)


def enter(kept):
    """Make it the root of this process. `kept` are folders that stay those of the machine."""
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", PLACE)
    upper, work, root = (os.path.join(PLACE, name) for name in ("upper", "work", "root"))
    for folder in (upper, work, root):
        os.mkdir(folder)
    options = "lowerdir=/,upperdir=%s,workdir=%s" % (upper, work)
    mount("-t", "overlay", "-o", options, "overlay", root)
    for folder in kept:
        mount("--bind", folder, root + folder)
    bare_devices(root + "/dev")
    mount("-t", "proc", "proc", root + "/proc")
    mount("--rbind", "/sys", root + "/sys")
    for folder in ("/tmp", "/run"):
        mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", root + folder)
    os.makedirs(root + "/old", exist_ok=True)
    # Seen from inside at a place that no attack knows, and closed to ordinary users.
    mount("--bind", PLACE, root + "/old")
    os.chdir(root)
    os.makedirs("left", exist_ok=True)
    subprocess.run(["pivot_root", ".", "left"], check=True)
    os.chdir("/")
    subprocess.run(["umount", "--lazy", "/left"], check=True)
    os.rmdir("/left")
    os.chmod("/old", 0o700)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def bare_devices(place):
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", place)
    for name in NODES:
        open(os.path.join(place, name), "w").close()
        mount("--bind", "/dev/" + name, os.path.join(place, name))
    for name, target in LINKS.items():
        os.symlink(target, os.path.join(place, name))
    for name, kind in (("shm", "tmpfs"), ("mqueue", "mqueue"), ("pts", "devpts")):
        os.mkdir(os.path.join(place, name))
        mount("-t", kind, kind, os.path.join(place, name))
    os.chmod(os.path.join(place, "shm"), 0o1777)
    os.symlink("pts/ptmx", os.path.join(place, "ptmx"))


def open_ways(path):
    """Let everybody through the folders above a path, as far as root's own folder."""
    while path != "/":
        path = os.path.dirname(path)
        mode = os.stat(path).st_mode
        if not mode & 0o001:
            os.chmod(path, mode & 0o7777 | 0o111)
