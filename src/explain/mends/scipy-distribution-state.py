"""Up to scipy 1.5 the state of a distribution is a pair, since 1.6 a dictionary. The mend of
scipy-frozen-distributions takes its name and arguments out of either and freezes it anew."""
