//! `shelflife schema`: what editors need to know of files that people write.

use super::args::{SchemaArgs, SchemaOf};
use super::console;
use super::failure::Failure;
use crate::vocab::ExitCode;
use crate::{compat, explain, matrix, project};

pub(super) fn schema(args: SchemaArgs) -> Result<ExitCode, Failure> {
    let text = match args.of {
        SchemaOf::Matrix => matrix::schema_json(),
        SchemaOf::Compat => compat::compat_schema_json(),
        SchemaOf::Rule => explain::rule_schema_json(),
        SchemaOf::Settings => project::settings_schema_json(),
    };
    console::print(&text)?;
    Ok(ExitCode::Done)
}
