"""GaussianNB keeps its variances as var_ since scikit-learn 1.0, as sigma_ before."""


@mend("sklearn", "GaussianNB", read=">=1.0")
def variances_to_new_name(it):
    it.rename("sigma_", "var_")


@mend("sklearn", "GaussianNB", read="<1.0")
def variances_to_old_name(it):
    it.rename("var_", "sigma_")
