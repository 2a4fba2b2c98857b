//! System calls that cells are kept from, with their numbers. Those of a kernel that has never heard of one are free.

use serde::{Deserialize, Serialize};

/// Machines whose system calls are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Machine {
    /// 64-bit x86.
    #[serde(rename = "x86_64")]
    X86_64,
    /// 32-bit x86, also under a 64-bit kernel.
    #[serde(rename = "i386")]
    I386,
    /// 64-bit ARM.
    #[serde(rename = "aarch64")]
    Aarch64,
}

/// All of them.
pub(super) const MACHINES: [Machine; 3] = [Machine::X86_64, Machine::I386, Machine::Aarch64];

/// What a system call is kept from a cell for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Talking to others.
    Network,
    /// Reaching into other processes.
    Processes,
    /// Parts of the kernel that no model needs, and where its holes were.
    Kernel,
    /// Another view of the machine.
    Namespaces,
    /// Secrets that the kernel keeps.
    Keys,
    /// Memory that no limit of a process counts, and that outlives it.
    SharedMemory,
    /// Answered as by a kernel that does not have it: whoever asks has another way.
    Absent,
    /// Changes of files: refused by mounts, looked at to say what was tried.
    Path,
    /// With a rule of its own.
    Special,
}

/// One system call: its name, what it is for, and its numbers in the order of [`MACHINES`].
pub(super) struct Call {
    pub name: &'static str,
    pub kind: Kind,
    numbers: [Option<u16>; 3],
}

impl Call {
    pub(super) fn number(&self, machine: Machine) -> Option<i64> {
        self.numbers[machine as usize].map(i64::from)
    }
}

const fn call(name: &'static str, kind: Kind, numbers: [i16; 3]) -> Call {
    const fn known(number: i16) -> Option<u16> {
        if number < 0 { None } else { Some(number as u16) }
    }
    Call { name, kind, numbers: [known(numbers[0]), known(numbers[1]), known(numbers[2])] }
}

/// A machine that lacks the call.
const NONE: i16 = -1;

/// The call of a name that stands in the table.
pub(super) fn named(name: &str) -> Option<&'static Call> {
    CALLS.iter().find(|call| call.name == name)
}

