//! Filters of system calls, compiled for every machine whose Python may run here.
//!
//! A filter is applied by whoever is to be confined: the start of an environment by the program that makes its cage, a
//! cell by the agent in its own process, which gets the compiled programs with its greeting.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, sock_filter,
};
use serde::Serialize;

use super::calls::{CALLS, Call, Kind, MACHINES, Machine, named};

/// Process number of a cell in its own namespace: whoever runs it is number 1.
const CELL: u64 = 2;
const SIGKILL: u64 = 9;
const EPERM: u32 = 1;
const ENOSYS: u32 = 38;
/// `CLONE_NEW*` of linux/sched.h, without `CLONE_NEWTIME`, which only `clone3` and `unshare` take.
const NEW_NAMESPACES: u64 = 0x7E02_0000;
/// The low two bits of the flags of `open` say how, `O_CREAT` is the seventh.
const ACCESS_MODE: u64 = 3;
const O_CREAT: u64 = 0o100;
/// `socketcall(2)` of 32-bit x86: its first argument for `socket`.
const SYS_SOCKET: u64 = 1;
/// Numbers of the x32 interface of 64-bit x86 begin here; the same calls under other numbers.
const X32: u32 = 0x4000_0000;
/// What stands for "ask the listener" while a filter is compiled: the crate has no such action.
const PLACEHOLDER: u32 = 0x5AFE;
const USER_NOTIF: u32 = 0x7fc0_0000;
/// Opcodes of linux/bpf_common.h.
const RETURN: u16 = 0x06;
const JUMP: u16 = 0x05;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_AT_LEAST: u16 = 0x35;

/// Compiled programs of one machine as hexadecimal text, eight bytes an instruction in the machine's byte order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CellFilters {
    /// Ends a cell that kills itself by SIGKILL, so that it is told from one that somebody else has killed.
    pub own_kill: String,
    /// Calls that are said not to exist.
    pub absent: String,
    /// Refuses the others.
    pub refuse: String,
    /// Refuses the others by asking a listener, who writes down what was tried.
    pub ask: String,
    /// Name and kind of the calls about which a listener is asked, by number.
    pub calls: BTreeMap<i64, (&'static str, &'static str)>,
}

/// What a cell may do beyond its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// Nothing.
    Lone,
    /// It is one of several ranks, which talk over sockets and share memory.
    Ranks,
}

impl Allowance {
    fn covers(self, kind: Kind) -> bool {
        self == Self::Ranks && matches!(kind, Kind::Network | Kind::SharedMemory | Kind::Processes)
    }
}

/// The filters of cells, for every machine; compiled once.
pub fn for_cells(allowance: Allowance) -> &'static BTreeMap<Machine, CellFilters> {
    static LONE: LazyLock<BTreeMap<Machine, CellFilters>> = LazyLock::new(|| compile_all(Allowance::Lone));
    static RANKS: LazyLock<BTreeMap<Machine, CellFilters>> = LazyLock::new(|| compile_all(Allowance::Ranks));
    match allowance {
        Allowance::Lone => &LONE,
        Allowance::Ranks => &RANKS,
    }
}

fn compile_all(allowance: Allowance) -> BTreeMap<Machine, CellFilters> {
    MACHINES.into_iter().filter_map(|machine| Some((machine, cell_filters(machine, allowance)?))).collect()
}

/// The filter of everything in a cage, the interpreter itself included: what neither an installer nor an agent needs.
pub(super) fn for_cage() -> BpfProgram {
    let machines: &[Machine] = match std::env::consts::ARCH {
        "x86_64" => &[Machine::X86_64, Machine::I386],
        "x86" => &[Machine::I386],
        "aarch64" => &[Machine::Aarch64],
        _ => return Vec::new(),
    };
    let programs = machines.iter().filter_map(|machine| {
        let refused = CALLS
            .iter()
            .filter(|call| matches!(call.kind, Kind::Kernel | Kind::Keys | Kind::Processes))
            // `linux32` has been before; what an emulator needs of it comes later.
            .filter(|call| !matches!(call.name, "personality" | "seccomp"));
        compile(*machine, always(*machine, refused), SeccompAction::Errno(EPERM))
    });
    chained(programs.collect())
}

