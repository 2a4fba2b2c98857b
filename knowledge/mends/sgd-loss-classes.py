"""Linear models by stochastic gradients keep their loss as an object: loss_function_ up to
scikit-learn 1.5, _loss_function_ since, and some of its classes gave way to those of sklearn._loss.
Predicting does not ask it. It is made anew as fitting would, by its word and epsilon."""

held("sklearn.linear_model._sgd_fast")
held("sklearn.linear_model.sgd_fast")
WITH_EPSILON = ("huber", "epsilon_insensitive", "squared_epsilon_insensitive")


def sgd_loss_anew(it):
    known = getattr(type(it.owner), "loss_functions", {})
    word = it.get("loss")
    if word not in known:
        return None
    kind, arguments = known[word][0], known[word][1:]
    if word in WITH_EPSILON:
        arguments = (it.get("epsilon", 0.1),)
    return kind(*arguments)


@mend("sklearn", "BaseSGD SGDOneClassSVM", late=True)
def sgd_loss_of_reader(it):
    here, other = "_loss_function_", "loss_function_"
    if it.read < (1, 6, 0):
        here, other = other, here
    it.rename(other, here)
    if is_gone(it.get(here)):
        made = sgd_loss_anew(it)
        if made is None:
            it.drop(here, "predicting does not ask for it")
        else:
            it.set(here, made, "made anew by its word")
