"""The agent: a warm interpreter that forks a child for each batch of tasks and reports what became
of them.

Standard library only at the top level, Python 3.6 to 3.15. `build.rs` packs the modules into one
source text, which `loader.py` beside this folder imports; it travels over standard input, so that
no environment needs a file. Imports go one way:

errors, frames, memory, archive, world, confine    know no other module facts, imports, names,
inputs, outputs             what travels, as Python has it damage, handlers, estimators
one file, one estimator training, observing                                one task ranks, child
one batch, in its process watch, kernel, batch                               one batch, seen by the
interpreter that forked it setup, main                                        the interpreter
"""
