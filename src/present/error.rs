//! Why a renderer gave nothing.

/// A run could not be turned into a file. It is a defect of shelflife, not of the run: report it.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Nothing could be written where it was going.
    #[error("cannot be written")]
    Write(#[from] std::io::Error),
    /// As JSON.
    #[error("cannot express the run as JSON")]
    Json(#[from] serde_json::Error),
    /// As CSV.
    #[error("cannot express the run as CSV")]
    Csv(#[from] ::csv::Error),
    /// As HTML.
    #[error("cannot express the run as HTML")]
    Html(#[from] askama::Error),
    /// As Parquet.
    #[error("cannot express the facts as Parquet")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// As XML.
    #[error("cannot express the run as JUnit XML")]
    Junit(#[from] quick_junit::SerializeError),
}
