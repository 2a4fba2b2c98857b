//! Versions, specifiers and requirements against the packaging specification.

use proptest::prelude::*;
use shelflife::notation::{Requirement, Specifiers, Version, package_name};

fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

#[test]
fn the_order_of_the_specification() {
    let ascending = [
        "1.0.dev456",
        "1.0a1",
        "1.0a2.dev456",
        "1.0a12.dev456",
        "1.0a12",
        "1.0b1.dev456",
        "1.0b2",
        "1.0b2.post345.dev456",
        "1.0b2.post345",
        "1.0rc1.dev456",
        "1.0rc1",
        "1.0",
        "1.0.post456.dev34",
        "1.0.post456",
        "1.0.15",
        "1.1.dev1",
        "1!0.1",
    ];
    for (index, low) in ascending.iter().enumerate() {
        for high in &ascending[index + 1..] {
            assert!(version(low) < version(high), "{low} < {high}");
        }
    }
}

#[test]
fn spellings_are_normalised() {
    for (text, normal) in [
        ("V1.2.2", "1.2.2"),
        ("1.6.0-RC.1", "1.6.0rc1"),
        ("1.6.0c1", "1.6.0rc1"),
        ("1.0.alpha", "1.0a0"),
        ("0.22.2-post1", "0.22.2.post1"),
        ("0.22.2.r1", "0.22.2.post1"),
        ("2.1.0+cu118", "2.1.0+cu118"),
        ("1.9.dev0", "1.9.dev0"),
        ("1!2.0", "1!2.0"),
    ] {
        assert_eq!(version(text).to_string(), normal);
    }
    assert_eq!(version("1.0"), version("1.0.0"));
    for text in ["", "one", "1.", "1..2", "1.2.x", "1.5.*", "1.2-", "1.2+", "99999999999999999999999"] {
        assert!(text.parse::<Version>().is_err(), "{text}");
    }
}

#[test]
fn specifiers_mean_what_pip_means() {
    for (specifiers, text, expected) in [
        ("==1.5.*", "1.5.2", true),
        ("==1.5.*", "1.50.0", false),
        ("==1.5", "1.5.0", true),
        ("!=1.5.*", "1.5.2", false),
        ("==1.5.*", "1", false),
        ("==1.0.*", "1", true),
        ("!=1.5.*", "1", true),
        ("==2.1.0", "2.1.0+cu118", true),
        ("<=2.1.0", "2.1.0+cu118", true),
        ("==2.1.0+cu118", "2.1.0", false),
        ("<1.3rc2", "1.3rc3", false),
        ("<1.3rc2", "1.2.9", true),
        ("<1.3", "1.3.0rc1", false),
        ("<1.3", "1.2.9", true),
        ("<1.3rc2", "1.3rc1", true),
        (">1.7", "1.7.post1", false),
        (">1.7", "1.7.1", true),
        ("~=1.4.2", "1.4.9", true),
        ("~=1.4.2", "1.5.0", false),
        ("~=1.4", "1.9", true),
        (">=1.3, <1.6", "1.6.0", false),
        (">=1.3,<1.6", "1.5.2", true),
    ] {
        let parsed: Specifiers = specifiers.parse().unwrap();
        assert_eq!(parsed.matches(&version(text)), expected, "{specifiers} {text}");
    }
    for text in ["1.5", "=1.5", ">=1.5.*", "~=1", "<", ">=1.2,,<2", "===1.0", ">=1.2+cu118", "~=1.4.*"] {
        assert!(text.parse::<Specifiers>().is_err(), "{text}");
    }
}

#[test]
fn requirements_and_package_names() {
    let requirement: Requirement = "Scikit_Learn >=1.3,<1.6".parse().unwrap();
    assert_eq!(requirement.to_string(), "scikit-learn>=1.3,<1.6");
    assert_eq!("pandas".parse::<Requirement>().unwrap().to_string(), "pandas");
    assert_eq!(package_name("Foo.__-bar").unwrap(), "foo-bar");
    assert_eq!(package_name("sklearn").unwrap_err().help, "write `scikit-learn`");
    for text in ["", "-x", "a b", "x[extra]>=1"] {
        assert!(text.parse::<Requirement>().is_err(), "{text}");
    }
}

fn any_version() -> impl Strategy<Value = Version> {
    let letter = prop::sample::select(vec!["a", "b", "rc"]);
    (
        prop::collection::vec(0u64..4, 1..4),
        prop::option::of((letter, 0u64..3)),
        prop::option::of(0u64..3),
        prop::option::of(0u64..3),
    )
        .prop_map(|(release, pre, post, dev)| {
            let mut text = release.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
            if let Some((letter, number)) = pre {
                text += &format!("{letter}{number}");
            }
            if let Some(number) = post {
                text += &format!(".post{number}");
            }
            if let Some(number) = dev {
                text += &format!(".dev{number}");
            }
            version(&text)
        })
}

proptest! {
    #[test]
    fn the_order_is_total_and_transitive(a in any_version(), b in any_version(), c in any_version()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a == b, a.cmp(&b).is_eq());
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
    }

    #[test]
    fn the_text_reads_back(a in any_version()) {
        let again = version(&a.to_string());
        prop_assert_eq!(again.to_string(), a.to_string());
        prop_assert_eq!(again, a);
    }

    #[test]
    fn a_suffix_sorts_around_its_release(release in prop::collection::vec(0u64..9, 1..4)) {
        let text = release.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
        let plain = version(&text);
        let with = |suffix: &str| version(&(text.clone() + suffix));
        prop_assert!(with("rc1") < plain);
        prop_assert!(with(".dev1") < plain);
        prop_assert!(with(".post1") > plain);
        prop_assert!(with(".1") > plain);
    }

    #[test]
    fn operators_agree_with_each_other(a in any_version(), b in any_version()) {
        let holds = |operator: &str| format!("{operator}{b}").parse::<Specifiers>().unwrap().matches(&a);
        prop_assert_eq!(holds("=="), !holds("!="));
        prop_assert_eq!(holds("<="), a <= b);
        prop_assert_eq!(holds(">="), a >= b);
        prop_assert!(!holds("<") || a < b);
        prop_assert!(!holds(">") || a > b);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,20}") {
        let _ = text.parse::<Version>();
        let _ = text.parse::<Specifiers>();
        let _ = text.parse::<Requirement>();
    }
}
