//! Files that want to run something without its being seen. A wrong "known" is the worst that can happen here.

use std::io::Cursor;

use super::*;
use crate::vocab::Trust;

fn seen(bytes: &[u8]) -> Inspection {
    inspect(Cursor::new(bytes), InspectOptions::FACTS)
}

fn trust_of(bytes: &[u8], path: &str) -> Option<Trust> {
    seen(bytes).globals().iter().find(|global| global.path() == path).map(|global| global.trust)
}

#[test]
fn every_way_to_call_names_what_is_called() {
    let ways: &[&[u8]] = &[
        b"cos\nsystem\n(S'id'\ntR.",
        b"(S'id'\nios\nsystem\n.",
        b"(cos\nsystem\nS'id'\no.",
        b"\x80\x02cos\nsystem\nU\x02id\x85\x81.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85}\x92.",
        // Names out of the memo, the first of them written long before.
        b"\x80\x04\x8c\x06system\x94\x8c\x02os\x94\x30\x30h\x01h\x00\x93\x8c\x02id\x85R.",
        b"\x80\x04\x8c\x06system\x94\x30\x8c\x02os\x94\x30h\x01h\x00\x93.",
        b"\x80\x04\x8c\x0csklearn.base\x8c\x09os.system\x93\x8c\x02id\x85R.",
        // numpy's way to write a ufunc imports any name of any module.
        b"\x80\x04\x8c\x0anumpy.core\x8c\x12_ufunc_reconstruct\x93\x8c\x02os\x8c\x06system\x86R\x8c\x02id\x85R.",
        b"cos\nsystem\n(S'id'\ntR\xff",
        b"\x80\x04N.\x80\x04cos\nsystem\n.",
    ];
    for bytes in ways {
        let found = seen(bytes);
        assert_eq!(found.trust(), Trust::Dangerous, "{:?}", String::from_utf8_lossy(bytes));
        assert!(found.globals().iter().any(|global| global.path().ends_with("os.system")), "{found:?}");
    }
}

