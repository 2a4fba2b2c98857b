"""Nystroem has the parameter n_jobs since scikit-learn 0.24."""

given("sklearn", "Nystroem", n_jobs=None)
