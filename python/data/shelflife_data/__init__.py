"""Which release of scikit-learn reads what which other one has written, as measured."""

import json
import os

SCHEMA = 1


class Map:
    """What `compat.json` says. Keys and words that a later version adds are let through."""

    def __init__(self, path=None):
        with open(path or os.path.join(os.path.dirname(__file__), "compat.json"), "rb") as file:
            self.data = json.loads(file.read().decode("utf-8"))
        if self.data["schema"] != SCHEMA:
            found = self.data["schema"]
            raise ValueError("this reader knows schema %d, the data is of %r" % (SCHEMA, found))

    def ends(self, estimator, written, read, format="pickle", from_bits=64, bits=64):
        """How its models came out, a list of dicts; None where nobody has tried."""
        releases = self.data["releases"]
        for square in self.data["estimators"].get(estimator, {"squares": []})["squares"]:
            kind = (square["format"], square["from_bits"], square["bits"])
            row = square["rows"].get(written)
            if kind == (format, from_bits, bits) and row is not None and read in releases:
                at = row[releases.index(read)]
                return None if at is None else self.data["ends"][at]
        return None

    def works(self, *question, **machines):
        """Whether all its models work there; None where nobody has tried."""
        ends = self.ends(*question, **machines)
        return ends and all(end["verdict"] in ("identical", "roundoff") for end in ends)