/// The rules for a container, as its engine reads them: what nothing in it needs is refused, namespaces are not, and
/// whoever runs in it refuses more to its cells. The format is that of the runtime specification of OCI.
pub fn container_profile() -> String {
    let refused =
        CALLS.iter().filter(|call| matches!(call.kind, Kind::Kernel | Kind::Keys | Kind::Processes));
    let names: Vec<&str> =
        refused.map(|call| call.name).filter(|name| !matches!(*name, "personality" | "seccomp")).collect();
    serde_json::json!({
        "defaultAction": "SCMP_ACT_ALLOW",
        "archMap": [
            { "architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"] },
            { "architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"] },
        ],
        "syscalls": [{ "names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": EPERM }],
    })
    .to_string()
}

fn cell_filters(machine: Machine, allowance: Allowance) -> Option<CellFilters> {
    let refused = || CALLS.iter().filter(|call| is_refused(call) && !allowance.covers(call.kind));
    let absent = always(machine, CALLS.iter().filter(|call| call.kind == Kind::Absent));
    let mut refusing = always(machine, refused());
    refusing.extend(special(machine, allowance));
    let mut asking = refusing.clone();
    asking.extend(always(machine, CALLS.iter().filter(|call| call.kind == Kind::Path)));
    asking.extend(opening(machine));
    let program = |rules, action| Some(hex(&chained(vec![compile(machine, rules, action)?])));
    Some(CellFilters {
        own_kill: program(own_kill(machine), SeccompAction::KillProcess)?,
        absent: program(absent, SeccompAction::Errno(ENOSYS))?,
        refuse: program(refusing, SeccompAction::Errno(EPERM))?,
        ask: program(asking, SeccompAction::Trace(PLACEHOLDER))?,
        calls: described(machine),
    })
}

fn is_refused(call: &Call) -> bool {
    match call.kind {
        Kind::Network
        | Kind::Processes
        | Kind::Kernel
        | Kind::Namespaces
        | Kind::Keys
        | Kind::SharedMemory => true,
        Kind::Absent | Kind::Path | Kind::Special => false,
    }
}

fn described(machine: Machine) -> BTreeMap<i64, (&'static str, &'static str)> {
    let kind = |call: &Call| match call.kind {
        Kind::Network => "network",
        Kind::Processes => "processes",
        Kind::Kernel => "kernel",
        Kind::Namespaces => "namespaces",
        Kind::Keys => "keys",
        Kind::SharedMemory => "shared-memory",
        Kind::Absent => "absent",
        Kind::Path => "path",
        Kind::Special => match call.name {
            "prlimit64" => "processes",
            "socketcall" => "network",
            _ => "namespaces",
        },
    };
    CALLS.iter().filter_map(|call| Some((call.number(machine)?, (call.name, kind(call))))).collect()
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Rules without a condition.
fn always<'a>(machine: Machine, calls: impl Iterator<Item = &'a Call>) -> Rules {
    calls
        // With a rule for how it opens.
        .filter(|call| !OPENING.iter().any(|(name, _)| *name == call.name))
        .filter_map(|call| Some((call.number(machine)?, Vec::new())))
        .collect()
}

/// One argument, its lower half: every flag and number that matters here fits.
fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> Option<SeccompCondition> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value).ok()
}

fn rule(conditions: &[Option<SeccompCondition>]) -> Option<SeccompRule> {
    SeccompRule::new(conditions.iter().cloned().collect::<Option<Vec<_>>>()?).ok()
}

fn rules(machine: Machine, name: &str, rules: &[Option<SeccompRule>]) -> Option<(i64, Vec<SeccompRule>)> {
    Some((named(name)?.number(machine)?, rules.iter().flatten().cloned().collect()))
}

/// Calls that are refused with some arguments only.
fn special(machine: Machine, allowance: Allowance) -> Rules {
    use SeccompCmpOp::{Eq, MaskedEq, Ne};
    // Each bit by itself: a mask says whether all of its bits are as given.
    let bits = (0..64).map(|bit| 1u64 << bit).filter(|bit| NEW_NAMESPACES & bit != 0);
    let new: Vec<_> = bits.map(|bit| rule(&[condition(0, MaskedEq(bit), bit)])).collect();
    let others = rule(&[condition(0, Ne, 0)]);
    let socket = rule(&[condition(0, Eq, SYS_SOCKET)]);
    let mut found: Rules = [rules(machine, "clone", &new), rules(machine, "prlimit64", &[others])]
        .into_iter()
        .flatten()
        .collect();
    if allowance == Allowance::Lone {
        found.extend(rules(machine, "socketcall", &[socket]));
    }
    found
}

/// Calls that open a file, and which argument says for what.
const OPENING: &[(&str, u8)] = &[("open", 1), ("openat", 2)];

