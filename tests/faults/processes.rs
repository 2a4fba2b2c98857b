//! The processes of a run, found by who started whom.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A process that has not ended.
#[derive(Clone, Debug)]
struct Process {
    parent: i32,
    command: String,
}

/// Who is to be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// shelflife itself.
    Orchestrator,
    /// A warm interpreter.
    Agent,
    /// A child of it that does a cell.
    Cell,
}

fn processes() -> BTreeMap<i32, Process> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        // They come and go while one looks.
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
        let mut fields = rest.split(' ');
        let (state, parent) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        if let (false, Ok(parent)) = (state == "Z", parent.parse()) {
            found.insert(pid, Process { parent, command });
        }
    }
    found
}

/// The descendants of a process that `wanted` names by their commands, with how many of its kind stand above each.
fn descendants(root: i32, wanted: impl Fn(&str) -> bool) -> Vec<(i32, usize)> {
    let all = processes();
    let mut found = Vec::new();
    for (pid, process) in all.iter().filter(|(_, process)| wanted(&process.command)) {
        let (mut above, mut at) = (0, process.parent);
        while let Some(parent) = all.get(&at).filter(|_| at != root) {
            above += usize::from(wanted(&parent.command));
            at = parent.parent;
        }
        if at == root {
            found.push((*pid, above));
        }
    }
    found
}

/// Kills one of the victims below `root` that `choose` picks among so many; false where there is none right now.
pub fn kill_one(root: u32, victim: Victim, choose: &mut dyn FnMut(usize) -> usize) -> bool {
    let root = i32::try_from(root).unwrap();
    let is_python = |command: &str| command.split(' ').next().unwrap_or_default().contains("python");
    let pids: Vec<i32> = match victim {
        Victim::Orchestrator => vec![root],
        Victim::Agent => {
            descendants(root, is_python).into_iter().filter(|it| it.1 == 0).map(|it| it.0).collect()
        }
        Victim::Cell => {
            descendants(root, is_python).into_iter().filter(|it| it.1 > 0).map(|it| it.0).collect()
        }
    };
    !pids.is_empty() && kill(Pid::from_raw(pids[choose(pids.len())]), Signal::SIGKILL).is_ok()
}

/// Kills a descendant with a program of this name and this word as soon as there is one; false where `root` ends before.
pub fn kill_program(root: u32, (program, word): (&str, &str), is_over: &mut dyn FnMut() -> bool) -> bool {
    let root = i32::try_from(root).unwrap();
    let is_it = |command: &str| {
        let is_program = |path: &str| path.rsplit('/').next() == Some(program);
        command.split(' ').take(2).any(is_program) && command.split(' ').any(|it| it == word)
    };
    let started = Instant::now();
    while !is_over() {
        assert!(started.elapsed() < Duration::from_secs(300), "{program} was never started");
        for (pid, _) in descendants(root, is_it) {
            if kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok() {
                return true;
            }
        }
        std::thread::yield_now();
    }
    false
}
