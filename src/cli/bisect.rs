//! `shelflife bisect`: the first release in which an artifact does worse.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::args::BisectArgs;
use super::check;
use super::console;
use super::environments;
use super::failure::Failure;
use super::load;
use super::making;
use super::run::{self, Running, Wanted};
use crate::artifact::python_for;
use crate::judge::{self, JudgeOptions};
use crate::matrix::{EnvironmentSpec, RuntimeSpec, VersionSpec};
use crate::notation::{Version, package_name};
use crate::plan::{self, Selection};
use crate::present;
use crate::provision::Provisioner;
use crate::store::CacheRoot;
use crate::vocab::{CellRecord, EnvName, ExitCode, Verdict, moves};

/// What one release gave.
struct Tried {
    cell: CellRecord,
    packages: BTreeMap<String, String>,
    python: String,
}

/// How bad a verdict is; `None` where there is none.
fn badness(verdict: Verdict) -> Option<u8> {
    match verdict {
        Verdict::Identical | Verdict::Roundoff => Some(0),
        Verdict::Drift => Some(1),
        Verdict::PredictError => Some(2),
        Verdict::LoadError => Some(3),
        Verdict::Crash | Verdict::Timeout | Verdict::OutOfMemory => Some(4),
        Verdict::EnvError | Verdict::Unsupported | Verdict::Absent | Verdict::Unverified => None,
    }
}

struct Bisection<'a> {
    args: &'a BisectArgs,
    package: String,
    base: EnvironmentSpec,
    folder: std::path::PathBuf,
    tried: BTreeMap<String, Tried>,
    skipped: Vec<(String, String)>,
}

pub(super) fn bisect(args: &BisectArgs) -> Result<ExitCode, Failure> {
    let package = package_name(&args.package)
        .map_err(|error| Failure::Usage { what: error.message, help: error.help })?;
    let good = version(&args.good, "--good")?;
    let bad = version(&args.bad, "--bad")?;
    let base = base(args, &package)?;
    let python = match &base.runtime {
        RuntimeSpec::Venv { python } => python.clone(),
        _ => {
            return Err(Failure::Usage {
                what: "releases are tried in environments that shelflife makes".to_owned(),
                help: "give --with as versions, such as \"scikit-learn==1.5.2 python==3.11\"".to_owned(),
            });
        }
    };
    let name = args.running.run.clone().unwrap_or_else(|| "bisect".to_owned());
    let folder = args.running.reports.join(name);
    let releases = releases(args, &package, &python, (&good, &bad))?;
    let mut search = Bisection { args, package, base, folder, tried: BTreeMap::new(), skipped: Vec::new() };
    let (first, last) = (0, releases.len() - 1);
    for index in [first, last] {
        if search.try_release(&releases[index])?.is_none() {
            let (version, reason) = search.skipped.last().cloned().unwrap_or_default();
            return Err(Failure::Bisect {
                what: format!("{} {version} has no verdict: {reason}", search.package),
                help: "choose another --good or --bad, or mend what is said".to_owned(),
            });
        }
    }
    let level = search.level(&releases[first]);
    if search.level(&releases[last]) <= level {
        let verdict = |at: usize| search.tried.get(&releases[at]).map(|it| it.cell.verdict.to_string());
        return Err(Failure::Bisect {
            what: format!(
                "nothing gets worse: {} {} gives {} and {} gives {}",
                search.package,
                releases[first],
                verdict(first).unwrap_or_default(),
                releases[last],
                verdict(last).unwrap_or_default()
            ),
            help: "choose a --good that works and a --bad that does not".to_owned(),
        });
    }
    let (lower, upper) = boundary(releases.len(), level, |index| search.try_release(&releases[index]))?;
    search.tell(&releases, lower, upper)
}

/// The last of `count` releases that is no worse than `level` and the first one behind it that is, where the first release
/// is known to be good and the last one to be bad. What has no verdict is passed over: next comes the nearest to the middle.
fn boundary<E>(
    count: usize,
    level: Option<u8>,
    mut probe: impl FnMut(usize) -> Result<Option<u8>, E>,
) -> Result<(usize, usize), E> {
    let (mut lower, mut upper) = (0, count - 1);
    let mut skipped = vec![false; count];
    loop {
        let middle = (lower + upper) / 2;
        let next = (lower + 1..upper).filter(|at| !skipped[*at]).min_by_key(|at| at.abs_diff(middle));
        let Some(next) = next else { return Ok((lower, upper)) };
        match probe(next)? {
            None => skipped[next] = true,
            found if found > level => upper = next,
            Some(_) => lower = next,
        }
    }
}