/// Opening for writing.
fn opening(machine: Machine) -> Rules {
    use SeccompCmpOp::MaskedEq;
    let one = |(name, argument): &(&str, u8)| {
        let writing = [(ACCESS_MODE, 1), (ACCESS_MODE, 2), (O_CREAT, O_CREAT)]
            .map(|(mask, value)| rule(&[condition(*argument, MaskedEq(mask), value)]));
        rules(machine, name, &writing)
    };
    OPENING.iter().filter_map(one).collect()
}

/// SIGKILL of a cell by itself: to its number, to its group, and to its thread.
fn own_kill(machine: Machine) -> Rules {
    use SeccompCmpOp::Eq;
    let killing =
        |target: u64, argument: u8| rule(&[condition(0, Eq, target), condition(argument, Eq, SIGKILL)]);
    let group = u64::from(u32::MAX) + 1 - CELL;
    let kill = [CELL, 0, group].map(|target| killing(target, 1));
    [("kill", &kill[..]), ("tkill", &[killing(CELL, 1)]), ("tgkill", &[killing(CELL, 2)])]
        .into_iter()
        .filter_map(|(name, itself)| rules(machine, name, itself))
        .collect()
}

/// A program that begins with the check of its machine. The crate compiles for 64-bit machines; a filter looks at
/// numbers and lower halves only, so that of 32-bit x86 differs in the constant that its machine is compared with.
fn compile(machine: Machine, rules: Rules, action: SeccompAction) -> Option<BpfProgram> {
    let (target, audit) = match machine {
        Machine::X86_64 => (TargetArch::x86_64, 0xC000_003E),
        Machine::I386 => (TargetArch::x86_64, 0x4000_0003),
        Machine::Aarch64 => (TargetArch::aarch64, 0xC000_00B7),
    };
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, target).ok()?;
    let mut program: BpfProgram = filter.try_into().ok()?;
    program.get_mut(1).filter(|step| step.code == JUMP_IF_EQUAL)?.k = audit;
    let asks = u32::from(SeccompAction::Trace(PLACEHOLDER));
    for step in program.iter_mut().filter(|step| step.code == RETURN && step.k == asks) {
        step.k = USER_NOTIF;
    }
    if machine == Machine::X86_64 {
        // Behind the number that the fourth step has loaded.
        let refused = u32::from(SeccompAction::Errno(ENOSYS));
        let x32 = [step(JUMP_IF_AT_LEAST, 0, 1, X32), step(RETURN, 0, 0, refused)];
        program.splice(4..4, x32);
    }
    Some(program)
}

/// Programs of several machines as one: where the first is not meant, the next one looks.
fn chained(programs: Vec<BpfProgram>) -> BpfProgram {
    let mut whole = BpfProgram::new();
    for program in programs.into_iter().rev() {
        let mut program = program;
        let next = if whole.is_empty() {
            // A machine that none of them knows: an interpreter of it runs by an emulator, whose calls are of this one.
            step(RETURN, 0, 0, u32::from(SeccompAction::Errno(ENOSYS)))
        } else {
            step(JUMP, 0, 0, u32::try_from(program.len() - 3).unwrap_or_default())
        };
        if let Some(otherwise) = program.get_mut(2) {
            *otherwise = next;
        }
        program.extend(whole);
        whole = program;
    }
    whole
}

