"""Makes the datasets of the example matrices: `python3 datasets/make.py` writes them next to this file.

Original synthetic data with fixed seeds; the standard library is enough. Only `random.Random(seed).random()`
is drawn from, because Python promises the same sequence for it in every version; everything else is computed
from it with plain arithmetic, and values are rounded before they are written. Running it again must therefore
change no byte: `python3 datasets/make.py --check` says whether that holds.

| file         | rows | features                                        | target                            |
| ------------ | ---- | ----------------------------------------------- | --------------------------------- |
| blobs.csv    | 150  | 6 numeric, scales from 0.01 to 1000             | `label`: text, 3 classes          |
| ring.csv     | 200  | 4 numeric, not linearly separable               | `y`: int, 0 or 1                  |
| waves.csv    | 160  | 5 numeric                                       | `y`: real                         |
| counts.csv   | 120  | 8 non-negative integers                         | `topic`: text, 3 classes          |
| mixed.csv    | 140  | 3 numeric and 2 text with gaps, 1 integer       | `late`: int, 0 or 1               |
| messages.csv | 90   | `text`: made-up sentences                       | `kind`: text, 3 classes           |
| steps.csv    | 200  | 2 numeric in steps of 0.1                       | `zone`: text, 3 classes           |
| halves.csv   | 150  | 2 numeric, each halfway between two such steps  | none: inputs on split thresholds  |
"""

import csv
import io
import math
import os
import random
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))


class Source:
    """Draws that are the same in every Python version and on every machine."""

    def __init__(self, seed):
        self.uniform = random.Random(seed).random

    def normal(self, mean=0.0, spread=1.0):
        # Sum of twelve uniforms: variance 1, no libm involved.
        return mean + spread * (sum(self.uniform() for _ in range(12)) - 6.0)

    def index(self, count):
        return int(self.uniform() * count)

    def pick(self, items):
        return items[self.index(len(items))]

    def shuffled(self, items):
        items = list(items)
        for last in range(len(items) - 1, 0, -1):
            other = self.index(last + 1)
            items[last], items[other] = items[other], items[last]
        return items


def number(value, digits):
    """Rounded text, without a negative zero."""
    return "{:.{}f}".format(round(value, digits) + 0.0, digits)


def blobs():
    source = Source(11)
    header = ["length", "width", "mass", "charge", "age", "noise", "label"]
    centres = {
        "alder": (4.0, 1.2, 310.0, 0.021, 12.0, 0.0),
        "birch": (5.6, 1.9, 280.0, 0.034, 15.0, 0.0),
        "cedar": (6.1, 1.4, 420.0, 0.029, 22.0, 0.0),
    }
    spread = (0.9, 0.4, 60.0, 0.007, 5.0, 1.0)
    digits = (2, 2, 1, 4, 1, 3)
    rows = []
    for label in source.shuffled(list(centres) * 50):
        values = [source.normal(mean, by) for mean, by in zip(centres[label], spread)]
        rows.append([number(v, d) for v, d in zip(values, digits)] + [label])
    return header, rows


def ring():
    source = Source(12)
    header = ["u", "v", "tilt", "noise", "y"]
    rows = []
    for _ in range(200):
        u, v = source.normal(), source.normal()
        tilt = 0.5 * u - 0.2 * v + source.normal(0.0, 0.3)
        inside = u * u + v * v + source.normal(0.0, 0.25) < 1.3
        rows.append([number(x, 4) for x in (u, v, tilt, source.normal())] + [int(inside)])
    return header, rows


def waves():
    source = Source(13)
    header = ["time", "depth", "wind", "shift", "noise", "y"]
    rows = []
    for _ in range(160):
        time, depth = 6.0 * source.uniform(), 2.0 * source.uniform()
        wind, shift = source.normal(), source.normal(0.0, 3.0)
        y = 3.0 * math.sin(time) + depth * depth - 0.7 * wind + 0.1 * shift + source.normal(0.0, 0.3)
        values = (time, depth, wind, shift, source.normal(), y)
        rows.append([number(value, 3) for value in values])
    return header, rows


