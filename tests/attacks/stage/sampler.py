"""Looks at all processes of a run again and again: how long each lives, what all of them hold."""

import os
import threading
import time

from witnesses import changed, standing


def pids():
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def comm_of(pid):
    try:
        with open("/proc/%d/comm" % pid) as file:
            return file.read().strip()
    except OSError:
        return ""


def proportional(pid):
    """The share of a process in the memory of all, in bytes."""
    try:
        with open("/proc/%d/smaps_rollup" % pid) as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


class Files(object):
    """File systems in memory and files in memory that belong to the processes of a run."""

    def __init__(self, ours):
        self.ours = {self.device(path) for path in ours}

    def device(self, path):
        try:
            return os.stat(path).st_dev
        except OSError:
            return None

    def bytes_of(self, pid, seen):
        total = 0
        try:
            with open("/proc/%d/mounts" % pid) as file:
                mounts = [line.split()[1] for line in file if line.split()[2] == "tmpfs"]
        except OSError:
            return 0
        for place in mounts:
            path = "/proc/%d/root%s" % (pid, place)
            device = self.device(path)
            if device is None or device in seen or device in self.ours:
                continue
            seen.add(device)
            try:
                facts = os.statvfs(path)
            except OSError:
                continue
            total += (facts.f_blocks - facts.f_bfree) * facts.f_frsize
        return total + self.unnamed(pid, seen)

    def unnamed(self, pid, seen):
        """Files without a name that live in memory; what is mapped of them counts twice."""
        total = 0
        try:
            for name in os.listdir("/proc/%d/fd" % pid):
                path = "/proc/%d/fd/%s" % (pid, name)
                if os.readlink(path).startswith("/memfd:"):
                    facts = os.stat(path)
                    key = facts.st_dev, facts.st_ino
                    if key not in seen:
                        seen.add(key)
                        total += facts.st_blocks * 512
        except OSError:
            pass
        return total


def used(places):
    total = 0
    for place in places:
        facts = os.statvfs(place)
        total += (facts.f_blocks - facts.f_bfree) * facts.f_frsize
    return total


class Sampler(object):
    def __init__(self, run, known, names, patience, shared, weighs):
        self.run, self.known, self.names, self.patience = run, known, names, patience
        self.shared, self.weighs = shared, weighs
        self.at_start = used(shared)
        self.files = Files(shared + ["/", "/old", "/dev", "/run"])
        self.first = {}
        self.overdue = {}
        self.peak, self.at_peak = 0, set()
        self.peaks, self.floors = {}, {}
        self.most = 0
        self.changes = set()
        self.before = None
        self.is_done = False
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def attack_of(self, comm):
        return self.names.get(comm[:15])

    def watch(self):
        while not self.is_done:
            self.look()
            time.sleep(0.03)

    def look(self):
        now = time.monotonic()
        found = pids() - self.known
        self.most = max(self.most, len(found))
        shared = used(self.shared) - self.at_start
        total, seen, present = shared, set(), set()
        for pid in found:
            attack = self.attack_of(comm_of(pid))
            if attack:
                present.add(attack)
                first = self.first.setdefault((pid, attack), now)
                if now - first > self.patience:
                    self.overdue[attack] = now - first
            if self.weighs and len(found) < 200:
                total += proportional(pid) + self.files.bytes_of(pid, seen)
        for attack in present:
            # What others have left there before is not this one's.
            floor = self.floors.setdefault(attack, shared)
            self.peaks[attack] = max(self.peaks.get(attack, 0), total - floor)
        if total > self.peak:
            self.peak, self.at_peak = total, present
        self.look_at_run()

    def look_at_run(self):
        try:
            now = standing(self.run)
            # Before it has become shelflife, it is a program that changes its user.
            if not now["comm"].startswith("shelflife"):
                return
            self.before = self.before or dict(now)
            self.changes.update(changed(dict(self.before), now))
            if "it was stopped" in self.changes:
                os.kill(self.run, 18)
        except (OSError, IndexError, ProcessLookupError):
            pass

    def finish(self):
        self.is_done = True
        self.thread.join()
