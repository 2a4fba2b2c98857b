//! From files and environments that were asked for to a matrix.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::environments::environment;
use super::error::{AppError, RequestError};
use super::formats;
use super::inputs;
use super::listener::Notice;
use super::registries::{self, Named};
use super::request::FilesRequest;
use crate::artifact::{self, Files, Finder, Packages};
use crate::matrix::{
    ArtifactDeclaration, DeclaredInputs, EnvironmentSpec, Expanded, FindArtifacts as _, Limits, MadeBy,
    Matrix, ModelSpec, Refusal, RuntimeSpec, SCIKIT_LEARN, VersionSpec,
};
use crate::notation::allowed_package;
use crate::vocab::{EnvName, LeftOut};

/// A matrix that was made from a request, and what there is to tell about that.
#[derive(Debug)]
pub struct Draft {
    /// The matrix.
    pub matrix: Matrix,
    /// What to tell.
    pub notices: Vec<Notice>,
}

impl Draft {
    /// Of a matrix that somebody wrote.
    pub(super) fn of(matrix: Matrix) -> Self {
        let mut notices: Vec<Notice> = matrix.refused.iter().map(left_out).collect();
        let files = matrix.models.iter().filter_map(|model| model.source.file());
        notices.extend(files.filter(|file| !file.asked.is_empty()).map(|file| Notice::PackagesAsked {
            file: file.declared_path.clone(),
            packages: file.asked.clone(),
        }));
        Self { matrix, notices }
    }
}

fn left_out(refusal: &Refusal) -> Notice {
    Notice::LeftOut(LeftOut { says: refusal.message.clone(), help: refusal.help.clone() })
}

impl FilesRequest {
    /// The matrix of the files against environments. What nothing tells the maker of is taken as made in
    /// `default_producer`.
    ///
    /// # Errors
    /// When the request contradicts itself, or inputs cannot be read.
    pub fn matrix(
        &self,
        name: &str,
        mut environments: Vec<EnvironmentSpec>,
        default_producer: Option<EnvName>,
        files: &dyn Files,
    ) -> Result<Draft, AppError> {
        let inputs = inputs::declared(self)?;
        let made_by = self.maker(&mut environments, files)?;
        let Named { declared, mut refused, notices } =
            registries::named(files, self.declarations(inputs.as_ref(), made_by.as_ref())?);
        let find = |environments: &[EnvironmentSpec], packages: &Packages| {
            let default_producer = default_producer.clone();
            Finder { files, default_producer, packages: packages.clone() }.find(&declared, environments)
        };
        let (mut expanded, added) = find_with_packages(&mut environments, &find);
        if !expanded.unusable.is_empty() {
            return Err(AppError::Inputs(expanded.unusable));
        }
        expanded.refused.append(&mut refused);
        environments.append(&mut expanded.environments);
        // Who wrote none of the files is no row of the table.
        for environment in &mut environments {
            let mut files = expanded.models.iter().filter_map(|model| model.source.file());
            environment.producer = files.any(|file| file.producer == environment.name);
            if environment.external && !environment.consumer && is_needless(environment, &expanded.models) {
                environment.runtime = RuntimeSpec::UnknownProducer;
            }
        }
        let formats = formats::of_models(&mut expanded.models, &self.trust)?;
        let mut draft = Draft::of(Matrix {
            name: name.to_owned(),
            description: None,
            package: SCIKIT_LEARN.to_owned(),
            environments,
            formats,
            models: expanded.models,
            datasets: BTreeMap::new(),
            tolerances: Vec::new(),
            limits: self.limits(),
            expectations: Vec::new(),
            trusts_recipes: false,
            given: expanded.given,
            refused: expanded.refused,
        });
        draft.notices.splice(0..0, notices.into_iter().chain(added));
        draft.notices.extend(undeclared(&draft.matrix));
        Ok(draft)
    }

    /// The environment that made the files, where the request says so; one that is not among the others joins them.
    fn maker(
        &self,
        environments: &mut Vec<EnvironmentSpec>,
        files: &dyn Files,
    ) -> Result<Option<MadeBy>, RequestError> {
        let Some(text) = &self.made_by else { return Ok(None) };
        let mut maker = environment(text, "--made-by", files)?;
        let is_same =
            |known: &&EnvironmentSpec| known.runtime == maker.runtime && known.packages == maker.packages;
        if let Some(known) = environments.iter().find(is_same) {
            return Ok(Some(MadeBy::Environment(known.name.clone())));
        }
        maker.consumer = false;
        maker.external = true;
        let name = maker.name.clone();
        environments.push(maker);
        Ok(Some(MadeBy::Environment(name)))
    }

