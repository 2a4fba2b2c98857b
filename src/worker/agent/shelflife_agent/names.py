"""The names that an estimator expression may use."""

import ast
import builtins
import importlib
import types

from .errors import Lacking

# Where scikit-learn keeps its public names, so that an expression imports only what it uses. A name
# that is not listed is searched in all of these modules in turn.
HOMES = {
    "sklearn.base": "clone",
    "sklearn.calibration": "CalibratedClassifierCV",
    "sklearn.cluster": (
        "AffinityPropagation AgglomerativeClustering Birch BisectingKMeans DBSCAN"
        " FeatureAgglomeration HDBSCAN KMeans MeanShift MiniBatchKMeans OPTICS SpectralBiclustering"
        " SpectralClustering SpectralCoclustering"
    ),
    "sklearn.compose": (
        "ColumnTransformer TransformedTargetRegressor make_column_selector make_column_transformer"
    ),
    "sklearn.covariance": (
        "EllipticEnvelope EmpiricalCovariance GraphicalLasso LedoitWolf MinCovDet OAS"
        " ShrunkCovariance"
    ),
    "sklearn.cross_decomposition": "CCA PLSCanonical PLSRegression PLSSVD",
    "sklearn.decomposition": (
        "DictionaryLearning FactorAnalysis FastICA IncrementalPCA KernelPCA"
        " LatentDirichletAllocation MiniBatchDictionaryLearning MiniBatchNMF MiniBatchSparsePCA NMF"
        " PCA SparseCoder SparsePCA TruncatedSVD"
    ),
    "sklearn.discriminant_analysis": "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis",
    "sklearn.dummy": "DummyClassifier DummyRegressor",
    "sklearn.ensemble": (
        "AdaBoostClassifier AdaBoostRegressor BaggingClassifier BaggingRegressor"
        " ExtraTreesClassifier ExtraTreesRegressor GradientBoostingClassifier"
        " GradientBoostingRegressor HistGradientBoostingClassifier HistGradientBoostingRegressor"
        " IsolationForest RandomForestClassifier RandomForestRegressor RandomTreesEmbedding"
        " StackingClassifier StackingRegressor VotingClassifier VotingRegressor"
    ),
    "sklearn.feature_extraction": "DictVectorizer FeatureHasher",
    "sklearn.feature_extraction.text": (
        "CountVectorizer HashingVectorizer TfidfTransformer TfidfVectorizer"
    ),
    "sklearn.feature_selection": (
        "GenericUnivariateSelect RFE RFECV SelectFdr SelectFpr SelectFromModel SelectFwe"
        " SelectKBest SelectPercentile SequentialFeatureSelector VarianceThreshold chi2 f_classif"
        " f_regression mutual_info_classif mutual_info_regression"
    ),
    "sklearn.gaussian_process": "GaussianProcessClassifier GaussianProcessRegressor",
    "sklearn.gaussian_process.kernels": (
        "CompoundKernel ConstantKernel DotProduct ExpSineSquared Exponentiation Matern"
        " PairwiseKernel RBF RationalQuadratic WhiteKernel"
    ),
    "sklearn.impute": "IterativeImputer KNNImputer MissingIndicator SimpleImputer",
    "sklearn.isotonic": "IsotonicRegression",
    "sklearn.kernel_approximation": (
        "AdditiveChi2Sampler Nystroem PolynomialCountSketch RBFSampler SkewedChi2Sampler"
    ),
    "sklearn.kernel_ridge": "KernelRidge",
    "sklearn.linear_model": (
        "ARDRegression BayesianRidge ElasticNet ElasticNetCV GammaRegressor HuberRegressor Lars"
        " LarsCV Lasso LassoCV LassoLars LassoLarsCV LassoLarsIC LinearRegression"
        " LogisticRegression LogisticRegressionCV MultiTaskElasticNet MultiTaskElasticNetCV"
        " MultiTaskLasso MultiTaskLassoCV OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV"
        " PassiveAggressiveClassifier PassiveAggressiveRegressor Perceptron PoissonRegressor"
        " QuantileRegressor RANSACRegressor Ridge RidgeCV RidgeClassifier RidgeClassifierCV"
        " SGDClassifier SGDOneClassSVM SGDRegressor TheilSenRegressor TweedieRegressor"
    ),
    "sklearn.manifold": "Isomap LocallyLinearEmbedding MDS SpectralEmbedding TSNE",
    "sklearn.mixture": "BayesianGaussianMixture GaussianMixture",
    "sklearn.model_selection": (
        "FixedThresholdClassifier GridSearchCV HalvingGridSearchCV HalvingRandomSearchCV KFold"
        " RandomizedSearchCV StratifiedKFold TunedThresholdClassifierCV"
    ),
    "sklearn.multiclass": "OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier",
    "sklearn.multioutput": (
        "ClassifierChain MultiOutputClassifier MultiOutputRegressor RegressorChain"
    ),
    "sklearn.naive_bayes": "BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB",
    "sklearn.neighbors": (
        "KNeighborsClassifier KNeighborsRegressor KNeighborsTransformer KernelDensity"
        " LocalOutlierFactor NearestCentroid NearestNeighbors NeighborhoodComponentsAnalysis"
        " RadiusNeighborsClassifier RadiusNeighborsRegressor RadiusNeighborsTransformer"
    ),
    "sklearn.neural_network": "BernoulliRBM MLPClassifier MLPRegressor",
    "sklearn.pipeline": "FeatureUnion Pipeline make_pipeline make_union",
    "sklearn.preprocessing": (
        "Binarizer FunctionTransformer KBinsDiscretizer KernelCenterer LabelBinarizer LabelEncoder"
        " MaxAbsScaler MinMaxScaler MultiLabelBinarizer Normalizer OneHotEncoder OrdinalEncoder"
        " PolynomialFeatures PowerTransformer QuantileTransformer RobustScaler SplineTransformer"
        " StandardScaler TargetEncoder"
    ),
    "sklearn.random_projection": "GaussianRandomProjection SparseRandomProjection",
    "sklearn.semi_supervised": "LabelPropagation LabelSpreading SelfTrainingClassifier",
    "sklearn.svm": "LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR",
    "sklearn.tree": (
        "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor"
    ),
}
HOME_OF = {name: module for module, names in HOMES.items() for name in names.split()}
# Names that some versions hide behind an experimental switch.
EXPERIMENTAL = {
    "HistGradientBoostingClassifier": "enable_hist_gradient_boosting",
    "HistGradientBoostingRegressor": "enable_hist_gradient_boosting",
    "IterativeImputer": "enable_iterative_imputer",
    "HalvingGridSearchCV": "enable_halving_search_cv",
    "HalvingRandomSearchCV": "enable_halving_search_cv",
}


