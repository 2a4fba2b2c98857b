"""scikit-learn 1.1 and 1.2 keep the coefficients of partial least squares as _coef_. The mend of
pls-coefficients-transposed writes them under the name, in the shape and the scale of the reader."""
