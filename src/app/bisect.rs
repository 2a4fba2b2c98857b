//! The first release in which an artifact does worse.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::disk::Disk;
use super::environments::environment;
use super::error::{AppError, BisectError, RequestError};
use super::files::Draft;
use super::listener::Notice;
use super::naming::run_name;
use super::request::BisectRequest;
use super::search::{badness, boundary};
use super::session::Session;
use crate::artifact::{self, Files, python_for};
use crate::explain;
use crate::matrix::{EnvironmentSpec, RuntimeSpec, VersionSpec};
use crate::notation::{Version, package_name};
use crate::vocab::{CellRecord, EnvName, Move, moves};

/// The package whose releases decide which interpreter is taken.
const SCIKIT_LEARN: &str = "scikit-learn";

/// What came of a bisection.
#[derive(Debug)]
pub struct Bisected {
    /// The package.
    pub package: String,
    /// The last release that is no worse than the good one, and the first one that is.
    pub good: Step,
    /// The first one that is.
    pub bad: Step,
    /// Packages that moved between the two.
    pub moved: Vec<Move>,
    /// Releases between the two, none of which has a verdict.
    pub between: Vec<String>,
    /// Every release without a verdict that was tried, with what happened there.
    pub skipped: Vec<(String, CellRecord)>,
    /// Releases that were tried.
    pub tried: usize,
    /// Releases from the good end to the bad one.
    pub releases: usize,
    /// The folder of its runs.
    pub folder: PathBuf,
}

impl Bisected {
    /// What moved beside the package that was searched, where the known cause is a change of that and not of it.
    pub fn beside(&self) -> Option<&Move> {
        let rule = explain::find(self.bad.cell.rule.as_deref()?)?;
        self.moved.iter().find(|it| it.package == rule.package && it.package != self.package)
    }
}

/// What one release gave.
#[derive(Clone, Debug)]
pub struct Step {
    /// The release.
    pub release: String,
    /// What the artifact did there.
    pub cell: CellRecord,
    /// The interpreter.
    pub python: String,
    packages: BTreeMap<String, String>,
    level: u8,
}

/// A request whose texts were understood.
struct Range {
    package: String,
    good: Version,
    bad: Version,
}

impl BisectRequest {
    fn range(&self) -> Result<Range, RequestError> {
        let package = package_name(&self.package)?;
        let (good, bad) = (version(&self.good, "--good")?, version(&self.bad, "--bad")?);
        if good == bad {
            return Err(RequestError::SameVersion(self.good.clone()));
        }
        Ok(Range { package, good, bad })
    }

    /// The releases from the good one to the bad one, both included, in order: up, or down where somebody goes back.
    fn releases(&self, range: &Range, listed: Vec<String>) -> Vec<String> {
        let parsed = listed.into_iter().filter_map(|text| Some((text.parse::<Version>().ok()?, text)));
        let mut known: Vec<(Version, String)> =
            parsed.filter(|(version, _)| !version.is_prerelease()).collect();
        let good = end(&known, (&range.good, &self.good));
        let bad = end(&known, (&range.bad, &self.bad));
        let is_between = |version: &Version| {
            (*version > good.0) == (*version < bad.0) && *version != good.0 && *version != bad.0
        };
        known.retain(|(version, _)| is_between(version));
        let is_down = good.0 > bad.0;
        known.push(good);
        known.push(bad);
        known.sort_by(|a, b| a.0.cmp(&b.0));
        if is_down {
            known.reverse();
        }
        known.into_iter().map(|(_, text)| text).collect()
    }

