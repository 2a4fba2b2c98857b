//! Types of columns of a CSV, as people declare them: `zip=text`, `size=category(S<M<L)`.

/// What a column of a CSV is declared to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Floats of 64 bits.
    Float64,
    /// Floats of 32 bits.
    Float32,
    /// Whole numbers, none missing.
    Int64,
    /// True and false.
    Bool,
    /// Texts.
    Text,
    /// A type of pandas' own whose values can be missing, by pandas' name for it.
    Nullable(&'static str),
    /// Moments: `datetime64[ns]` of pandas.
    Datetime,
    /// Categories: those that are listed, else all that occur, as pandas sorts them.
    Category {
        /// Those that are listed; empty where none are.
        listed: Vec<String>,
        /// Whether they have an order.
        ordered: bool,
    },
}

impl ColumnType {
    /// What can be written, for messages.
    pub const WORDS: [&'static str; 10] =
        ["float64", "float32", "int64", "bool", "text", "category", "datetime", "Int64", "boolean", "string"];

    /// Whether only a DataFrame has such a column.
    pub const fn is_of_frames(&self) -> bool {
        matches!(self, Self::Nullable(_) | Self::Datetime | Self::Category { .. })
    }

    /// Reads a declaration: one of [`WORDS`](Self::WORDS), or `category(a|b|c)` with its categories, or `category(a<b<c)` where
    /// they have an order. `None` where it is neither, a category is empty, or stands there twice.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "float64" => Self::Float64,
            "float32" => Self::Float32,
            "int64" => Self::Int64,
            "bool" => Self::Bool,
            "text" => Self::Text,
            "Int64" => Self::Nullable("Int64"),
            "boolean" => Self::Nullable("boolean"),
            "string" => Self::Nullable("string"),
            "datetime" => Self::Datetime,
            "category" => Self::Category { listed: Vec::new(), ordered: false },
            _ => {
                let list = text.strip_prefix("category(")?.strip_suffix(')')?;
                let ordered = list.contains('<');
                if ordered && list.contains('|') {
                    return None;
                }
                let listed: Vec<String> =
                    list.split(if ordered { '<' } else { '|' }).map(|it| it.trim().to_owned()).collect();
                let is_wrong =
                    |(at, it): (usize, &String)| it.is_empty() || listed.iter().take(at).any(|one| one == it);
                if listed.iter().enumerate().any(is_wrong) {
                    return None;
                }
                Self::Category { listed, ordered }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_a_type() {
        for word in ColumnType::WORDS {
            assert!(ColumnType::parse(word).is_some(), "{word}");
        }
    }

    #[test]
    fn categories_are_listed_with_or_without_an_order() {
        let parsed = |text: &str| match ColumnType::parse(text) {
            Some(ColumnType::Category { listed, ordered }) => Some((listed.join("/"), ordered)),
            _ => None,
        };
        assert_eq!(parsed("category(S<M<L)"), Some(("S/M/L".to_owned(), true)));
        assert_eq!(parsed("category(red | green)"), Some(("red/green".to_owned(), false)));
        assert_eq!(parsed("category(one)"), Some(("one".to_owned(), false)));
        for wrong in ["category()", "category(a|a)", "category(a<b|c)", "category(a", "Category", "int", ""] {
            assert_eq!(ColumnType::parse(wrong), None, "{wrong}");
        }
    }
}
