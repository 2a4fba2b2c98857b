"""What a release is made of, looked at before anybody gets it. `scripts/release` calls this."""

import hashlib
import json
import os
import re
import struct
import subprocess
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGEST_WHEEL = 8 * 1024 * 1024
# What the wheel has beside the program, below `*.data/data/share`.
SHARED = [
    "bash-completion/completions/shelflife",
    "zsh/site-functions/_shelflife",
    "fish/vendor_completions.d/shelflife.fish",
    "man/man1/shelflife.1",
    "man/man1/shelflife-gate.1",
]


class Wrong(Exception):
    """Why nothing of this can be handed out, and what to do."""


def run(command, **more):
    words = [str(word) for word in command]
    print("$ " + " ".join(words), flush=True)
    environment = dict(os.environ, **more.pop("env", {}))
    return subprocess.run(words, check=True, cwd=str(ROOT), env=environment, **more)


def output_of(command, **more):
    return run(command, stdout=subprocess.PIPE, universal_newlines=True, **more).stdout


def manifest(key):
    """A value of one line in Cargo.toml; Python before 3.11 has no reader of TOML."""
    found = re.search(r'^{} = "(.*)"$'.format(re.escape(key)), read("Cargo.toml"), re.M)
    if not found:
        raise Wrong("Cargo.toml has no line `{} = ...`".format(key))
    return found.group(1)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def version():
    return manifest("version")


def time_of_commit():
    """The seconds that stand in archives, so that the same commit gives the same bytes."""
    told = os.environ.get("SOURCE_DATE_EPOCH")
    if told:
        return int(told)
    try:
        return int(output_of(["git", "log", "-1", "--format=%ct"]).strip())
    except (OSError, ValueError, subprocess.CalledProcessError):
        return 0


def look_at_names(wanted):
    """Every file that names the version names this one."""
    places = [
        ("CITATION.cff", r"^version: (.+)$"),
        ("python/pyproject.toml", r'^version = "(.+)"$'),
        ("CHANGELOG.md", r"^## ([^\s,]+)"),
        ("docs/integrations.md", r"uses: OWNER/shelflife@v(\S+)"),
        ("docs/integrations.md", r"/gate@(\S+)"),
        ("docs/integrations.md", r"^ +rev: v(\S+)$"),
    ]
    for name, pattern in places:
        found = re.search(pattern, read(name), re.M)
        said = found.group(1) if found else "nothing"
        if said != wanted:
            raise Wrong("{} names {}, Cargo.toml {}".format(name, said, wanted))


def look_at_wheel(path, program, commit, largest):
    """It is small enough, brings what it says, and its program is of this version and commit."""
    size = path.stat().st_size
    if largest is not None and size > largest:
        limit = largest // 1024 // 1024
        raise Wrong("{} has {} bytes: at most {} MiB are allowed".format(path.name, size, limit))
    with zipfile.ZipFile(str(path)) as opened:
        names = opened.namelist()
        damaged = opened.testzip()
    if damaged:
        raise Wrong("{} is damaged at {}".format(path.name, damaged))
    for wanted in SHARED:
        if not any(name.endswith(".data/data/share/" + wanted) for name in names):
            raise Wrong("{} lacks {}".format(path.name, wanted))
    said = output_of([program, "--version"]).strip()
    wanted = "shelflife " + version() + (" ({})".format(commit[:12]) if commit else "")
    if said != wanted:
        raise Wrong("the program of the wheel says `{}`, and not `{}`".format(said, wanted))


def sources(folder):
    """The files of this tree that the compiler has read, as it wrote them down."""
    found = set()
    for name in ["shelflife.d", "libshelflife.d"]:
        path = folder / name
        if path.exists():
            for word in re.split(r"(?<!\\)\s+", path.read_text()):
                file = Path(word.replace("\\ ", " ").rstrip(":"))
                inside = file.is_absolute() and ROOT in file.parents
                # The repository says which commit it is, and a source distribution is none.
                aside = any(ROOT / name in file.parents for name in ("target", ".git"))
                if inside and not aside and file.is_file():
                    found.add(file.relative_to(ROOT).as_posix())
    if not found:
        raise Wrong("cargo has not written down in {} what it read".format(folder))
    return found


def look_at_sdist(path, folder):
    """Whatever the compiler reads is in it."""
    with tarfile.open(str(path)) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    wanted = sources(folder) | {"Cargo.toml", "Cargo.lock", "build.rs", "pyproject.toml"}
    wanted |= {"README.md", "LICENSE-MIT", "LICENSE-APACHE", "PKG-INFO"}
    wanted |= {"packaging/shelflife.data/data/share/" + name for name in SHARED}
    lacking = sorted(wanted - names)
    if lacking:
        more = ", ".join(lacking[:5])
        raise Wrong(
            "{} lacks {} files that it is built from: {}".format(path.name, len(lacking), more)
        )
    print("{}: {} files, all {} that the build reads".format(path.name, len(names), len(wanted)))