fn version(text: &str, option: &str) -> Result<Version, Failure> {
    text.parse().map_err(|_| Failure::Usage {
        what: format!("{option} `{text}` is not a version"),
        help: "write such as 1.5.2".to_owned(),
    })
}

/// What stays the same in every step: what was asked for, else what made the artifact.
fn base(args: &BisectArgs, package: &str) -> Result<EnvironmentSpec, Failure> {
    if let Some(text) = &args.with {
        return environments::parse_one(text, "--with");
    }
    let matrix = check::matrix("bisect", &args.files, Vec::new(), None)?;
    load::tell_refused(&matrix);
    let [model] = matrix.models.as_slice() else {
        return Err(if matrix.models.is_empty() {
            Failure::NoArtifact
        } else {
            Failure::Usage {
                what: format!("bisect takes one artifact, and this names {}", matrix.models.len()),
                help: "name one file".to_owned(),
            }
        });
    };
    let file = model.source.file();
    let maker = file.and_then(|file| matrix.environments.iter().find(|env| env.name == file.producer));
    let mut packages = BTreeMap::new();
    let declared = |name: &str| match maker.and_then(|maker| maker.packages.get(name)) {
        Some(VersionSpec::Exact(version)) => Some(version.clone()),
        _ => None,
    };
    if package != "scikit-learn" {
        let Some(version) = declared("scikit-learn") else {
            return Err(Failure::Usage {
                what: format!("nothing tells which scikit-learn goes with the releases of {package}"),
                help: "give --with, such as --with scikit-learn==1.5.2".to_owned(),
            });
        };
        packages.insert("scikit-learn".to_owned(), VersionSpec::Exact(version));
    }
    // One interpreter that has both ends, where there is one.
    let python = match (package, maker.map(|maker| &maker.runtime)) {
        ("scikit-learn", _) => python_for(Some(&args.bad), None),
        (_, Some(RuntimeSpec::Venv { python })) => python.clone(),
        _ => python_for(declared("scikit-learn").as_deref(), None),
    };
    Ok(EnvironmentSpec {
        packages,
        producer: false,
        ..EnvironmentSpec::new("base", RuntimeSpec::Venv { python })
    })
}

/// The releases from the good one to the bad one, both included, in order: up, or down where somebody goes back.
fn releases(
    args: &BisectArgs,
    package: &str,
    python: &str,
    (good, bad): (&Version, &Version),
) -> Result<Vec<String>, Failure> {
    if good == bad {
        return Err(Failure::Usage {
            what: format!("--good and --bad are both {}", args.good),
            help: "bisect goes from a release that works to one that does not, up or down".to_owned(),
        });
    }
    let provisioner = Provisioner::new(CacheRoot::open(None)?, making::options(args.running.making));
    let listed =
        super::env::runtime()?.block_on(provisioner.releases(package, python)).map_err(|failure| {
            Failure::Bisect { what: failure.reason(), help: failure.remedy().unwrap_or_default() }
        })?;
    let mut known: Vec<(Version, String)> = listed
        .into_iter()
        .filter_map(|text| Some((text.parse::<Version>().ok()?, text)))
        .filter(|(version, _)| (version > good) == (version < bad) && version != good && version != bad)
        .filter(|(version, _)| !version.is_prerelease())
        .collect();
    known.push((good.clone(), args.good.clone()));
    known.push((bad.clone(), args.bad.clone()));
    known.sort_by(|a, b| a.0.cmp(&b.0));
    if good > bad {
        known.reverse();
    }
    Ok(known.into_iter().map(|(_, text)| text).collect())
}

