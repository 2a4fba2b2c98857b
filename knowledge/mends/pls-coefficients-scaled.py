"""coef_ of partial least squares contains the scaling of the features since scikit-learn 1.5. The
mend of pls-coefficients-transposed writes it in the scale of the reader."""
