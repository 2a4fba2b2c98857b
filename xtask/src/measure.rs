//! The cell that shows a cause, tried again.

use super::{Trouble, read, rules, shelflife};

/// Tries the example of the evidence again, and says whether it still has the cause.
pub fn rule(id: &str) -> Result<(), Trouble> {
    if !rules().join(format!("{id}.toml")).exists() {
        return Err(format!("there is no cause `{id}`: `shelflife rules` lists all"));
    }
    let evidence = read("knowledge/evidence.json")?;
    let example = evidence["rules"][id]["example"].as_str().ok_or_else(|| {
        format!(
            "no recorded run shows `{id}` yet: run a matrix with a model that does, and `shelflife explain --measure MATRIX > \
             evidence.json`"
        )
    })?;
    let cell = Cell::parse(example).ok_or_else(|| format!("`{example}` is no cell"))?;
    let matrix = format!("matrices/{}.toml", cell.matrix);
    let words = [
        "run",
        &matrix,
        "--model",
        cell.model,
        "--format",
        cell.format,
        "--producer",
        cell.producer,
        "--consumer",
        cell.consumer,
        "--fresh",
        "--reports",
        "target/xtask/reports",
        "--run",
        id,
    ];
    println!("shelflife {}", words[..10].join(" "));
    let ended = shelflife(&words).status().map_err(|error| error.to_string())?;
    if !ended.success() {
        return Err(format!("the run ended with {ended}"));
    }
    let results = read(&format!("target/xtask/reports/{id}/results.json"))?;
    let cells = results["cells"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = cells.iter().filter(|it| it["consumer"] == cell.consumer && it["producer"] == cell.producer);
    let said: Vec<String> = found.map(|it| format!("{} by {}", it["verdict"], it["rule"])).collect();
    match said.iter().any(|it| it.contains(&format!("\"{id}\""))) {
        true => {
            println!("{example}: {}", said.join(", "));
            Ok(())
        }
        false => Err(format!("{example} does not show `{id}` any more: {}", said.join(", "))),
    }
}

/// A cell as evidence names it: `zoo: forest/pickle/sk1.2.2 -> sk1.3.2`.
#[derive(Debug, PartialEq)]
struct Cell<'t> {
    matrix: &'t str,
    model: &'t str,
    format: &'t str,
    producer: &'t str,
    consumer: &'t str,
}

impl<'t> Cell<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let (matrix, rest) = text.split_once(": ")?;
        let (artifact, consumer) = rest.split_once(" -> ")?;
        let (artifact, producer) = artifact.rsplit_once('/')?;
        let (model, format) = artifact.rsplit_once('/')?;
        Some(Self { matrix, model, format, producer, consumer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_the_evidence_is_read() {
        let cell = Cell::parse("zoo: forest/pickle/sk1.2.2 -> sk1.3.2").unwrap();
        let all = [cell.matrix, cell.model, cell.format, cell.producer, cell.consumer];
        assert_eq!(all, ["zoo", "forest", "pickle", "sk1.2.2", "sk1.3.2"]);
        assert_eq!(Cell::parse("zoo: forest"), None);
    }
}
