//! The environments that processes are started with. Everything else of the caller's environment stays out.

use std::collections::BTreeMap;
use std::path::Path;

const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Variables that package clients need to reach an index, besides every `PIP_*` and `UV_*` and the proxies.
const CLIENT: &[&str] = &[
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NETRC",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "TMPDIR",
];

/// Variables that pin numerical libraries to one thread: results must not depend on the number of cores, and
/// forking is safe only before thread pools exist.
const ONE_THREAD: &[&str] = &[
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
];

/// For installers and other tools that shelflife runs on the user's behalf: where to find programs and the
/// home folder, and how to reach a package index.
pub fn base_environment() -> BTreeMap<String, String> {
    base_from(std::env::vars_os().filter_map(|(name, value)| {
        // A variable that is no UTF-8 cannot be one of those that matter here.
        Some((name.into_string().ok()?, value.into_string().ok()?))
    }))
}

fn base_from(variables: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut env: BTreeMap<_, _> = variables
        .filter(|(name, _)| {
            name == "PATH"
                || name == "HOME"
                || CLIENT.contains(&name.as_str())
                || name.starts_with("PIP_")
                || name.starts_with("UV_")
                || name.to_ascii_uppercase().ends_with("_PROXY")
        })
        .collect();
    env.entry("PATH".to_owned()).or_insert_with(|| DEFAULT_PATH.to_owned());
    env.insert("LANG".to_owned(), "C.UTF-8".to_owned());
    env
}

/// For Python processes that run models: no credentials, no index, one thread, a home folder of their own
/// (`home`, which should be an empty scratch folder; temporary files go there too).
pub fn worker_environment(home: &Path) -> BTreeMap<String, String> {
    let path = std::env::var("PATH").unwrap_or_else(|_| DEFAULT_PATH.to_owned());
    let home = home.to_string_lossy().into_owned();
    let mut env: BTreeMap<_, _> = [
        ("PATH", path),
        ("HOME", home.clone()),
        ("TMPDIR", home),
        ("LANG", "C.UTF-8".to_owned()),
        // Set iteration order decides the order of some features and labels.
        ("PYTHONHASHSEED", "0".to_owned()),
        // Packages of the user's own would shadow those of the environment.
        ("PYTHONNOUSERSITE", "1".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    env.extend(ONE_THREAD.iter().map(|name| ((*name).to_owned(), "1".to_owned())));
    env
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installers_see_the_index_and_nothing_else() {
        let given =
            ["HOME", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "https_proxy", "NO_PROXY", "SECRET", "PYTHONPATH"];
        let env = base_from(given.into_iter().map(|name| (name.to_owned(), "x".to_owned())));
        let names: Vec<_> = env.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["HOME", "LANG", "NO_PROXY", "PATH", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "https_proxy"]
        );
    }

    #[test]
    fn workers_see_no_index() {
        let env = worker_environment(Path::new("/scratch"));
        assert_eq!(env["HOME"], "/scratch");
        assert_eq!(env["OMP_NUM_THREADS"], "1");
        assert!(env.keys().all(|name| !name.starts_with("PIP_") && !name.starts_with("UV_")));
    }
}
