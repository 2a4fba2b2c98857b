"""Since scikit-learn 0.23 KMeans and MiniBatchKMeans ask for the number of threads, _n_threads,
when they predict. One is what any machine has; the labels do not hang on it."""


@mend("sklearn", "KMeans MiniBatchKMeans BisectingKMeans _BaseKMeans", read=">=0.23")
def one_thread(it):
    it.add("_n_threads", 1)
