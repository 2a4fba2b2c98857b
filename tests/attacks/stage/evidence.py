"""What a run with attacks has left, said and changed, as a list of (attack or None, how)."""

import json
import os
import re
import struct
import xml.etree.ElementTree

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
CLAIM = re.compile(r";([^;:]*):([a-z0-9_]+)(?![a-z0-9_])")
RAW_PAGE = ("<img src=x onerror", "<script>window.hostile")
RAW_MARKDOWN = re.compile(r"(?<!\\)\]\(javascript:|^# Hostile", re.MULTILINE)
# What stands between backticks is text, whatever it is.
CODE = re.compile(r"(`+)[^`\n]+\1(?!`)")
COMMAND = re.compile(r"^(::|##vso)", re.MULTILINE)
FORGED = re.compile(
    r"^(all (100 )?cells are identical|exit code: 0|cells: 100 of 100)", re.MULTILINE
)


def events_of(folder):
    with open(os.path.join(folder, "events.jsonl"), "rb") as file:
        return [json.loads(line) for line in file if line.endswith(b"\n")]


def troubles(folder):
    """Why environments could not be used, by their names."""
    try:
        events = events_of(folder)
    except OSError:
        return {}
    failed = [event for event in events if event["event"] == "environment-failed"]
    return {event["name"]: event["reason"] for event in failed}


def observations(folder):
    """The observed facts of each model, without what differs from run to run."""
    found = {}
    for event in events_of(folder):
        if event["event"] in ("cell-observed", "reference-taken"):
            kind = event["event"], event.get("consumer", ""), event["artifact"]["producer"]
            outcome = event["observation"]["outcome"]
            found.setdefault(event["artifact"]["model"], {})[" ".join(kind)] = outcome
    return found


def verdicts(folder):
    with open(os.path.join(folder, "results.json")) as file:
        cells = json.load(file)["cells"]
    found = {}
    for cell in cells:
        name = "%s in %s" % (cell["producer"], cell["consumer"])
        error = cell.get("error") or {}
        said = " ".join([cell["verdict"], cell["stage"] or ""])
        words = [error.get("type") or "", (error.get("message") or "")[:80]] if error else []
        if cell["verdict"] == "env-error":
            words = [json.dumps(cell.get("cause"))[-190:]]
        found.setdefault(cell["model"], {})[name] = ": ".join([said] + words)
    return found