const fn step(code: u16, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

fn hex(program: &BpfProgram) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(program.len() * 16);
    for sock_filter { code, jt, jf, k } in program {
        let bytes = [&code.to_ne_bytes()[..], &[*jt, *jf], &k.to_ne_bytes()].concat();
        for byte in bytes {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: u16 = 0x20;

    /// What a program answers: the instructions that the crate emits, interpreted.
    fn answer(program: &BpfProgram, audit: u32, number: u32, arguments: [u64; 6]) -> u32 {
        let mut data = number.to_le_bytes().to_vec();
        data.extend(audit.to_le_bytes());
        data.extend([0; 8]);
        arguments.iter().for_each(|argument| data.extend(argument.to_le_bytes()));
        let (mut at, mut register) = (0usize, 0u32);
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            let jump = |condition: bool| at + 1 + usize::from(if condition { jt } else { jf });
            at = match code {
                LOAD => {
                    let place = k as usize;
                    register = u32::from_le_bytes(data[place..place + 4].try_into().unwrap());
                    at + 1
                }
                JUMP => at + 1 + k as usize,
                JUMP_IF_EQUAL => jump(register == k),
                0x25 => jump(register > k),
                JUMP_IF_AT_LEAST => jump(register >= k),
                0x54 => {
                    register &= k;
                    at + 1
                }
                RETURN => return k,
                other => panic!("unknown instruction {other:#x}"),
            };
        }
    }

    fn program(text: &str) -> BpfProgram {
        let bytes: Vec<u8> = (0..text.len() / 2)
            .map(|index| u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap())
            .collect();
        let read = |step: &[u8]| sock_filter {
            code: u16::from_le_bytes([step[0], step[1]]),
            jt: step[2],
            jf: step[3],
            k: u32::from_le_bytes([step[4], step[5], step[6], step[7]]),
        };
        bytes.chunks(8).map(read).collect()
    }

    const X86_64: u32 = 0xC000_003E;
    const I386: u32 = 0x4000_0003;
    const ALLOW: u32 = 0x7fff_0000;

    #[test]
    fn cells_are_refused_what_the_table_says() {
        for (machine, audit) in [(Machine::X86_64, X86_64), (Machine::I386, I386)] {
            let filters = &for_cells(Allowance::Lone)[&machine];
            let (ask, refuse) = (program(&filters.ask), program(&filters.refuse));
            for call in CALLS.iter().filter(|call| is_refused(call)) {
                let Some(number) = call.number(machine) else { continue };
                assert_eq!(answer(&ask, audit, number as u32, [0; 6]), USER_NOTIF, "{}", call.name);
                assert_eq!(answer(&refuse, audit, number as u32, [0; 6]), 0x0005_0001, "{}", call.name);
            }
            let number = |name: &str| named(name).unwrap().number(machine).unwrap() as u32;
            // Threads and processes, but no namespaces; files to be read, but none to be written unseen.
            assert_eq!(answer(&ask, audit, number("clone"), [0x003d_0f00, 0, 0, 0, 0, 0]), ALLOW);
            assert_eq!(answer(&ask, audit, number("clone"), [0x1000_0011, 0, 0, 0, 0, 0]), USER_NOTIF);
            assert_eq!(answer(&ask, audit, number("openat"), [0, 0, 0o2_000_000, 0, 0, 0]), ALLOW);
            assert_eq!(answer(&ask, audit, number("openat"), [0, 0, 0o102, 0, 0, 0]), USER_NOTIF);
            assert_eq!(answer(&refuse, audit, number("openat"), [0, 0, 0o102, 0, 0, 0]), ALLOW);
            assert_eq!(answer(&ask, audit, number("prlimit64"), [0, 7, 0, 0, 0, 0]), ALLOW);
            assert_eq!(answer(&ask, audit, number("prlimit64"), [1, 7, 0, 0, 0, 0]), USER_NOTIF);
            let kill = program(&filters.own_kill);
            assert_eq!(answer(&kill, audit, number("kill"), [2, 9, 0, 0, 0, 0]), 0x8000_0000);
            assert_eq!(answer(&kill, audit, number("kill"), [3, 9, 0, 0, 0, 0]), ALLOW);
            let absent = program(&filters.absent);
            assert_eq!(answer(&absent, audit, number("clone3"), [0; 6]), 0x0005_0026);
        }
    }

    #[test]
    fn other_numbers_of_the_same_calls_lead_nowhere() {
        let ask = program(&for_cells(Allowance::Lone)[&Machine::X86_64].ask);
        let ptrace = named("ptrace").unwrap().number(Machine::X86_64).unwrap() as u32;
        assert_eq!(answer(&ask, X86_64, X32 | ptrace, [0; 6]), 0x0005_0026);
        assert_eq!(answer(&ask, I386, 26, [0; 6]), 0x0005_0026, "32-bit calls of a 64-bit cell");
    }

    #[test]
    fn ranks_talk() {
        let ask = program(&for_cells(Allowance::Ranks)[&Machine::X86_64].ask);
        let socket = named("socket").unwrap().number(Machine::X86_64).unwrap() as u32;
        assert_eq!(answer(&ask, X86_64, socket, [0; 6]), ALLOW);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_cage_holds_both_interfaces_of_its_machine() {
        let program = for_cage();
        for (machine, audit) in [(Machine::X86_64, X86_64), (Machine::I386, I386)] {
            let number = |name: &str| named(name).unwrap().number(machine).unwrap() as u32;
            assert_eq!(answer(&program, audit, number("bpf"), [0; 6]), 0x0005_0001);
            assert_eq!(answer(&program, audit, number("mount"), [0; 6]), ALLOW);
            assert_eq!(answer(&program, audit, number("socket"), [0; 6]), ALLOW);
        }
    }
}
