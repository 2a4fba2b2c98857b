//! Everything that `shelflife map export` writes, by its path below the folder.

use super::site::map_site;
use super::table::{map_csv, map_parquet};
use crate::compat::{CompatData, MapFacts, compat_schema_json, data_version};
use crate::present::error::RenderError;

const READER: &str = include_str!("../../../python/data/shelflife_data/__init__.py");
const README: &str = include_str!("../../../python/data/README.md");

/// The map in every form: `compat.json` with its schema, tables, the data package, and the site.
///
/// # Errors
/// When something cannot be rendered.
pub fn map_export(facts: &MapFacts, number: u32) -> Result<Vec<(String, Vec<u8>)>, RenderError> {
    let data = CompatData::new(facts, number);
    let mut compat = serde_json::to_vec(&data)?;
    compat.push(b'\n');
    let project = project(&data_version(facts, number));
    let mut files = vec![
        ("compat.json".to_owned(), compat.clone()),
        ("compat.schema.json".to_owned(), compat_schema_json().into_bytes()),
        ("facts.csv".to_owned(), map_csv(facts)?),
        ("facts.parquet".to_owned(), map_parquet(facts)?),
        ("shelflife-data/pyproject.toml".to_owned(), project.into_bytes()),
        ("shelflife-data/README.md".to_owned(), README.as_bytes().to_vec()),
        ("shelflife-data/shelflife_data/__init__.py".to_owned(), READER.as_bytes().to_vec()),
        ("shelflife-data/shelflife_data/compat.json".to_owned(), compat),
    ];
    let site = map_site(facts, number)?;
    files.extend(site.into_iter().map(|(path, bytes)| (format!("site/{path}"), bytes)));
    Ok(files)
}

fn project(version: &str) -> String {
    format!(
        r#"[build-system]
requires = ["flit_core>=3.4,<4"]
build-backend = "flit_core.buildapi"

[project]
name = "shelflife-data"
version = "{version}"
description = "Which release of scikit-learn reads what which other one has written, as measured by shelflife"
readme = "README.md"
license = {{ text = "MIT OR Apache-2.0" }}
requires-python = ">=3.6"
"#
    )
}
