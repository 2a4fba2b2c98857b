"""Runs the built binary on hostile files and says what they achieved.

Argument: a file (JSON) that says where things are and what to run, see `Plan` in `tests/attacks/stage.rs`.
It is started in namespaces of its own, as their first process. Prints one JSON object a line: a
`row` for each attack, and a `note` for what belongs to none."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import evidence  # noqa: E402
import root  # noqa: E402
import witnesses  # noqa: E402
from inside import Inside  # noqa: E402
from sampler import Sampler, comm_of, pids  # noqa: E402

PLACES = ("home", "models", "reports", "cache", "tmp")
SECONDS = 2
MEMORY = 256 << 20
# How far a limit may be exceeded; and how much before that counts, of time and of memory.
TOLERATED = 1.5
SLACK_SECONDS, SLACK_BYTES = 1.5, 96 << 20
PATIENCE = 240
GRACE = 3.0
HONEST = {
    "logistic": "make_pipeline(StandardScaler(), LogisticRegression())",
    "pca": "PCA(n_components=2, svd_solver='full')",
    "scaler": "StandardScaler()",
    "tree": "DecisionTreeClassifier(max_depth=3, random_state=0)",
}
# How a run ends in which every file was tried, or could not be.
JUDGED = (0, 102)
# The kinds that are tried in models of one's own, too: these share processes.
OWN = ("planting", "protocol", "results")


def say(**message):
    print(json.dumps(message), flush=True)


class Stage(object):
    def __init__(self, plan):
        self.plan = plan
        self.uid = plan["uid"]
        self.arena = plan["arena"]
        self.places = {name: os.path.join(self.arena, name) for name in PLACES}
        self.secrets = {}
        self.daemon = None
        self.base = 0
        self.calm = {}

    # What stands around.

    def build(self):
        witnesses.no_cores()
        root.enter(self.plan["kept"])
        os.makedirs(self.arena, exist_ok=True)
        root.mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", self.arena)
        for path in self.plan["readable"]:
            root.open_ways(path)
        self.own_packages()
        for place in self.places.values():
            os.makedirs(place)
        shutil.copy(self.plan["points"], os.path.join(self.arena, "blobs.csv"))
        self.be_known()
        self.hide_secrets()
        self.inside = Inside()
        self.listeners = witnesses.Listeners(self.places["home"])
        self.kernel = witnesses.KernelObjects(self.uid)
        self.victim = witnesses.Victim(self.inside, self.uid, self.places["home"])
        self.handed = witnesses.Handed(self.places["home"])
        self.give(self.arena)
        self.collect_secrets()
        self.start_docker()

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
        if subprocess.call(["docker", "image", "inspect", docker["image"]], stdout=-3, stderr=-3) == 0:
            return
        folder = os.path.join(self.arena, "image")
        os.makedirs(folder)
        left_out = ("dev/*", "proc/*", "sys/*", "usr/include", "usr/lib/gcc", "usr/share")
        words = ["tar", "--directory", docker["tree"], "--create", "--file", folder + "/tree.tar"]
        subprocess.check_call(words + ["--exclude=./" + name for name in left_out] + ["."])
        with open(folder + "/Dockerfile", "w") as file:
            file.write("FROM scratch\nADD tree.tar /\n")
        words = ["docker", "build", "--quiet", "--platform", "linux/386", "--tag", docker["image"]]
        subprocess.check_call(words + [folder], stdout=-3)
        shutil.rmtree(folder)

    # The files.

    def facts(self):
        return dict(
            {name: self.places[name] for name in PLACES},
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
        path = os.path.join(self.arena, "facts.json")
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
                if place.startswith(self.arena):
                    os.setxattr(path, *witnesses.XATTR)
            self.give(folder)

    # A run.

    def matrix(self, name, models, own=False):
        """Files that somebody gave, or models of one's own (`own`), with honest ones between them."""
        lines = ["[matrix]", 'name = "%s"' % name, "", "[limits]", 'time = "%ds"' % SECONDS]
        lines += ['memory = "%dMiB"' % (MEMORY >> 20), ""]
        lines += [self.environments(own), "[datasets.blobs]", 'path = "blobs.csv"', 'target = "label"', ""]
        order = list(models)
        for number, one in enumerate(sorted(HONEST)):
            order.insert(len(order) * number // 3, "honest-" + one)
        for one in order:
            lines += self.trained(one) if own else self.given(one)
        with open(os.path.join(self.arena, name + ".toml"), "w") as file:
            file.write("\n".join(lines))

    def environments(self, own):
        """Own models act in the second of two environments, where a variable says so."""
        text = self.plan["environments"]
        if not own:
            return text
        away = 'role = "consumer"\nvariables = { AWAY = "1" }\n'
        home = text.replace('"sk"', '"home"', 1) + 'role = "producer"\n'
        return home + "\n" + text.replace('"sk"', '"away"', 1) + away

    def given(self, one):
        return ["[[artifact]]", 'path = "models/%s.pkl"' % one, 'producer = "sk"', 'inputs = "blobs"', ""]

    def trained(self, one):
        source = 'recipe = "models/%s.py"' % one
        if one.startswith("honest-"):
            source = 'estimator = "%s"' % HONEST[one[len("honest-") :]]
        lines = ["[[models]]", 'name = "%s"' % one, source, 'dataset = "blobs"', 'formats = ["pickle"]']
        return lines + [""]

    def fresh_cache(self):
        cache = self.places["cache"]
        subprocess.call(["chattr", "-R", "-i", self.arena], stdout=-3, stderr=-3)
        subprocess.call(["rm", "-rf", cache, self.places["reports"], self.places["tmp"]])
        for place in (cache, self.places["reports"], self.places["tmp"]):
            os.makedirs(place)
        for bucket in ("environments-v1", "tools-v1", "uv-v1"):
            os.symlink(os.path.join(self.plan["shared"], bucket), os.path.join(cache, bucket))
        for place in (cache, self.places["reports"], self.places["tmp"]):
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
            self.arena,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=open("/old/stdout", "wb"),
            stderr=open("/old/stderr", "wb"),
            pass_fds=witnesses.OWN_DESCRIPTORS + (45,),
            start_new_session=True,
        )

    def printed(self):
        read = lambda name: open("/old/" + name, "rb").read().decode("utf-8", "replace")  # noqa: E731
        return read("stdout"), read("stderr")

    def follow(self, name, jobs, attacks):
        """A run to its end: its exit code, what was seen meanwhile, what went on afterwards."""
        known = pids()
        process = self.shelflife(name, jobs)
        short = {one[:15]: one for one in attacks}
        sampler = Sampler(
            process.pid,
            known,
            short,
            SECONDS * TOLERATED + SLACK_SECONDS,
            ["/old", "/tmp", "/dev/shm", self.arena],
        )
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = None
        sampler.finish()
        left = self.left_over(known, short)
        self.end_all(known)
        return code, sampler, left

    def left_over(self, known, short):
        """Processes that are still there a moment later."""
        end = time.monotonic() + GRACE
        while time.monotonic() < end and self.strangers(known):
            time.sleep(0.05)
        told = {}
        for pid in self.strangers(known):
            attack = short.get(comm_of(pid)[:15])
            told[attack] = told.get(attack, 0) + 1
        return [(attack, "%d processes went on" % count) for attack, count in told.items()]

    def strangers(self, known):
        found = pids() - known - {os.getpid()}
        return [pid for pid in found if not self.is_reaped(pid) and not self.is_of_docker(pid)]

    def is_of_docker(self, pid):
        return self.daemon is not None and comm_of(pid) in ("dockerd", "containerd", "docker-init")

    def is_reaped(self, pid):
        """Orphans come to us: the first process of these namespaces."""
        try:
            return os.waitpid(pid, os.WNOHANG)[0] == pid
        except ChildProcessError:
            return False

    def end_all(self, known):
        for number in (signal.SIGSTOP, signal.SIGKILL, signal.SIGKILL, signal.SIGKILL):
            for pid in self.strangers(known):
                try:
                    os.kill(pid, number)
                except OSError:
                    pass
            time.sleep(0.02)

    # What came of it.

    def photograph(self):
        left_out = (self.places["cache"], self.places["reports"])
        found = witnesses.photograph(self.arena, left_out)
        for place in ("/tmp", "/dev/shm", "/var/tmp"):
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
            # Folders are in the layer where something in them is.
            is_folder = facts[0] & 0o170000 == 0o040000
            if not is_of_cache and not is_folder and not inside.startswith(("/var/tmp", "/left")):
                found[inside] = facts
        return found

    def is_written_by_us(self, path):
        name = os.path.basename(path)
        return (
            name in ("last-used", "interpreters.json")
            or name.endswith((".lock", ".pyc"))
            or name.startswith("lock-")
            or "/uv-v1/" in path
        )

    def state_of_cache(self):
        cache = self.places["cache"]
        found = [(None, "left %s in the scratch of the cache" % n) for n in self.names_in("scratch-v1")]
        for bucket in ("objects-v1", "observations-v1"):
            for path in evidence.files_below(os.path.join(cache, bucket)):
                name = os.path.basename(path).split(".")[0]
                if not name or set(name) - set("0123456789abcdef"):
                    found.append((evidence.owner_of(path, None, self.names), "made " + path))
        return found

    def names_in(self, bucket):
        try:
            return os.listdir(os.path.join(self.places["cache"], bucket))
        except OSError:
            return []

    def attempt(self, name, attacks, jobs=2, own=False):
        """A run of some attacks between honest files, and all that can be said of it."""
        self.fresh_cache()
        self.listeners.heard.clear()
        before = self.photograph()
        self.matrix(name, attacks, own)
        before[os.path.join(self.arena, name + ".toml")] = witnesses.facts_of(
            os.path.join(self.arena, name + ".toml")
        )
        code, sampler, found = self.follow(name, jobs, attacks)
        reports = os.path.join(self.places["reports"], name)
        stdout, stderr = self.printed()
        if code not in JUDGED:
            found.append((None, "the run ended with %s" % (code if code is not None else "nothing")))
        found += [(a, "went on for %.1f s" % s) for a, s in sampler.overdue.items()]
        found += [(None, "of shelflife: " + how) for how in sampler.changes]
        found += self.exceeded(sampler, jobs)
        found += [(None, "of another process: " + how) for how in self.victim.changes()]
        found += [(None, "changed or left objects of the kernel: %s" % what) for what in self.kernel.changes()]
        found += [(None, how) for how in self.handed.changes()]
        found += [(self.caller(data), "called the " + place) for place, data in self.listeners.heard]
        found += evidence.differences(before, self.photograph(), self.names)
        found += self.state_of_cache()
        try:
            found += evidence.leaks(
                reports, self.places["cache"], stdout + stderr, self.secrets, self.names
            )
            found += evidence.texts(reports, stdout, stderr)
            found += self.disturbed(reports, name, own)
        except (OSError, ValueError, KeyError) as error:
            found.append((None, "the record cannot be read: %s" % error))
        self.repair()
        return evidence.shortened(sorted(set(found), key=str)), self.told_of(reports), sampler

    def exceeded(self, sampler, jobs):
        most = MEMORY * TOLERATED + SLACK_BYTES + self.base
        if jobs == 1:
            return [
                (attack, "%d MiB at once" % ((peak - self.base) >> 20))
                for attack, peak in sampler.peaks.items()
                if peak > most
            ]
        return []

    def caller(self, data):
        said = data.decode("latin-1").strip()
        return said if said in self.names else None

    def disturbed(self, reports, name, own):
        """Honest files of this run, and of a later one that finds what this one has kept."""
        found = []
        now = self.honest(reports)
        found += [(None, "changed " + what) for what in different(self.calm[own], now)]
        later = name + "-later"
        self.matrix(later, [], own)
        process = self.shelflife(later, 2)
        code = process.wait(PATIENCE)
        os.remove(os.path.join(self.arena, later + ".toml"))
        if code != 0:
            found.append((None, "a later run ended with %d" % code))
        now = self.honest(os.path.join(self.places["reports"], later))
        found += [(None, "changed later %s" % what) for what in different(self.calm[own], now)]
        return found

    def honest(self, reports):
        seen, judged = evidence.observations(reports), evidence.verdicts(reports)
        return {
            name: (seen.get(name), judged.get(name))
            for name in sorted(set(seen) | set(judged))
            if name.startswith("honest-")
        }

    def told_of(self, reports):
        try:
            return evidence.verdicts(reports)
        except (OSError, ValueError, KeyError):
            return {}

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
        for place in ("/tmp", "/dev/shm", "/var/tmp"):
            names = [os.path.join(place, name) for name in os.listdir(place)]
            subprocess.call(["rm", "-rf", "--"] + names)
        self.set_canaries()
        self.handed = witnesses.Handed(self.places["home"])
        self.collect_secrets()
        self.kernel.remove_all()
        self.kernel = witnesses.KernelObjects(self.uid)
        self.collect_secrets()

    def rehearse(self, own):
        """Without attacks: what honest files give, and what a run takes of memory."""
        self.fresh_cache()
        self.matrix("calm", [], own)
        code, sampler, left = self.follow("calm", 1, [])
        if code != 0 or left:
            raise SystemExit("a run without attacks ended with %s\n%s" % (code, "\n".join(self.printed())))
        self.base = sampler.peak
        self.calm[own] = self.honest(os.path.join(self.places["reports"], "calm"))
        os.remove(os.path.join(self.arena, "calm.toml"))

    def perform(self):
        self.build()
        self.make()
        self.set_canaries()
        kinds = list(self.kinds) + ["own"]
        self.kinds["own"] = [attack for kind in OWN for attack in self.kinds[kind]]
        for kind in self.plan["kinds"] or kinds:
            attacks = [a for a in self.kinds[kind] if not self.plan["only"] or a in self.plan["only"]]
            if attacks:
                self.play(kind, attacks)

    def play(self, kind, attacks):
        start = time.monotonic()
        found, judged = self.search(kind, attacks, start + self.plan["attribution_seconds"])
        told = {}
        for attack, how in found:
            told.setdefault(attack, set()).add(how)
        for how in sorted(told.pop(None, ())):
            say(note="%s: %s" % (kind, how), is_escape=True)
        for attack in attacks:
            hows = sorted(told.get(attack, ()))
            say(row=attack, kind=kind, verdicts=judged.get(attack, {}), escapes=hows)
        say(note="%s: %d attacks in %.1f s" % (kind, len(attacks), time.monotonic() - start))

    def search(self, kind, attacks, end):
        """The escapes of some attacks. What belongs to none of them is looked for in both halves, as
        far as time reaches."""
        own = kind == "own"
        if own not in self.calm:
            self.rehearse(own)
        found, judged, _ = self.attempt(kind, attacks, 1 if kind == "limits" else 2, own)
        unknown = [how for attack, how in found if attack is None]
        if len(attacks) == 1:
            return [(attacks[0], how) for _, how in found], judged
        if not unknown or time.monotonic() > end:
            return found, judged
        say(note="%s: %s; each half alone" % (kind, "; ".join(unknown)))
        middle = len(attacks) // 2
        for half in (attacks[:middle], attacks[middle:]):
            more, told = self.search(kind, half, end)
            found = [pair for pair in found if pair[0] is not None or time.monotonic() > end] + more
            judged.update(told)
        return found, judged


def different(calm, now):
    """Names of the honest files whose observations or verdicts are not those of a run without attacks."""
    return [name for name in calm if calm[name] != now.get(name)]


def main(path):
    with open(path) as file:
        plan = json.load(file)
    assert secrets and os.getpid() == 1
    Stage(plan).perform()


main(sys.argv[1])
