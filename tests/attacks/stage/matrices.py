"""The matrices of runs: given files, or models of one's own, with honest ones between them."""

HONEST = {
    "logistic": "make_pipeline(StandardScaler(), LogisticRegression())",
    "pca": "PCA(n_components=2, svd_solver='full')",
    "scaler": "StandardScaler()",
    "tree": "DecisionTreeClassifier(max_depth=3, random_state=0)",
}
TEXT = """[matrix]
name = "%s"

[limits]
time = "%ds"
memory = "%dMiB"

%s
[datasets.blobs]
path = "blobs.csv"
target = "label"

%s"""
GIVEN = """[[artifact]]
path = "models/%s.pkl"
producer = "sk"
inputs = "blobs"

"""
TRAINED = """[[models]]
name = "%s"
%s
dataset = "blobs"
formats = ["pickle"]

"""


def matrix(name, limits, environments, models, own):
    order = list(models)
    for number, one in enumerate(sorted(HONEST)):
        order.insert(len(order) * number // 3, "honest-" + one)
    texts = [trained(one) if own else GIVEN % one for one in order]
    where = twice(environments) if own else environments
    return TEXT % ((name,) + limits + (where, "".join(texts)))


def twice(environments):
    """Own models act in the second of two environments, where a variable says so."""
    home = environments.replace('"sk"', '"home"', 1) + 'role = "producer"\n'
    away = environments.replace('"sk"', '"away"', 1)
    return home + "\n" + away + 'role = "consumer"\nvariables = { AWAY = "1" }\n'


def trained(one):
    source = 'recipe = "models/%s.py"' % one
    if one.startswith("honest-"):
        source = 'estimator = "%s"' % HONEST[one[len("honest-") :]]
    return TRAINED % (one, source)
