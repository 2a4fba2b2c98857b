"""Writes hostile files and honest ones beside them, with plain pickle in a plain interpreter.

Arguments: a file with the facts (JSON), the folder of the models. Prints, as JSON, what was made:
for each kind, its attacks with the first line of what they say of themselves."""

import importlib
import inspect
import json
import os
import pickle
import sys
import textwrap

KINDS = "planting files processes limits sockets kernel protocol results texts".split()
RUN = "(exec(code, globals()), made)[1]"


def attacks_of(kind):
    module = importlib.import_module(kind)
    named = [(name, value) for name, value in vars(module).items() if inspect.isfunction(value)]
    marked = [pair for pair in named if inspect.getsource(pair[1]).startswith("@attack")]
    return module, marked


def text_of(kind, name, facts):
    """The tools, what the attack's module has besides attacks, the attack, and its call."""
    module, marked = attacks_of(kind)
    source = inspect.getsource(module)
    for other, function in marked:
        if other != name:
            source = source.replace(inspect.getsource(function), "")
    tools = inspect.getsource(importlib.import_module("tools"))
    tools = tools.replace('NAME = ""', "NAME = %r" % name)
    tools = tools.replace("FACTS = {}", "FACTS = %r" % facts)
    return "%s\n%s\nmade = finish(inner, %s(inner))\n" % (tools, without_tools(source), name)


def without_tools(source):
    start = source.index("from tools import ")
    end = source.index(")", start) if source[start + 18] == "(" else source.index("\n", start)
    return source[:start] + source[end + 1 :]


class Hostile(object):
    def __init__(self, code, inner):
        self.code, self.inner = code, inner

    def __reduce__(self):
        return eval, (RUN, {"code": self.code, "inner": self.inner})


def points():
    import numpy

    rows = numpy.random.RandomState(0).normal(size=(60, 6))
    return rows, numpy.array(["alder", "birch", "cedar"])[
        (rows[:, 0] > 0) + 2 * (rows[:, 1] > 1) - 1
    ]


def honest():
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    rows, labels = points()
    models = {
        "scaler": StandardScaler(),
        "pca": PCA(n_components=2, svd_solver="full"),
        "tree": DecisionTreeClassifier(max_depth=3, random_state=0),
        "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
    }
    return {name: model.fit(rows, labels) for name, model in sorted(models.items())}


def recipe(code):
    """The same attack by somebody's own model: a recipe trains it, and it acts where it is read."""
    return textwrap.dedent(
        """
        import os

        from sklearn.linear_model import LogisticRegression

        CODE = %r


        class Model(LogisticRegression):
            def __reduce__(self):
                inner = LogisticRegression()
                inner.__dict__.update(self.__dict__)
                here = "'AWAY' in __import__('os').environ"
                run = "(exec(code if %%s else 'made = inner', globals()), made)[1]" %% here
                return eval, (run, {"code": CODE, "inner": inner})


        def train(X, y):
            return Model(max_iter=200).fit(X, y)
        """
    ) % (code,)


def main(facts, folder):
    from sklearn.linear_model import LogisticRegression

    with open(facts) as file:
        facts = json.load(file)
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    inner = LogisticRegression().fit(*points())
    made = {}
    for name, model in honest().items():
        with open(os.path.join(folder, "honest-%s.pkl" % name), "wb") as file:
            pickle.dump(model, file, protocol=4)
    for kind in KINDS:
        made[kind] = {}
        for name, function in attacks_of(kind)[1]:
            code = text_of(kind, name, facts)
            compile(code, name, "exec")
            made[kind][name] = (function.__doc__ or "").strip().split("\n")[0]
            with open(os.path.join(folder, name + ".pkl"), "wb") as file:
                pickle.dump(Hostile(code, inner), file, protocol=4)
            with open(os.path.join(folder, name + ".py"), "w") as file:
                file.write(recipe(code))
    short = [name[:15] for kind in made.values() for name in kind]
    assert len(set(short)) == len(short), sorted(name for name in short if short.count(name) > 1)
    print(json.dumps(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
