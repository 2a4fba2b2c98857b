"""Parts with `tree_`: decision trees, and what is made of them."""

from .nodes import Nodes
from .walking import parts_with

# The field of a node that says where a missing value goes, since scikit-learn 1.3.
MISSING = "missing_go_to_left"


def trees_of(model):
    """The trees of a model: (part, nodes)."""
    found = []
    for part in parts_with(model, "tree_"):
        tree = part.owner.tree_
        # Trees of neighbours, which have no nodes of this kind, are named so as well.
        if not hasattr(tree, "children_left"):
            continue
        nodes = Nodes(
            tree.children_left,
            tree.children_right,
            tree.feature,
            tree.threshold,
            narrow=True,
            missing=missing_of(tree),
        )
        found.append((part, nodes))
    return found


def missing_of(tree):
    """Where each node sends a missing value; None of a tree that takes none."""
    try:
        nodes = tree.__getstate__()["nodes"]
    except Exception:
        return None
    names = getattr(getattr(nodes, "dtype", None), "names", None) or ()
    return nodes[MISSING].astype(bool) if MISSING in names else None
