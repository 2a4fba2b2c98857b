"""A name that is not where the file says has a mend of its own where one is known. The last resort
is the engine's: the class of the same name elsewhere in the same package, where there is only one;
that it was found by its name is told."""
