//! Artifacts made by hand, byte for byte, and what becomes of them when bytes change or are missing.

use std::io::{Cursor, Write as _};

use proptest::prelude::*;

use super::*;
use crate::vocab::{ByteOrder, Digest, Trust};

fn seen(bytes: &[u8]) -> Inspection {
    inspect(Cursor::new(bytes), InspectOptions::default())
}

fn text(out: &mut Vec<u8>, word: &str) {
    out.extend([0x8c, word.len() as u8]);
    out.extend(word.as_bytes());
    out.push(0x94);
}

fn global(out: &mut Vec<u8>, module: &str, name: &str) {
    text(out, module);
    text(out, name);
    out.extend([0x93, 0x94]);
}

fn dtype(out: &mut Vec<u8>, code: &str) {
    global(out, "numpy", "dtype");
    text(out, code);
    out.extend(b"\x89\x88\x87R\x94(K\x03");
    text(out, if code.starts_with('O') { "|" } else { "<" });
    out.extend(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK");
    out.push(if code.starts_with('O') { 63 } else { 0 });
    out.extend(b"t\x94b");
}

/// A logistic regression as joblib 1.2 or later writes it, with one array of `values` float64 and one of objects.
fn joblib(values: usize, pad: bool) -> Vec<u8> {
    let mut out = b"\x80\x04".to_vec();
    global(&mut out, "sklearn.linear_model._logistic", "LogisticRegression");
    out.extend(b")\x81\x94}\x94(");
    text(&mut out, "coef_");
    wrapper(&mut out, "f8", values as u16, pad);
    if pad {
        out.extend(b"\x03\xff\xff\xff");
    }
    out.extend(vec![b'.'; values * 8]);
    text(&mut out, "classes_");
    wrapper(&mut out, "O8", 1, pad);
    // A pickle of its own.
    out.extend(b"\x80\x04");
    global(&mut out, "numpy._core.multiarray", "_reconstruct");
    out.extend(b"K\x00\x85R(K\x01K\x01\x85");
    dtype(&mut out, "O8");
    out.extend(b"\x89]tb.");
    text(&mut out, "_sklearn_version");
    text(&mut out, "1.6.1");
    out.extend(b"ub.");
    out
}

fn wrapper(out: &mut Vec<u8>, code: &str, length: u16, pad: bool) {
    global(out, "joblib.numpy_pickle", "NumpyArrayWrapper");
    out.extend(b")\x81\x94}\x94(");
    text(out, "shape");
    out.push(b'M');
    out.extend(length.to_le_bytes());
    out.extend(b"\x85\x94");
    text(out, "order");
    text(out, "C");
    text(out, "dtype");
    dtype(out, code);
    if pad {
        text(out, "numpy_array_alignment_bytes");
        out.extend(b"K\x10");
    }
    out.extend(b"ub");
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn joblib_files_are_read_across_their_arrays() {
    for (pad, aligned) in [(true, (1, 0)), (false, (0, 1))] {
        for bytes in [joblib(3, pad), zlib(&joblib(3, pad))] {
            let found = seen(&bytes);
            assert_eq!(found.problems, [], "{pad}");
            assert_eq!((found.kind, found.complete), (ArtifactKind::Joblib, true));
            assert_eq!(found.recorded_version("scikit-learn"), Some("1.6.1"));
            let pickle = found.pickle.as_ref().unwrap();
            let framing = pickle.joblib.as_ref().unwrap();
            assert_eq!(((framing.aligned, framing.packed), framing.objects), (aligned, 1));
            assert_eq!(pickle.pickles, 2);
            let array = &found.arrays[0];
            assert_eq!(
                (array.dtype.as_str(), array.bytes, array.byte_order),
                ("<f8", 24, Some(ByteOrder::Little))
            );
            let class = found.estimators().next().unwrap();
            assert_eq!(class.attributes["coef_"].values, ["ndarray <f8 1d of 3"]);
            assert!(found.globals().iter().all(|global| global.trust == Trust::Known));
        }
    }
}

#[test]
fn every_truncation_is_said_with_its_place() {
    let whole = joblib(3, true);
    for end in 2..whole.len() {
        let found = seen(&whole[..end]);
        assert!(!found.complete, "{end}");
        let problem = found.problems.first().unwrap();
        assert_eq!((problem.kind, problem.offset), (ProblemKind::Truncated, end as u64), "{}", problem.what);
    }
}

#[test]
fn code_is_named_and_not_run() {
    let found = seen(b"cposix\nsystem\n(S'echo hi'\ntR.");
    let global = &found.globals()[0];
    assert_eq!((global.trust, global.called, global.offset), (Trust::Dangerous, 1, 0));
    assert_eq!(global.arguments, ["('echo hi')"]);
    // Through a module that the named one has imported.
    let mut bytes = b"\x80\x04".to_vec();
    global_of(&mut bytes, "sklearn.base", "os.system");
    assert_eq!(seen(&bytes).globals()[0].trust, Trust::Dangerous);
    // Names that cannot be told are counted.
    let found = seen(b"\x80\x04K\x01K\x02\x93.");
    assert_eq!(found.problems[0].what, "the name of an import is not text");
}

fn global_of(out: &mut Vec<u8>, module: &str, name: &str) {
    global(out, module, name);
    out.extend(b")R.");
}

#[test]
fn what_stands_behind_the_end_is_said() {
    let found = seen(b"\x80\x04N.garbage");
    assert_eq!(found.problems[0].kind, ProblemKind::Trailing);
    let found = seen(b"\x80\x04N.\x80\x02cos\nsystem\n.");
    assert_eq!(found.globals()[0].trust, Trust::Dangerous);
    assert!(found.problems[0].what.contains("another pickle"), "{:?}", found.problems);
}

#[test]
fn claims_are_not_believed() {
    let bombs: [&[u8]; 5] = [
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff.",
        b"Nr\xff\xff\xff\xff",
        b"]\x00\x00\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ];
    for bomb in bombs {
        assert!(!seen(bomb).complete, "{bomb:?}");
    }
    // Marks without end, a memo without end, tuples of tuples.
    assert!(!seen(&vec![b'('; 1 << 20]).complete);
    assert!(!seen(&[b"\x80\x04N".as_slice(), &vec![0x94; 1 << 20]].concat()).complete);
    assert!(seen(&[b"\x80\x04)".as_slice(), &vec![0x85; 1 << 20], b"."].concat()).complete);
    assert!(seen(&[b"\x80\x04)".as_slice(), &[b'2', 0x86].repeat(1 << 19), b"."].concat()).complete);
    // A gigabyte of zeros in a megabyte is a bomb only beyond what arrays compress to.
    let found = seen(&zlib(&vec![0; 1 << 22]));
    assert!(!found.complete);
}

#[test]
fn fields_of_records_tell_the_width_of_a_pointer() {
    for (code, bits) in [("i8", 64), ("i4", 32)] {
        let mut out = b"\x80\x04".to_vec();
        global(&mut out, "numpy", "dtype");
        text(&mut out, "V8");
        out.extend(b"\x89\x88\x87R\x94(K\x03");
        text(&mut out, "|");
        out.push(b'N');
        text(&mut out, "left_child");
        out.extend(b"\x85\x94}\x94");
        text(&mut out, "left_child");
        dtype(&mut out, code);
        out.extend(b"K\x00\x86\x94sK\x08K\x01K\x10t\x94b.");
        let found = seen(&out);
        assert_eq!(found.problems, []);
        let pointer = &found.pickle.unwrap().pointers[0];
        assert_eq!((pointer.bits, pointer.byte_order), (bits, ByteOrder::Little));
    }
}

/// What must hold of any bytes at all.
fn check(bytes: &[u8]) {
    let found = seen(bytes);
    assert_eq!(found.size, bytes.len() as u64);
    assert_eq!(found.digest, Some(Digest::of(bytes)));
    let json = serde_json::to_vec(&found).unwrap();
    assert!(json.len() < 64 << 10 | (bytes.len() * 64), "{}", json.len());
    assert!(found.complete || !found.problems.is_empty());
    let again: Inspection = serde_json::from_slice(&json).unwrap();
    assert_eq!(serde_json::to_vec(&again).unwrap(), json);
}

#[test]
fn what_dill_writes_for_a_class_of_its_own_is_code_and_no_command() {
    let named = |second: &str| {
        let mut out = b"\x80\x04".to_vec();
        global(&mut out, "builtins", "getattr");
        global(&mut out, "dill", "_dill");
        text(&mut out, second);
        global(&mut out, "builtins", "setattr");
        out.extend(b"\x87R.");
        let globals = seen(&out).pickle.unwrap().globals;
        globals.iter().map(|it| it.trust).collect::<Vec<_>>()
    };
    assert!(!named("_setattr").contains(&Trust::Dangerous), "{:?}", named("_setattr"));
    assert!(named("_import_module").contains(&Trust::Dangerous));
}

#[test]
fn plain_namespaces_hold_values() {
    let mut out = b"\x80\x04".to_vec();
    global(&mut out, "types", "SimpleNamespace");
    out.extend(b")R}");
    text(&mut out, "a");
    out.extend(b"K\x01sb.");
    let globals = seen(&out).pickle.unwrap().globals;
    assert!(globals.iter().all(|it| it.trust == Trust::Known), "{globals:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("SHELFLIFE_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
    ))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        check(&bytes);
        check(&[b"\x80\x04".as_slice(), &bytes].concat());
        check(&[b"\x08\x07\x12\x02xx".as_slice(), &bytes].concat());
        check(&[npy::MAGIC, &bytes].concat());
    }

    #[test]
    fn no_opcodes_make_it_panic(
        picks in prop::collection::vec((0usize..68, any::<[u8; 2]>()), 0..300)
    ) {
        let opcodes = b"(.012FGIJKLMNPQRSTUVXabcdegh}ijloqprstu])\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98BC";
        let mut bytes = b"\x80\x04".to_vec();
        for (pick, more) in picks {
            bytes.push(opcodes[pick % opcodes.len()]);
            bytes.extend(&more[..usize::from(more[0] % 3)]);
        }
        check(&bytes);
    }

    #[test]
    fn changed_artifacts_do_not_make_it_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        pad in any::<bool>(),
        wrapped in any::<bool>(),
    ) {
        let mut bytes = joblib(5, pad);
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        check(&if wrapped { zlib(&bytes) } else { bytes });
        let mut compressed = zlib(&joblib(5, pad));
        for (at, byte) in &changes {
            let at = at.index(compressed.len());
            compressed[at] = *byte;
        }
        check(&compressed);
    }
}

