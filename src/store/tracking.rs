//! The model registry in an MLflow database: an SQLite file, opened for reading only.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::input::open_input;
use crate::artifact::ModelVersion;

/// Why the registry of a database cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TrackingError(#[from] rusqlite::Error);

/// What every SQLite database begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The table that makes a database one of MLflow's.
const VERSIONS: &str = "model_versions";
/// The tags that name an owner.
const OWNER: &str = "key = 'owner'";

/// The versions in a database; `None` where the file is no SQLite database.
///
/// # Errors
/// When it is one that cannot be read, or has no registry.
pub fn registered_versions(path: &Path) -> Result<Option<Vec<ModelVersion>>, TrackingError> {
    let mut head = [0; MAGIC.len()];
    let read = open_input(path).and_then(|mut file| file.read_exact(&mut head));
    if read.is_err() || head != MAGIC {
        return Ok(None);
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let columns = columns(&connection, VERSIONS)?;
    // Older releases of MLflow have fewer.
    let column =
        |name: &str| if columns.iter().any(|it| it == name) { name.to_owned() } else { "NULL".to_owned() };
    let sql = format!(
        "SELECT name, version, {}, {}, {}, {} FROM {VERSIONS}",
        column("current_stage"),
        column("user_id"),
        column("storage_location"),
        column("source")
    );
    let mut aliases = pairs(&connection, "registered_model_aliases", "version", "alias", "1")?;
    let owners = pairs(&connection, "registered_model_tags", "0", "value", OWNER)?;
    let own = pairs(&connection, "model_version_tags", "version", "value", OWNER)?;
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| {
        let text =
            |index: usize| row.get::<_, Option<String>>(index).map(|it| it.filter(|it| !it.is_empty()));
        let (model, version): (String, i64) = (row.get(0)?, row.get(1)?);
        let version = u64::try_from(version).unwrap_or_default();
        let places = [text(4)?, text(5)?];
        Ok((
            ModelVersion {
                model,
                version,
                stage: text(2)?,
                places: places.into_iter().flatten().collect(),
                ..ModelVersion::default()
            },
            text(3)?,
        ))
    })?;
    let mut versions = Vec::new();
    for row in rows {
        let (mut version, user) = row?;
        let key = (version.model.clone(), version.version);
        version.aliases = aliases.remove(&key).unwrap_or_default();
        let owner = own.get(&key).or_else(|| owners.get(&(version.model.clone(), 0)));
        version.owner = owner.and_then(|words| words.first().cloned()).or(user);
        versions.push(version);
    }
    Ok(Some(versions))
}

fn columns(connection: &Connection, table: &str) -> Result<Vec<String>, TrackingError> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    Ok(statement.query_map([table], |row| row.get(0))?.collect::<Result<_, rusqlite::Error>>()?)
}

/// Words about versions, by model and version; none where the table is not there.
fn pairs(
    connection: &Connection,
    table: &str,
    version: &str,
    word: &str,
    wanted: &str,
) -> Result<BTreeMap<(String, u64), Vec<String>>, TrackingError> {
    let mut found: BTreeMap<(String, u64), Vec<String>> = BTreeMap::new();
    if columns(connection, table)?.is_empty() {
        return Ok(found);
    }
    let sql = format!("SELECT name, {version}, {word} FROM {table} WHERE {wanted} ORDER BY {word}");
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get(2)?)))?;
    for row in rows {
        let (model, version, word) = row?;
        found.entry((model, u64::try_from(version).unwrap_or_default())).or_default().push(word);
    }
    Ok(found)
}
