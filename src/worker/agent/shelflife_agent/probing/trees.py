"""Parts with `tree_`: decision trees, and what is made of them."""

from .nodes import Nodes
from .walking import parts_with


def trees_of(model):
    """The trees of a model: (part, nodes)."""
    found = []
    for part in parts_with(model, "tree_"):
        tree = part.owner.tree_
        # Trees of neighbours, which have no nodes of this kind, are named so as well.
        if not hasattr(tree, "children_left"):
            continue
        nodes = Nodes(
            tree.children_left, tree.children_right, tree.feature, tree.threshold, narrow=True
        )
        found.append((part, nodes))
    return found
