"""Since joblib 1.2 each array of a file is preceded by padding bytes. The engine reads arrays with
and without them, and the reader's own joblib writes them as it does. Nothing about a class has to
be mended."""