    pub(super) fn declarations(
        &self,
        inputs: Option<&DeclaredInputs>,
        made_by: Option<&MadeBy>,
    ) -> Result<Vec<ArtifactDeclaration>, RequestError> {
        let format = formats::declared(self.format.as_deref())?;
        let allowed = self.allowed()?;
        let declaration = |path: &std::path::PathBuf| ArtifactDeclaration {
            path: path.clone(),
            declared_path: path.display().to_string(),
            name: None,
            format: format.clone(),
            made_by: made_by.cloned(),
            inputs: inputs.cloned(),
            expected: self.expected.clone(),
            methods: (!self.methods.is_empty()).then(|| self.methods.clone()),
            seed: self.seed,
            allowed: allowed.clone(),
            modules: self.modules.clone(),
            registered: None,
        };
        Ok(self.artifacts.iter().map(declaration).collect())
    }

    /// What the files may name beside what is known.
    fn allowed(&self) -> Result<Packages, RequestError> {
        let one = |text: &String| {
            let wrong = |why| RequestError::AllowedPackage { text: text.clone(), why };
            allowed_package(text).map_err(wrong)
        };
        self.allow_packages.iter().map(one).collect()
    }

    fn limits(&self) -> Limits {
        let limits = Limits::default();
        Limits {
            seconds: self.seconds.unwrap_or(limits.seconds),
            memory_bytes: self.memory_bytes.unwrap_or(limits.memory_bytes),
        }
    }
}

/// Whether nobody has to be asked what the files of a producer give: expected values say it of all that is compared.
fn is_needless(producer: &EnvironmentSpec, models: &[ModelSpec]) -> bool {
    let own = |model: &&ModelSpec| model.source.file().is_some_and(|file| file.producer == producer.name);
    models.iter().filter(own).all(|model| {
        let file = model.source.file();
        file.is_some_and(|file| artifact::all_expected(model.methods.as_deref(), &file.expected))
    })
}

/// What loading the files takes and some environment lacks, since nobody has declared it: asked for in one answer.
fn undeclared(matrix: &Matrix) -> Option<Notice> {
    let (mut packages, mut modules) = (BTreeMap::new(), BTreeMap::new());
    // What stands in environments that somebody else made is seen there.
    let made: Vec<_> =
        matrix.environments.iter().filter(|it| matches!(it.runtime, RuntimeSpec::Venv { .. })).collect();
    for file in matrix.models.iter().filter_map(|model| model.source.file()) {
        for package in file.imports.values().collect::<BTreeSet<_>>() {
            let lacks = |environment: &&EnvironmentSpec| {
                (environment.consumer || environment.name == file.producer)
                    && !environment.all_packages().contains_key(package)
            };
            if made.iter().any(lacks) {
                *packages.entry(package.clone()).or_insert(0) += 1;
            }
        }
        if file.given_modules.is_none() && !made.is_empty() {
            // A package of that name, which somebody has named, brings it.
            let brings = |package: &String, module: &String| package.replace('-', "_") == *module;
            let lacks = |module: &String| {
                let declared = |it: &EnvironmentSpec| it.packages.keys().any(|name| brings(name, module));
                made.iter().any(|it| it.consumer && !declared(it))
            };
            let lacking = file.own_modules.iter().filter(|module| lacks(module));
            lacking.for_each(|module| *modules.entry(module.clone()).or_insert(0) += 1);
        }
    }
    (!packages.is_empty() || !modules.is_empty()).then_some(Notice::PackagesNeeded { packages, modules })
}

/// Finds the artifacts, and gives the environments of the request the packages that reading them takes.
fn find_with_packages(
    environments: &mut [EnvironmentSpec],
    find: &dyn Fn(&[EnvironmentSpec], &Packages) -> Expanded,
) -> (Expanded, Option<Notice>) {
    let expanded = find(environments, &Packages::new());
    let packages = artifact::needs(&expanded.models, environments);
    let is_proved = take_proved(environments, &expanded);
    if packages.is_empty() && !is_proved {
        return (expanded, None);
    }
    let changed = artifact::add_packages(environments, &packages);
    // Now that they are other environments, one of them may be the one that made a file.
    let expanded = find(environments, &packages);
    let notice = (!changed.is_empty()).then_some(Notice::PackagesAdded(changed));
    (expanded, notice)
}

