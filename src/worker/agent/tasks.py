# shelflife agent, part 7 of 10: what a forked child does.
import inspect
import operator
import pickle
import random
import signal

# Asked for in this order; what the fitted estimator does not offer is left out.
METHODS = ("predict", "predict_proba", "decision_function", "transform", "score_samples", "predict_std")
# A batch is reported as a whole, so this is what a kill of the orchestrator can cost, plus one task.
BATCH_SECONDS = 1.0
# Where an estimator offers none of them.
ATTRIBUTES = ("labels_", "embedding_")


class ChildProtocol(object):
    """The child's end of its private pipe."""

    def __init__(self, descriptor, batch, lone):
        self.descriptor = descriptor
        self.batch = batch
        self.lone = lone
        self.owner = os.getpid()
        self.held = []

    def send(self, message, payload=b"", more=False):
        """Send a message; with `more`, together with the next one, since each write wakes two processes."""
        # A cell that forked has two processes here; only the first may speak.
        if os.getpid() != self.owner:
            os._exit(0)
        message["batch"] = self.batch
        self.held += frame_of(message, payload)
        if not more:
            parts, self.held = self.held, []
            write_all(self.descriptor, parts)

    def phase(self, index, phase):
        # How a task ended is told of lone ones only.
        if self.lone:
            self.send({"op": "phase", "index": index, "phase": phase})


def seed_everything(seed):
    import numpy

    random.seed(seed)
    numpy.random.seed(seed)


def predicts_labels(estimator):
    """Whether `predict` gives classes or clusters rather than numbers."""
    # What a format rebuilds without scikit-learn says it itself.
    known = getattr(type(estimator), "shelflife_labels", None)
    if known is not None:
        return known(estimator)
    try:
        from sklearn.base import is_classifier, is_regressor

        if is_classifier(estimator):
            return True
        # Tree regressors up to 0.23 carry a `classes_` that means nothing.
        if is_regressor(estimator):
            return False
    except Exception:
        pass
    try:
        return hasattr(estimator, "classes_")
    except Exception:
        return False


def call_output(estimator, name, dataset):
    """The value of one output."""
    if name.endswith("_"):
        return getattr(estimator, name)
    if name == "predict_std":
        return estimator.predict(dataset.features(), return_std=True)[1]
    return getattr(estimator, name)(dataset.features())


def offers(estimator, name):
    """Whether an estimator has an output. Properties that raise count as absent."""
    try:
        if name == "predict_std":
            return "return_std" in inspect.signature(estimator.predict).parameters
        return hasattr(estimator, name)
    except Exception:
        return False


def offered_outputs(estimator, dataset, seed):
    """The outputs that really work on the estimator in memory."""
    names = []
    for name in METHODS:
        if offers(estimator, name):
            try:
                seed_everything(seed)
                call_output(estimator, name, dataset)
            except Exception:
                continue
            names.append(name)
    if not names:
        names = [name for name in ATTRIBUTES if offers(estimator, name)]
    if names and offers(estimator, "classes_") and predicts_labels(estimator):
        names.append("classes_")
    return names


def build(source):
    """The estimator of a model, and whether it is fitted already by its recipe (then a function)."""
    if "expression" in source:
        return evaluate(source["expression"]), None
    module = type(sys)("shelflife_recipe")
    module.__file__ = source["path"]
    sys.modules["shelflife_recipe"] = module
    exec(compile(source["recipe"], source["path"], "exec"), module.__dict__)
    if hasattr(module, "train"):
        return None, module.train
    if hasattr(module, "model"):
        return module.model(), None
    raise TypeError("the recipe %s defines neither model() nor train(X, y)" % source["path"])


def lacks_keyword(error):
    """Whether a constructor was given a parameter that this version does not know."""
    return isinstance(error, TypeError) and "unexpected keyword argument" in text_of(error)


