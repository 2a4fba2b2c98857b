"""A class of somebody's own around models, in a module of their own."""


class Scorer:
    def __init__(self, model, encoder, threshold):
        self.model = model
        self.encoder = encoder
        self.threshold = threshold
        self.history = [0.71, 0.74]
