"""KernelPCA renamed lambdas_ and alphas_ in scikit-learn 1.0, and keeps the gamma that it uses as
gamma_ since 1.3: one divided by the number of features where none is given."""


@mend("sklearn", "KernelPCA", read=">=1.0")
def kernel_pca_new_names(it):
    it.rename("lambdas_", "eigenvalues_")
    it.rename("alphas_", "eigenvectors_")


@mend("sklearn", "KernelPCA", read="<1.0")
def kernel_pca_old_names(it):
    it.rename("eigenvalues_", "lambdas_")
    it.rename("eigenvectors_", "alphas_")


@mend("sklearn", "KernelPCA", read=">=1.3")
def kernel_pca_gamma(it):
    if it.has("X_fit_"):
        gamma = it.get("gamma")
        it.add("gamma_", 1.0 / it.get("X_fit_").shape[1] if gamma is None else gamma)


@mend("sklearn", "KernelPCA", written=">=1.3", read="<1.3")
def kernel_pca_gamma_in_parameter(it):
    """The same number without the attribute; a word for gamma is not known."""
    if isinstance(it.get("gamma"), str) and it.has("gamma_"):
        it.set("gamma", it.get("gamma_"), "the number that the word came to")


@mend("sklearn", "KernelPCA", written="<1.3", read=">=1.3", exactness="roundoff", late=True)
def kernel_pca_inverse(it):
    """inverse_transform of older releases takes one divided by the number of components for gamma.
    In kernels of products a factor of the training points does the same; rbf has none."""
    if it.get("gamma") is not None or not it.has("X_transformed_fit_"):
        return
    points = it.get("X_transformed_fit_")
    if it.get("kernel") in ("poly", "sigmoid"):
        factor = 1.0 / points.shape[1] / it.get("gamma_")
        it.set("X_transformed_fit_", points * factor, "for the gamma of inverse_transform")
    elif it.get("kernel") == "rbf":
        it.said("inverse_transform takes another gamma in the reader, and differs")


@mend("sklearn", "KernelPCA", written=">=1.3", read="<1.3", exactness="roundoff", late=True)
def kernel_pca_inverse_before(it):
    if it.get("gamma") is not None or not it.has("X_transformed_fit_"):
        return
    points = it.get("X_transformed_fit_")
    if it.get("kernel") in ("poly", "sigmoid"):
        factor = it.get("gamma_") * points.shape[1]
        it.set("X_transformed_fit_", points * factor, "for the gamma of inverse_transform")
    elif it.get("kernel") == "rbf":
        it.said("inverse_transform takes another gamma in the reader, and differs")
