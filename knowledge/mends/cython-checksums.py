"""The wheels of scikit-learn 1.1.0 compare another checksum of compiled classes. The mend of
cython-loss-unpicklers makes the losses without one; this one does the same for metrics."""


@called("sklearn.metrics._dist_metrics", "__pyx_unpickle_*", read=">=1.1,<1.1.1")
def compiled_metric(cls, checksum, state):
    return cls(*state) if state else cls()
