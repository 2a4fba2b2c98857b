//! The environments in which hostile files are read: made once, in the cache that tests share.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::cache_folder;

/// A kind of environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    Venv,
    Existing,
    Rootfs,
    Container,
}

impl Runtime {
    pub fn word(self) -> &'static str {
        match self {
            Self::Venv => "venv",
            Self::Existing => "existing",
            Self::Rootfs => "rootfs",
            Self::Container => "container",
        }
    }

    fn needs_tree(self) -> bool {
        match self {
            Self::Venv | Self::Existing => false,
            Self::Rootfs | Self::Container => true,
        }
    }
}

/// Where the packages of an environment are, and how a matrix speaks of it.
pub struct Place {
    pub runtime: Runtime,
    /// The `[[environments]]` of a matrix, named `sk`.
    pub environments: String,
    /// The folder of the virtual environment, whose Python makes the files.
    pub venv: PathBuf,
    /// The root of the Debian tree.
    pub tree: Option<PathBuf>,
}

const VENV: &str = r#"[[environments]]
name = "sk"
python = "3.11"
packages = { scikit-learn = "1.5.2", numpy = "1.26.4", scipy = "1.11.4", joblib = "1.3.2", threadpoolctl = "3.2.0" }
"#;

const TREE: &str = r#"[[environments]]
name = "sk"
runtime = "rootfs"
suite = "bookworm"
arch = "i386"
"#;

/// The image that the stage makes of the tree.
pub const IMAGE: &str = "shelflife-attacks/i386:1";

const MODEL: &str = r#"
[datasets.blobs]
path = "blobs.csv"
target = "label"

[[models]]
name = "scaler"
estimator = "StandardScaler()"
dataset = "blobs"
formats = ["pickle"]
"#;

impl Place {
    /// Makes what is missing, or says why it cannot be had here.
    pub fn prepare(runtime: Runtime) -> Result<Self, String> {
        if runtime == Runtime::Container && which::which("dockerd").is_err() {
            return Err("no dockerd is installed here (Debian: docker.io)".to_owned());
        }
        let venv = environment(VENV, "scikit-learn==1.5.2", "folder")?;
        let tree =
            runtime.needs_tree().then(|| environment(TREE, "debian bookworm i386", "root")).transpose()?;
        let environments = match runtime {
            Runtime::Venv => VENV.to_owned(),
            Runtime::Existing => format!(
                "[[environments]]\nname = \"sk\"\nruntime = \"existing\"\ncommand = [{:?}]\n",
                venv.join("bin/python")
            ),
            Runtime::Rootfs => TREE.to_owned(),
            Runtime::Container => format!(
                "[[environments]]\nname = \"sk\"\nruntime = \"container\"\nimage = {IMAGE:?}\nplatform = \"linux/386\"\n"
            ),
        };
        Ok(Self { runtime, environments, venv, tree })
    }

    /// The packages that cells import, as far as they are files of this machine.
    pub fn packages(&self) -> PathBuf {
        let of_tree = || self.tree.as_ref().map(|tree| tree.join("usr/lib/python3/dist-packages"));
        match self.runtime {
            Runtime::Venv | Runtime::Existing => self.venv.join("lib/python3.11/site-packages"),
            Runtime::Rootfs | Runtime::Container => of_tree().unwrap_or_default(),
        }
    }

    /// The interpreter that the virtual environment is of.
    pub fn interpreter(&self) -> PathBuf {
        fs_err::canonicalize(self.venv.join("bin/python")).unwrap()
    }
}

/// Makes an environment where it is not there yet, and finds it by what it was made of.
fn environment(text: &str, requirement: &str, key: &str) -> Result<PathBuf, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let points = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/blobs.csv");
    fs_err::copy(points, folder.path().join("blobs.csv")).map_err(|error| error.to_string())?;
    let matrix = format!("[matrix]\nname = \"attacks\"\n\n{text}{MODEL}");
    fs_err::write(folder.path().join("attacks.toml"), matrix).map_err(|error| error.to_string())?;
    shelflife(folder.path(), &["env", "prepare", "attacks.toml"])?;
    let listed = shelflife(folder.path(), &["env", "list", "--message-format", "json"])?;
    let listed: Vec<Value> = serde_json::from_str(&listed).map_err(|error| error.to_string())?;
    let found = listed.iter().find(|found| {
        let made_of = found["requirements"].as_array().into_iter().flatten();
        made_of.clone().count() < 6 && made_of.clone().any(|made_of| made_of == requirement)
    });
    let path = found.and_then(|found| found[key].as_str());
    path.map(PathBuf::from).ok_or_else(|| format!("no environment of {requirement} was made"))
}

fn shelflife(folder: &Path, words: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_shelflife"))
        .args(words)
        .current_dir(folder)
        .env("SHELFLIFE_CACHE_DIR", cache_folder())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
