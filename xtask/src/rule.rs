//! The file of a new cause.

use super::{Trouble, rules, write_new};

/// Writes it with every part that somebody has to think about.
pub fn new(id: &str, package: &str) -> Result<(), Trouble> {
    if !is_id(id) {
        return Err(format!(
            "`{id}` is no id: lower-case words with hyphens between them, such as tree-node-layout"
        ));
    }
    let path = rules().join(format!("{id}.toml"));
    write_new(&path, &skeleton(package))?;
    println!("wrote {}", path.display());
    println!(
        "\nnext:\n  1. fill it in: schema/rule.schema.json says what a case may hold, and editors show it\n  2. a model that shows it: matrices/rules.toml, \
         or the matrix of its package\n  3. `shelflife run` of that matrix, then `shelflife explain --measure MATRIX > \
         evidence.json`, which becomes knowledge/evidence.json\n  4. `cargo xtask measure --rule {id}`: the one cell, tried \
         again\n  5. a mend in knowledge/mends/{id}.py with a row in tests/end_to_end/mends.toml, or a `no-mend` that says why \
         none can exist\n\ndocs/knowledge.md has each step with its reasons"
    );
    Ok(())
}

/// Whether a text may be the name of a cause.
pub fn is_id(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.contains('-') && text.split('-').all(is_word)
}

fn skeleton(package: &str) -> String {
    format!(
        "#:schema ../../schema/rule.schema.json\n\
         # One line that stands alone in a report.\n\
         title = \"\"\n\
         # Two sentences: what changed in which release, and what it does to a file.\n\
         cause = \"\"\n\
         # What to do; where a mend exists, what else than a rescue.\n\
         remedy = \"\"\n\
         # Only where no mend can ever exist, and why.\n\
         # no-mend = \"\"\n\
         package = \"{package}\"\n\
         # The page of the release notes, an issue.\n\
         links = []\n\n\
         [[when]]\n\
         verdict = \"\" # load-error, predict-error, drift, crash\n\
         stage = \"\" # resolve, state, load, predict, value\n\
         # A piece of the message, as a regular expression; for drift, `outputs` instead.\n\
         messages = [\"\"]\n\
         # The boundaries, as they were measured: who wrote the file, and who reads it.\n\
         producer = [\"{package}<\"]\n\
         consumer = [\"{package}>=\"]\n\
         # What must be in the file: globals, classes, has, lacks, parameters.\n\
         classes = [\"\"]\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_words_with_hyphens() {
        assert!(is_id("tree-node-layout") && is_id("pickle-protocol-5"));
        for text in ["", "tree", "Tree-node", "tree--node", "../tree-node", "tree_node-x"] {
            assert!(!is_id(text), "{text}");
        }
    }
}
