//! The map as a static site: an index with a search, a page for each estimator and each pair of releases under an address that
//! stays, and the causes. It reads without JavaScript.

mod causes;
mod estimator;
mod index;
mod pair;
mod parts;

use crate::compat::{MapFacts, MayMeet, data_version, estimators};
use crate::present::error::RenderError;

/// The look of the reports, and what the site has beside it.
const STYLE: &str =
    concat!(include_str!("../../../../templates/report.css"), include_str!("../../../../templates/map.css"));
const SEARCH: &str = include_str!("../../../../templates/map.js");

/// Every file of the site, by its path.
///
/// # Errors
/// When a page cannot be rendered.
pub fn map_site(facts: &MapFacts, number: u32) -> Result<Vec<(String, Vec<u8>)>, RenderError> {
    let version = data_version(facts, number);
    let may_meet = MayMeet::new(facts);
    let mut files = vec![
        ("style.css".to_owned(), STYLE.as_bytes().to_vec()),
        ("search.js".to_owned(), SEARCH.as_bytes().to_vec()),
        ("index.html".to_owned(), index::page(facts, &version)?.into_bytes()),
        ("causes.html".to_owned(), causes::page(facts, &may_meet, &version)?.into_bytes()),
    ];
    for estimator in estimators(facts) {
        let class = estimator.rsplit('.').next().unwrap_or(estimator);
        let page = estimator::page(facts, &may_meet, estimator, &version)?;
        files.push((format!("estimators/{class}.html"), page.into_bytes()));
    }
    for (from, to) in parts::pairs(facts) {
        let page = pair::page(facts, &from, &to, &version)?;
        files.push((format!("pairs/{from}-{to}.html"), page.into_bytes()));
    }
    Ok(files)
}
