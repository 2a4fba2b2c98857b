"""The place of the play: a user's folders, an environment, secrets, and witnesses around them."""

import json
import os
import shutil
import subprocess
import time

import root
import witnesses
from inside import Inside

PLACES = ("home", "models", "reports", "tmp")
# What a run writes in the cache.
BUCKETS = ("objects-v1", "observations-v1", "scratch-v1", "locks-v1")
# What is kept for the time of one run, and cleaned after it.
SHARED = ("/tmp", "/dev/shm", "/var/tmp")


def say(**message):
    print(json.dumps(message), flush=True)


class Arena(object):
    def __init__(self, plan):
        self.plan = plan
        self.uid = plan["uid"]
        self.folder = plan["arena"]
        self.places = {name: os.path.join(self.folder, name) for name in PLACES}
        self.secrets = {}
        self.daemon = None

    def build(self):
        root.enter(self.plan["kept"])
        os.makedirs(self.folder, exist_ok=True)
        root.mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", self.folder)
        for path in self.plan["readable"]:
            root.open_ways(path)
        self.own_packages()
        for place in self.places.values():
            os.makedirs(place)
        # At its own path, which environments remember; what is written there is thrown away.
        self.places["cache"] = self.plan["shared"]
        shutil.copy(self.plan["points"], os.path.join(self.folder, "blobs.csv"))
        self.be_known()
        self.hide_secrets()
        self.inside = Inside()
        self.listeners = witnesses.Listeners(self.places["home"])
        self.kernel = witnesses.KernelObjects(self.uid)
        self.victim = witnesses.Victim(self.inside, self.uid, self.places["home"])
        self.handed = witnesses.Handed(self.places["home"])
        self.give(self.folder)
        self.collect_secrets()
        self.start_docker()
        self.make()
        self.set_canaries()

    def own_packages(self):
        """The user owns the environments, as one who made them would."""
        if self.uid == 0:
            return
        environments = os.path.join(self.plan["shared"], "environments-v1")
        tools = os.path.join(self.plan["shared"], "tools-v1")
        for place, _, names in os.walk(self.plan["shared"]):
            os.chown(place, self.uid, self.uid)
            is_ours = place == tools or os.path.dirname(place) == environments
            if is_ours or place.endswith(("site-packages", "dist-packages")):
                for name in names:
                    os.chown(os.path.join(place, name), self.uid, self.uid, follow_symlinks=False)

    def be_known(self):
        """A user with a home and a `bin` in it, which is on the search path."""
        os.makedirs(os.path.join(self.places["home"], "bin"))
        if self.uid:
            with open("/etc/passwd", "a") as file:
                words = ("attacked", self.uid, self.uid, self.places["home"])
                file.write("%s:x:%d:%d::%s:/bin/sh\n" % words)

    def hide_secrets(self):
        names = {"home": "private-key", "models": "private-notes"}
        for place, name in names.items():
            self.hide(place, os.path.join(self.places[place], name))
        self.hide("system", "/etc/attacks-secret")
        self.secrets["passwords"] = witnesses.new_secret()
        with open("/etc/shadow", "a") as file:
            file.write("attacked:%s:1::::::\n" % self.secrets["passwords"])
        self.secrets["run-environment"] = witnesses.new_secret()

    def hide(self, what, path):
        self.secrets[what] = witnesses.new_secret()
        with open(path, "w") as file:
            file.write(self.secrets[what] + "\n")
        os.chmod(path, 0o600)

    def collect_secrets(self):
        self.secrets["inherited-descriptor"] = self.handed.secret
        for owner, name in ((self.kernel, "kernel"), (self.victim, "victim")):
            for what, secret in owner.secrets.items():
                self.secrets["%s-%s" % (name, what)] = secret

    def give(self, folder):
        for place, _, names in os.walk(folder):
            for path in [place] + [os.path.join(place, name) for name in names]:
                os.chown(path, self.uid, self.uid, follow_symlinks=False)

    def start_docker(self):
        docker = self.plan.get("docker")
        if not docker:
            return
        # Not the daemon of whoever started the suite.
        os.environ["DOCKER_HOST"] = "unix:///run/docker.sock"
        self.docker_log = open("/old/docker.log", "w")
        words = ["dockerd", "--iptables=false", "--bridge=none", "--data-root", docker["data"]]
        words += ["--exec-root", "/run/docker-exec", "--pidfile", "/run/docker.pid"]
        self.daemon = subprocess.Popen(
            words + ["--host", "unix:///run/docker.sock"],
            stdout=self.docker_log,
            stderr=self.docker_log,
        )
        for _ in range(200):
            if subprocess.call(["docker", "info"], stdout=-3, stderr=-3) == 0:
                os.chmod("/run/docker.sock", 0o666)
                return self.make_image(docker)
            time.sleep(0.1)
        raise SystemExit("docker does not answer: " + open("/old/docker.log").read()[-2000:])

    def make_image(self, docker):
        """Of the Debian tree, unless an earlier play has made it."""
        if (
            subprocess.call(["docker", "image", "inspect", docker["image"]], stdout=-3, stderr=-3)
            == 0
        ):
            return
        folder = os.path.join(self.folder, "image")
        os.makedirs(folder)
        left_out = ("dev/*", "proc/*", "sys/*", "usr/include", "usr/lib/gcc", "usr/share")
        words = ["tar", "--directory", docker["tree"], "--create", "--file", folder + "/tree.tar"]
        subprocess.check_call(words + ["--exclude=./" + name for name in left_out] + ["."])
        with open(folder + "/Dockerfile", "w") as file:
            file.write("FROM scratch\nADD tree.tar /\n")
        words = ["docker", "build", "--quiet", "--platform", "linux/386", "--tag", docker["image"]]
        subprocess.check_call(words + [folder], stdout=-3)
        shutil.rmtree(folder)

    def facts(self):
        return dict(
            self.places,
            shm="/dev/shm",
            site=self.plan["site"],
            home_secret=os.path.join(self.places["home"], "private-key"),
            models_secret=os.path.join(self.places["models"], "private-notes"),
            system_secret="/etc/attacks-secret",
            tcp=self.listeners.tcp,
            udp=self.listeners.udp,
            unix=self.listeners.unix,
            unix_datagram=self.listeners.datagram,
            abstract=self.listeners.abstract,
            fifo=self.listeners.fifo,
            segment_key=witnesses.KEY_OF_SEGMENT,
            messages_key=witnesses.KEY_OF_MESSAGES,
            queue=witnesses.QUEUE,
            victim=self.victim.number,
            victim_address=self.victim.address,
            uid=self.uid,
        )

    def make(self):
        path = os.path.join(self.folder, "facts.json")
        with open(path, "w") as file:
            json.dump(self.facts(), file)
        words = [self.plan["python"], self.plan["maker"], path, self.places["models"]]
        self.kinds = json.loads(subprocess.check_output(words))
        self.names = [name for kind in self.kinds.values() for name in kind]
        self.give(self.places["models"])

    def set_canaries(self):
        """One for each attack, wherever somebody might do harm."""
        for place in (self.places["home"], self.places["models"], "/tmp", "/dev/shm"):
            folder = os.path.join(place, "canaries")
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            for name in self.names:
                path = os.path.join(folder, name)
                with open(path, "w") as file:
                    file.write("untouched\n")
                os.utime(path, (1e9, 1e9))
                if place.startswith(self.folder):
                    os.setxattr(path, *witnesses.XATTR)
            self.give(folder)

    def repair(self):
        """What was spoiled is made again, so that nobody pays for what others did."""
        if self.victim.process.poll() is not None or self.victim.changes():
            self.victim.process.kill()
            self.victim.process.wait()
            old = self.victim.number
            self.victim = witnesses.Victim(self.inside, self.uid, self.places["home"])
            say(note="the victim %d is %d from here on" % (old, self.victim.number))
            self.collect_secrets()
            self.make()
        for place in SHARED:
            names = [os.path.join(place, name) for name in os.listdir(place)]
            subprocess.call(["rm", "-rf", "--"] + names)
        self.set_canaries()
        self.handed = witnesses.Handed(self.places["home"])
        self.collect_secrets()
        self.kernel.remove_all()
        self.kernel = witnesses.KernelObjects(self.uid)
        self.collect_secrets()

    def fresh(self):
        """A cache without observations, no reports, nothing temporary."""
        subprocess.call(["chattr", "-R", "-i", self.folder], stdout=-3, stderr=-3)
        buckets = [os.path.join(self.places["cache"], bucket) for bucket in BUCKETS]
        for place in buckets + [self.places["reports"], self.places["tmp"]]:
            subprocess.call(["rm", "-rf", place])
            os.makedirs(place)
            self.give(place)

    def shelflife(self, name, jobs):
        """Start it as its user would, with a secret in its variables and descriptors open."""
        variables = {
            "HOME": self.places["home"],
            "PATH": os.path.join(self.places["home"], "bin") + ":" + os.environ["PATH"],
            "TMPDIR": self.places["tmp"],
            "SHELFLIFE_CACHE_DIR": self.places["cache"],
            "ATTACKS_SECRET": self.secrets["run-environment"],
            "NO_COLOR": "1",
        }
        if self.daemon:
            variables["DOCKER_HOST"] = "unix:///run/docker.sock"
        for variable in ("PYENV_ROOT",):
            if variable in os.environ:
                variables[variable] = os.environ[variable]
        words = witnesses.as_user(self.uid) + [self.plan["shelflife"], "run", name + ".toml"]
        return self.inside.start(
            words + ["--jobs", str(jobs)],
            self.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=open("/old/stdout", "wb"),
            stderr=open("/old/stderr", "wb"),
            pass_fds=witnesses.OWN_DESCRIPTORS + (45,),
            start_new_session=True,
        )

    def photograph(self):
        found = witnesses.photograph(self.folder, (self.places["reports"],))
        for place in SHARED:
            found.update(witnesses.photograph(place))
        found.update(self.of_machine())
        return found

    def of_machine(self):
        """What was changed of the machine itself, but for what shelflife writes in the cache."""
        seen = witnesses.photograph("/old/upper")
        found = {}
        for path, facts in seen.items():
            inside = path[len("/old/upper") :]
            is_of_cache = inside.startswith(self.plan["shared"]) and self.is_written_by_us(inside)
            is_of_cache |= any("/%s/" % bucket in inside for bucket in BUCKETS)
            # Folders are in the layer where something in them is.
            is_folder = facts[0] & 0o170000 == 0o040000
            if not is_of_cache and not is_folder and not inside.startswith(("/var/tmp", "/left")):
                found[inside] = facts
        return found

    def is_written_by_us(self, path):
        name = os.path.basename(path)
        return (
            name in ("last-used", "interpreters.json")
            or name.startswith("lock-")
            or "/uv-v1/" in path
        )

    def reports(self, name):
        return os.path.join(self.places["reports"], name)

    def printed(self):
        """What the last run wrote to its standard streams."""
        texts = []
        for name in ("stdout", "stderr"):
            with open("/old/" + name, "rb") as file:
                texts.append(file.read().decode("utf-8", "replace"))
        return texts

    def touched(self):
        """What came to the witnesses."""
        found = [(None, "of another process: " + how) for how in self.victim.changes()]
        for what in self.kernel.changes():
            found.append((None, "changed or left objects of the kernel: " + what))
        found += [(None, how) for how in self.handed.changes()]
        for place, data in self.listeners.heard:
            said = data.decode("latin-1").strip()
            found.append((said if said in self.names else None, "called the " + place))
        return found
