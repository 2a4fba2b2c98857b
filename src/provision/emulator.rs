//! Running the programs of other CPUs: qemu-user, registered with the kernel's binfmt_misc.

use std::path::Path;
use std::time::Duration;

use super::failure::{NotInstalled, ProvisionFailure, Unregistered};
use super::options::Means;
use super::told::Speaker;
use super::tools::{self, Tool};

pub(super) const BINFMT: &str = "/proc/sys/fs/binfmt_misc";
/// Where Debian and systemd keep what is to be registered.
pub(super) const RULES: &str = "/usr/lib/binfmt.d";
const LIMIT: Duration = Duration::from_secs(30);

/// One CPU by Debian's name.
pub(super) struct Cpu {
    pub(super) arch: &'static str,
    /// As the program itself says what machines it runs on without help.
    native: &'static [&'static str],
    /// qemu's name of it.
    qemu: &'static str,
    /// As container engines call it.
    platform: &'static str,
    /// Whether a kernel of more bits must be asked to show itself as one of 32 bits.
    pub(super) linux32: bool,
}

/// Every CPU that shelflife knows trees of.
pub(super) const CPUS: &[Cpu] = &[
    Cpu { arch: "amd64", native: &["x86_64"], qemu: "x86_64", platform: "linux/amd64", linux32: false },
    Cpu { arch: "i386", native: &["x86_64", "x86"], qemu: "i386", platform: "linux/386", linux32: true },
    Cpu { arch: "arm64", native: &["aarch64"], qemu: "aarch64", platform: "linux/arm64", linux32: false },
    Cpu { arch: "armhf", native: &["arm"], qemu: "arm", platform: "linux/arm/v7", linux32: false },
    Cpu { arch: "s390x", native: &["s390x"], qemu: "s390x", platform: "linux/s390x", linux32: false },
    Cpu {
        arch: "ppc64el",
        native: &["powerpc64"],
        qemu: "ppc64le",
        platform: "linux/ppc64le",
        linux32: false,
    },
];

impl Cpu {
    /// The CPU of a tree.
    pub(super) fn of(arch: &str) -> Option<&'static Self> {
        CPUS.iter().find(|cpu| cpu.arch == arch)
    }

    /// The CPU of a container platform.
    pub(super) fn of_platform(platform: &str) -> Option<&'static Self> {
        CPUS.iter().find(|cpu| cpu.platform == platform)
    }

    /// The program that emulates it.
    pub(super) fn emulator(&self) -> Tool {
        let program = match self.arch {
            "amd64" => "qemu-x86_64-static",
            "i386" => "qemu-i386-static",
            "arm64" => "qemu-aarch64-static",
            "armhf" => "qemu-arm-static",
            "s390x" => "qemu-s390x-static",
            _ => "qemu-ppc64le-static",
        };
        Tool { program, package: "qemu-user-static" }
    }

    /// Whether this machine runs its programs without an emulator.
    pub(super) fn is_native(&self) -> bool {
        self.native.contains(&std::env::consts::ARCH)
    }

    /// Whether the kernel knows what to do with its programs.
    pub(super) fn is_registered(&self) -> bool {
        let rule = std::fs::read_to_string(Path::new(BINFMT).join(format!("qemu-{}", self.qemu)));
        rule.is_ok_and(|text| text.starts_with("enabled"))
    }
}

/// Sees to it that the programs of a CPU run here.
pub(super) async fn need(means: Means<'_>, cpu: &'static Cpu) -> Result<(), ProvisionFailure> {
    if cpu.is_native() || cpu.is_registered() {
        return Ok(());
    }
    // A machine whose other 32-bit half the kernel runs, such as armhf on many arm64.
    if let Some(arch_test) = tools::find(tools::ARCH_TEST.program) {
        let words = [arch_test.display().to_string(), cpu.arch.to_owned()];
        if tools::run(&words, &[], LIMIT).await.is_ok_and(|captured| captured.status.success()) {
            return Ok(());
        }
    }
    tools::need(means, &[cpu.emulator()]).await?;
    if cpu.is_registered() {
        return Ok(());
    }
    register(means, cpu).await.map_err(|why| ProvisionFailure::NoEmulator {
        arch: cpu.arch,
        qemu: cpu.qemu,
        why,
    })
}

async fn register(means: Means<'_>, cpu: &Cpu) -> Result<(), Unregistered> {
    let mut words = tools::permission(means.options.install_tools).await.map_err(|why| match why {
        NotInstalled::NotAllowed => Unregistered::NotAllowed,
        NotInstalled::NoPrivilege
        | NotInstalled::Offline
        | NotInstalled::NoApt
        | NotInstalled::StillMissing
        | NotInstalled::Failed(_)
        | NotInstalled::Process(_) => Unregistered::NoPrivilege,
    })?;
    let rule = std::fs::read_to_string(format!("{RULES}/qemu-{}.conf", cpu.qemu)).unwrap_or_default();
    let rule = rule.lines().find(|line| line.starts_with(':')).ok_or(Unregistered::NoRule)?;
    (means.note)(&format!("registering qemu for {} programs with the kernel (binfmt_misc)", cpu.arch));
    let script = format!(
        "set -e; modprobe binfmt_misc 2>/dev/null || true; test -e {BINFMT}/register || mount -t binfmt_misc \
         binfmt_misc {BINFMT}; cat > {BINFMT}/register"
    );
    words.extend(["sh".to_owned(), "-c".to_owned(), script]);
    let ran = tools::run(&words, rule.as_bytes(), LIMIT).await;
    if cpu.is_registered() {
        return Ok(());
    }
    Err(match ran {
        Ok(captured) => Unregistered::Failed(Speaker::Other.failed("the shell", &captured)),
        Err(error) => Unregistered::Process(error.into()),
    })
}
