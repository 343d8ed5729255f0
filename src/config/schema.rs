//! The JSON Schema of the settings file, for editors: made of the types that the file is read into.

use super::file::Sections;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The schema (draft-07, which the editors' language servers know).
pub fn schema() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    generator.into_root_schema_for::<Sections>().to_value()
}
