# JSON parameters: coefficients, intercepts and classes of linear models; predictions rebuilt with
# numpy alone.
import json

# What turns the linear part into what `predict` gives.
EXPONENTIAL = ("PoissonRegressor", "GammaRegressor")


def save(estimator, path, options, dataset):
    import numpy

    name = type(estimator).__name__
    coefficients, intercept = (
        getattr(estimator, "coef_", None),
        getattr(estimator, "intercept_", None),
    )
    if coefficients is None or intercept is None or hasattr(estimator, "support_vectors_"):
        raise Unsupported(
            "a JSON of coefficients can hold only linear models, and %s is not one" % name
        )
    if hasattr(coefficients, "toarray"):
        coefficients = coefficients.toarray()
    coefficients = numpy.asarray(coefficients, dtype="f8")
    classes = getattr(estimator, "classes_", None)
    model = {
        "format": "shelflife linear model",
        "version": 1,
        "estimator": name,
        "coef": numpy.atleast_2d(coefficients).tolist(),
        "intercept": numpy.broadcast_to(
            numpy.asarray(intercept, dtype="f8"), numpy.atleast_2d(coefficients).shape[:1]
        ).tolist(),
        "flat": coefficients.ndim == 1 or (classes is not None and len(coefficients) == 1),
        "classes": None
        if classes is None
        else {"dtype": str(classes.dtype), "values": classes.tolist()},
        "link": "identity",
        "probabilities": None,
    }
    features = dataset.features()
    if classes is None and (name in EXPONENTIAL or name == "TweedieRegressor"):
        model["link"] = first_that_fits(
            ("exponential", "identity"),
            lambda link: Linear(dict(model, link=link)).predict(features),
            estimator.predict(features),
        )
    if classes is not None and hasattr(estimator, "predict_proba"):
        # Several classes were one-vs-rest or multinomial by turns: what fits is what is meant.
        model["probabilities"] = first_that_fits(
            ("softmax", "one-vs-rest"),
            lambda kind: Linear(dict(model, probabilities=kind)).predict_proba(features),
            estimator.predict_proba(features),
        )
    rebuilt = Linear(model)
    with open(path, "w") as target:
        json.dump(model, target, indent=1, sort_keys=True)
    return [
        name
        for name in ("predict", "predict_proba", "decision_function", "classes_")
        if hasattr(rebuilt, name)
    ]


def first_that_fits(kinds, compute, wanted):
    import numpy

    for kind in kinds:
        got = compute(kind)
        if got.shape == wanted.shape and numpy.allclose(got, wanted, rtol=1e-6, atol=1e-9):
            return kind
    raise Unsupported(
        "what this estimator makes of its linear part is not known: none of %s" % ", ".join(kinds)
    )


def load(path, options):
    with open(path, encoding="utf-8") as source:
        text = source.read()
    model = json.loads(text)
    if not isinstance(model, dict) or model.get("format") != "shelflife linear model":
        raise ValueError(
            'not a JSON of a linear model: it does not say "format": "shelflife linear model"'
        )
    return Linear(model)


class Linear(object):
    """A linear model from its numbers."""

    def __init__(self, model):
        import numpy

        self.model = model
        self.coefficients = numpy.array(model["coef"], dtype="f8")
        self.intercept = numpy.array(model["intercept"], dtype="f8")
        if self.coefficients.ndim != 2 or self.intercept.shape != self.coefficients.shape[:1]:
            raise ValueError("the coefficients and intercepts do not match")
        if model["classes"] is not None:
            values = model["classes"]["values"]
            self.classes_ = numpy.array(values, dtype=model["classes"]["dtype"])
            self.decision_function = self.linear
        if model["probabilities"] is not None:
            self.predict_proba = self.probabilities

    def shelflife_labels(self):
        return self.model["classes"] is not None

    def linear(self, features):
        import numpy

        scores = numpy.asarray(features, dtype="f8") @ self.coefficients.T + self.intercept
        return scores[:, 0] if self.model["flat"] else scores

    def predict(self, features):
        import numpy

        scores = self.linear(features)
        if self.model["classes"] is None:
            return numpy.exp(scores) if self.model["link"] == "exponential" else scores
        if scores.ndim == 1:
            return self.classes_[(scores > 0).astype(int)]
        return self.classes_[scores.argmax(axis=1)]

    def probabilities(self, features):
        import numpy

        scores = self.linear(features)
        if scores.ndim == 1:
            second = 1.0 / (1.0 + numpy.exp(-scores))
            return numpy.stack([1.0 - second, second], axis=1)
        if self.model["probabilities"] == "softmax":
            shares = numpy.exp(scores - scores.max(axis=1, keepdims=True))
        else:
            shares = 1.0 / (1.0 + numpy.exp(-scores))
        return shares / shares.sum(axis=1, keepdims=True)
