"""Files of the user: reading them, changing them, and names that fool who cleans up."""

import ctypes
import fcntl
import os
import shutil
import subprocess

from tools import (
    FACTS,
    NAME,
    ancestors,
    attack,
    attempt,
    call,
    claim,
    claim_if,
    detached,
    libc,
    own,
    payload,
    read,
    spill,
    time,
    write,
)


@attack
def read_secret(inner):
    for path in (FACTS["home_secret"], FACTS["models_secret"], FACTS["system_secret"]):
        spill(attempt(read, path) or b"")


@attack
def read_by_program(inner):
    for words in (["cat", FACTS["home_secret"]], ["grep", "-r", "S3CR", FACTS["home"]]):
        spill(attempt(subprocess.check_output, words) or b"")


@attack
def read_by_copy(inner):
    for step in (shutil.copy, os.link, os.symlink, os.rename):
        attempt(step, FACTS["home_secret"], "copied")
        spill(attempt(read, "copied") or b"")
        attempt(os.remove, "copied")


@attack
def read_by_path_fd(inner):
    handle = os.open(FACTS["home_secret"], os.O_PATH)
    spill(attempt(read, "/proc/self/fd/%d" % handle) or b"")
    spill(attempt(read, "/proc/thread-self/fd/%d" % handle) or b"")


@attack
def read_by_root(inner):
    for pid in ["self", 1] + ancestors():
        for link in ("root", "cwd", "task/%s/root" % pid):
            spill(attempt(read, "/proc/%s/%s%s" % (pid, link, FACTS["home_secret"])) or b"")


@attack
def read_by_dots(inner):
    spill(attempt(read, "../" * 40 + FACTS["home_secret"].lstrip("/")) or b"")
    spill(attempt(read, "/proc/self/cwd/" + "../" * 40 + FACTS["home_secret"].lstrip("/")) or b"")


@attack
def list_home(inner):
    for folder in (FACTS["home"], FACTS["models"], FACTS["reports"]):
        claim_if(attempt(os.listdir, folder), "listed a folder of the user")
    for place, _, names in os.walk(FACTS["home"]):
        for name in names:
            spill(attempt(read, os.path.join(place, name)) or b"")


@attack
def read_cache(inner):
    for place, _, names in os.walk(FACTS["cache"] + "/objects-v1"):
        for name in names:
            spill(attempt(read, os.path.join(place, name)) or b"")


@attack
def read_shadow(inner):
    for path in ("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/proc/self/root" + "/etc/shadow"):
        spill(attempt(read, path) or b"")


@attack
def change_mode(inner):
    for place in ("home", "models"):
        attempt(os.chmod, own(place), 0o4777)
        handle = attempt(os.open, own(place), os.O_PATH)
        attempt(os.chmod, "/proc/self/fd/%s" % handle, 0o4777)
        call("fchmodat2", -100, own(place).encode(), 0o777, 0)


@attack
def change_times(inner):
    for place in ("home", "models"):
        attempt(os.utime, own(place), (1, 1))
        attempt(os.utime, own(place))


@attack
def change_xattr(inner):
    for place in ("home", "models"):
        attempt(os.setxattr, own(place), "user.hostile", NAME.encode())
        attempt(os.removexattr, own(place), "user.canary")


@attack
def change_owner(inner):
    for place in ("home", "models"):
        attempt(os.chown, own(place), 4242, 4242)
        attempt(os.lchown, own(place), 0, 0)


@attack
def change_flags(inner):
    handle = os.open(own("home"), os.O_RDONLY)
    fcntl.ioctl(handle, 0x40086602, (ctypes.c_long * 1)(0x20))


@attack
def append(inner):
    for place in ("home", "models", "tmp", "shm"):
        attempt(write, own(place), NAME, "a")


@attack
def truncate(inner):
    for place in ("home", "models", "tmp", "shm"):
        attempt(os.truncate, own(place), 0)


@attack
def remove(inner):
    for place in ("home", "models", "tmp", "shm"):
        attempt(os.remove, own(place))


@attack
def rename(inner):
    for place in ("home", "models", "tmp", "shm"):
        attempt(os.rename, own(place), own(place) + ".gone")
        attempt(os.rename, own(place), "stolen")


@attack
def hard_link(inner):
    for place in ("home", "models"):
        attempt(os.link, own(place), "linked")
        attempt(os.link, own(place), own(place) + ".linked")


