# Exported source: m2cgen or sklearn-porter writes the model as C, Java or JavaScript (or plain
# Python), and the consumer compiles and runs it. The folder has `model.json` beside the source,
# which says what it computes.
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import warnings

FOLDER = True
PRELOAD = ["m2cgen"]

LANGUAGES = {
    "c": {"file": "model.c", "tools": [("gcc", "gcc")]},
    "java": {
        "file": "Model.java",
        "tools": [("javac", "default-jdk-headless"), ("java", "default-jdk-headless")],
    },
    "javascript": {"file": "model.js", "tools": [("node", "nodejs")]},
    "python": {"file": "model.py", "tools": []},
}
# A virtual machine reserves what it finds, and a cell's limit is on what is reserved.
SMALL_JVM = [
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:CompressedClassSpaceSize=32m",
    "-XX:ReservedCodeCacheSize=32m",
]


def save(estimator, path, options, dataset):
    language = options["language"]
    known = (from_porter if options["exporter"] == "porter" else from_m2cgen)(
        estimator, path, language, dataset
    )
    known.update(language=language, exporter=options["exporter"])
    classes = getattr(estimator, "classes_", None)
    if known["labels"] and classes is not None:
        known["classes"] = {"dtype": str(classes.dtype), "values": classes.tolist()}
    with open(os.path.join(path, "model.json"), "w") as target:
        json.dump(known, target, indent=1, sort_keys=True)
    return known["methods"]


def numbers_of(dataset):
    features = dataset.features()
    features = features.to_numpy() if hasattr(features, "to_numpy") else features
    if isinstance(features, list) or features.dtype.kind not in "fiub":
        raise Unsupported("exported source takes only numbers")
    return features.astype("f8")


def from_m2cgen(estimator, path, language, dataset):
    try:
        import m2cgen
    except ImportError as error:
        raise Missing(
            "m2cgen is not installed: add it to the packages of the environment"
        ) from error
    import numpy

    try:
        source = getattr(m2cgen, "export_to_" + language)(estimator)
        scope = {}
        exec(compile(m2cgen.export_to_python(estimator), "<m2cgen>", "exec"), scope)
    except NotImplementedError as error:
        raise Unsupported("m2cgen: %s" % error) from error
    with open(os.path.join(path, LANGUAGES[language]["file"]), "w") as target:
        target.write(source)
    features = numbers_of(dataset)[:32]
    scores = numpy.array([scope["score"](row.tolist()) for row in features], dtype="f8")
    known = {
        "labels": hasattr(estimator, "classes_"),
        "columns": scores.shape[1] if scores.ndim == 2 else 0,
    }
    if not known["labels"]:
        known["methods"], known["scores"] = ["predict"], "predict"
        return known
    # Whether it exports probabilities or decision values depends on the estimator: what its Python
    # says is what all languages are meant to say. Where that is neither, the labels can still be
    # told from the values.
    known["methods"], known["scores"] = (
        ["predict"],
        "votes" if is_one_vs_one(estimator, scores) else "unknown",
    )
    for method in ("predict_proba", "decision_function"):
        wanted = getattr(estimator, method, None)
        try:
            wanted = None if wanted is None else numpy.asarray(wanted(features), dtype="f8")
        except Exception:
            wanted = None
        if (
            wanted is not None
            and wanted.shape == scores.shape
            and numpy.allclose(wanted, scores, rtol=1e-6, atol=1e-9)
        ):
            known["methods"], known["scores"] = ["predict", method], method
            break
    if known["scores"] == "unknown":
        raise Unsupported("m2cgen exports none of the outputs of %s" % type(estimator).__name__)
    return known


