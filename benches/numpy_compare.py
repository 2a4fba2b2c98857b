"""Times numpy.testing.assert_allclose on the data of benches/compare.rs.

Run with any Python that has numpy: ``python benches/numpy_compare.py``. Then ``cargo bench --bench compare`` and
divide: the promise is a factor of ten for "bit-equal" and "last bits".
"""

import sys
import time

import numpy as np

COUNT = 10_000_000


def values():
    """The same fixed sequence (splitmix64) as on the Rust side."""
    states = np.uint64(7) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, 4 * COUNT + 1, dtype=np.uint64)
    bits = (states ^ (states >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    uniform = ((bits ^ (bits >> np.uint64(31))) >> np.uint64(11)) / float(1 << 53) - 0.5
    uniform = uniform.reshape(COUNT, 4)
    return (((uniform[:, 0] + uniform[:, 1]) + uniform[:, 2]) + uniform[:, 3]) * 2.0


def main():
    reference = values()
    cases = [("float64 bit-equal", reference.copy()), ("float64 last bits", np.nextafter(reference, np.inf))]
    print("python", sys.version.split()[0], "numpy", np.__version__)
    for name, observed in cases:
        seconds = []
        for _ in range(11):
            start = time.perf_counter()
            np.testing.assert_allclose(observed, reference, rtol=1e-7)
            seconds.append(time.perf_counter() - start)
        seconds.sort()
        print(f"{name}: median {seconds[5] * 1e3:.1f} ms, least {seconds[0] * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