#[test]
fn what_cannot_be_named_is_never_known() {
    let ways: &[&[u8]] = &[
        // The result of a call is called.
        b"\x80\x04cfunctools\npartial\ncnumpy\nlog\n\x85R)R.",
        // Names that are made by calls.
        b"\x80\x04cbuiltins\nstr\nC\x02os\x8c\x05ascii\x86R\x8c\x06system\x93.",
        b"\x80\x02\x82\x01)R.",
        b"\x80\x02\x83\x01\x01.",
        // The class is made by a call.
        b"\x80\x04cbuiltins\ntype\n\x8c\x01x)}\x87R)\x81.",
        b"\x80\x04ccopyreg\n__newobj__\ncbuiltins\ntype\n\x8c\x01x)}\x87R\x85R.",
        // Arguments that are made by a call.
        b"\x80\x04cnumpy.random._pickle\n__randomstate_ctor\ncbuiltins\ntuple\n]N\x61\x85RR.",
        // A ufunc whose module is made by a call.
        b"\x80\x04cnumpy.core\n_ufunc_reconstruct\ncbuiltins\nstr\n)R\x8c\x01x\x86R.",
        // An object calls what its own dictionary says.
        b"\x80\x04csklearn.base\nX\n)\x81}\x8c\x0c__setstate__cfunctools\npartial\nN\x85RsbN}b.",
        b"\x80\x04csklearn.base\nX\n)\x81}\x8c\x06extendcfunctools\npartial\nN\x85Rsb(Ne.",
    ];
    for bytes in ways {
        let found = seen(bytes);
        assert_ne!(found.trust(), Trust::Known, "{:?}: {found:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn functions_that_are_handed_over_count_as_called() {
    // `__randomstate_ctor(name, constructor)` calls the second with the first.
    let bytes = b"\x80\x04cnumpy.random._pickle\n__randomstate_ctor\n\x8c\x01xcnumpy\nclip\n\x86R.";
    assert_eq!(trust_of(bytes, "numpy.clip"), Some(Trust::Unknown));
    let kept = b"\x80\x04cfunctools\npartial\ncnumpy\nclip\n\x85R.";
    assert_eq!(seen(kept).trust(), Trust::Known);
    // The class that `copyreg` or pandas is to make is made.
    for maker in ["ccopyreg\n__newobj__\n", "cpandas.core.indexes.base\n_new_Index\n"] {
        let bytes = [b"\x80\x04", maker.as_bytes(), b"cnumpy\nmemmap\n\x8c\x01x\x86R."].concat();
        assert_eq!(trust_of(&bytes, "numpy.memmap"), Some(Trust::Unknown), "{maker}");
    }
    let kept = b"\x80\x04cnumpy._core.multiarray\n_reconstruct\ncnumpy\nmemmap\nK\x00\x85C\x01b\x87R.";
    assert_eq!(seen(kept).trust(), Trust::Known);
}

#[test]
fn methods_of_known_classes_may_be_kept_and_not_called() {
    let method = |object: &str, name: &str, end: &str| {
        let name = format!("{}{name}", char::from(name.len() as u8));
        let object = format!("c__builtin__\ngetattr\n{object}");
        [b"\x80\x04", object.as_bytes(), b"\x8c", name.as_bytes(), b"\x86R", end.as_bytes()].concat()
    };
    let object = "csklearn.svm._classes\nSVC\n)R";
    assert_eq!(seen(&method(object, "predict", ".")).trust(), Trust::Known);
    assert_ne!(seen(&method(object, "predict", ")R.")).trust(), Trust::Known);
    for (object, name) in [
        (object, "__class__"),
        ("csklearn.svm._classes\nSVC\n", "predict"),
        ("csklearn.base\nclone\n", "x"),
        ("cevil\nEvil\n)R", "x"),
        ("N", "x"),
    ] {
        assert_eq!(seen(&method(object, name, ".")).trust(), Trust::Dangerous, "{object} {name}");
    }
}

/// A distribution of scipy gets a state.
fn distribution(state: &[u8]) -> Vec<u8> {
    [b"\x80\x04cscipy.stats._continuous_distns\nnorm_gen\n)\x81".as_slice(), state, b"b."].concat()
}

const KEY: &[u8] = b"\x8c\x13_parse_arg_template";
const OWN: &[u8] = b"\x8c\x4c\ndef _parse_args(self, loc=0, scale=1):\n    return (), loc, scale\n          ";

#[test]
fn text_that_scipy_runs_is_seen() {
    assert_eq!(OWN.len(), 2 + 0x4c);
    let own = [b"}".as_slice(), KEY, OWN, b"s"].concat();
    assert_eq!(seen(&distribution(&own)).trust(), Trust::Known, "{:?}", seen(&distribution(&own)));
    let evil = [KEY, b"\x8c\x09import os"].concat();
    let ways = [
        [b"}", evil.as_slice(), b"s"].concat(),
        [b"(", evil.as_slice(), b"d"].concat(),
        [b"}(", evil.as_slice(), b"u"].concat(),
        // Slots instead of a dictionary.
        [b"N}", evil.as_slice(), b"s\x86"].concat(),
        // The dictionary is filled under another name.
        [b"}\x94", evil.as_slice(), b"s0h\x00"].concat(),
        [b"}\x940h\x00", evil.as_slice(), b"s0h\x00"].concat(),
        [b"}\x94h\x00", evil.as_slice(), b"s0"].concat(),
        [b"}2", evil.as_slice(), b"s0"].concat(),
        // It is no dictionary of the file's own.
        [b"ccollections\nOrderedDict\n)R", evil.as_slice(), b"s"].concat(),
        [b"cbuiltins\ndict\n(", evil.as_slice(), b"t\x85\x85R"].concat(),
        // The key or the text is made by a call.
        [b"}cbuiltins\nstr\nC\x01x\x85R", &evil[KEY.len()..], b"s"].concat(),
        [b"}".as_slice(), KEY, b"cbuiltins\nstr\nC\x01x\x85Rs"].concat(),
        // It is too large to be looked through.
        [b"}(", b"K\x01N".repeat(5000).as_slice(), b"u(", evil.as_slice(), b"u"].concat(),
        // The text is too long to be held.
        [b"}".as_slice(), KEY, b"X\x00\x10\x00\x00", &[b' '; 4096], b"s"].concat(),
    ];
    for (index, way) in ways.iter().enumerate() {
        let found = seen(&distribution(way));
        let path = "scipy.stats._continuous_distns.norm_gen";
        assert_eq!(trust_of(&distribution(way), path), Some(Trust::Dangerous), "{index}: {found:?}");
    }
    // The memo of what was filled long ago is forgotten.
    let mut bytes = b"\x80\x04cscipy.stats._continuous_distns\nnorm_gen\n)\x81}\x94".to_vec();
    bytes.extend(b"(K\x01K\x01t0".repeat(200_000));
    bytes.extend([b"h\x00", evil.as_slice(), b"s0b."].concat());
    assert_eq!(seen(&bytes).trust(), Trust::Dangerous);
}

/// A file that is an array for joblib and something else for `pickle.load`.
fn two_faced(array: &[u8]) -> Vec<u8> {
    let mut out = b"\x80\x04cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(".to_vec();
    out.extend(b"\x8c\x05shapeM");
    out.extend((array.len() as u16).to_le_bytes());
    out.extend(b"\x85\x8c\x05order\x8c\x01C\x8c\x05dtypecnumpy\ndtype\n\x8c\x02u1\x89\x88\x87R(K\x03\x8c\x01|NNNK\x01K\x01K\x00tb");
    out.extend(b"ub");
    out.extend(array);
    out.push(b'.');
    out
}

#[test]
fn arrays_of_joblib_are_read_as_pickle_load_would() {
    let honest: &[&[u8]] = &[
        b"",
        b"\x00\x00\x00\x00",
        b"ccc\xe9",
        b"c\x00\x00\x00",
        b"0123456789",
        b"GGGGGGGG",
        b"NNNNNNNN",
        b"(((((((",
        b"RRRR",
    ];
    for array in honest {
        let found = seen(&two_faced(array));
        assert_eq!((found.trust(), found.complete), (Trust::Known, true), "{array:?}: {found:?}");
    }
    let evil: &[&[u8]] = &[
        b"cos\nsystem\n(S'id'\ntR.",
        b"0(S'id'\nios\nsystem\n.",
        b"0\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.",
        b"X\x05\x00\x00\x00xxxxxcos\nsystem\n.",
        b"cnumpy\ndtype\ncos\nsystem\n.",
    ];
    for array in evil {
        let found = seen(&two_faced(array));
        assert_eq!(found.trust(), Trust::Dangerous, "{array:?}: {found:?}");
        assert_eq!(found.pickle.unwrap().pickles, 1);
    }
    // Neither may it import what a call has named before.
    let mut named = b"\x80\x04cbuiltins\nstr\nC\x02os\x8c\x05ascii\x86R\x94\x30".to_vec();
    named.extend(&two_faced(b"0h\x00\x8c\x06system\x93.")[2..]);
    assert_eq!(seen(&named).trust(), Trust::Unknown);
    // A text within the array hides what stands behind it from a look of bounded length.
    let mut hidden = [b"X\x00\xf0\x00\x00".as_slice(), &vec![b'x'; 0xf000]].concat();
    hidden.extend(b"cos\nsystem\n.");
    assert_eq!(seen(&two_faced(&hidden)).trust(), Trust::Dangerous);
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn archives_that_are_two_things_are_malformed() {
    let honest = archive(&[("a.pkl", b"\x80\x04N."), ("b.pkl", b"\x80\x04N.")]);
    let found = seen(&honest);
    assert_eq!((found.trust(), found.complete, found.problems.len()), (Trust::Known, true, 0), "{found:?}");
    let changed = |from: &[u8], to: &[u8], last: bool| {
        let mut bytes = honest.clone();
        let mut places = memchr::memmem::find_iter(&honest, from).collect::<Vec<_>>();
        let at = if last { places.pop() } else { places.first().copied() }.unwrap();
        bytes[at..at + from.len()].copy_from_slice(to);
        bytes
    };
    let twice = {
        let mut bytes = honest.clone();
        for at in memchr::memmem::find_iter(&honest, b"b.pkl") {
            bytes[at..at + 5].copy_from_slice(b"a.pkl");
        }
        bytes
    };
    for (odd, what) in [
        (changed(b"a.pkl", b"c.pkl", false), "has another name"),
        (changed(b"a.pkl", b"../a.", true), "another name"),
        (archive(&[("../a.pkl", b"\x80\x04N.")]), "unpacked outside"),
        (archive(&[("/a.pkl", b"\x80\x04N.")]), "unpacked outside"),
        (twice, "is there twice"),
        ([&b"PK\x03\x04 another archive"[..], &honest].concat(), "stand before"),
        ([&honest[..], b"more"].concat(), "follow the end"),
    ] {
        let found = seen(&odd);
        let problem = found.problems.iter().any(|problem| problem.what.contains(what));
        assert!(problem && !found.complete && found.trust() == Trust::Unknown, "{what}: {found:?}");
    }
}

#[test]
fn what_stands_in_a_second_stream_is_read() {
    let pickle = b"\x80\x04cos\nsystem\n\x8c\x02id\x85R.";
    let parts = [zlib(&pickle[..5]), zlib(&pickle[5..])].concat();
    assert_eq!(seen(&parts).trust(), Trust::Dangerous, "joblib goes on with the next stream");
}

#[test]
fn schemas_with_two_answers_are_malformed() {
    let name = "x".repeat(300);
    for schema in [
        r#"{"__class__": "A", "__class__": "system", "__module__": "os", "__loader__": "X"}"#.to_owned(),
        r#"{"__class__": "A", "__module__": "os", "content": 1, "content": {"__class__": "B"}}"#.to_owned(),
        r#"{"__class__": ["A"], "__module__": "os"}"#.to_owned(),
        format!(r#"{{"__class__": "{name}", "__module__": "os"}}"#),
    ] {
        let found = seen(&archive(&[("schema.json", schema.as_bytes())]));
        assert!(!found.complete, "{schema}: {found:?}");
    }
}

#[test]
fn arrays_say_how_they_are_written_or_are_malformed() {
    let array = |header: &str, rest: &[u8]| {
        let header = format!("{header}\n");
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), rest].concat()
    };
    let pickle = b"\x80\x04cos\nsystem\n\x8c\x02id\x85R.";
    for descr in ["'|O'", "'O'", "'O8'", "'>O'", "[('a', 'O')]", "[('a', '|O')]", "'object'", "'f4,O'"] {
        let found =
            seen(&array(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}"), pickle));
        assert_ne!(found.trust(), Trust::Known, "{descr}: {found:?}");
    }
    for header in [
        "{'descr': '\\x7cO', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'descr': '|O'}",
        "{'fortran_order': False, 'shape': (1,), #'descr': '<f8',\r 'descr': '|O'}",
    ] {
        let found = seen(&array(header, pickle));
        assert!(!found.complete && found.trust() == Trust::Unknown, "{header}: {found:?}");
    }
}

/// What scanners of others were got around with, in versions of our own.
#[test]
fn ways_around_scanners_lead_nowhere() {
    let class = "sklearn.linear_model._logistic";
    let text = |word: &str| [b"\x8c".as_slice(), &[word.len() as u8], word.as_bytes()].concat();
    let global = |module: &str, name: &str| [&text(module)[..], &text(name), b"\x93"].concat();
    let set = |key: &str, value: &str| [b"N}".as_slice(), &text(key), &text(value), b"s\x86b"].concat();
    let ways: Vec<Vec<u8>> = vec![
        // Attributes of a class become the names of an import.
        [
            b"\x80\x04".as_slice(),
            &global(class, "LogisticRegression"),
            &set("a", "os"),
            &set("b", "system"),
            b"0",
            &global(class, "LogisticRegression.a"),
            &global(class, "LogisticRegression.b"),
            b"\x93)R.",
        ]
        .concat(),
        // PUT and MEMOIZE number in one memo.
        [
            b"\x80\x04U\x02osq\x00U\x06systemq\x01".as_slice(),
            &text("sklearn.base"),
            b"\x94",
            &text("BaseEstimator"),
            b"\x94h\x00h\x01\x93)R.",
        ]
        .concat(),
        [&text("os")[..], b"p0\n", &text("sklearn"), b"p1\ng0\n", &text("system"), b"\x93)R."].concat(),
        // What was called is thrown away, and the file breaks off behind it.
        b"\x80\x04cos\nsystem\n\x8c\x02id\x85R0N.".to_vec(),
        b"\x80\x04cos\nsystem\n\x8c\x02id\x85Rbroken".to_vec(),
        // Names out of calls that are made of known parts only.
        [&global("collections", "OrderedDict")[..], b")R", &text("x"), b"\x93)R."].concat(),
        [&global("builtins", "str")[..], &text("os"), b"\x85\x81", &text("system"), b"\x93)R."].concat(),
        [
            &global("operator", "itemgetter")[..],
            b"K\x00\x85R",
            &text("os"),
            b"\x85\x85R",
            &text("system"),
            b"\x93.",
        ]
        .concat(),
        // Hooks of a known package get another function.
        [&global("sklearn.metrics._scorer", "_SCORERS")[..], &text("x"), &global("numpy", "clip"), b"s."]
            .concat(),
        [&global("sklearn.utils", "hooks")[..], &global("numpy", "clip"), b"a."].concat(),
        // A joblib file whose arrays are elsewhere.
        [
            &global("joblib.numpy_pickle", "NDArrayWrapper")[..],
            b")\x81}",
            &text("filename"),
            &text("/tmp/x.pkl"),
            b"sb.",
        ]
        .concat(),
        // Another archive behind a damaged checksum.
        {
            let mut bytes = archive(&[("data.pkl", b"\x80\x04cos\nsystem\n)R.")]);
            let at = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap() + 16;
            bytes[at] ^= 0xff;
            bytes
        },
    ];
    for way in ways {
        let found = seen(&way);
        assert_ne!(found.trust(), Trust::Known, "{:?}: {found:?}", String::from_utf8_lossy(&way));
    }
}
