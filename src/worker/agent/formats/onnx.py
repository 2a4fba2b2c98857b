# ONNX: skl2onnx translates in the producer, onnxruntime computes in the consumer, which needs no
# scikit-learn.
#
# The file says by itself which of its outputs is which method of the model (`metadata_props`, key
# "shelflife").
import json

SAVE_NEEDS = [("skl2onnx", "skl2onnx")]
LOAD_NEEDS = [("onnxruntime", "onnxruntime")]
PRELOAD = ["skl2onnx", "onnxruntime"]

NUMPY_TYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(string)": "object",
}


def save(estimator, path, options, dataset):
    from skl2onnx import convert_sklearn

    features = dataset.features()
    settings = {}
    if options.get("opset") is not None:
        settings["target_opset"] = options["opset"]
    types = input_types(features, options.get("dtype"))
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    # Probabilities as a table instead of a list of dictionaries. Who has no such option gives a
    # table anyway; in a pipeline it has to be given another option for that, and who has scores
    # only can give them as they are.
    tries = [{id(estimator): {"zipmap": False}}, {id(last): {"raw_scores": True}}, None]
    for wanted in tries:
        try:
            model = convert_sklearn(estimator, initial_types=types, options=wanted, **settings)
            break
        except NameError:
            if wanted is None:
                raise
    known = describe(estimator, features, [output.name for output in model.graph.output])
    entry = model.metadata_props.add()
    entry.key, entry.value = "shelflife", json.dumps(known, sort_keys=True)
    with open(path, "wb") as target:
        target.write(model.SerializeToString())
    return [output["method"] for output in known["outputs"]]


def is_classifier(estimator):
    from sklearn.base import is_classifier as ask

    return ask(estimator)


def input_types(features, dtype):
    from skl2onnx.common import data_types as types

    number = types.DoubleTensorType if dtype == "float64" else types.FloatTensorType
    if isinstance(features, list):
        return [("X", types.StringTensorType([None, 1]))]
    if hasattr(features, "columns"):
        return [
            (
                str(name),
                (number if features[name].dtype.kind in "fiub" else types.StringTensorType)(
                    [None, 1]
                ),
            )
            for name in features.columns
        ]
    if features.dtype.kind not in "fiub":
        raise Unsupported(
            "ONNX has one type for each input: pass mixed columns with `dataframe = true`"
        )
    return [("X", number([None, features.shape[1]]))]


def describe(estimator, features, names):
    """Which output of the graph is which method."""

    def offers(method):
        try:
            return hasattr(estimator, method)
        except Exception:
            return False

    first = features[:2] if not hasattr(features, "iloc") else features.iloc[:2]
    known = {"labels": False, "binary": False, "outputs": []}
    scores = [method for method in ("predict_proba", "decision_function") if offers(method)]
    if is_classifier(estimator):
        known["labels"] = True
        known["binary"] = len(getattr(estimator, "classes_", ())) == 2
        methods = ["predict"] + scores[:1]
    elif offers("predict") and offers("decision_function"):
        # Outlier detectors: -1 and 1, and a score.
        known["labels"], known["binary"] = True, True
        methods = ["predict", "decision_function"]
    elif offers("predict") and offers("predict_proba"):
        known["labels"] = True
        methods = ["predict", "predict_proba"]
    elif offers("get_support"):
        # What selects columns is translated into the columns, also where it can predict.
        methods = ["transform"]
    elif offers("predict"):
        known["labels"] = offers("labels_")
        methods = ["predict"]
    else:
        methods = ["transform"]
    for method, name in zip(methods, names):
        flat = len(getattr(getattr(estimator, method)(first), "shape", (0, 0))) == 1
        known["outputs"].append({"method": method, "name": name, "flat": flat})
    return known


def load(path, options):
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 4
    with open(path, "rb") as source:
        data = source.read()
    session = onnxruntime.InferenceSession(data, settings, providers=["CPUExecutionProvider"])
    return Graph(session)


class Graph(object):
    """A session that answers to the methods of an estimator."""

    def __init__(self, session):
        self.session = session
        text = session.get_modelmeta().custom_metadata_map.get("shelflife")
        self.known = json.loads(text) if text else self.guess()
        self.answers = None
        # How wide its inputs are and what they are called, for whoever brings inputs: one tensor,
        # or one a column.
        inputs = self.session.get_inputs()
        if len(inputs) > 1:
            self.n_features_in_ = len(inputs)
            self.feature_names_in_ = [one.name for one in inputs]
        elif len(inputs[0].shape or ()) == 2 and isinstance(inputs[0].shape[1], int):
            self.n_features_in_ = inputs[0].shape[1]

    def guess(self):
        """For files from elsewhere: a label and probabilities or scores, or one prediction."""
        names = [output.name for output in self.session.get_outputs()]
        second = "decision_function" if "scores" in names else "predict_proba"
        methods = ["predict", second] if len(names) > 1 else ["predict"]
        outputs = [{"method": m, "name": n, "flat": m == "predict"} for m, n in zip(methods, names)]
        return {"labels": len(names) > 1, "binary": False, "outputs": outputs}

    def shelflife_labels(self):
        return self.known["labels"]

    def feed(self, features):
        import numpy

        inputs = self.session.get_inputs()
        if isinstance(features, list):
            return {inputs[0].name: numpy.array(features, dtype=object).reshape(-1, 1)}
        if hasattr(features, "columns"):
            columns = [features[name].to_numpy().reshape(-1, 1) for name in features.columns]
        else:
            columns = [features]
        return {
            one.name: column.astype(NUMPY_TYPES.get(one.type, "float32"))
            for one, column in zip(inputs, columns)
        }

    def output(self, method, features):
        import numpy

        for output in self.known["outputs"]:
            if output["method"] != method:
                continue
            (answer,) = self.session.run([output["name"]], self.feed(features))
            if isinstance(answer, list) and answer and isinstance(answer[0], dict):
                # A ZipMap, skl2onnx's default: one dictionary a row, from labels to probabilities.
                answer = [[row[label] for label in sorted(row)] for row in answer]
                answer = numpy.asarray(answer, dtype="float32")
            answer = numpy.asarray(answer)
            if output["flat"] and answer.ndim == 2:
                # Of two classes, the score of the second one stands for both.
                answer = answer[:, -1]
            return answer
        raise AttributeError("the graph has no output for %s" % method)

    def predict(self, features):
        return self.output("predict", features)

    def predict_proba(self, features):
        return self.output("predict_proba", features)

    def decision_function(self, features):
        return self.output("decision_function", features)

    def transform(self, features):
        return self.output("transform", features)
