//! What predictions are made on: what columns were taken for, and in which form a model was given them.

use serde::{Deserialize, Serialize};

/// The columns of inputs by what they are: as they were read, or as somebody has declared or stored them.
pub type InputTypes = Vec<InferredColumns>;

/// Columns that were taken for the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InferredColumns {
    /// What they were taken for.
    pub kind: InferredType,
    /// How many they are.
    pub count: u64,
    /// The names of the first few.
    pub first: Vec<String>,
}

/// What a column is: of one whose type nobody has declared, what pandas takes it for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InferredType {
    /// Numbers, some of which are no whole ones or missing.
    Numbers,
    /// Whole numbers.
    WholeNumbers,
    /// True and false.
    Truths,
    /// Texts.
    Texts,
    /// Categories, as they were declared or stored.
    Categories,
    /// Categories with an order.
    OrderedCategories,
    /// Dates and times.
    Moments,
    /// Another of pandas' own types, such as whole numbers that may be missing.
    OwnTypes,
}

impl InferredType {
    /// Whether somebody has declared or stored it: nothing else is one of these.
    pub const fn is_given(self) -> bool {
        match self {
            Self::Numbers | Self::WholeNumbers | Self::Truths | Self::Texts => false,
            Self::Categories | Self::OrderedCategories | Self::Moments | Self::OwnTypes => true,
        }
    }
}

/// The form in which a model was given its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputForm {
    /// A pandas DataFrame.
    Frame,
    /// A pandas DataFrame whose columns of texts are categories.
    Categories,
    /// A numpy array, a row for each sample.
    Array,
    /// A list of texts.
    Texts,
    /// A numpy array of one dimension.
    Line,
    /// A list of dictionaries, one a row.
    Records,
    /// As it was saved: a list, or an array of another shape or type.
    Own,
}

/// The width of inputs that were made up for a model which does not say how many columns it was fitted on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MadeUp {
    /// How many columns they have.
    pub columns: u32,
    /// What told that: an attribute, and of what.
    pub from: String,
}

impl InputForm {
    /// The word for it, as it is serialised.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Categories => "categories",
            Self::Array => "array",
            Self::Texts => "texts",
            Self::Line => "line",
            Self::Records => "records",
            Self::Own => "own",
        }
    }
}
