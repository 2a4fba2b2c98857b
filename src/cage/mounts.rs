//! The files of a cage: a root of its own, put together from what is to be seen.

use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;

use super::plan::{Bind, CagePlan};

/// Bytes of `/tmp` of an interpreter. Cells have their own.
const TEMPORARY: &str = "size=1g,mode=1777";
/// Devices that keep nothing.
const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom"];
/// Below `/proc`: of root, writing there reaches the whole machine whatever namespace it is in.
const PROTECTED: &[&str] = &["sys", "sysrq-trigger", "irq", "bus"];
/// Below `/proc`: what root could read there of the machine's memory and of what others do.
pub const HIDDEN: &[&str] = &[
    "kcore",
    "keys",
    "key-users",
    "kmsg",
    "kpagecgroup",
    "kpagecount",
    "kpageflags",
    "latency_stats",
    "sched_debug",
    "slabinfo",
    "timer_list",
    "timer_stats",
    "vmallocinfo",
];
/// Below `/proc/self`.
const STREAMS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// Puts the new root together and moves into it. The calling process is alone in its view of files.
///
/// # Errors
/// What the kernel refuses, with the path.
pub(super) fn enter(plan: &CagePlan) -> io::Result<()> {
    // Nothing that happens here is to be seen outside.
    mount_at(None, Path::new("/"), None, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None)?;
    let root = plan.base.as_path();
    if plan.sees_all {
        mount_at(Some(Path::new("/")), root, None, MsFlags::MS_BIND | MsFlags::MS_REC, None)?;
        seal(root)?;
    } else {
        private_root(root, plan)?;
    }
    devices(root)?;
    processes(root, plan.door.processes)?;
    // Before what lies below `/tmp` is put there.
    if !plan.sees_all {
        temporary(&root.join("tmp"))?;
    }
    // In the order of their paths, so that nothing covers what came before.
    let mut binds: Vec<&Bind> = plan.binds.iter().collect();
    binds.sort();
    for bind in binds {
        let at = bind_one(root, bind)?;
        if !bind.writable {
            seal(&at)?;
        }
    }
    if !plan.sees_all {
        let read_only = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | MsFlags::MS_NOSUID;
        mount_at(None, root, None, read_only, None)?;
    }
    nix::unistd::chdir(root).map_err(|error| named(error.into(), root))?;
    nix::unistd::pivot_root(".", ".").map_err(|error| named(error.into(), root))?;
    umount2(".", MntFlags::MNT_DETACH).map_err(|error| named(error.into(), Path::new("the old root")))?;
    let folder = plan.folder.as_path();
    nix::unistd::chdir(folder).map_err(|error| named(error.into(), folder))
}

/// An empty root with the links and small files that are wanted.
fn private_root(root: &Path, plan: &CagePlan) -> io::Result<()> {
    let private = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount_at(Some(Path::new("cage")), root, Some("tmpfs"), private, Some("size=16m,mode=755"))?;
    for (at, target) in &plan.links {
        let at = inside(root, at);
        make_parent(&at)?;
        std::os::unix::fs::symlink(target, &at).map_err(|error| named(error, &at))?;
    }
    for (at, text) in &plan.files {
        let at = inside(root, at);
        make_parent(&at)?;
        write_new(&at, text)?;
    }
    Ok(())
}

fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn bind_one(root: &Path, bind: &Bind) -> io::Result<PathBuf> {
    let at = inside(root, &bind.to);
    let what = fs_err::metadata(&bind.from)?;
    if !at.exists() {
        make_parent(&at)?;
        if what.is_dir() {
            fs_err::create_dir(&at)?;
        } else {
            write_new(&at, "")?;
        }
    }
    let flags = if what.file_type().is_char_device() || what.is_file() {
        MsFlags::MS_BIND
    } else {
        MsFlags::MS_BIND | MsFlags::MS_REC
    };
    mount_at(Some(&bind.from), &at, None, flags, None)?;
    Ok(at)
}

/// Makes mounts read-only from here on down.
fn seal(at: &Path) -> io::Result<()> {
    let text = fs_err::read_to_string("/proc/self/mountinfo")?;
    for Mounted { id, place, flags } in text.lines().filter_map(parsed) {
        // What others cover, at the same path or further up, is reached by no path.
        if !place.starts_with(at) || mount_shown(&place).is_some_and(|shown| shown != id) {
            continue;
        }
        let sealed = flags | MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | MsFlags::MS_NOSUID;
        if let Err(error) = mount_at(None, &place, None, sealed, None) {
            if place == at {
                return Err(error);
            }
            hide(&place)?;
        }
    }
    Ok(())
}

/// A mount that cannot be protected is not shown: one of another user's programs, say. Those that came with the view of
/// whoever made this process cannot be taken away, but covered.
fn hide(place: &Path) -> io::Result<()> {
    if umount2(place, MntFlags::MNT_DETACH).is_ok() {
        return Ok(());
    }
    if fs_err::symlink_metadata(place)?.is_dir() {
        let flags = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        mount_at(Some(Path::new("hidden")), place, Some("tmpfs"), flags, Some("size=4k,mode=555"))
    } else {
        mount_at(Some(Path::new("/dev/null")), place, None, MsFlags::MS_BIND, None)
    }
}