def train(task, protocol, index):
    """Fit one model and write it in all its formats."""
    dataset = Dataset(task["dataset"], task["arrays"])
    inputs = Dataset(task["inputs"], task["arrays"])
    result = {"op": "result", "index": index}
    protocol.phase(index, "train")
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            seed_everything(task["seed"])
            estimator, train_function = build(task["source"])
        except Lacking as reason:
            return dict(result, unsupported=str(reason))
        except Exception as error:
            if lacks_keyword(error):
                return dict(
                    result, unsupported="scikit-learn %s: %s" % (sklearn_version(), cut(text_of(error), MAX_TEXT))
                )
            return dict(result, train_error=error_fact(error))
        try:
            features, target = dataset.features(), dataset.target()
            if train_function is not None:
                estimator = train_function(features, target)
            elif target is None:
                estimator = estimator.fit(features)
            else:
                estimator = estimator.fit(features, target)
            result["train_seconds"] = time.perf_counter() - start
            methods = task["methods"]
            if methods is None:
                methods = offered_outputs(estimator, inputs, task["seed"])
        except Exception as error:
            return dict(result, train_error=error_fact(error))
        result["methods"] = methods
        result["saved"] = []
        for saving in task["formats"]:
            protocol.phase(index, "save")
            start = time.perf_counter()
            try:
                outputs = save_artifact(estimator, saving, dataset)
                seconds = time.perf_counter() - start
                if saving.get("model") is not None:
                    save_model(estimator, saving["model"])
            except Unsupported as reason:
                result["saved"].append({"unsupported": cut(text_of(reason), MAX_TEXT)})
            except ModuleNotFoundError as error:
                result["saved"].append({"missing": "%s is not installed there" % error.name})
            except Missing as reason:
                result["saved"].append({"missing": cut(text_of(reason), MAX_TEXT)})
            except Exception as error:
                result["saved"].append({"error": error_fact(error)})
            else:
                # An artifact that holds fewer outputs than the estimator offers is asked for those only.
                held = None if outputs is None else [name for name in methods if name in outputs]
                result["saved"].append({"save_seconds": seconds, "methods": held})
    return result


def save_model(estimator, path):
    """The fitted model itself, for the reference of formats that translate it."""
    try:
        data = pickle.dumps(estimator, protocol=pickle.DEFAULT_PROTOCOL)
    except Exception:
        # Functions without a name, classes of `__main__`: `pickle.load` reads what cloudpickle makes of them, too.
        if not is_there("cloudpickle"):
            raise
        data = importlib.import_module("cloudpickle").dumps(estimator)
    with open(path, "wb") as target:
        target.write(data)


def methods_of(task, estimator, dataset):
    """The outputs to compute: those that are asked for, else those that the estimator offers. Where it offers some and
    none works, the first one, so that its exception is seen."""
    if task["methods"] is not None:
        return task["methods"]
    if dataset.header["layout"] == "none":
        return []
    methods = offered_outputs(estimator, dataset, task["seed"])
    if methods:
        return methods
    return [name for name in METHODS if offers(estimator, name)][:1]


def observe(task, protocol, index):
    """Load one artifact and compute its outputs: (message, payload)."""
    dataset = Dataset(task["inputs"], task["arrays"])
    message = {"op": "result", "index": index}
    reset_peak()
    phase, method = "load", None
    outputs = []
    protocol.phase(index, "load")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        try:
            seed_everything(task["seed"])
            estimator = load_artifact(task)
            message["load_seconds"] = time.perf_counter() - start
            protocol.phase(index, "predict")
            phase, start = "predict", time.perf_counter()
            if task.get("outside") and dataset.header["layout"] != "none":
                if not any(offers(estimator, name) for name in METHODS + ATTRIBUTES):
                    what = "the file holds a %s, which has nothing to predict with" % class_name(type(estimator))
                    raise NotAModel(what)
                dataset.suit(estimator)
            labels = predicts_labels(estimator)
            for method in methods_of(task, estimator, dataset):
                seed_everything(task["seed"])
                outputs.extend(encode_output(method, call_output(estimator, method, dataset), labels))
            message["predict_seconds"] = time.perf_counter() - start
            message["outcome"] = "predicted"
        except Unsupported as reason:
            message["outcome"] = "inapplicable"
            message["reason"] = cut(text_of(reason), MAX_TEXT)
        except Missing as reason:
            message["outcome"] = "unequipped"
            message["reason"] = cut(text_of(reason), MAX_TEXT)
        except BaseException as error:
            message["outcome"] = "raised"
            message["phase"] = phase
            message["method"] = method
            message["error"] = error_fact(error)
    message["warnings"] = warning_facts(caught)
    message["peak_rss_bytes"] = peak_bytes()
    if message["outcome"] != "predicted":
        return message, b""
    message["outputs"] = []
    position = 0
    for name, facts, data in outputs:
        message["outputs"].append(dict(facts, name=name, offset=position, length=len(data)))
        position += len(data)
    return message, b"".join(data for _, _, data in outputs)