def is_one_vs_one(estimator, scores):
    """A support vector classifier of several classes: one value for each pair of classes."""
    classes = len(estimator.classes_)
    return (
        hasattr(estimator, "support_vectors_")
        and classes > 2
        and scores.shape[1:] == (classes * (classes - 1) // 2,)
    )


def from_porter(estimator, path, language, dataset):
    numbers_of(dataset)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import sklearn_porter
    except ImportError as error:
        if getattr(error, "name", None) in ("sklearn_porter", None):
            raise Missing(
                "sklearn-porter is not installed: add it to the packages of the environment"
            ) from error
        raise Unsupported(
            "sklearn-porter cannot be imported beside this scikit-learn: %s" % error
        ) from error
    try:
        porter = sklearn_porter.Porter(
            estimator, language={"javascript": "js"}.get(language, language)
        )
        source = porter.export(embed_data=True)
    except (ValueError, AttributeError, NotImplementedError) as error:
        # It prints the whole estimator.
        said = " ".join(re.sub(r"\(.*\)", "(...)", str(error), flags=re.S).split())
        raise Unsupported("sklearn-porter: %s" % (said or type(error).__name__)) from error
    with open(os.path.join(path, LANGUAGES[language]["file"]), "w") as target:
        target.write(source)
    labels = hasattr(estimator, "classes_")
    known = {
        "labels": labels,
        "columns": 0,
        "methods": ["predict"],
        "scores": "index" if labels else "predict",
    }
    if language == "java":
        known["class"] = re.search(r"^class (\w+)", source, re.M).group(1)
    return known


def load(path, options):
    with open(os.path.join(path, "model.json"), encoding="utf-8") as source:
        known = json.load(source)
    language = known.get("language")
    if language not in LANGUAGES:
        raise ValueError("model.json names no language that can be run: %r" % language)
    for tool, package in LANGUAGES[language]["tools"]:
        if shutil.which(tool) is None:
            raise Missing(
                "%s is not installed on this machine: install it, for example with"
                " `apt-get install %s`" % (tool, package)
            )
    return Exported(known, RUNNERS[language](path, known))


class BuildError(ValueError):
    """A compiler refuses the source."""

    # Nobody knows this file by the name that it has in the agent.
    __module__ = "builtins"


def run(command, refused=RuntimeError, **settings):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **settings)
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode:
        # Compilers and node say first where, and then what.
        lines = [line.strip() for line in said.splitlines() if "rror" in line] + [said]
        what = re.sub(r"\S*/(?=model\.|Model\.|driver\.|Driver\.)", "", lines[0])[-500:]
        name = os.path.basename(command[0])
        raise refused("%s ended with status %d: %s" % (name, done.returncode, what))
    return done.stdout, said


def compile_c(path, known):
    folder = tempfile.mkdtemp(dir=os.getcwd())
    program = os.path.join(folder, "model")
    source = os.path.join(path, "model.c")
    flags = ["-O2", "-ffp-contract=off", "-o", program]
    shared = known["exporter"] == "m2cgen"
    _, said = run(
        ["gcc"] + flags + (["-shared", "-fPIC"] if shared else []) + [source, "-lm"], BuildError
    )
    if said:
        warnings.warn("gcc: " + said.replace(path, "<source>"), stacklevel=2)
    if not shared:
        # The programs that sklearn-porter writes take the features as their arguments: that is how
        # they are asked, in Java and JavaScript without a new process for each row.
        return lambda rows: [
            [float(run([program] + [repr(value) for value in row])[0].decode().strip())]
            for row in rows
        ]
    import ctypes

    score = ctypes.CDLL(program).score
    columns = known["columns"]
    if not columns:
        score.restype = ctypes.c_double
    score.argtypes = [ctypes.POINTER(ctypes.c_double)] * (2 if columns else 1)

    def compute(rows):
        answers = []
        for row in rows:
            inputs = (ctypes.c_double * len(row))(*row)
            if columns:
                outputs = (ctypes.c_double * columns)()
                score(inputs, outputs)
                answers.append(list(outputs))
            else:
                answers.append([score(inputs)])
        return answers

    return compute


JAVA = """
import java.io.*;
public class Driver {
    public static void main(String[] args) throws Exception {
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out));
        int rows = in.readInt(), columns = in.readInt();
        for (int r = 0; r < rows; r++) {
            double[] row = new double[columns];
            for (int c = 0; c < columns; c++) row[c] = in.readDouble();
            %s
        }
        out.flush();
    }
}
"""


PORTER_JAVA = """String[] texts = new String[columns];
            for (int c = 0; c < columns; c++) texts[c] = Double.toString(row[c]);
            PrintStream console = System.out;
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            System.setOut(new PrintStream(said));
            %s.main(texts);
            System.out.flush();
            System.setOut(console);
            out.writeDouble(Double.parseDouble(said.toString().trim()));"""


def compile_java(path, known):
    folder = tempfile.mkdtemp(dir=os.getcwd())
    if known["exporter"] == "porter":
        call = PORTER_JAVA % known["class"]
    elif known["columns"]:
        call = "for (double value : Model.score(row)) out.writeDouble(value);"
    else:
        call = "out.writeDouble(Model.score(row));"
    with open(os.path.join(folder, "Driver.java"), "w") as target:
        target.write(JAVA % call)
    sources = [
        os.path.join(path, name) for name in sorted(os.listdir(path)) if name.endswith(".java")
    ]
    run(
        ["javac"]
        + ["-J" + flag for flag in SMALL_JVM]
        + ["-d", folder, os.path.join(folder, "Driver.java")]
        + sources,
        BuildError,
    )
    return lambda rows: piped(
        ["java"] + SMALL_JVM + ["-cp", folder, "Driver"], rows, known["columns"] or 1
    )


