//! What identifies this machine for facts that are kept in the cache.

use std::sync::LazyLock;

use crate::vocab::{Digest, DigestBuilder};

/// A cache folder can move to another machine (a shared home folder, a CI cache); facts about the CPU and the
/// BLAS kernel that it selects must not move with it.
pub(super) fn identity() -> &'static Digest {
    static IDENTITY: LazyLock<Digest> =
        LazyLock::new(|| of_cpuinfo(&std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default()));
    &IDENTITY
}

fn of_cpuinfo(text: &str) -> Digest {
    let kept = [
        "vendor_id",
        "cpu family",
        "model",
        "model name",
        "flags",
        "Features",
        "CPU part",
        "CPU implementer",
    ];
    let mut builder = DigestBuilder::new("machine-v1").text(std::env::consts::ARCH);
    // The first processor stands for all.
    for line in text.lines().take_while(|line| !line.trim().is_empty()) {
        if let Some((name, value)) = line.split_once(':')
            && kept.contains(&name.trim())
        {
            builder = builder.text(name.trim()).text(value.trim());
        }
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_speed_is_no_identity_and_features_are() {
        let at = |mhz, flags| {
            of_cpuinfo(&format!("model\t: 1\ncpu MHz\t: {mhz}\nflags\t: {flags}\n\nmodel\t: 2\n"))
        };
        assert_eq!(at(1, "avx"), at(2, "avx"));
        assert_ne!(at(1, "avx"), at(1, "avx avx2"));
    }
}
