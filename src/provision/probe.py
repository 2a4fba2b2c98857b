"""What is this environment? Standard library only at top level, Python 3.6 to 3.15.

Reads nothing, writes one line of JSON behind a marker on stdout. Whatever cannot be found out is null or empty;
only an import that fails is reported as such.
"""

import hashlib
import json
import os
import platform
import re
import struct
import sys
import traceback

MARKER = "SHELFLIFE-PROBE "
SIMD = ("sse", "ssse", "avx", "fma", "f16c", "neon", "asimd", "sve", "vx", "vsx", "amx")


def normalise(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def scan_distributions():
    """(name, version, metadata folder) of what is installed, for Pythons without importlib.metadata."""
    for folder in sys.path:
        try:
            names = sorted(os.listdir(folder or "."))
        except OSError:
            continue
        for name in names:
            if not name.endswith((".dist-info", ".egg-info")):
                continue
            path = os.path.join(folder, name)
            texts = [
                read(os.path.join(path, "METADATA")),
                read(os.path.join(path, "PKG-INFO")),
                read(path),
            ]
            header = next((text for text in texts if text), "").split("\n\n")[0]
            found = dict(re.findall(r"^(Name|Version): *(\S+)", header, re.M))
            if len(found) == 2:
                yield found["Name"], found["Version"], path


def distributions():
    try:
        from importlib import metadata
    except ImportError:
        for item in scan_distributions():
            yield item
        return
    for dist in metadata.distributions():
        try:
            name, version = dist.metadata["Name"], dist.version
        except Exception:  # a damaged metadata folder is nobody's package
            continue
        if name and version:
            yield name, version, str(getattr(dist, "_path", ""))


# What is no code in the folder of a project, or is made from code that is.
SKIPPED = {".git", ".hg", ".svn", "__pycache__", "node_modules", ".venv", "venv", ".tox", ".nox"}
# A larger file is told by its size and time: a project's data, which nobody reads for every run.
LARGEST = 64 << 20


def content(path):
    """A digest of a file, or of all files below a folder: their names and their bytes."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    walk = os.walk(path) if folder == path else [(folder, [], [os.path.basename(path)])]
    digest = hashlib.sha256()
    for root, folders, files in walk:
        folders[:] = sorted(
            name for name in folders if name not in SKIPPED and not name.endswith("_cache")
        )
        for name in sorted(files):
            path = os.path.join(root, name)
            if name.endswith((".pyc", ".pyo")) or not os.path.isfile(path):
                continue
            digest.update(os.path.relpath(path, folder).encode("utf-8", "surrogateescape") + b"\0")
            try:
                facts = os.stat(path)
                if facts.st_size > LARGEST:
                    digest.update(b"%d %d\0" % (facts.st_size, facts.st_mtime_ns))
                    continue
                with open(path, "rb") as stream:
                    digest.update(hashlib.sha256(stream.read()).digest())
            except OSError:
                digest.update(b"unreadable\0")
    return digest.hexdigest()[:12]


def origin(folder):
    """A suffix for versions that do not identify the code, and whether it can change without a reinstall."""
    text = read(os.path.join(folder, "direct_url.json"))
    if not text:
        return "", False
    try:
        direct = json.loads(text)
    except ValueError:
        return "", False
    if direct.get("dir_info", {}).get("editable"):
        from urllib.request import url2pathname

        source = url2pathname(direct.get("url", "").replace("file://", "", 1))
        return "+editable." + content(source), True
    record = read(os.path.join(folder, "RECORD"))
    return "+direct." + hashlib.sha256(record.encode("utf-8")).hexdigest()[:12], False


def loose_code():
    """Digests of the folders on the path that no installer made: of `PYTHONPATH`, and of `.pth` files."""
    prefixes = {os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    standard = os.path.dirname(os.path.realpath(os.__file__))
    found = []
    for path in sys.path:
        real = os.path.realpath(path) if path else ""
        is_installed = path.endswith(("site-packages", "dist-packages"))
        is_standard = (real + os.sep).startswith(standard + os.sep)
        is_ours = any(
            (real + os.sep).startswith(prefix + os.sep) for prefix in prefixes if prefix != os.sep
        )
        # Debian's own prefix is /usr, where people put folders of their own too.
        if not os.path.isdir(real) or is_installed or is_standard:
            continue
        if is_ours and path not in os.environ.get("PYTHONPATH", "").split(os.pathsep):
            continue
        found.append(os.path.basename(real) + "+path." + content(real))
    for name in ("LD_PRELOAD", "LD_LIBRARY_PATH"):
        for path in re.split(r"[: ]", os.environ.get(name, "")):
            if os.path.isabs(path) and os.path.exists(path):
                found.append(os.path.basename(path) + "+library." + content(path))
    # What tells one installation of these from another.
    for name, told in (("JAVA_HOME", "release"), ("CONDA_PREFIX", "conda-meta/history")):
        path = os.path.join(os.environ.get(name, ""), told)
        if os.path.isabs(path) and os.path.isfile(path):
            found.append(name.lower() + "+installation." + content(path))
    return found


def packages():
    found, changing = {}, False
    for name, version, folder in distributions():
        name = normalise(name)
        if name not in found:  # the first on sys.path is the one that is imported
            suffix, editable = origin(folder)
            found[name] = version + suffix
            changing = changing or editable
    return found, changing


def libc():
    try:
        # platform.libc_ver() of old Pythons reads symbol versions of the interpreter, not the library's.
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, OSError, ValueError):
        pass
    name, version = platform.libc_ver()
    if name:
        return (name + " " + version).strip()
    if sys.platform == "darwin":
        return "macOS " + platform.mac_ver()[0]
    if any("ld-musl" in line for line in read("/proc/self/maps").splitlines()):
        return "musl"
    return "unknown"


def call_text(library, names):
    import ctypes

    for name in names:
        function = getattr(library, name, None)
        if function is not None:
            function.argtypes = []
            function.restype = ctypes.c_char_p
            value = function()
            if value:
                return value.decode("utf-8", "replace")
    return ""


def openblas(path):
    import ctypes

    library = ctypes.CDLL(path)
    names = [
        prefix + "openblas_get_%s" + suffix
        for prefix in ("", "scipy_")
        for suffix in ("", "64_", "_64")
    ]
    config = call_text(library, [name % "config" for name in names]).split()
    core = call_text(library, [name % "corename" for name in names])
    version = config[1] if len(config) > 1 and config[0] == "OpenBLAS" else ""
    return " ".join(part for part in ("OpenBLAS", version, core) if part)


def blas():
    """The BLAS that is loaded now; called when numpy is imported and scipy is not yet."""
    paths = set(
        re.findall(r"(/\S*(?:blas|mkl_rt|libblis)\S*\.so\S*)$", read("/proc/self/maps"), re.M)
    )
    for path in sorted(paths, key=lambda path: ("openblas" not in path, path)):
        name = os.path.basename(os.path.realpath(path))
        if "openblas" in name:
            return openblas(path)
        if "mkl_rt" in name:
            return "MKL " + name
        if not name.startswith("_") and ".cpython-" not in name:
            return name
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    for info in threadpool_info():
        if info.get("user_api") == "blas":
            parts = (info.get("internal_api"), info.get("version"), info.get("architecture"))
            return " ".join(part for part in parts if part)
    return None


def cpu_features():
    for module in ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath"):
        features = getattr(sys.modules.get(module), "__cpu_features__", None)
        if features:
            return sorted(name for name, enabled in features.items() if enabled)
    flags = re.search(r"^(?:flags|Features)\s*: (.*)$", read("/proc/cpuinfo"), re.M)
    return sorted(flag for flag in flags.group(1).split() if flag.startswith(SIMD)) if flags else []


def quietly(function, default):
    """A fact that cannot be found out is no reason to fail."""
    try:
        return function()
    except Exception:
        return default


def import_all(facts):
    import numpy

    facts["numpy"] = numpy.__version__
    facts["blas"] = quietly(blas, None)
    facts["cpu_features"] = quietly(cpu_features, [])
    import sklearn

    facts["sklearn"] = sklearn.__version__
    # `import sklearn` alone does not touch most of its compiled parts, nor scipy's.
    import sklearn.linear_model
    import sklearn.tree  # noqa: F401


def main():
    found, changing = packages()
    code = loose_code()
    facts = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "arch": platform.machine(),
        "bits": struct.calcsize("P") * 8,
        "byteorder": sys.byteorder,
        "libc": quietly(libc, "unknown"),
        "packages": found,
        "code": code,
        "changing": changing or bool(code),
        "executable": os.path.realpath(sys.executable) if sys.executable else "",
        "sites": [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))],
        "blas": None,
        "cpu_features": [],
    }
    try:
        import_all(facts)
    except (
        BaseException
    ) as error:  # SystemExit and KeyboardInterrupt from an import are failures as well
        facts["error"] = {
            "last_line": traceback.format_exception_only(type(error), error)[-1].strip(),
            "missing": getattr(error, "name", None) if isinstance(error, ImportError) else None,
            "traceback": traceback.format_exc()[-3000:],
        }
    sys.stdout.write("\n" + MARKER + json.dumps(facts) + "\n")
    sys.stdout.flush()


main()
