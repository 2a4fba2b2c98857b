"""MinMaxScaler has the parameter clip since scikit-learn 0.24, MaxAbsScaler since 1.8. Before,
nothing was clipped."""

given("sklearn", "MinMaxScaler MaxAbsScaler", clip=False)