/// The id of the mount that a path leads to; `None` where the kernel does not say.
fn mount_shown(place: &Path) -> Option<u64> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let file = nix::fcntl::open(place, flags, Mode::empty()).ok()?;
    let told = fs_err::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).ok()?;
    told.lines().find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok())
}

/// A line of `mountinfo`.
#[derive(Debug, PartialEq)]
struct Mounted {
    id: u64,
    place: PathBuf,
    /// Those that must not get lost.
    flags: MsFlags,
}

/// The first, the fifth and the sixth word of a line of `mountinfo`.
fn parsed(line: &str) -> Option<Mounted> {
    let mut words = line.split(' ');
    let id = words.next()?.parse().ok()?;
    let mut words = words.skip(3);
    let place = unescaped(words.next()?);
    let flags = words.next()?.split(',').fold(MsFlags::empty(), |flags, word| {
        flags
            | match word {
                "nosuid" => MsFlags::MS_NOSUID,
                "nodev" => MsFlags::MS_NODEV,
                "noexec" => MsFlags::MS_NOEXEC,
                "noatime" => MsFlags::MS_NOATIME,
                "nodiratime" => MsFlags::MS_NODIRATIME,
                "relatime" => MsFlags::MS_RELATIME,
                "ro" => MsFlags::MS_RDONLY,
                _ => MsFlags::empty(),
            }
    });
    Some(Mounted { id, place, flags })
}

/// Blanks and the like stand there as three octal digits.
fn unescaped(word: &str) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    let bytes = word.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = bytes.get(at + 1..at + 4).filter(|_| *byte == b'\\');
        let code = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 8).ok());
        text.push(code.unwrap_or(*byte));
        at += if code.is_some() { 4 } else { 1 };
    }
    std::ffi::OsString::from_vec(text).into()
}

/// A `/dev` with nothing in it that keeps or shows anything.
fn devices(root: &Path) -> io::Result<()> {
    let dev = root.join("dev");
    if !dev.exists() {
        fs_err::create_dir(&dev)?;
    }
    let sources: Vec<_> = DEVICES.iter().map(|name| Path::new("/dev").join(name)).collect();
    mount_at(
        Some(Path::new("dev")),
        &dev,
        Some("tmpfs"),
        MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC,
        Some("mode=755,size=64k"),
    )?;
    for (name, source) in DEVICES.iter().zip(sources) {
        let at = dev.join(name);
        write_new(&at, "")?;
        mount_at(Some(&source), &at, None, MsFlags::MS_BIND, None)?;
    }
    for (name, target) in STREAMS {
        std::os::unix::fs::symlink(target, dev.join(name)).map_err(|error| named(error, &dev))?;
    }
    let shared = dev.join("shm");
    temporary(&shared)
}

fn temporary(at: &Path) -> io::Result<()> {
    if !at.exists() {
        fs_err::create_dir(at)?;
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount_at(Some(Path::new("temporary")), at, Some("tmpfs"), flags, Some(TEMPORARY))
}

/// `/proc` of the processes in here; of the machine's own where they have none of their own.
fn processes(root: &Path, own: bool) -> io::Result<()> {
    let proc = root.join("proc");
    if !proc.exists() {
        fs_err::create_dir(&proc)?;
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    if own {
        mount_at(Some(Path::new("proc")), &proc, Some("proc"), flags, None)?;
    } else {
        let bound = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount_at(Some(Path::new("/proc")), &proc, None, bound, None)?;
    }
    for name in PROTECTED {
        let at = proc.join(name);
        if at.exists() {
            mount_at(Some(&at), &at, None, MsFlags::MS_BIND | MsFlags::MS_REC, None)?;
            let read_only = flags | MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
            mount_at(None, &at, None, read_only, None)?;
        }
    }
    for name in HIDDEN {
        let at = proc.join(name);
        if at.exists() {
            mount_at(Some(Path::new("/dev/null")), &at, None, MsFlags::MS_BIND, None)?;
        }
    }
    Ok(())
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs_err::create_dir_all)
}

#[expect(clippy::disallowed_methods, reason = "the files of a root that is being put together")]
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    std::fs::write(path, text).map_err(|error| named(error, path))
}

fn mount_at(
    source: Option<&Path>,
    target: &Path,
    kind: Option<&str>,
    flags: MsFlags,
    data: Option<&str>,
) -> io::Result<()> {
    mount(source, target, kind, flags, data).map_err(|error| named(error.into(), target))
}

fn named(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_mountinfo_are_read() {
        let line = r"36 35 98:0 /mnt1 /mnt/with\040blank rw,noatime,nosuid master:1 - ext3 /dev/root rw";
        let Mounted { id, place, flags } = parsed(line).unwrap();
        assert_eq!((id, place.as_path()), (36, Path::new("/mnt/with blank")));
        assert_eq!(flags, MsFlags::MS_NOATIME | MsFlags::MS_NOSUID);
        assert_eq!(parsed("nonsense"), None);
    }
}