    /// What stays the same in every step: what was asked for, else what made the artifact; `None` where there is no
    /// artifact.
    fn base(
        &self,
        range: &Range,
        files: &dyn Files,
    ) -> Result<(Option<EnvironmentSpec>, Vec<Notice>), AppError> {
        if let Some(text) = &self.with {
            return Ok((Some(environment(text, "--with", files)?), Vec::new()));
        }
        let Draft { matrix, notices } = self.files.matrix("bisect", Vec::new(), None, files)?;
        let model = match matrix.models.as_slice() {
            [model] => model,
            // Why there is none, the notices say.
            [] => return Ok((None, notices)),
            several => return Err(RequestError::SeveralArtifacts(several.len()).into()),
        };
        let file = model.source.file();
        let maker = file.and_then(|file| matrix.environments.iter().find(|it| it.name == file.producer));
        Ok((Some(self.like(range, maker)?), notices))
    }

    /// An environment like that of the maker, without the package that is tried.
    fn like(&self, range: &Range, maker: Option<&EnvironmentSpec>) -> Result<EnvironmentSpec, RequestError> {
        let package = range.package.as_str();
        let declared = match maker.and_then(|maker| maker.packages.get(SCIKIT_LEARN)) {
            Some(VersionSpec::Exact(version)) => Some(version.clone()),
            _ => None,
        };
        // One interpreter that has both ends, where there is one.
        let python = match (package, maker.map(|maker| &maker.runtime)) {
            (SCIKIT_LEARN, _) => python_for(Some(&self.bad), None),
            (_, Some(RuntimeSpec::Venv { python })) => python.clone(),
            _ => python_for(declared.as_deref(), None),
        };
        let mut packages = BTreeMap::new();
        if package != SCIKIT_LEARN {
            let version = declared.ok_or_else(|| RequestError::NoScikitLearn(package.to_owned()))?;
            packages.insert(SCIKIT_LEARN.to_owned(), VersionSpec::Exact(version));
        }
        let base = EnvironmentSpec::new("base", RuntimeSpec::Venv { python });
        let python_chosen = package != SCIKIT_LEARN && maker.is_none_or(|maker| maker.python_chosen);
        Ok(EnvironmentSpec { packages, producer: false, python_chosen, ..base })
    }

    /// The environment in which a release is tried.
    fn environment(&self, package: &str, release: &str, base: &EnvironmentSpec) -> EnvironmentSpec {
        let mut environment = base.clone();
        environment.name = EnvName::from(match package {
            SCIKIT_LEARN => format!("sk{release}"),
            package => format!("{package}{release}"),
        });
        environment.packages.insert(package.to_owned(), VersionSpec::Exact(release.to_owned()));
        if package == SCIKIT_LEARN && self.with.is_none() {
            environment.runtime = RuntimeSpec::Venv { python: python_for(Some(release), None) };
        }
        environment
    }
}

fn version(text: &str, option: &'static str) -> Result<Version, RequestError> {
    text.parse().map_err(|_| RequestError::NotAVersion { option, text: text.to_owned() })
}

/// An end as it is tried: `1.9` is the newest release of that minor, as in a matrix.
fn end(listed: &[(Version, String)], (version, text): (&Version, &String)) -> (Version, String) {
    let of_minor = |(known, _): &&(Version, String)| known.has_minor_of(version);
    let is_minor = text.split('.').count() == 2 && text.split('.').all(|part| part.parse::<u32>().is_ok());
    let newest = is_minor.then(|| listed.iter().filter(of_minor).max_by(|a, b| a.0.cmp(&b.0))).flatten();
    newest.cloned().unwrap_or_else(|| (version.clone(), text.clone()))
}