/// Numbers as in the kernel's headers `asm/unistd_64.h`, `asm/unistd_32.h` and `asm-generic/unistd.h`.
#[rustfmt::skip]
pub(super) const CALLS: &[Call] = &[
    call("socket", Kind::Network, [41, 359, 198]),
    call("ptrace", Kind::Processes, [101, 26, 117]),
    call("process_vm_readv", Kind::Processes, [310, 347, 270]),
    call("process_vm_writev", Kind::Processes, [311, 348, 271]),
    call("kcmp", Kind::Processes, [312, 349, 272]),
    call("pidfd_getfd", Kind::Processes, [438, 438, 438]),
    call("process_madvise", Kind::Processes, [440, 440, 440]),
    call("process_mrelease", Kind::Processes, [448, 448, 448]),
    call("seccomp", Kind::Kernel, [317, 354, 277]),
    call("bpf", Kind::Kernel, [321, 357, 280]),
    call("io_uring_setup", Kind::Kernel, [425, 425, 425]),
    call("io_uring_enter", Kind::Kernel, [426, 426, 426]),
    call("io_uring_register", Kind::Kernel, [427, 427, 427]),
    call("userfaultfd", Kind::Kernel, [323, 374, 282]),
    call("perf_event_open", Kind::Kernel, [298, 336, 241]),
    call("kexec_load", Kind::Kernel, [246, 283, 104]),
    call("kexec_file_load", Kind::Kernel, [320, NONE, 294]),
    call("init_module", Kind::Kernel, [175, 128, 105]),
    call("finit_module", Kind::Kernel, [313, 350, 273]),
    call("delete_module", Kind::Kernel, [176, 129, 106]),
    call("reboot", Kind::Kernel, [169, 88, 142]),
    call("swapon", Kind::Kernel, [167, 87, 224]),
    call("swapoff", Kind::Kernel, [168, 115, 225]),
    call("acct", Kind::Kernel, [163, 51, 89]),
    call("syslog", Kind::Kernel, [103, 103, 116]),
    call("quotactl", Kind::Kernel, [179, 131, 60]),
    call("quotactl_fd", Kind::Kernel, [443, 443, 443]),
    call("iopl", Kind::Kernel, [172, 110, NONE]),
    call("ioperm", Kind::Kernel, [173, 101, NONE]),
    call("modify_ldt", Kind::Kernel, [154, 123, NONE]),
    call("vm86", Kind::Kernel, [NONE, 166, NONE]),
    call("vm86old", Kind::Kernel, [NONE, 113, NONE]),
    call("settimeofday", Kind::Kernel, [164, 79, 170]),
    call("clock_settime", Kind::Kernel, [227, 264, 112]),
    call("clock_settime64", Kind::Kernel, [NONE, 404, 404]),
    call("clock_adjtime", Kind::Kernel, [305, 343, 266]),
    call("clock_adjtime64", Kind::Kernel, [NONE, 405, 405]),
    call("adjtimex", Kind::Kernel, [159, 124, 171]),
    call("stime", Kind::Kernel, [NONE, 25, NONE]),
    call("sethostname", Kind::Kernel, [170, 74, 161]),
    call("setdomainname", Kind::Kernel, [171, 121, 162]),
    call("fanotify_init", Kind::Kernel, [300, 338, 262]),
    call("fanotify_mark", Kind::Kernel, [301, 339, 263]),
    call("vhangup", Kind::Kernel, [153, 111, 58]),
    call("personality", Kind::Kernel, [135, 136, 92]),
    call("lookup_dcookie", Kind::Kernel, [212, 253, 18]),
    call("nfsservctl", Kind::Kernel, [180, 169, 42]),
    call("uselib", Kind::Kernel, [134, 86, NONE]),
    call("vserver", Kind::Kernel, [236, 273, NONE]),
    call("mount", Kind::Namespaces, [165, 21, 40]),
    call("umount", Kind::Namespaces, [NONE, 22, NONE]),
    call("umount2", Kind::Namespaces, [166, 52, 39]),
    call("pivot_root", Kind::Namespaces, [155, 217, 41]),
    call("chroot", Kind::Namespaces, [161, 61, 51]),
    call("setns", Kind::Namespaces, [308, 346, 268]),
    call("unshare", Kind::Namespaces, [272, 310, 97]),
    call("move_mount", Kind::Namespaces, [429, 429, 429]),
    call("open_tree", Kind::Namespaces, [428, 428, 428]),
    call("fsopen", Kind::Namespaces, [430, 430, 430]),
    call("fsconfig", Kind::Namespaces, [431, 431, 431]),
    call("fsmount", Kind::Namespaces, [432, 432, 432]),
    call("fspick", Kind::Namespaces, [433, 433, 433]),
    call("mount_setattr", Kind::Namespaces, [442, 442, 442]),
    call("name_to_handle_at", Kind::Namespaces, [303, 341, 264]),
    call("open_by_handle_at", Kind::Namespaces, [304, 342, 265]),
    call("open_tree_attr", Kind::Namespaces, [467, 467, 467]),
    call("keyctl", Kind::Keys, [250, 288, 219]),
    call("add_key", Kind::Keys, [248, 286, 217]),
    call("request_key", Kind::Keys, [249, 287, 218]),
    call("shmget", Kind::SharedMemory, [29, 395, 194]),
    call("shmat", Kind::SharedMemory, [30, 397, 196]),
    call("shmctl", Kind::SharedMemory, [31, 396, 195]),
    call("semget", Kind::SharedMemory, [64, 393, 190]),
    call("semop", Kind::SharedMemory, [65, NONE, 193]),
    call("semctl", Kind::SharedMemory, [66, 394, 191]),
    call("semtimedop", Kind::SharedMemory, [220, NONE, 192]),
    call("semtimedop_time64", Kind::SharedMemory, [NONE, 420, 420]),
    call("msgget", Kind::SharedMemory, [68, 399, 186]),
    call("msgsnd", Kind::SharedMemory, [69, 400, 189]),
    call("msgrcv", Kind::SharedMemory, [70, 401, 188]),
    call("msgctl", Kind::SharedMemory, [71, 402, 187]),
    call("mq_open", Kind::SharedMemory, [240, 277, 180]),
    call("mq_unlink", Kind::SharedMemory, [241, 278, 181]),
    call("ipc", Kind::SharedMemory, [NONE, 117, NONE]),
    call("clone3", Kind::Absent, [435, 435, 435]),
    call("memfd_create", Kind::Absent, [319, 356, 279]),
    call("memfd_secret", Kind::Absent, [447, 447, 447]),
    call("open", Kind::Path, [2, 5, NONE]),
    call("openat", Kind::Path, [257, 295, 56]),
    call("openat2", Kind::Path, [437, 437, 437]),
    call("creat", Kind::Path, [85, 8, NONE]),
    call("truncate", Kind::Path, [76, 92, 45]),
    call("truncate64", Kind::Path, [NONE, 193, NONE]),
    call("unlink", Kind::Path, [87, 10, NONE]),
    call("unlinkat", Kind::Path, [263, 301, 35]),
    call("rmdir", Kind::Path, [84, 40, NONE]),
    call("mkdir", Kind::Path, [83, 39, NONE]),
    call("mkdirat", Kind::Path, [258, 296, 34]),
    call("mknod", Kind::Path, [133, 14, NONE]),
    call("mknodat", Kind::Path, [259, 297, 33]),
    call("rename", Kind::Path, [82, 38, NONE]),
    call("renameat", Kind::Path, [264, 302, 38]),
    call("renameat2", Kind::Path, [316, 353, 276]),
    call("link", Kind::Path, [86, 9, NONE]),
    call("linkat", Kind::Path, [265, 303, 37]),
    call("symlink", Kind::Path, [88, 83, NONE]),
    call("symlinkat", Kind::Path, [266, 304, 36]),
    call("chmod", Kind::Path, [90, 15, NONE]),
    call("fchmodat", Kind::Path, [268, 306, 53]),
    call("chown", Kind::Path, [92, 182, NONE]),
    call("lchown", Kind::Path, [94, 16, NONE]),
    call("fchownat", Kind::Path, [260, 298, 54]),
    call("chown32", Kind::Path, [NONE, 212, NONE]),
    call("lchown32", Kind::Path, [NONE, 198, NONE]),
    call("utime", Kind::Path, [132, 30, NONE]),
    call("utimes", Kind::Path, [235, 271, NONE]),
    call("futimesat", Kind::Path, [261, 299, NONE]),
    call("utimensat", Kind::Path, [280, 320, 88]),
    call("utimensat_time64", Kind::Path, [NONE, 412, 412]),
    call("setxattr", Kind::Path, [188, 226, 5]),
    call("lsetxattr", Kind::Path, [189, 227, 6]),
    call("removexattr", Kind::Path, [197, 235, 14]),
    call("lremovexattr", Kind::Path, [198, 236, 15]),
    call("fchmodat2", Kind::Path, [452, 452, 452]),
    call("setxattrat", Kind::Path, [463, 463, 463]),
    call("removexattrat", Kind::Path, [466, 466, 466]),
    call("prlimit64", Kind::Special, [302, 340, 261]),
    call("kill", Kind::Special, [62, 37, 129]),
    call("tkill", Kind::Special, [200, 238, 130]),
    call("tgkill", Kind::Special, [234, 270, 131]),
    call("clone", Kind::Special, [56, 120, 220]),
    call("socketcall", Kind::Special, [NONE, 102, NONE]),
];
