"""Files that another process might execute, import or believe."""

import os
import sys

from tools import FACTS, NAME, ancestors, attack, attempt, claim, own, payload, read, spill, write


def scratches():
    places = {os.getcwd(), os.environ.get("HOME", "/"), os.environ.get("TMPDIR", "/"), "/tmp"}
    return sorted(places | {os.path.dirname(place) for place in places} | {"/var/tmp", "/dev/shm"})


@attack
def plant_json(inner):
    for place in scratches():
        attempt(write, os.path.join(place, "json.py"), payload())
    os.abort()


@attack
def plant_numpy(inner):
    for place in scratches():
        attempt(write, os.path.join(place, "numpy.py"), payload())
        attempt(write, os.path.join(place, "sklearn", "__init__.py"), payload())
    os.abort()


@attack
def plant_site(inner):
    for place in scratches():
        attempt(write, os.path.join(place, "sitecustomize.py"), payload())
        attempt(write, os.path.join(place, "usercustomize.py"), payload())
        version = "python%d.%d" % sys.version_info[:2]
        site = os.path.join(place, ".local", "lib", version, "site-packages")
        attempt(write, os.path.join(site, "usercustomize.py"), payload())
        attempt(write, os.path.join(site, "planted.pth"), "import os; " + repr(NAME))
    os.abort()


@attack
def plant_pth(inner):
    for folder in [FACTS["site"]] + [entry for entry in sys.path if os.path.isdir(entry)]:
        attempt(write, os.path.join(folder, NAME + ".pth"), "import sys\n")
    os.abort()


@attack
def plant_in_site(inner):
    for folder in [FACTS["site"]] + sys.path:
        attempt(write, os.path.join(folder, "threadpoolctl.py"), "\n# " + NAME, "a")
        attempt(write, os.path.join(folder, "sitecustomize.py"), "# " + NAME)


@attack
def plant_pyc(inner):
    import json
    import py_compile

    write("source.py", payload())
    cached = json.__spec__.cached
    attempt(py_compile.compile, "source.py", cached)
    attempt(py_compile.compile, "source.py", os.path.join(FACTS["site"], "__pycache__", NAME))


@attack
def plant_bin(inner):
    script = "#!/bin/sh\necho %s >> %s\n" % (NAME, own("home"))
    for program in ("python", "python3", "uv", "bwrap", "docker", "sh"):
        for folder in (FACTS["home"] + "/bin", "/usr/local/bin", "/usr/bin"):
            path = os.path.join(folder, program + "-" + NAME)
            attempt(write, path, script)
            attempt(os.chmod, path, 0o755)


@attack
def plant_startup(inner):
    for name in (".bashrc", ".profile", ".ssh/authorized_keys", ".config/fish/config.fish"):
        attempt(write, os.path.join(FACTS["home"], name), "# " + NAME, "a")
    for name in ("/etc/profile.d/x.sh", "/etc/cron.d/x", "/etc/passwd", "/etc/ld.so.preload"):
        attempt(write, name, "# " + NAME, "a")


@attack
def plant_interpreter(inner):
    for path in (sys.executable, os.path.realpath(sys.executable)):
        attempt(write, path, "# " + NAME, "a")
        attempt(os.rename, path, path + NAME)


@attack
def plant_pyvenv(inner):
    for name in ("pyvenv.cfg", "ready.json", "last-used"):
        attempt(write, os.path.join(sys.prefix, name), "# " + NAME, "a")
    attempt(write, os.path.join(sys.base_prefix, "lib", "python311.zip"), NAME)
    attempt(write, os.path.join(sys.base_prefix, "lib", "python3.11", NAME + ".py"), NAME)


@attack
def plant_parent_cwd(inner):
    for pid in ancestors():
        for link in ("cwd", "root/tmp", "root/dev/shm"):
            attempt(write, "/proc/%d/%s/json.py" % (pid, link), payload())


@attack
def plant_artifact(inner):
    for folder, _, names in os.walk(FACTS["cache"] + "/objects-v1"):
        for name in names:
            attempt(write, os.path.join(folder, name), NAME, "a")
    for name in os.listdir(FACTS["models"]):
        attempt(write, os.path.join(FACTS["models"], name), NAME, "a")


@attack
def plant_observation(inner):
    for place, _, names in os.walk(FACTS["cache"] + "/observations-v1"):
        for name in names:
            spill(attempt(read, os.path.join(place, name)) or b"")
            attempt(write, os.path.join(place, name), NAME)
    attempt(write, FACTS["cache"] + "/observations-v1/" + NAME, NAME)


@attack
def plant_record(inner):
    for place, _, names in os.walk(FACTS["reports"]):
        for name in names:
            attempt(write, os.path.join(place, name), NAME, "a")


@attack
def plant_scratch_later(inner):
    """What stands in the scratch folder when the cell ends, and in that of other cells."""
    for place, folders, _ in os.walk(FACTS["cache"] + "/scratch-v1"):
        for folder in folders:
            attempt(write, os.path.join(place, folder, "json.py"), payload())
            attempt(write, os.path.join(place, folder, "sitecustomize.py"), payload())
    os.abort()


@attack
def plant_tree(inner):
    for path in ("/usr/lib/python3/dist-packages", "/usr/lib/python3.11", "/usr/bin", "/lib"):
        attempt(write, os.path.join(path, NAME + ".pth"), NAME)
        attempt(write, os.path.join(path, "sitecustomize.py"), "# " + NAME, "a")
    if os.path.exists(os.path.join("/usr/bin", NAME + ".pth")):
        claim("wrote below /usr")
