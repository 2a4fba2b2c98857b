"""Runs the built binary on hostile files and says what they achieved.

Argument: a file (JSON) that says where things are and what to run, see `Plan` in `stage.rs` above.
It is started in namespaces of its own, as their first process. Prints one JSON object a line: a
`row` for each attack, and a `note` for what belongs to none."""

import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import evidence  # noqa: E402
import witnesses  # noqa: E402
from arena import SHARED, Arena, say  # noqa: E402
from processes import Processes  # noqa: E402
from sampler import Sampler, pids  # noqa: E402

import matrices  # noqa: E402

SECONDS = 1
MEMORY = 256 << 20
# How far a limit may be exceeded; and how much before that counts, of time and of memory.
TOLERATED = 1.5
SLACK_SECONDS, SLACK_BYTES = 1.5, 96 << 20
PATIENCE = 240
# How a run ends in which every file was tried, or could not be.
JUDGED = (0, 102)
# The kinds that are tried in models of one's own, too: these share processes.
OWN = ("planting", "protocol", "results")
# The kind in which memory is measured, one cell at a time.
WEIGHED = "limits"


class Stage(object):
    def __init__(self, plan):
        self.plan = plan
        self.arena = Arena(plan)
        # What a run takes of memory without attacks.
        self.base = 0
        # What honest files give without attacks, by whether they are models of one's own.
        self.calm = {}

    def perform(self):
        self.arena.build()
        kinds = dict(self.arena.kinds)
        kinds["own"] = [attack for kind in OWN for attack in kinds[kind]]
        only = self.plan["only"]
        for kind in self.plan["kinds"] or kinds:
            attacks = [attack for attack in kinds[kind] if not only or attack in only]
            if attacks:
                self.play(kind, attacks)

    def play(self, kind, attacks):
        start = time.monotonic()
        if (kind == "own") not in self.calm:
            self.rehearse(kind == "own")
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

    def rehearse(self, own):
        """Without attacks: what honest files give, and what a run takes of memory."""
        self.arena.fresh()
        path = self.write_matrix("calm", [], own)
        code, sampler, left = self.follow("calm", [], True)
        if code != 0 or left:
            told = "\n".join(self.arena.printed())
            raise SystemExit("a run without attacks ended with %s\n%s" % (code, told))
        self.base = sampler.peak
        self.calm[own] = evidence.honest(self.arena.reports("calm"))
        os.remove(path)

    def search(self, kind, attacks, end):
        """The escapes of some attacks. What belongs to none of them is looked for in both halves,
        as far as time reaches."""
        found, judged = self.attempt(kind, attacks)
        unknown = [how for attack, how in found if attack is None]
        if len(attacks) == 1:
            return [(attacks[0], how) for _, how in found], judged
        if not unknown or time.monotonic() > end:
            return found, judged
        say(note="%s: %s; each half alone" % (kind, "; ".join(unknown)))
        middle = len(attacks) // 2
        more = []
        for half in (attacks[:middle], attacks[middle:]):
            alone, told = self.search(kind, half, end)
            more += alone
            judged.update(told)
        is_found = {how for _, how in more}
        return [pair for pair in found if pair[1] not in is_found] + more, judged

    def attempt(self, kind, attacks):
        """A run of some attacks between honest files, and all that can be said of it."""
        arena, own, weighs = self.arena, kind == "own", kind == WEIGHED
        arena.fresh()
        arena.listeners.heard.clear()
        self.write_matrix(kind, attacks, own)
        before = arena.photograph()
        code, sampler, found = self.follow(kind, attacks, weighs)
        if code not in JUDGED:
            found.append((None, "the run ended with %s" % code))
        found += self.seen(sampler, weighs)
        found += arena.touched()
        found += evidence.differences(before, arena.photograph(), arena.names)
        found += evidence.strange_entries(arena.places["cache"], arena.names)
        found += self.read(kind, own)
        judged = evidence.verdicts_if_any(arena.reports(kind))
        for name, told in sorted(evidence.troubles(arena.reports(kind)).items()):
            say(note="%s: the environment %s was not to be used: %s" % (kind, name, told))
        told = [told for attack in attacks for told in judged.get(attack, {}).values()]
        if len(attacks) > 1 and told and all(one.startswith("env-error") for one in told):
            found.append((None, "not one attack was tried: " + told[0]))
        arena.repair()
        return evidence.shortened(sorted(set(found), key=str)), judged

    def read(self, name, own):
        """What the record of a run tells, and a later run that finds what this one has kept."""
        arena, reports = self.arena, self.arena.reports(name)
        stdout, stderr = arena.printed()
        try:
            cache = arena.places["cache"]
            found = evidence.leaks(reports, cache, stdout + stderr, arena.secrets, arena.names)
            found += evidence.texts(reports, stdout, stderr)
            found += self.disturbed(reports, own)
            path = self.write_matrix(name + "-later", [], own)
            code = arena.shelflife(name + "-later", 2).wait(PATIENCE)
            os.remove(path)
            if code != 0:
                found.append((None, "a later run ended with %s" % code))
            return found + self.disturbed(arena.reports(name + "-later"), own)
        except (OSError, ValueError, KeyError) as error:
            return [(None, "the record cannot be read: %s" % error)]

    def disturbed(self, reports, own):
        """Honest files whose observations or verdicts are not those of a run without attacks."""
        calm, now = self.calm[own], evidence.honest(reports)
        name = os.path.basename(reports)
        changed = [one for one in calm if calm[one] != now.get(one)]
        return [(None, "changed %s in the run %s" % (one, name)) for one in changed]

    def seen(self, sampler, weighs):
        """What was seen of processes while the run went on."""
        found = [(a, "went on for %.1f s" % s) for a, s in sampler.overdue.items()]
        found += [(None, "of shelflife: " + how) for how in sampler.changes]
        most = MEMORY * TOLERATED + SLACK_BYTES + self.base
        peaks = sampler.peaks if weighs else {}
        too_much = {attack: peak for attack, peak in peaks.items() if peak > most}
        return found + [(a, "%d MiB at once" % (p - self.base >> 20)) for a, p in too_much.items()]

    def follow(self, name, attacks, weighs):
        """A run to its end: its exit code, what was seen meanwhile, what went on afterwards."""
        known = pids()
        process = self.arena.shelflife(name, 1 if weighs else 2)
        names = {one[:15]: one for one in attacks}
        patience = SECONDS * TOLERATED + SLACK_SECONDS * business()
        shared = ["/old", self.arena.folder] + [place for place in SHARED if os.path.ismount(place)]
        sampler = Sampler(process.pid, known, names, patience, shared, weighs)
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = "nothing"
        sampler.finish()
        processes = Processes(known, self.arena.daemon is not None)
        left = processes.left_over(names)
        processes.end_all()
        return code, sampler, left

    def write_matrix(self, name, models, own):
        limits = SECONDS, MEMORY >> 20
        text = matrices.matrix(name, limits, self.plan["environments"], models, own)
        path = os.path.join(self.arena.folder, name + ".toml")
        with open(path, "w") as file:
            file.write(text)
        return path


def business():
    """How many times as long things take as on a machine that has nothing else to do."""
    return max(1, os.getloadavg()[0] / os.cpu_count())


def main(path):
    with open(path) as file:
        plan = json.load(file)
    assert os.getpid() == 1, "it takes in orphans: it has to be the first of its processes"
    witnesses.no_cores()
    Stage(plan).perform()


main(sys.argv[1])
