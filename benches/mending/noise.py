"""The noise floor, as shelflife judges it: an output outside tolerance is roundoff where it moves
as much in the release that made the model, as soon as that computes in another way."""

from pathlib import Path

import numpy as np

# As `src/judge/noise.rs` has it.
FACTOR = 4.0
KERNELS = {"Prescott": "sse2", "Nehalem": "sse4_2", "Sandybridge": "avx", "Haswell": "avx2"}
KERNELS["SkylakeX"] = "avx512vl"
VECTORS = (
    "AVX F16C FMA3 AVX2 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR "
    "X86_V3 X86_V4"
)


def settings():
    """In which ways a release can compute on this machine, as variables; without a change first."""
    flags = Path("/proc/cpuinfo").read_text().split()
    found = {"unchanged": {}}
    for kernel, flag in KERNELS.items():
        if flag in flags:
            found[kernel] = {"OPENBLAS_CORETYPE": kernel}
    found["two-threads"] = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    found["no-vectors"] = {"NPY_DISABLE_CPU_FEATURES": VECTORS}
    return found


def is_label(array):
    return array.dtype.kind in "iubUS"


class Floor:
    """How far one output moves in its producer."""

    def __init__(self):
        self.max_abs = self.max_rel = 0.0
        self.flipped = set()
        self.is_random = False

    def take_in(self, was, now, is_control):
        if was.shape != now.shape:
            return
        if is_label(was):
            places = np.flatnonzero((was.astype(str) != now.astype(str)).ravel())
            self.flipped |= set(places.tolist())
            self.is_random |= is_control and bool(places.size)
            return
        self.is_random |= is_control and not np.array_equal(was, now, equal_nan=True)
        apart, relative = moved(was, now)
        self.max_abs, self.max_rel = max(self.max_abs, apart), max(self.max_rel, relative)

    def covers(self, was, now):
        """Whether an output that is outside tolerance moved by no more than its floor allows."""
        if was.shape != now.shape or self.is_random:
            return False
        if is_label(was):
            places = np.flatnonzero((was.astype(str) != now.astype(str)).ravel())
            return set(places.tolist()) <= self.flipped
        if not np.array_equal(np.isfinite(was), np.isfinite(now)):
            return False
        apart, relative = moved(was, now)
        return apart <= FACTOR * self.max_abs and relative <= FACTOR * self.max_rel


def moved(was, now):
    """The largest difference, and the largest relative to what it was."""
    both = np.isfinite(was) & np.isfinite(now)
    was, now = was[both].astype("c16"), now[both].astype("c16")
    apart = np.abs(was - now)
    if not apart.any():
        return 0.0, 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(apart == 0, 0.0, apart / np.abs(was))
    return float(apart.max()), float(relative.max())


def floors(reference, answers):
    """The floors of the outputs of one model, by name, from what it gave in each way."""
    found = {}
    with np.load(reference) as was:
        for setting, path in answers.items():
            if not path.exists():
                continue
            with np.load(path) as now:
                for name in set(was.files) & set(now.files):
                    floor = found.setdefault(name, Floor())
                    floor.take_in(was[name], now[name], setting == "unchanged")
    return found
