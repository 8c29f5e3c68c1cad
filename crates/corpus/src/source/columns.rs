//! The columns of a source: all of them, or the four that count.

use super::{Format, failure};
use crate::config::Columns;
use crate::error::Error;
use polars::prelude::*;
use std::path::Path;

/// A scan of all columns. Those of CSV are text as they stand; the types of NDJSON are taken from
/// the whole file, so that a key first seen in the last line has its column.
pub fn scan(path: &Path, format: Format) -> Result<LazyFrame, Error> {
    let frame = match format {
        Format::Csv => csv(path),
        Format::Parquet => parquet(path),
        Format::Ndjson => ndjson(path, None),
    };
    frame.map_err(|source| failure::explain(path, format, source))
}

/// A scan of the four configured columns, as text, in the order of [`Columns::entries`].
pub(super) fn select(path: &Path, format: Format, columns: &Columns) -> Result<LazyFrame, Error> {
    let failed = |source| failure::explain(path, format, source);
    let mut frame = scan(path, format)?;
    present(path, columns, &*frame.collect_schema().map_err(failed)?)?;
    if format == Format::Ndjson {
        // As text from the start: numbers and nulls read as they stand.
        frame = ndjson(path, Some(columns)).map_err(failed)?;
    }
    let wanted: Vec<Expr> = columns
        .entries()
        .iter()
        .map(|(key, name)| col(*name).cast(DataType::String).alias(*key))
        .collect();
    Ok(frame.select(wanted))
}

fn present(path: &Path, columns: &Columns, schema: &Schema) -> Result<(), Error> {
    let mut missing = Vec::new();
    for (key, name) in columns.entries() {
        match schema.get(name) {
            None => missing.push((key, name.to_owned())),
            Some(found) if found.is_nested() || matches!(found, DataType::Binary) => {
                return Err(Error::ColumnType {
                    path: path.to_owned(),
                    column: name.to_owned(),
                    found: format!("`{found}`"),
                });
            }
            Some(_) => {}
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let found = schema.iter_names().map(ToString::to_string).collect();
    Err(Error::ColumnsMissing { path: path.to_owned(), missing, found })
}

fn csv(path: &Path) -> PolarsResult<LazyFrame> {
    LazyCsvReader::new(PlRefPath::try_from_path(path)?)
        // No row is looked at: every column is text.
        .with_infer_schema_length(Some(0))
        .with_glob(false)
        .finish()
}

fn parquet(path: &Path) -> PolarsResult<LazyFrame> {
    let options = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
    LazyFrame::scan_parquet(PlRefPath::try_from_path(path)?, options)
}

/// With `columns`, their types are given: text.
fn ndjson(path: &Path, columns: Option<&Columns>) -> PolarsResult<LazyFrame> {
    let text = columns.map(|columns| {
        let fields = columns.entries().map(|(_, name)| Field::new(name.into(), DataType::String));
        SchemaRef::new(fields.into_iter().collect())
    });
    LazyJsonLineReader::new(PlRefPath::try_from_path(path)?)
        .with_infer_schema_length(None)
        .with_schema(text)
        .finish()
}