def sklearn_version():
    return getattr(importlib.import_module("sklearn"), "__version__", "?")


def from_path(path):
    """A module, or None where there is none of that name."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        # A missing dependency of an existing module is the environment's trouble, not a lack of the
        # name.
        if error.name and (path + ".").startswith(error.name + "."):
            return None
        raise


def from_module(module, name):
    """An attribute of a module, or None where either is missing."""
    return getattr(from_path(module), name, None)


def resolve(name):
    """A public scikit-learn class or function by its bare name."""
    if name in EXPERIMENTAL:
        try:
            importlib.import_module("sklearn.experimental." + EXPERIMENTAL[name])
        except ImportError:
            pass
    home = HOME_OF.get(name)
    if home is not None:
        found = from_module(home, name)
        if found is not None:
            return found
    if home is None:
        for module in HOMES:
            found = from_module(module, name)
            if found is not None:
                return found
    raise Lacking("scikit-learn %s has no %s" % (sklearn_version(), name))


def dotted_names(expression):
    """The names of an expression that stand before a dot, each with all that it is followed by:
    `{"lib": [["lib", "models", "Tiny"]]}` of `lib.models.Tiny(k=3)`."""
    inner, chains = set(), {}
    # Outer attributes come first, and hold the inner ones.
    for node in ast.walk(ast.parse(expression, mode="eval")):
        if not isinstance(node, ast.Attribute) or id(node) in inner:
            continue
        chain, base = [], node
        while isinstance(base, ast.Attribute):
            inner.add(id(base))
            chain.insert(0, base.attr)
            base = base.value
        if isinstance(base, ast.Name):
            chains.setdefault(base.id, []).append([base.id] + chain)
    return chains


def resolve_module(name, chains):
    """A module of any package, with the modules below it that an expression names."""
    module = from_path(name)
    if module is None:
        raise Lacking("there is no module %s: declare the package that brings it" % name)
    for chain in chains:
        found, path = module, name
        for part in chain[1:]:
            path += "." + part
            below = getattr(found, part, None)
            if below is None and isinstance(found, types.ModuleType):
                below = from_path(path)
                if below is None:
                    version = getattr(module, "__version__", "")
                    told = "%s %s" % (name, version) if isinstance(version, str) else name
                    raise Lacking("%s has no %s" % (told.strip(), ".".join(path.split(".")[1:])))
            if below is None:
                break
            found = below
    return module


class Namespace(dict):
    """Globals of an estimator expression: scikit-learn's names, `np`, `numpy`, Python's own, and
    modules of any package."""

    def __init__(self, expression):
        dict.__init__(self)
        self.dotted = dotted_names(expression)

    def __missing__(self, name):
        if name in ("np", "numpy"):
            value = importlib.import_module("numpy")
        elif hasattr(builtins, name):
            value = getattr(builtins, name)
        elif name in self.dotted and name not in HOME_OF:
            value = resolve_module(name, self.dotted[name])
        else:
            value = resolve(name)
        self[name] = value
        return value


def expression_names(expression):
    """The free names of an expression, in order of appearance."""
    tree = ast.parse(expression, mode="eval")
    bound = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in bound and node.id not in names:
            names.append(node.id)
    return names


def evaluate(expression):
    """The estimator of an expression."""
    # `eval` looks up globals without `__missing__`, so the namespace is the locals and the names
    # that nested scopes (lambdas, comprehensions) need are put into the globals beforehand.
    namespace = Namespace(expression)
    scope = {name: namespace[name] for name in expression_names(expression)}
    scope["__builtins__"] = builtins
    # What the expression defines belongs to `__main__`, as it would in a script.
    scope["__name__"] = "__main__"
    return eval(compile(expression, "<estimator>", "eval"), scope)


def lacking(expressions):
    """For each model whose expression uses a name that does not exist here: the reason."""
    reasons = {}
    for model, expression in expressions.items():
        try:
            namespace = Namespace(expression)
            for name in expression_names(expression):
                namespace[name]
        except Lacking as reason:
            reasons[model] = str(reason)
        except Exception:
            # A syntax error or a broken import shows again, with its traceback, where the model is
            # trained.
            pass
    return reasons