# Modules whose attributes a well-behaved artifact leaves alone.
WATCHED = ("builtins", "os", "sys", "pickle", "warnings", "joblib.numpy_pickle", "numpy", "sklearn", "sklearn.base")


# The interpreter keeps its own books in `sys` and `builtins`.
BOOKS = ("_", "last_type", "last_value", "last_traceback", "last_exc")


def module_state():
    """Names and values of the watched modules as two tuples each. Taken before the first fork: copying them in
    every child would touch, and so copy, much of what it inherits."""
    state = {}
    for name in WATCHED:
        module = sys.modules.get(name)
        if module is not None:
            items = [(key, value) for key, value in module.__dict__.items() if key not in BOOKS]
            state[name] = (tuple(key for key, _ in items), tuple(value for _, value in items))
    return state


class WorldState(object):
    """What one cell of a batch could change for the next one."""

    def __init__(self, modules):
        self.scalars = self.take()
        self.modules = modules

    @staticmethod
    def take():
        import threading

        import numpy

        state = {
            "the working directory": os.getcwd(),
            "environment variables": dict(os.environ),
            "sys.path": list(sys.path),
            "numpy's error handling": numpy.geterr(),
            "the number of threads": threading.active_count(),
            "the recursion limit": sys.getrecursionlimit(),
        }
        sklearn = sys.modules.get("sklearn")
        if hasattr(sklearn, "get_config"):
            state["scikit-learn's configuration"] = sklearn.get_config()
        return state

    def change(self):
        """The first difference in words, or None."""
        now = self.take()
        for what, before in self.scalars.items():
            if now.get(what) != before:
                return what
        for name, (keys, values) in self.modules.items():
            module = sys.modules.get(name)
            if module is None:
                return "module " + name
            current = module.__dict__
            # Thousands of names after each cell: no loop of our own unless something differs.
            if not all(map(operator.is_, map(current.get, keys), values)):
                for key, value in zip(keys, values):
                    if current.get(key) is not value:
                        return "%s.%s" % (name, key)
        return None


def run_child(protocol, tasks, modules, ranked=False):
    """Do the tasks of a batch one after another, as far as its time reaches; the rest comes in another batch. A
    process with a rank has one task."""
    start = time.monotonic()
    keep_local_paths()
    world = WorldState(modules) if len(tasks) > 1 else None
    for index, task in enumerate(tasks):
        protocol.send({"op": "start", "index": index})
        if task["kind"] == "train":
            message, payload = train(task, protocol, index), b""
        else:
            message, payload = observe(task, protocol, index)
        if ranked:
            protocol.send(message, payload)
            if failed(message):
                # Others may wait for this rank, and a rank that leaves ends them all before the failure is told.
                signal.pause()
            end_of_ranks()
            break
        # The result leaves with the start of the next task, that is, before the next artifact can reach for it.
        protocol.send(message, payload, more=True)
        if world is not None:
            what = world.change()
            if what is not None:
                protocol.send({"op": "state-changed", "index": index, "what": what})
                return
        if time.monotonic() - start > BATCH_SECONDS:
            break
    protocol.send({"op": "finished"})
