//! A browser that looks at pages: Debian's Chromium without a window, driven by playwright-core, with axe-core.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What comes from the registry of npm.
const MODULES: &[&str] = &["playwright-core@1.65.1", "axe-core@4.14.1"];

/// What drives the browser, and where.
pub struct Browser {
    /// The folder with the modules, shared by all tests. Pictures for people lie in its folder `pictures`.
    pub folder: PathBuf,
    chromium: PathBuf,
}

impl Browser {
    /// Installs the modules; why not, where something cannot be had.
    pub fn new() -> Result<Self, String> {
        let chromium =
            which::which("chromium").map_err(|_| "Debian's chromium is not installed".to_owned())?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
        let wrong = |error: std::io::Error| error.to_string();
        fs_err::create_dir_all(folder.join("pictures")).map_err(wrong)?;
        let mark = folder.join(MODULES.join(","));
        if !mark.exists() {
            fs_err::write(folder.join("package.json"), "{\"private\": true}\n").map_err(wrong)?;
            let mut command = Command::new("npm");
            command
                .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"])
                .args(MODULES);
            let output = command.current_dir(&folder).output().map_err(|error| format!("npm: {error}"))?;
            if !output.status.success() {
                return Err(format!("npm: {}", String::from_utf8_lossy(&output.stderr).trim()));
            }
            fs_err::write(mark, "").map_err(wrong)?;
        }
        Ok(Self { folder, chromium })
    }

    /// What a script of this repository says of the pages in a folder: JSON.
    pub fn looked(&self, script: &str, pages: &Path) -> Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
        let mut command = Command::new("node");
        command.arg(script).arg(&self.folder).arg(&self.chromium).arg(pages);
        let output = command.arg(self.folder.join("pictures")).output().expect("node runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("the script prints JSON")
    }
}