JAVASCRIPT = """
;(function () {
    const input = require('fs').readFileSync(0);
    const rows = input.readInt32BE(0), columns = input.readInt32BE(4);
    const parts = [];
    %s
    for (let r = 0; r < rows; r++) {
        const row = [];
        for (let c = 0; c < columns; c++) row.push(input.readDoubleBE(8 + 8 * (r * columns + c)));
        const part = Buffer.alloc(8 * WIDTH);
        const answer = compute(row);
        const listed = WIDTH > 1 || Array.isArray(answer);
        for (let k = 0; k < WIDTH; k++) part.writeDoubleBE(listed ? answer[k] : answer, 8 * k);
        parts.push(part);
    }
    require('fs').writeSync(1, Buffer.concat(parts));
})();
"""


PORTER_JAVASCRIPT = """const program = new (require('vm').Script)(%s);
    const compute = (row) => {
        let answer = NaN;
        const scope = { process: { argv: ['node', 'model.js'].concat(row.map(String)) } };
        scope.console = { log: (value) => { answer = Number(value); } };
        program.runInNewContext(scope);
        return answer;
    };"""


def compile_javascript(path, known):
    with open(os.path.join(path, "model.js"), encoding="utf-8") as source:
        text = source.read()
    call = "const compute = score;"
    if known["exporter"] == "porter":
        call, text = PORTER_JAVASCRIPT % json.dumps(text), ""
    program = os.path.join(tempfile.mkdtemp(dir=os.getcwd()), "driver.js")
    width = known["columns"] or 1
    with open(program, "w") as target:
        target.write(text + JAVASCRIPT.replace("WIDTH", str(width)).replace("%s", call, 1))
    run(["node", "--check", program], BuildError)
    return lambda rows: piped(["node", program], rows, width)


def piped(command, rows, width):
    data = struct.pack(">ii", len(rows), len(rows[0]) if rows else 0)
    data += b"".join(struct.pack(">%dd" % len(row), *row) for row in rows)
    answer, _ = run(command, input=data)
    if len(answer) != 8 * width * len(rows):
        raise RuntimeError(
            "%s answered with %d bytes instead of %d"
            % (command[0], len(answer), 8 * width * len(rows))
        )
    values = struct.unpack(">%dd" % (width * len(rows)), answer)
    return [list(values[start : start + width]) for start in range(0, len(values), width)]


def compile_python(path, known):
    with open(os.path.join(path, "model.py"), encoding="utf-8") as source:
        text = source.read()
    scope = {}
    exec(compile(text, "model.py", "exec"), scope)

    def compute(rows):
        answers = [scope["score"](row) for row in rows]
        return answers if known["columns"] else [[answer] for answer in answers]

    return compute


RUNNERS = {
    "c": compile_c,
    "java": compile_java,
    "javascript": compile_javascript,
    "python": compile_python,
}


class Exported(object):
    """Compiled source that answers to the methods of an estimator."""

    def __init__(self, known, compute):
        self.known = known
        self.compute = compute

    def shelflife_labels(self):
        return self.known["labels"]

    def scores(self, features):
        import numpy

        features = features.to_numpy() if hasattr(features, "to_numpy") else features
        answers = numpy.array(
            self.compute(numpy.asarray(features, dtype="f8").tolist()), dtype="f8"
        )
        return answers if self.known["columns"] else answers[:, 0]

    def predict(self, features):
        import numpy

        scores = self.scores(features)
        if not self.known["labels"]:
            return scores
        classes = numpy.array(self.known["classes"]["values"], dtype=self.known["classes"]["dtype"])
        kind = self.known["scores"]
        if kind == "index":
            return classes[scores.astype(int)]
        if kind == "votes":
            return classes[count_votes(scores, len(classes))]
        if scores.ndim == 1:
            return classes[(scores > 0).astype(int)]
        return classes[scores.argmax(axis=1)]

    def predict_proba(self, features):
        return self.scores(features)

    def decision_function(self, features):
        return self.scores(features)


def count_votes(scores, classes):
    """The winner of each row by one vote for each pair of classes; the first one of several."""
    import numpy

    votes = numpy.zeros((len(scores), classes), dtype=int)
    pair = 0
    for first in range(classes):
        for second in range(first + 1, classes):
            wins = scores[:, pair] > 0
            votes[:, first] += wins
            votes[:, second] += ~wins
            pair += 1
    return votes.argmax(axis=1)