def numbers_as_text(data):
    """Predicted numbers, read as the bytes that they were made of."""
    for kind, size in (("d", 8), ("q", 8)):
        if len(data) % size or len(data) > 1 << 20:
            continue
        values = struct.unpack("<%d%s" % (len(data) // size, kind), data)
        if all(0 <= value < 256 and value == int(value) for value in values):
            return bytes(int(value) for value in values)
    return data


def files_below(folder):
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def leaks(reports, cache, printed, secrets, names):
    """Secrets and claims in whatever shelflife wrote or said, with the attack whose they are."""
    texts = [(None, printed)]
    makers = {}
    for event in events_of(reports):
        text = json.dumps(event, ensure_ascii=False)
        model = event.get("artifact", {}).get("model")
        texts.append((model, text))
        for digest in re.findall(r'"digest": "([0-9a-f]{64})"', text):
            makers[digest] = model
    for path in files_below(os.path.join(cache, "objects-v1")):
        with open(path, "rb") as file:
            data = file.read(8 << 20)
        digest = os.path.basename(os.path.dirname(path)) + os.path.basename(path)
        if b"FACTS = " not in data:
            texts.append((makers.get(digest), numbers_as_text(data).decode("latin-1")))
    for folder in (reports, os.path.join(cache, "observations-v1")):
        for path in files_below(folder):
            with open(path, "rb") as file:
                texts.append((None, file.read().decode("utf-8", "replace")))
    found = []
    for model, text in texts:
        for what, secret in secrets.items():
            if secret in text:
                found.append((model, "told the secret of " + what))
        for what, name in CLAIM.findall(text):
            if name[::-1] in names:
                found.append((name[::-1], what[::-1]))
    told = {how for attack, how in found if attack is not None}
    return [pair for pair in set(found) if pair[0] is not None or pair[1] not in told]


def texts(reports, stdout, stderr):
    """What would reach a terminal, a browser, a spreadsheet or a build server as more than text."""
    found = []
    for name, text in (("stdout", stdout), ("stderr", stderr)):
        found += [name + " has control characters"] * bool(CONTROLS.search(text))
        found += [name + " has a command for a build server"] * bool(COMMAND.search(text))
        found += [name + " has a forged line"] * bool(FORGED.search(text))
    for path in files_below(reports):
        name = os.path.basename(path)
        with open(path, "rb") as file:
            data = file.read()
        text = data.decode("utf-8", "replace")
        if name.rsplit(".", 1)[-1] in ("html", "md", "csv", "xml") and CONTROLS.search(text):
            found.append(name + " has control characters")
        if name == "report.html" and any(part in text for part in RAW_PAGE):
            found.append(name + " has a script")
        if name == "report.md":
            found += ["report.md has `%s`" % part for part in marked_up(text)]
        if name == "results.csv" and re.search(r'(^|,)"?[\t ]*=HYPERLINK', text, re.MULTILINE):
            found.append(name + " has a formula")
        if name.endswith(".xml"):
            try:
                xml.etree.ElementTree.fromstring(data)
            except xml.etree.ElementTree.ParseError as error:
                found.append("%s is not XML: %s" % (name, error))
    return [(None, how) for how in found]


def marked_up(text):
    """What a renderer of Markdown takes for a script, a link or a heading, with what is around."""
    text = CODE.sub("", text)
    places = [text.find(part) for part in RAW_PAGE]
    places += [match.start() for match in RAW_MARKDOWN.finditer(text)]
    return [text[max(at - 60, 0) : at + 40] for at in places if at >= 0]


def owner_of(path, facts, names):
    """The attack that a changed file tells of, by its name or by its content."""
    content = facts[5] if facts and isinstance(facts[5], bytes) else b""
    said = path.encode("utf-8", "replace") + b" " + content
    fitting = [
        name for name in names if re.search(rb"(?<![a-z_])%s(?![a-z_])" % name.encode(), said)
    ]
    return max(fitting, key=len) if fitting else None


def differences(before, after, names):
    """Files that were made, changed or removed, but for those of the same attack told once."""
    found = set()
    for path in set(before) | set(after):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        how = (
            "removed" if new is None else "made" if old is None else "changed " + what_of(old, new)
        )
        owner = owner_of(path, new or old, names)
        found.add((owner, "%s %s" % (how, path)))
    return sorted(found, key=str)


def what_of(old, new):
    parts = ("mode", "owner", "group", "device", "times, size or links", "content", "attributes")
    return " and ".join(part for part, a, b in zip(parts, old, new) if a != b) + " of"


def shortened(found, limit=6):
    """At most so many of an attack, with the number of the others."""
    told = {}
    for attack, how in found:
        told.setdefault(attack, []).append(how)
    short = []
    for attack, hows in told.items():
        more = len(hows) - limit
        short += [(attack, how) for how in hows[:limit]]
        if more > 0:
            short.append((attack, "and %d more" % more))
    return short


def honest(reports):
    """What was observed of the honest files of a run, and what is said of them."""
    seen, judged = observations(reports), verdicts(reports)
    names = sorted(name for name in set(seen) | set(judged) if name.startswith("honest-"))
    return {name: (seen.get(name), judged.get(name)) for name in names}


def verdicts_if_any(reports):
    try:
        return verdicts(reports)
    except (OSError, ValueError, KeyError):
        return {}


def strange_entries(cache, names):
    """Names in the cache that shelflife gives nothing, and what is left in its scratch folder."""
    scratch = os.listdir(os.path.join(cache, "scratch-v1"))
    found = [(None, "left %s in the scratch of the cache" % name) for name in scratch]
    for bucket in ("objects-v1", "observations-v1"):
        for path in files_below(os.path.join(cache, bucket)):
            name = os.path.basename(path).split(".")[0]
            if not name or set(name) - set("0123456789abcdef"):
                found.append((owner_of(path, None, names), "made " + path))
    return found
