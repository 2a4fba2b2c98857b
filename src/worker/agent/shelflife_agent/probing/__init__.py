"""Probing: inputs that are derived from a fitted model, so that what friendly data hides is seen.

What is looked for is recognised by what it has, never by its class: `tree_`, `_predictors`,
`categories_`, `vocabulary_`. Imports go one way, from each line to those above it:

    encoding      rows as a dataset that every cell reads
    walking       the parts of a model, and what stands in front of each
    nodes         paths through binary trees: a row for each side of each threshold and each leaf
    trees         parts with `tree_`
    boosting      parts with `_predictors`
    edges         parts that put numbers into bins
    numbers       rows of numbers: extremes, mixtures, missing values, and those of trees
    kinds         columns of categories: their codes, and one that nobody knows
    turning       encoders turned round: rows of several types that trees behind them ask for
    tables        rows of several types: each category, an unknown one, and words in columns
    texts         each word of a vocabulary, unseen ones, and nothing
    deriving      the whole of it: `derive`
"""

from .deriving import derive
from .texts import write_words

__all__ = ["derive", "write_words"]
