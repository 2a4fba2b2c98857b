"""Since scikit-learn 1.3 distance metrics and trees of neighbours have a class for each width of
floats: EuclideanDistance became EuclideanDistance64. The old names go on for some, as other
classes, which nothing compiled takes; so the name in the file is never looked up as it stands."""

METRIC_MODULES = (
    "sklearn.metrics._dist_metrics",
    "sklearn.neighbors._dist_metrics",
    "sklearn.neighbors.dist_metrics",
)


@found_as
def metric_of_this_width(module, name):
    if module not in METRIC_MODULES:
        return []
    if name.endswith("Distance"):
        other = name + "64"
    elif name.endswith("Distance64"):
        other = name[:-2]
    else:
        return []
    return [(place, other) for place in METRIC_MODULES]
