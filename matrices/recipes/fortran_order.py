"""Features handed over column by column in memory: the fitted arrays keep that order in the file."""

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.ensemble import VotingRegressor


def train(X, y):
    parts = [("linear", LinearRegression()), ("near", KNeighborsRegressor(3, algorithm="brute"))]
    return VotingRegressor(parts).fit(np.asfortranarray(X), y)
