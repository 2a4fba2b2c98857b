"""Texts: each word of a vocabulary, unseen ones, and nothing."""

import random

from .encoding import Texts
from .numbers import Derived, shares
from .trees import trees_of
from .walking import parts_with

UNSEEN = "qqzzxx unseen qqzzxy"
MOST_WORDS = 60000
WORDS_OF_A_TEXT = 40
ALONE = 300


class DerivedTexts(Derived):
    """Texts, whose way through trees can be followed."""

    def __init__(self, core, trees):
        super(DerivedTexts, self).__init__(core)
        self.trees = trees

    def shares_of(self, rows, features):
        return shares(self.trees, [], features) + self.shares


def derive_texts(model, name, given, seed):
    """The rows for a model that takes texts."""
    words = words_of(model)
    texts, reached = documents(words, seed)
    generator = random.Random(seed)
    given = [text for text in given if isinstance(text, str)]
    mixed = [
        "%s %s" % (generator.choice(given), generator.choice(given)) for _ in range(50) if given
    ]
    derived = DerivedTexts(Texts(name, texts + mixed or given), trees_of(model))
    derived.unknown = Texts(name, ["", " ", UNSEEN, "\u00e9\u00df\u4e2d"])
    if words:
        derived.shares.append({"what": "words", "reached": reached, "of": len(words)})
    return derived


def words_of(model):
    """The words of all vocabularies of a model."""
    words = set()
    for part in parts_with(model, "vocabulary_"):
        known = part.owner.vocabulary_
        if isinstance(known, dict):
            words.update(str(word) for word in known)
    return sorted(words)


def write_words(model, target):
    """Write two texts of a model's own words as a dataset; False where it has none."""
    words = words_of(model)
    if words:
        target.write(Texts("text", [words[0], " ".join(words[:WORDS_OF_A_TEXT])]).encoded("texts"))
    return bool(words)


def documents(words, seed):
    """Texts in which each word stands, some of them alone; and how many words stand in one."""
    chosen = list(words)[:MOST_WORDS]
    random.Random(seed).shuffle(chosen)
    texts = chosen[:ALONE]
    for start in range(0, len(chosen), WORDS_OF_A_TEXT):
        texts.append(" ".join(chosen[start : start + WORDS_OF_A_TEXT]))
    return texts, len(chosen)