def look_at_archive(path, target):
    """`cargo binstall` finds it by its name, and the program in it by its place."""
    values = {"version": version(), "target": target, "bin": "shelflife", "binary-ext": ""}

    def filled(template):
        return re.sub(r"\{ ([a-z-]+) \}", lambda it: values.get(it.group(1), it.group(0)), template)

    name = filled(manifest("pkg-url").rpartition("/")[2])
    if name != path.name:
        raise Wrong("cargo binstall looks for {}, and not for {}".format(name, path.name))
    with tarfile.open(str(path)) as tar:
        member = filled(manifest("bin-dir"))
        if member not in tar.getnames() or tar.getmember(member).mode & 0o111 != 0o111:
            raise Wrong("{} holds no program {}".format(path.name, member))


def look_at_static(path):
    """It asks for no loader and no library."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        raise Wrong("{} is not a 64-bit program".format(path.name))
    start, size, count = struct.unpack_from("<Q", data, 32) + struct.unpack_from("<HH", data, 54)
    for index in range(count):
        kind, _, offset = struct.unpack_from("<IIQ", data, start + index * size)
        if kind == 3:
            asked = data[offset : data.index(b"\0", offset)].decode()
            raise Wrong("the static program asks for {}".format(asked))
    print("static: " + output_of([path, "--version"]).strip())


def bill(output, release, target, time):
    """Every crate that the build needs, as CycloneDX; none that tests alone use."""
    words = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    metadata = json.loads(output_of(words))
    packages = {it["id"]: it for it in metadata["packages"]}
    nodes = {it["id"]: it for it in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    locked = r'name = "(.+)"\nversion = "(.+)"\nsource = ".+"\nchecksum = "(.+)"'
    sums = {(it[0], it[1]): it[2] for it in re.findall(locked, read("Cargo.lock"))}

    def needed(node, kinds):
        for dependency in node["deps"]:
            if any(it["kind"] in kinds for it in dependency["dep_kinds"]):
                yield dependency["pkg"]

    def closure(start, kinds, beyond):
        seen, waiting = set(), [start]
        while waiting:
            package = waiting.pop()
            if package not in seen:
                seen.add(package)
                if package == start or beyond(package):
                    waiting += needed(nodes[package], kinds)
        return seen

    def is_macro(package):
        return any("proc-macro" in it["kind"] for it in packages[package]["targets"])

    # What features of tests alone bring is in the graph, and not in the program.
    words = ["cargo", "tree", "--locked", "--edges", "normal,build", "--target", target]
    tree = output_of(words + ["--prefix", "none", "--no-dedupe", "--format", "{p}"])
    there = {tuple(line.split(" ")[:2]) for line in tree.splitlines() if line}
    known = {it: (packages[it]["name"], "v" + packages[it]["version"]) for it in packages}
    everything = {it for it in closure(root, {None, "build"}, lambda _: True) if known[it] in there}
    linked = closure(root, {None}, lambda it: not is_macro(it))
    linked = {it for it in linked & everything if not is_macro(it)}

    def reference(package):
        return "pkg:cargo/{}@{}".format(packages[package]["name"], packages[package]["version"])

    def component(package, kind):
        about = packages[package]
        found = {"type": kind, "bom-ref": reference(package), "name": about["name"]}
        found.update({"version": about["version"], "purl": reference(package)})
        if about.get("license"):
            found["licenses"] = [{"expression": about["license"].replace("/", " OR ")}]
        digest = sums.get((about["name"], about["version"]))
        if digest:
            found["hashes"] = [{"alg": "SHA-256", "content": digest}]
        if package != root:
            found["scope"] = "required" if package in linked else "excluded"
        return found

    ordered = sorted(everything - {root}, key=reference)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(root, "application")},
        "components": [component(it, "library") for it in ordered],
        "dependencies": [
            {
                "ref": reference(it),
                "dependsOn": sorted(
                    {reference(to) for to in needed(nodes[it], {None, "build"}) if to in everything}
                ),
            }
            for it in [root] + ordered
        ],
    }
    path = output / "shelflife-{}.cdx.json".format(release)
    path.write_text(json.dumps(document, indent=2) + "\n")
    return path


def built_crates():
    """Every crate that cargo takes to build the program, as it says itself while it builds it."""
    words = ["cargo", "build", "--locked", "--bin", "shelflife", "--message-format", "json"]
    found = set()
    for line in output_of(words).splitlines():
        package = json.loads(line).get("package_id", "") if line.startswith("{") else ""
        name = package.partition("#")[2]
        # The program itself is not one of the crates that it is built of.
        if "@" in name and not name.startswith("shelflife@"):
            found.add("pkg:cargo/" + name)
    return found


def look_at_bill(path, built):
    """It has exactly what cargo has built, each with a licence and the digest of its source."""
    document = json.loads(path.read_text())
    named = {it["purl"] for it in document["components"]}
    if built and named != built:
        raise Wrong("{} differs from cargo in {}".format(path.name, sorted(named ^ built)[:5]))
    for it in document["components"]:
        for key in ["licenses", "hashes"]:
            if key not in it:
                raise Wrong("{} has no {} of {}".format(path.name, key, it["purl"]))
    linked = sum(it["scope"] == "required" for it in document["components"])
    print("{} crates take part in the build, {} of them are linked".format(len(named), linked))


def checksums(output):
    """`SHA256SUMS`, as `sha256sum -c` takes it."""
    paths = sorted(it for it in output.iterdir() if it.name != "SHA256SUMS")
    lines = [hashlib.sha256(it.read_bytes()).hexdigest() + "  " + it.name + "\n" for it in paths]
    (output / "SHA256SUMS").write_text("".join(lines))
