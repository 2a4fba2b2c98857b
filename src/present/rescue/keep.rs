//! An environment written down so that it can be made anywhere: requirements, and a Dockerfile over them.

use std::fmt::Write as _;

use crate::vocab::Lock;

/// Packages that every virtual environment brings.
const INSTALLERS: [&str; 3] = ["pip", "setuptools", "wheel"];

/// The packages of a lock as pip reads them.
pub fn keep_requirements(lock: &Lock) -> Vec<u8> {
    let mut text = format!(
        "# {} {} on {}, as the model was made and is read.\n",
        lock.implementation, lock.python, lock.arch
    );
    for (package, version) in lock.packages.iter().filter(|(name, _)| !INSTALLERS.contains(&name.as_str())) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{package}=={version}");
    }
    text.into_bytes()
}

/// An image that reads the model as its producer does.
pub fn keep_dockerfile(lock: &Lock, model: &str) -> Vec<u8> {
    let minor: Vec<&str> = lock.python.split('.').take(2).collect();
    format!(
        "# The environment that reads {model}. Put that file beside this one, then:\n\
         #   docker build -t keep-model .\n\
         FROM python:{}-slim\n\
         WORKDIR /model\n\
         COPY requirements.txt .\n\
         RUN pip install --no-cache-dir -r requirements.txt\n\
         COPY . .\n\
         CMD [\"python\"]\n",
        minor.join(".")
    )
    .into_bytes()
}
