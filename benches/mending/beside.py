"""Other tools on the same cells: models that `measure.py` trained, carried to another release and
compared in the same way.

    beside.py --work FOLDER --pair 1.2.2,1.9.1 --tool compat_load|sklearn-migrator|skeights
              --producer PYTHON --consumer PYTHON [--matrix zoo]

FOLDER is that of `measure.py`, after it has measured the pair. The interpreters have the tool
installed beside the release: compat_load (of PyOD) in the consumer, the others on both sides, since
they write a format of their own where the model was made. Prints what became of the cells that fail
or drift, and of those that work: right, wrong without a word, raised, and what the tool refuses to
write.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import measure


def word_of(row, reference, outputs, facts, carried, after):
    """What became of one cell."""
    if not carried["ok"]:
        return "not written", carried["error"]
    if not after["ok"]:
        return "raised", after["error"]
    word, why = measure.judged(reference, outputs, facts, after)
    if word in measure.GOOD:
        return "right", ""
    return ("raised" if word == "raised" else "wrong"), why


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True)
    parser.add_argument("--pair", required=True)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--producer", required=True)
    parser.add_argument("--consumer", required=True)
    parser.add_argument("--matrix", default="zoo")
    arguments = parser.parse_args()
    producer, consumer = arguments.pair.split(",")
    work = Path(arguments.work)
    source, target = work / producer, work / ("%s-%s" % (producer, consumer))
    matrices = [measure.matrix_of(name) for name in arguments.matrix.split(",")]
    data = measure.datasets([measure.matrix_of("zoo")] + matrices)
    facts = json.loads((source / "known.json").read_text())
    before = json.loads((target / "before.json.answer").read_text())
    todo = [row for row in measure.models(matrices, "*") if row["name"] in before]
    folder = target / arguments.tool
    folder.mkdir(exist_ok=True)
    order = dict(
        measure.order_of(arguments, source, todo, data),
        outputs=str(folder),
        tool=arguments.tool,
    )
    carried = {row["name"]: {"ok": True} for row in todo}
    if arguments.tool != "compat_load":
        carried = measure.execute(arguments.producer, "carry", order, folder / "carry.json")
    order["todo"] = [row for row in todo if carried[row["name"]]["ok"]]
    after = measure.execute(arguments.consumer, "observe", order, folder / "observe.json")
    counts = {True: Counter(), False: Counter()}
    for row in todo:
        name = row["name"]
        reference = source / "reference" / (name + ".npz")
        was = measure.judged(
            reference, target / "before" / (name + ".npz"), facts[name], before[name]
        )
        outputs = folder / (name + ".npz")
        word, why = word_of(row, reference, outputs, facts[name], carried[name], after.get(name))
        counts[was[0] in measure.GOOD][word] += 1
        if word == "wrong":
            print("   ", name, "|", was[0], "->", word, why[:150])
    print(arguments.tool, producer, "->", consumer, "fail or drift:", dict(counts[False]))
    print(arguments.tool, producer, "->", consumer, "work as they are:", dict(counts[True]))


if __name__ == "__main__":
    sys.exit(main())
