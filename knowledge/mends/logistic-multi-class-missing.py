"""LogisticRegression has no multi_class since scikit-learn 1.8; earlier releases ask for it. There
1.8 does what they call 'auto'."""

given("sklearn", "LogisticRegression LogisticRegressionCV", multi_class="auto")