/// What is no pickle is never walked as one for long, and what could be one is.
#[test]
fn boosters_in_their_own_formats_are_named_read_to_their_end_and_never_hide_a_pickle() {
    let kind = |bytes: &[u8]| {
        let found = seen(bytes);
        (found.kind, found.foreign, found.complete)
    };
    let json = br#"{"learner":{"attributes":{},"objective":{"name":"reg:squarederror"}},"version":[2,0,3]}"#;
    assert_eq!(kind(json), (ArtifactKind::Xgboost, None, true));
    assert_eq!(kind(&json[..60]), (ArtifactKind::Xgboost, Some(Foreign::Cut), false));
    let mut ubjson = b"{L\0\0\0\0\0\0\0\x07learner{}L\0\0\0\0\0\0\0\x07version[#L".to_vec();
    ubjson.extend(b"\0\0\0\0\0\0\0\x03i\x02i\x00i\x03}");
    assert_eq!(kind(&ubjson), (ArtifactKind::Xgboost, None, true));
    assert_eq!(kind(&ubjson[..40]).1, Some(Foreign::Cut));
    // Before 1.0: numbers only, and the name of the objective behind its length.
    let mut binary = vec![0; 136];
    binary.extend(15u64.to_le_bytes());
    binary.extend(b"binary:logistic\x06\0\0\0\0\0\0\0gbtree");
    assert_eq!(kind(&binary), (ArtifactKind::Xgboost, None, true));
    let text = b"tree\nversion=v4\nnum_class=1\n\nTree=0\n\nend of trees\n\nparameters:\n";
    assert_eq!(kind(text), (ArtifactKind::Lightgbm, None, true));
    assert_eq!(kind(&text[..30]), (ArtifactKind::Lightgbm, Some(Foreign::Cut), false));
    let mut model = b"CBM1".to_vec();
    model.extend(80u32.to_le_bytes());
    model.extend([b'#'; 80]);
    assert_eq!(kind(&model), (ArtifactKind::Catboost, None, true));
    assert!(seen(&model).globals().is_empty() && seen(&model).trust() == Trust::Known);
    assert_eq!(kind(&model[..50]), (ArtifactKind::Catboost, Some(Foreign::Cut), false));
    // The first letter puts 66 bytes on the stack of a pickle, and what follows runs.
    let mut hostile = b"CBM1".to_vec();
    hostile.extend([b'.'; 64]);
    hostile.extend(b"cos\nsystem\n(S'id'\ntR.");
    assert_eq!(seen(&hostile).trust(), Trust::Dangerous);
}
