//! What cages this machine allows: tried once, with a cage in which nothing runs but `true`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::plan::{CagePlan, Door};
use super::{program, view};
use crate::process::{self, Command};

const TIMEOUT: Duration = Duration::from_secs(20);

/// From the best to the weakest.
const DOORS: [Door; 4] = [
    Door { users: true, processes: true },
    Door { users: false, processes: true },
    Door { users: true, processes: false },
    Door { users: false, processes: false },
];

/// What this machine allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The best way in, where there is one.
    pub door: Option<Door>,
    /// What the kernel says to the best way in, where it is not allowed.
    pub refusal: Option<String>,
}

static ALLOWED: OnceCell<Allowed> = OnceCell::const_new();

/// What this machine allows, found out by the first who asks. `base` is an empty folder that nobody else uses.
pub async fn allowed(base: &Path) -> &'static Allowed {
    ALLOWED.get_or_init(|| find(base)).await
}

/// The best way in, where there is one and somebody has asked before.
pub fn door() -> Option<Door> {
    ALLOWED.get().and_then(|allowed| allowed.door)
}

async fn find(base: &Path) -> Allowed {
    let mut refusal = None;
    for door in DOORS {
        match attempt(base, door).await {
            Ok(()) => return Allowed { door: Some(door), refusal },
            Err(why) => {
                refusal.get_or_insert(why);
            }
        };
    }
    Allowed { door: None, refusal }
}

async fn attempt(base: &Path, door: Door) -> Result<(), String> {
    if !program::is_known() {
        return Err("no program makes cages for this process".to_owned());
    }
    let shown = view::system();
    let plan = CagePlan {
        door,
        base: base.to_owned(),
        sees_all: false,
        binds: shown.binds,
        links: shown.links,
        files: shown.files,
        network: false,
        folder: PathBuf::from("/"),
    };
    let words = program::command(&plan);
    let Some(command) = Command::from_prefix(&words, process::base_environment()) else {
        return Err("there is no program that makes cages".to_owned());
    };
    match process::capture(&command.args(["/usr/bin/true"]).cwd("/"), TIMEOUT).await {
        Ok(captured) if captured.status.success() => Ok(()),
        Ok(captured) => Err(String::from_utf8_lossy(&captured.stderr).trim().to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
