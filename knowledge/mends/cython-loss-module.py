"""Compiled losses call their module _loss in the wheels of scikit-learn 1.5 to 1.8."""

moved("_loss", "sklearn._loss._loss")
