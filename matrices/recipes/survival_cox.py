"""Survival times in a pipeline: the target tells whether an event was seen, and when."""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv


def train(X, y):
    seen = Surv.from_arrays(event=y > y.mean(), time=abs(y) + 1)
    return make_pipeline(StandardScaler(), CoxPHSurvivalAnalysis(alpha=0.1)).fit(X, seen)