impl Session<'_> {
    /// Finds the first release of a package in which an artifact does worse.
    ///
    /// # Errors
    /// When an end has no verdict, nothing gets worse, or something cannot be started or recorded.
    pub fn bisect(&mut self, request: &BisectRequest) -> Result<Bisected, AppError> {
        let range = request.range()?;
        let (base, notices) = request.base(&range, &Disk)?;
        self.tell(notices);
        let base = base.ok_or(AppError::NoArtifact)?;
        let RuntimeSpec::Venv { python } = &base.runtime else {
            return Err(RequestError::NotMadeHere.into());
        };
        let python = python.clone();
        let name = run_name(request.name.as_deref(), "bisect")?;
        let listed = self.listed(&range, &python, base.python_chosen)?;
        let releases = request.releases(&range, listed);
        let folder = self.policy.reports.join(name);
        let mut search = Search {
            request,
            package: range.package,
            base,
            folder,
            tried: BTreeMap::new(),
            skipped: Vec::new(),
            session: self,
        };
        let (lower, upper) = search.find(&releases)?;
        search.told(&releases, lower, upper)
    }

    /// The releases of a package for an interpreter; where that may be another one, also those for others, until both ends
    /// are among them.
    fn listed(&self, range: &Range, python: &str, is_chosen: bool) -> Result<Vec<String>, BisectError> {
        let of = |python: &str| self.runtime.block_on(self.provisioner.releases(&range.package, python));
        let mut listed = of(python).map_err(|failure| BisectError::Releases(Box::new(failure)))?;
        for other in artifact::other_interpreters(python).iter().filter(|_| is_chosen) {
            if lists(&listed, &range.good) && lists(&listed, &range.bad) {
                break;
            }
            let more = of(other).unwrap_or_default();
            let more: Vec<String> = more.into_iter().filter(|release| !listed.contains(release)).collect();
            listed.extend(more);
        }
        Ok(listed)
    }
}

/// Whether a release, or one of a minor release, is listed.
fn lists(listed: &[String], wanted: &Version) -> bool {
    let is_minor = wanted.parts().len() == 2;
    let is_it = |release: Version| release == *wanted || (is_minor && release.has_minor_of(wanted));
    listed.iter().filter_map(|text| text.parse().ok()).any(is_it)
}

/// A bisection that is going on.
struct Search<'s, 'l> {
    request: &'s BisectRequest,
    package: String,
    base: EnvironmentSpec,
    folder: PathBuf,
    tried: BTreeMap<String, Step>,
    skipped: Vec<(String, CellRecord)>,
    session: &'s mut Session<'l>,
}

impl Search<'_, '_> {
    /// Positions of the last good release and of the first bad one.
    fn find(&mut self, releases: &[String]) -> Result<(usize, usize), AppError> {
        // There are two at least: the ends that were asked for.
        let (first, last) = (&releases[0], &releases[releases.len() - 1]);
        let (best, worst) = (self.end(first)?, self.end(last)?);
        if worst.level <= best.level {
            let package = self.package.clone();
            let of = |step: &Step| (step.release.clone(), step.cell.verdict);
            return Err(BisectError::NothingWorse { package, first: of(&best), last: of(&worst) }.into());
        }
        boundary(releases.len(), best.level, |index| {
            Ok(self.try_release(&releases[index])?.map(|step| step.level))
        })
    }

    /// Tries an end, which has to have a verdict.
    fn end(&mut self, release: &str) -> Result<Step, AppError> {
        if let Some(step) = self.try_release(release)? {
            return Ok(step);
        }
        match self.skipped.pop() {
            Some((release, cell)) => {
                let package = self.package.clone();
                Err(BisectError::NoVerdict { package, release, cell: Box::new(cell) }.into())
            }
            None => Err(AppError::NoArtifact),
        }
    }

    /// Tries a release; `None` where it has no verdict, which is noted.
    fn try_release(&mut self, release: &str) -> Result<Option<Step>, AppError> {
        let environment = self.request.environment(&self.package, release, &self.base);
        let consumer = environment.name.clone();
        let files = &self.request.files;
        let Draft { matrix, notices } = files.matrix("bisect", vec![environment], None, &Disk)?;
        // What is left out was told before, or is told with the error that there is nothing.
        let is_news = |notice: &Notice| matrix.models.is_empty() || !matches!(notice, Notice::LeftOut(_));
        self.session.tell(notices.into_iter().filter(is_news).collect());
        let found = self.session.cell_in(matrix, &consumer, release.to_owned(), &self.folder)?;
        let Some((cell, record)) = found else { return Err(AppError::NoArtifact) };
        self.session.listener.notice(Notice::Tried {
            package: self.package.clone(),
            release: release.to_owned(),
            verdict: cell.verdict,
        });
        let Some(level) = badness(&cell, files.load_only) else {
            self.skipped.push((release.to_owned(), cell));
            return Ok(None);
        };
        let made = record.environments.into_iter().find(|environment| environment.name == consumer);
        let (python, packages) = made.map(|made| (made.python, made.packages)).unwrap_or_default();
        let step = Step { release: release.to_owned(), cell, python, packages, level };
        self.tried.insert(release.to_owned(), step.clone());
        Ok(Some(step))
    }

