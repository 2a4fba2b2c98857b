"""A transformer with a function that cloudpickle writes by value: its code object is in the file."""

import cloudpickle
from sklearn.preprocessing import FunctionTransformer


class ByValue(FunctionTransformer):
    """Pickled as cloudpickle does, whoever pickles it."""

    def __reduce__(self):
        plain = FunctionTransformer(func=self.func)
        plain.__dict__.update(self.__dict__)
        function, arguments = cloudpickle.loads, (cloudpickle.dumps(plain),)
        return function, arguments


def train(X, y):
    return ByValue(func=lambda values: values / 2).fit(X)
