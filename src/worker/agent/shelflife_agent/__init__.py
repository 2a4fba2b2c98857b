"""The agent: a warm interpreter that forks a child for each batch of tasks and reports facts.

Standard library only at the top level, Python 3.6 to 3.15. `build.rs` packs the modules into one
source text, which `loader.py` beside this folder imports; it travels over standard input, so that
no environment needs a file. Imports go one way, from each line to those above it:

    errors, frames, memory, archive, world, confine, kernel    know no other module
    facts, imports, turns                                      errors, frames as others see them
    names, recipes, forms, widths, columns, inputs, outputs, estimators, damage, handlers
                                                               what a task is made of
    mending, probing                                           two packages, each with its own map
    training, observing, rescuing                              one task
    ranks, child                                               one batch, in its own process
    watch, batch                                               one batch, as its parent sees it
    setup, main                                                the interpreter
"""