    fn told(mut self, releases: &[String], lower: usize, upper: usize) -> Result<Bisected, AppError> {
        let tried = self.tried.len() + self.skipped.len();
        let mut step = |at: usize| self.tried.remove(&releases[at]).ok_or(AppError::NoArtifact);
        let (good, bad) = (step(lower)?, step(upper)?);
        Ok(Bisected {
            package: self.package,
            moved: moves(&good.packages, &bad.packages),
            good,
            bad,
            between: releases[lower + 1..upper].to_vec(),
            skipped: self.skipped,
            tried,
            releases: releases.len(),
            folder: self.folder,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Memory, PICKLE};
    use super::super::request::FilesRequest;
    use super::*;

    fn request(good: &str, bad: &str) -> BisectRequest {
        BisectRequest {
            good: good.to_owned(),
            bad: bad.to_owned(),
            package: SCIKIT_LEARN.to_owned(),
            files: FilesRequest { artifacts: vec!["a.pkl".into()], ..FilesRequest::default() },
            ..BisectRequest::default()
        }
    }

    #[test]
    fn releases_go_up_or_down_without_prereleases() {
        let listed = || ["1.3.0", "1.4.0rc1", "1.2.0", "1.10.0", "odd", "1.1.0"].map(str::to_owned).to_vec();
        let of = |good, bad| {
            let request = request(good, bad);
            request.releases(&request.range().unwrap(), listed())
        };
        assert_eq!(of("1.1.0", "1.10.0"), ["1.1.0", "1.2.0", "1.3.0", "1.10.0"]);
        assert_eq!(of("1.3", "1.1"), ["1.3.0", "1.2.0", "1.1.0"]);
        // Where no release of it is listed, it is tried as it is written.
        assert_eq!(of("1.2.0", "2.7"), ["1.2.0", "1.3.0", "1.10.0", "2.7"]);
    }

    #[test]
    fn what_makes_no_range_is_refused() {
        let wrong = |request: BisectRequest| request.range().err().unwrap();
        assert!(matches!(wrong(request("1.2", "1.2.0")), RequestError::SameVersion(_)));
        assert!(matches!(wrong(request("x", "1.2.0")), RequestError::NotAVersion { option: "--good", .. }));
    }

    #[test]
    fn another_package_needs_to_know_its_scikit_learn() {
        let files = Memory::of(&[]).with("a.pkl", PICKLE).with("b.pkl", PICKLE);
        let numpy = BisectRequest { package: "numpy".to_owned(), ..request("1.26.4", "2.1.3") };
        let error = numpy.base(&numpy.range().unwrap(), &files).unwrap_err();
        assert!(matches!(error, AppError::Request(RequestError::NoScikitLearn(_))), "{error}");
        let with = BisectRequest { with: Some("scikit-learn==1.5.2".to_owned()), ..numpy };
        assert!(with.base(&with.range().unwrap(), &files).is_ok());
        let mut several = request("1.1.0", "1.2.0");
        several.files.artifacts.push("b.pkl".into());
        let error = several.base(&several.range().unwrap(), &files).unwrap_err();
        assert!(matches!(error, AppError::Request(RequestError::SeveralArtifacts(2))), "{error}");
    }
}