impl Bisection<'_> {
    fn level(&self, release: &str) -> Option<u8> {
        self.tried.get(release).and_then(|tried| badness(tried.cell.verdict))
    }

    /// Tries a release; `None` where it has no verdict, which is noted.
    fn try_release(&mut self, release: &str) -> Result<Option<u8>, Failure> {
        let mut environment = self.base.clone();
        environment.name = EnvName::from(match self.package.as_str() {
            "scikit-learn" => format!("sk{release}"),
            package => format!("{package}{release}"),
        });
        environment.packages.insert(self.package.clone(), VersionSpec::Exact(release.to_owned()));
        if self.package == "scikit-learn" && self.args.with.is_none() {
            environment.runtime = RuntimeSpec::Venv { python: python_for(Some(release), None) };
        }
        let consumer = environment.name.clone();
        let matrix = check::matrix("bisect", &self.args.files, vec![environment], None)?;
        let plan = plan::plan(&matrix, &Selection::default())?;
        let datasets = load::datasets(&matrix, &plan)?;
        let running = Running { reports: &self.folder, quiet: true, ..self.args.running.passing() };
        let wanted = Wanted { matrix, plan, datasets, name: release.to_owned(), running: &running };
        let done = run::execute(wanted)?;
        if done.report.interrupted {
            return Err(Failure::Stopped);
        }
        let record = judge::judge(&done.report.state, &JudgeOptions::default());
        let Some(cell) = record.cells.iter().find(|cell| cell.consumer == consumer) else {
            return Err(Failure::NoArtifact);
        };
        let level = badness(cell.verdict);
        console::note(&format!("{} {release}: {}", self.package, cell.verdict));
        match level {
            None => {
                let reason = present::reason(cell).unwrap_or_default();
                self.skipped.push((release.to_owned(), reason));
            }
            Some(_) => {
                let environment = record.environments.iter().find(|it| it.name == consumer);
                let tried = Tried {
                    cell: cell.clone(),
                    packages: environment.map(|it| it.packages.clone()).unwrap_or_default(),
                    python: environment.map(|it| it.python.clone()).unwrap_or_default(),
                };
                self.tried.insert(release.to_owned(), tried);
            }
        }
        Ok(level)
    }

    fn tell(&self, releases: &[String], lower: usize, upper: usize) -> Result<ExitCode, Failure> {
        let (Some(good), Some(bad)) = (self.tried.get(&releases[lower]), self.tried.get(&releases[upper]))
        else {
            return Err(Failure::NoArtifact);
        };
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "{}: {} with {} {}, {} with {}",
            bad.cell.model,
            good.cell.verdict,
            self.package,
            releases[lower],
            bad.cell.verdict,
            releases[upper]
        );
        let _ = writeln!(text, "  last good   {} {}", self.package, releases[lower]);
        let _ = writeln!(text, "  first bad   {} {}", self.package, releases[upper]);
        let _ = writeln!(text, "  what        {}", present::trouble(&bad.cell));
        if let Some(rule) = &bad.cell.rule {
            let _ = writeln!(text, "  known as    {rule}");
        }
        if let Some(blame) = &bad.cell.blame {
            let _ = writeln!(text, "  raised in   {blame}");
        }
        if good.python != bad.python {
            let _ = writeln!(text, "  also moves  python {} -> {}", good.python, bad.python);
        }
        let moved = moves(&good.packages, &bad.packages);
        let _ = writeln!(text, "  locks       {} moved", moved.len());
        for it in &moved {
            let _ = writeln!(text, "              {it}");
        }
        let between: Vec<&str> = releases[lower + 1..upper].iter().map(String::as_str).collect();
        if !between.is_empty() {
            let _ =
                writeln!(text, "  between     {} had no verdict: it may be one of them", between.join(", "));
        }
        for (version, reason) in &self.skipped {
            let first = reason.lines().next().unwrap_or_default();
            let _ = writeln!(text, "  skipped     {version}: {first}");
        }
        let _ = writeln!(
            text,
            "  tried       {} of {} releases; each is a run under {}",
            self.tried.len() + self.skipped.len(),
            releases.len(),
            self.folder.display()
        );
        console::print(&text)?;
        present::write_file(&self.folder.join("bisect.txt"), text.as_bytes())?;
        Ok(ExitCode::Done)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_boundary_is_found_around_what_has_no_verdict(
            good in 1usize..20, bad in 1usize..20, holes in prop::collection::vec(any::<bool>(), 40)
        ) {
            let count = good + bad;
            let verdict = |at: usize| match (holes[at], at < good) {
                (true, _) if at > 0 && at < count - 1 => None,
                (_, true) => Some(0),
                (_, false) => Some(3),
            };
            let mut probes = Vec::new();
            let Ok((lower, upper)) = boundary::<Infallible>(count, Some(0), |at| {
                probes.push(at);
                Ok(verdict(at))
            });
            prop_assert!(lower < good && upper >= good);
            prop_assert!((lower + 1..upper).all(|at| verdict(at).is_none()));
            // Nothing is tried twice, and nothing that is known.
            let distinct: std::collections::BTreeSet<_> = probes.iter().collect();
            prop_assert_eq!(distinct.len(), probes.len());
            prop_assert!(!probes.contains(&0) && !probes.contains(&(count - 1)));
        }
    }
}
