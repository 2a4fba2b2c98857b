"""Tables of what `measure.py --rows FILE` has written: what became of the cells that failed or
drifted, by pair of releases; what is refused or still differs, by reason.

    summary.py FILE...
"""

import json
import sys
from collections import Counter, defaultdict


def numbers(release):
    return tuple(int(part) for part in release.split(".")[:3] if part.isdigit())


def is_upgrade(row):
    return numbers(row["producer"]) < numbers(row["consumer"])


def rows_of(paths):
    """The last row of each cell."""
    found = {}
    for path in paths:
        with open(path) as lines:
            for line in lines:
                row = json.loads(line)
                found[row["producer"], row["consumer"], row["model"]] = row
    return list(found.values())


def share(part, whole):
    return "%.1f %%" % (100.0 * part / whole) if whole else "-"


def counted(rows):
    words = Counter(row["word"] for row in rows)
    broken = len(rows) - words["kept"] - words["broken"]
    native, both = words["native"], words["native"] + words["companion"]
    left = words["refused"] + words["mender"] + words["dropped"] + words["untouched"]
    return [
        len(rows),
        broken,
        native,
        share(native, broken),
        both,
        share(both, broken),
        left,
        words["wrong"],
        words["broken"],
    ]


HEAD = "from | to | models | fail or drift | native | | with companions | | left | wrong | broken"


def main():
    rows = rows_of(sys.argv[1:])
    for title, wanted in (("Upgrades", True), ("Downgrades", False)):
        chosen = [row for row in rows if is_upgrade(row) is wanted]
        if not chosen:
            continue
        print("\n%s\n\n| %s |\n|%s" % (title, HEAD, " --- |" * 11))
        pairs = defaultdict(list)
        for row in chosen:
            pairs[row["producer"], row["consumer"]].append(row)
        order = sorted(pairs, key=lambda pair: (numbers(pair[1]), numbers(pair[0])))
        for pair in order:
            print("| %s | %s |" % pair, " | ".join(map(str, counted(pairs[pair]))), "|")
        print("| all | |", " | ".join(map(str, counted(chosen))), "|")
        reasons = defaultdict(set)
        cells = Counter()
        for row in chosen:
            if row["word"] in ("refused", "mender", "dropped", "untouched", "wrong", "broken"):
                why = row["why_after"].split(" by ")[0][:110]
                reasons[row["word"], row["model"], why].add(row["consumer"])
                cells[row["word"], row["model"], why] += 1
        print()
        for key in sorted(cells, key=lambda key: (key[0], -cells[key], key)):
            print(
                "- %s: %s, %d cells (read by %s): %s"
                % (
                    key[0],
                    key[1],
                    cells[key],
                    ", ".join(sorted(reasons[key], key=numbers)),
                    key[2],
                )
            )


if __name__ == "__main__":
    sys.exit(main())