@attack
def create(inner):
    for place in ("home", "models", "cache", "tmp", "shm", "site", "reports"):
        attempt(write, os.path.join(FACTS[place], "created-by-" + NAME), NAME)
    for place in ("/", "/var/tmp", "/run", "/etc", "/srv", "/opt", "/dev"):
        attempt(write, os.path.join(place, "created-by-" + NAME), NAME)


@attack
def create_unnamed(inner):
    for place in (FACTS["home"], FACTS["models"]):
        handle = os.open(place, os.O_TMPFILE | os.O_WRONLY)
        os.link("/proc/self/fd/%d" % handle, os.path.join(place, "from-" + NAME))


@attack
def change_artifact(inner):
    for folder in (FACTS["cache"] + "/objects-v1", FACTS["models"]):
        for place, _, names in os.walk(folder):
            for name in names:
                if "canaries" not in place:
                    attempt(os.chmod, os.path.join(place, name), 0)
                    attempt(os.utime, os.path.join(place, name), (1, 1))


@attack
def swap_artifact(inner):
    """Another file in the place of this one, while it is looked at again and again."""
    path = os.path.join(FACTS["models"], NAME + ".pkl")
    other = os.path.join(FACTS["models"], "honest-scaler.pkl")

    def swap():
        end = time.time() + 1
        while time.time() < end:
            attempt(os.rename, path, path + ".x")
            attempt(os.link, other, path)
            attempt(os.rename, path + ".x", path)

    swap()


@attack
def links_in_scratch(inner):
    """Whoever cleans up, or reads the scratch folder, is led elsewhere."""
    targets = (FACTS["home"], FACTS["home_secret"], FACTS["cache"], "/", "/dev/zero")
    for number, target in enumerate(targets):
        attempt(os.symlink, target, "link-%d" % number)
    here = os.getcwd()
    attempt(os.rename, here, here + ".away")
    attempt(os.symlink, FACTS["home"] + "/canaries", here)


@attack
def pipes_in_scratch(inner):
    for name in ("json.py", "sitecustomize.py", "result", "fifo"):
        os.mkfifo(name)


@attack
def scratch_replaced(inner):
    here, parent = os.getcwd(), os.path.dirname(os.getcwd())
    for name in attempt(os.listdir, parent) or ():
        path = os.path.join(parent, name)
        if path != here:
            attempt(shutil.rmtree, path)
            attempt(os.symlink, FACTS["home"], path)


@attack
def odd_names(inner):
    for name in ("\n", "\x1b[31m", "-rf", "*", "~", "$(id)", "..a", "a" * 255):
        attempt(write, name, NAME)
    attempt(lambda: os.close(os.open(b"\xff\xfe", os.O_CREAT | os.O_WRONLY)))


@attack
def deep_folders(inner):
    """60,000 folders in one another; the innermost ones belong to nobody."""
    for _ in range(60000):
        os.mkdir("d")
        os.chdir("d")
    os.mkdir("closed", 0)
    os.chmod("..", 0)


@attack
def closed_folders(inner):
    os.makedirs("a/b/c")
    write("a/b/c/file", NAME)
    for path in ("a/b/c", "a/b", "a", "."):
        os.chmod(path, 0)


@attack
def many_files(inner):
    for number in range(20000):
        os.close(os.open("f%d" % number, os.O_CREAT | os.O_WRONLY))


@attack
def locks_of_cache(inner):
    """Locks that others wait for, held by a process that stays."""

    def hold():
        for folder in ("locks-v1",):
            for place, _, names in os.walk(os.path.join(FACTS["cache"], folder)):
                for name in names:
                    handle = attempt(os.open, os.path.join(place, name), os.O_RDONLY)
                    if handle is not None:
                        attempt(fcntl.flock, handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(600)

    detached(hold)


@attack
def lock_of_user(inner):
    handle = os.open(own("home"), os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    claim("locked a file of the user")


@attack
def watch_home(inner):
    handle = libc.inotify_init()
    watch = libc.inotify_add_watch(handle, FACTS["home"].encode(), 0xFFF)
    claim_if(handle >= 0 and watch >= 0, "watches the home folder")


@attack
def executable_left(inner):
    write("left.sh", "#!/bin/sh\n" + NAME)
    os.chmod("left.sh", 0o6755)
    for place in ("/tmp", "/dev/shm", "/var/tmp"):
        attempt(shutil.copy, "left.sh", os.path.join(place, "left-" + NAME))


@attack
def plugin_folders(inner):
    for name in (".config/pip/pip.conf", ".config/uv/uv.toml", ".docker/config.json", ".netrc"):
        attempt(write, os.path.join(FACTS["home"], name), payload())