/// Gives environments that name the release which wrote a file what the file proves of that environment: a few words leave
/// the rest open, and a choice that cannot read the file would not be what anybody has. Says whether anything was given.
fn take_proved(environments: &mut [EnvironmentSpec], expanded: &Expanded) -> bool {
    let mut is_given = false;
    let release = |environment: &EnvironmentSpec| match environment.packages.get("scikit-learn") {
        Some(VersionSpec::Exact(version)) => Some(version.clone()),
        _ => None,
    };
    for environment in environments {
        let is_made = matches!(environment.runtime, RuntimeSpec::Venv { .. });
        let Some(own) = release(environment).filter(|_| is_made && !environment.whole) else { continue };
        let producers = expanded.environments.iter().filter(|it| release(it).as_ref() == Some(&own));
        let found = producers.flat_map(|producer| producer.packages.clone());
        let found = found.filter(|(_, spec)| matches!(spec, VersionSpec::Proved(_)));
        // One that somebody has named as the producer is told by no other environment.
        let files = expanded.models.iter().filter_map(|model| model.source.file());
        let written = files.filter(|file| file.producer == environment.name);
        let written = written.flat_map(|file| artifact::proved_beside(&own, &file.proved));
        for (package, spec) in found.chain(written).collect::<Vec<_>>() {
            if let Entry::Vacant(free) = environment.packages.entry(package) {
                free.insert(spec);
                is_given = true;
            }
        }
    }
    is_given
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Memory, PICKLE};
    use super::*;

    fn request(artifact: &str) -> FilesRequest {
        FilesRequest { artifacts: vec![artifact.into()], ..FilesRequest::default() }
    }

    fn target() -> Vec<EnvironmentSpec> {
        environments_of("scikit-learn==1.7.2")
    }

    fn environments_of(text: &str) -> Vec<EnvironmentSpec> {
        super::super::environments::environments(text, &Memory::of(&[])).unwrap()
    }

    #[test]
    fn files_become_a_matrix_without_a_machine() {
        let files = Memory::of(&[("x.csv", "a\n1\n")]).with("m/a.pkl", PICKLE).with("m/b.pkl", PICKLE);
        let request = FilesRequest {
            inputs: Some("x.csv".into()),
            dtype: vec!["a=int64".to_owned()],
            seconds: Some(5.0),
            made_by: Some("scikit-learn==1.2.2".to_owned()),
            ..request("m")
        };
        let Draft { matrix, notices } = request.matrix("check", target(), None, &files).unwrap();
        assert_eq!(matrix.models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(matrix.given.contains_key("x.csv"));
        assert!(matrix.limits.seconds.total_cmp(&5.0).is_eq());
        let roles: Vec<_> = matrix.environments.iter().map(|it| (it.producer, it.consumer)).collect();
        assert_eq!(roles, [(false, true), (true, false)], "the target reads, the maker writes");
        assert!(notices.is_empty(), "{notices:?}");
    }

    #[test]
    fn who_made_them_is_one_of_the_others_where_it_is_the_same() {
        let files = Memory::of(&[]).with("a.pkl", PICKLE);
        let request = FilesRequest { made_by: Some("scikit-learn==1.7.2".to_owned()), ..request("a.pkl") };
        let Draft { matrix, .. } = request.matrix("check", target(), None, &files).unwrap();
        let [only] = matrix.environments.as_slice() else { panic!("{:?}", matrix.environments) };
        assert!(only.producer && only.consumer);
    }

    #[test]
    fn what_is_wrong_is_a_fact() {
        let files = Memory::of(&[("x.odd", "")]).with("a.pkl", PICKLE);
        let of = |request: FilesRequest| request.matrix("check", target(), None, &files).unwrap_err();
        let error = of(FilesRequest { inputs: Some("x.odd".into()), ..request("a.pkl") });
        assert!(matches!(error, AppError::Inputs { .. }), "{error}");
        let error = of(FilesRequest { trust: vec!["all".to_owned()], ..request("a.pkl") });
        assert!(matches!(error, AppError::Request(RequestError::TrustWithoutSkops)), "{error}");
        let error = of(FilesRequest { format: Some("zip".to_owned()), ..request("a.pkl") });
        assert!(matches!(error, AppError::Request(RequestError::Format { .. })), "{error}");
        let odd = vec!["a=complex".to_owned()];
        let error = of(FilesRequest { inputs: Some("x.csv".into()), dtype: odd, ..request("a.pkl") });
        assert!(matches!(error, AppError::Request(RequestError::ColumnType(_))), "{error}");
    }

    #[test]
    fn the_release_that_wrote_a_file_is_given_what_the_file_proves() {
        let mut made = environments_of("scikit-learn==1.0.2");
        made[0].packages.insert("joblib".to_owned(), VersionSpec::Proved(">=1.2".to_owned()));
        let mut given = environments_of("scikit-learn==1.0.2,1.0.1");
        given.extend(environments_of("scikit-learn==1.0.2 joblib==1.1.1"));
        let made = Expanded { environments: made, ..Expanded::default() };
        assert!(take_proved(&mut given, &made));
        let joblib = |at: usize| given[at].packages.get("joblib").cloned();
        assert_eq!(joblib(0), Some(VersionSpec::Proved(">=1.2".to_owned())));
        assert_eq!(joblib(1), None, "another release is what it is by itself");
        assert_eq!(joblib(2), Some(VersionSpec::Exact("1.1.1".to_owned())), "what is declared is believed");
    }

    #[test]
    fn what_is_no_artifact_is_told() {
        let files = Memory::of(&[]);
        let draft = request("gone.pkl").matrix("check", target(), None, &files).unwrap();
        assert!(draft.matrix.models.is_empty());
        assert!(matches!(draft.notices.as_slice(), [Notice::LeftOut(_)]), "{:?}", draft.notices);
    }
}