def counts():
    source = Source(14)
    words = ["anchor", "harbour", "sail", "oven", "flour", "yeast", "root", "petal"]
    rates = {
        "bakery": (0.2, 0.1, 0.1, 4.0, 5.0, 3.0, 0.4, 0.3),
        "garden": (0.2, 0.2, 0.1, 0.4, 0.5, 0.3, 4.0, 5.0),
        "port": (4.0, 5.0, 3.0, 0.3, 0.2, 0.1, 0.6, 0.2),
    }
    rows = []
    for topic in source.shuffled(list(rates) * 40):
        # Twenty chances for each word, so that the mean is the rate.
        row = [sum(source.uniform() < rate / 20.0 for _ in range(20)) for rate in rates[topic]]
        rows.append(row + [topic])
    return words + ["topic"], rows


def mixed():
    source = Source(15)
    header = ["distance", "weight", "price", "route", "carrier", "stops", "late"]
    rows = []
    for _ in range(140):
        distance, weight = 20.0 + 480.0 * source.uniform(), abs(source.normal(8.0, 4.0))
        price = 4.0 + 0.02 * distance + 0.6 * weight + source.normal(0.0, 1.0)
        route, carrier = source.pick(["coast", "hill", "plain", "tunnel"]), source.pick(["Ada", "Bo", "Cy"])
        stops = source.index(6)
        risk = 0.004 * distance + 0.5 * stops + (1.2 if route == "hill" else 0.0) + source.normal(0.0, 0.7)
        row = [number(distance, 1), number(weight, 2), number(price, 2), route, carrier, stops, int(risk > 2.5)]
        for column, share in ((1, 0.10), (2, 0.06), (3, 0.08), (4, 0.05)):
            if source.uniform() < share:
                row[column] = ""
        rows.append(row)
    return header, rows


def messages():
    source = Source(16)
    own = {
        "order": "buy send parcel invoice deliver box price cart quantity courier".split(),
        "question": "how why where when does which explain wonder unsure maybe".split(),
        "thanks": "thank lovely grateful kind great happy wonderful pleased glad warm".split(),
    }
    shared = "the a this my your green small old boat garden kettle lamp letter table window".split()
    rows = []
    for kind in source.shuffled(list(own) * 30):
        words = [
            source.pick(own[kind]) if source.uniform() < 0.4 else source.pick(shared)
            for _ in range(5 + source.index(8))
        ]
        end = "?" if kind == "question" and source.uniform() < 0.5 else "."
        text = " ".join(words)
        if source.uniform() < 0.3:
            text = text.replace(" ", ", ", 1)
        rows.append([text[0].upper() + text[1:] + end, kind])
    return ["text", "kind"], rows


def steps():
    source = Source(17)
    rows = []
    for _ in range(200):
        east, north = source.index(20), source.index(20)
        zone = "low" if east + north < 15 else "mid" if east < 12 else "top"
        if source.uniform() < 0.15:
            zone = source.pick(["low", "mid", "top"])
        rows.append([number(east / 10.0, 1), number(north / 10.0, 1), zone])
    return ["east", "north", "zone"], rows


def halves():
    source = Source(18)
    rows = [[number((source.index(19) + 0.5) / 10.0, 2) for _ in range(2)] for _ in range(150)]
    return ["east", "north"], rows


def encoded(header, rows):
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue().encode("utf-8")


def main(arguments):
    check = arguments == ["--check"]
    if arguments and not check:
        sys.exit("usage: make.py [--check]")
    stale = []
    for make in (blobs, ring, waves, counts, mixed, messages, steps, halves):
        path = os.path.join(FOLDER, make.__name__ + ".csv")
        data = encoded(*make())
        if check:
            with open(path, "rb") as file:
                if file.read() != data:
                    stale.append(path)
        else:
            with open(path, "wb") as file:
                file.write(data)
    if stale:
        sys.exit("these files differ from what make.py writes: " + ", ".join(stale))


main(sys.argv[1:])
