//! Records made by hand: one small with every verdict and hostile texts, one of any size for benchmarks.

use std::collections::BTreeMap;
use std::sync::Arc;

use shelflife::vocab::*;

/// A known cause, whose words the reports show.
pub const RULE: &str = "common-loss-module";

/// A message as a hostile artifact would write it.
pub const HOSTILE: &str = "</script><script>alert(1)</script> | pipe `tick` \u{1b}[31mred\u{1b}[0m\n<!-- <b>bold</b> @everyone #1 \u{202e}gnp.exe";

pub fn environment(name: &str, python: &str, sklearn: &str, numpy: &str) -> EnvironmentRecord {
    let packages: BTreeMap<String, String> =
        [("scikit-learn", sklearn), ("numpy", numpy), ("scipy", "1.11.4"), ("joblib", "1.3.2")]
            .into_iter()
            .map(|(package, version)| (package.to_owned(), version.to_owned()))
            .collect();
    let lock = Lock {
        runtime: Runtime::Venv,
        python: python.to_owned(),
        implementation: "CPython".to_owned(),
        arch: "x86_64".to_owned(),
        bits: 64,
        byteorder: ByteOrder::Little,
        libc: "glibc 2.36".to_owned(),
        packages: packages.clone(),
        blas: Some("OpenBLAS 0.3.21".to_owned()),
        code: Vec::new(),
        cpu_features: vec!["AVX2".to_owned()],
        base: None,
        companions: Vec::new(),
        variables: BTreeMap::new(),
        config: BTreeMap::new(),
        setup: Default::default(),
    };
    EnvironmentRecord {
        name: name.into(),
        runtime: Runtime::Venv,
        arch: "x86_64".to_owned(),
        bits: 64,
        python: python.to_owned(),
        packages,
        setup: Default::default(),
        lock: Some(lock.digest()),
        full_lock: Some(lock),
        producer: true,
        consumer: true,
        error: None,
        remedy: None,
        not_reached: false,
        gaps: Vec::new(),
    }
}

pub fn broken_environment(name: &str) -> EnvironmentRecord {
    EnvironmentRecord {
        arch: String::new(),
        bits: 0,
        lock: None,
        full_lock: None,
        producer: false,
        error: Some("no interpreter 3.13 for i386 was found".to_owned()),
        remedy: Some("install one, or remove the environment from the matrix".to_owned()),
        ..environment(name, "3.13", "1.4.2", "2.2.4")
    }
}

pub fn artifact(model: &str, format: &str, producer: &str) -> ArtifactRecord {
    let id = format!("{model}/{format}/{producer}");
    ArtifactRecord {
        digest: Some(Digest::of(id.as_bytes())),
        id,
        model: model.into(),
        format: format.into(),
        producer: producer.into(),
        size: Some(12_345),
        train_seconds: Some(0.25),
        save_seconds: Some(0.0015),
        absence: None,
        producer_fails: None,
        file: None,
        made_up: None,
        as_categories: false,
    }
}

pub fn output(agreement: Agreement) -> OutputComparison {
    let differs = agreement != Agreement::BitEqual;
    let outside = agreement == Agreement::Outside;
    OutputComparison {
        agreement,
        elements: 450,
        mismatch: None,
        dtypes: None,
        tolerance: Some(Tolerance::FLOAT64),
        max_abs: Real(if outside {
            0.5
        } else if differs {
            5.55e-17
        } else {
            0.0
        }),
        max_rel: Real(if outside {
            2.0
        } else if differs {
            1.1e-16
        } else {
            0.0
        }),
        max_ulp: if outside { 9_007_199_254_740_992 } else { u64::from(differs) },
        scale: Real(1.0),
        outside: if outside { 12 } else { 0 },
        nonfinite_differ: 0,
        flips: 0,
        tie_flips: 0,
        flipped: Vec::new(),
        noise: None,
        worst: differs.then(|| Worst {
            index: vec![12, 1],
            reference: "0.25".to_owned(),
            observed: if outside { "0.75" } else { "0.25000000000000006" }.to_owned(),
        }),
    }
}

pub fn labels(flips: u64, tie_flips: u64) -> OutputComparison {
    OutputComparison {
        agreement: if flips > tie_flips { Agreement::Outside } else { Agreement::Within },
        elements: 150,
        tolerance: None,
        max_abs: Real(0.0),
        max_rel: Real(0.0),
        max_ulp: 0,
        scale: Real(0.0),
        outside: flips - tie_flips,
        flips,
        tie_flips,
        worst: Some(Worst { index: vec![7], reference: "setosa".into(), observed: "virginica".into() }),
        ..output(Agreement::Outside)
    }
}

/// A cell with the facts that its verdict implies.
pub fn cell(artifact: &ArtifactRecord, consumer: &str, verdict: Verdict) -> CellRecord {
    let raised = |class: &str, message: &str, module: &str| {
        Some(Arc::new(ErrorFact {
            class: class.to_owned(),
            message: message.to_owned(),
            bases: vec!["Exception".to_owned()],
            module: Some(module.to_owned()),
            frames: vec![format!("{module}:__setstate__:42")],
            importing: None,
        }))
    };
    let mut cell = CellRecord {
        artifact: artifact.id.clone(),
        model: artifact.model.clone(),
        format: artifact.format.clone(),
        producer: artifact.producer.clone(),
        consumer: consumer.into(),
        verdict,
        stage: Stage::Value,
        reached: Reached::Identical,
        cause: Cause::None,
        status: None,
        warned: Vec::new(),
        tried: Vec::new(),
        rule: None,
        forecast: None,
        blame: None,
        error: None,
        synthetic: false,
        expected: None,
        outputs: ByOutput::new(),
        load_seconds: Some(0.0125),
        predict_seconds: Some(0.003),
        peak_rss_bytes: Some(187_654_144),
        reused: false,
        elsewhere: None,
    };
    match verdict {
        Verdict::Identical => {
            cell.outputs.insert("predict".into(), output(Agreement::BitEqual));
            cell.reused = true;
        }
        Verdict::Roundoff => {
            cell.reached = Reached::Within;
            cell.outputs.insert("predict".into(), labels(1, 1));
            cell.outputs.insert("predict_proba".into(), output(Agreement::Within));
        }
        Verdict::Drift => {
            (cell.reached, cell.cause) = (Reached::Predicted, Cause::Differs);
            cell.outputs.insert("predict".into(), output(Agreement::BitEqual));
            cell.outputs.insert("predict_proba".into(), output(Agreement::Outside));
            cell.warned =
                vec!["Trying to unpickle estimator KMeans from version 1.2.2 when using 1.5.2".into()];
        }
        Verdict::PredictError => {
            cell.stage = Stage::Predict;
            (cell.reached, cell.cause) = (Reached::Loaded, Cause::Raised { misread: None });
            cell.error = raised("AttributeError", HOSTILE, "sklearn.cluster._kmeans");
            cell.blame = Some("sklearn.cluster._kmeans".into());
        }
        Verdict::LoadError => {
            cell.stage = Stage::Resolve;
            cell.error = raised("ModuleNotFoundError", "No module named 'sklearn._loss'", "sklearn._loss");
            cell.blame = Some("sklearn._loss".into());
            cell.rule = Some(RULE.into());
            (cell.reached, cell.cause) = (Reached::Started, Cause::Raised { misread: None });
            cell.predict_seconds = None;
        }
        Verdict::Crash => {
            cell.stage = Stage::Load;
            (cell.reached, cell.cause) = (Reached::Started, Cause::Signal { signal: 11, printed: None });
        }
        Verdict::Timeout => {
            cell.stage = Stage::Load;
            let limit = Limit::Time { seconds: 60.0 };
            (cell.reached, cell.cause) = (Reached::Started, Cause::Limit { limit });
        }
        Verdict::OutOfMemory => {
            cell.stage = Stage::Predict;
            let limit = Limit::Memory { bytes: Some(2 << 30) };
            (cell.reached, cell.cause) = (Reached::Loaded, Cause::Limit { limit });
        }
        Verdict::EnvError => {
            cell.stage = Stage::Env;
            let says = "the environment could not be made".to_owned();
            let trouble = Trouble::Lost { environment: consumer.into(), says };
            (cell.reached, cell.cause) = (Reached::Nothing, Cause::Environment { trouble });
            (cell.load_seconds, cell.predict_seconds, cell.peak_rss_bytes) = (None, None, None);
        }
        Verdict::NotTried => {
            cell.stage = Stage::Env;
            let trouble = Trouble::NotReached;
            (cell.reached, cell.cause) = (Reached::Nothing, Cause::Environment { trouble });
            (cell.load_seconds, cell.predict_seconds, cell.peak_rss_bytes) = (None, None, None);
        }
        Verdict::Unsupported => {
            cell.stage = Stage::Env;
            let requirement = "scikit-learn>=1.1".to_owned();
            (cell.reached, cell.cause) = (Reached::Nothing, Cause::RuledOut { requirement });
            (cell.load_seconds, cell.predict_seconds, cell.peak_rss_bytes) = (None, None, None);
        }
        Verdict::Absent => {
            cell.stage = Stage::Resolve;
            let says = "scikit-learn 1.0.2 has no HDBSCAN".to_owned();
            cell.cause = Cause::ClassAbsent { environment: consumer.into(), says };
            cell.reached = Reached::Started;
        }
        Verdict::Unverified => {
            cell.cause = Cause::NoReference { why: NoReference::UnknownProducer };
            cell.reached = Reached::Predicted;
        }
    }
    cell
}

/// One finding for each distinct verdict and model that does not work.
pub fn findings(cells: &[CellRecord]) -> Vec<Finding> {
    let mut groups: BTreeMap<(FindingKind, Verdict, String), Vec<usize>> = BTreeMap::new();
    for (index, cell) in cells.iter().enumerate() {
        let kind = match cell.verdict {
            Verdict::Roundoff if cell.is_noise() => FindingKind::Noise,
            Verdict::Identical | Verdict::Roundoff => continue,
            Verdict::Drift if cell.model.as_str() == "unseeded" => FindingKind::Nondeterministic,
            Verdict::Drift => FindingKind::Drift,
            Verdict::EnvError => FindingKind::Environment,
            Verdict::NotTried => FindingKind::NotTried,
            Verdict::Unsupported | Verdict::Absent => FindingKind::Unsupported,
            Verdict::Unverified => FindingKind::Unjudged,
            _ => FindingKind::Failure,
        };
        let title = match (&cell.error, shelflife::present::reason(cell)) {
            (Some(error), _) => format!("{}: {}", error.class, error.message),
            (None, Some(reason)) if kind == FindingKind::Environment => {
                format!("{}: {reason}", cell.consumer)
            }
            (None, Some(reason)) => reason,
            (None, None) => cell.model.to_string(),
        };
        groups.entry((kind, cell.verdict, title)).or_default().push(index);
    }
    groups
        .into_iter()
        .map(|((kind, verdict, _), indices)| {
            let of = |index: &usize| &cells[*index];
            let mut models: Vec<_> = indices.iter().map(|index| of(index).model.clone()).collect();
            let mut formats: Vec<_> = indices.iter().map(|index| of(index).format.clone()).collect();
            models.sort();
            models.dedup();
            formats.sort();
            formats.dedup();
            let mut pairs = Vec::new();
            for index in &indices {
                let pair = (of(index).producer.clone(), of(index).consumer.clone());
                if !pairs.contains(&pair) {
                    pairs.push(pair);
                }
            }
            let first = of(&indices[0]);
            Finding {
                kind,
                verdict,
                stage: first.stage,
                models,
                formats,
                pairs,
                blame: first.blame.clone(),
                rule: first.rule.clone(),
                next: if kind == FindingKind::Drift {
                    Next::KeepOrRetrain {
                        model: first.model.clone(),
                        producer: Some(first.producer.clone()),
                        works_in: Vec::new(),
                        consumer: first.consumer.clone(),
                        sources: Vec::new(),
                        trains: true,
                    }
                } else {
                    Next::Nothing
                },
                cells: indices,
            }
        })
        .collect()
}

pub fn record(
    environments: Vec<EnvironmentRecord>,
    artifacts: Vec<ArtifactRecord>,
    cells: Vec<CellRecord>,
) -> Record {
    let mut summary = Summary { cells: cells.len() as u64, ..Summary::default() };
    for cell in &cells {
        *summary.verdicts.entry(cell.verdict).or_default() += 1;
        summary.count_cause(cell);
        if let Some(status) = cell.status {
            *summary.statuses.entry(status).or_default() += 1;
        }
    }
    Record {
        left_out: Vec::new(),
        formats: Vec::new(),
        format_version: FORMAT_VERSION,
        matrix: MatrixSummary {
            name: "compat".to_owned(),
            file: None,
            description: Some("every minor since 1.0".to_owned()),
            package: None,
            plan_digest: Digest::of(b"plan"),
            models: artifacts.iter().map(|it| (it.model.clone(), format!("make({})", it.model))).collect(),
        },
        run: RunSummary {
            name: "compat".to_owned(),
            started: "2026-11-20T22:00:00Z".to_owned(),
            finished: Some("2026-11-20T22:00:41Z".to_owned()),
            seconds: 41.5,
            shelflife: "0.1.0".to_owned(),
            jobs: 2,
            executed: 30,
            reused: 12,
            interrupted: false,
            judged: false,
        },
        findings: findings(&cells),
        environments,
        artifacts,
        cells,
        summary,
        promises: Vec::new(),
        score: None,
    }
}

/// Three environments that can be made and one that cannot, five models, one format, every verdict.
pub fn every_verdict() -> Record {
    use Verdict::*;
    let environments = vec![
        environment("sk1.0.2", "3.9.18", "1.0.2", "1.22.4"),
        environment("sk1.2.2", "3.11.7", "1.2.2", "1.23.5"),
        environment("sk1.5.2", "3.12.3", "1.5.2", "2.1.3"),
        broken_environment("i386-trixie"),
    ];
    // Rows: models; columns: from each of the three producers to each of the three consumers.
    let table: [(&str, [Verdict; 9]); 6] = [
        (
            "kmeans",
            [Identical, Drift, Drift, PredictError, Identical, Drift, LoadError, Identical, Identical],
        ),
        (
            "gbr",
            [
                Identical, Identical, Roundoff, LoadError, Identical, Identical, LoadError, LoadError,
                Identical,
            ],
        ),
        (
            "pca-whiten",
            [Identical, Roundoff, Roundoff, Roundoff, Identical, Roundoff, Crash, Timeout, Identical],
        ),
        (
            "forest",
            [
                Identical,
                Identical,
                OutOfMemory,
                Identical,
                Identical,
                Identical,
                Identical,
                Identical,
                Identical,
            ],
        ),
        (
            "target-encoder",
            [
                Unsupported,
                Unsupported,
                Unsupported,
                Unsupported,
                Identical,
                Identical,
                Unsupported,
                Identical,
                Identical,
            ],
        ),
        ("unseeded", [Drift, Drift, Drift, Drift, Drift, Drift, Drift, Drift, Drift]),
    ];
    let names = ["sk1.0.2", "sk1.2.2", "sk1.5.2"];
    let (mut artifacts, mut cells) = (Vec::new(), Vec::new());
    for (model, verdicts) in table {
        for (row, producer) in names.iter().enumerate() {
            let made = artifact(model, "pickle", producer);
            for (column, consumer) in names.iter().enumerate() {
                cells.push(cell(&made, consumer, verdicts[row * 3 + column]));
            }
            cells.push(cell(&made, "i386-trixie", EnvError));
            artifacts.push(made);
        }
    }
    let mut record = record(environments, artifacts, cells);
    // One drift that shows in labels, one output that cannot be compared.
    let drifts: Vec<_> = (0..record.cells.len())
        .filter(|index| {
            record.cells[*index].verdict == Drift && record.cells[*index].model.as_str() == "kmeans"
        })
        .collect();
    record.cells[drifts[0]].outputs.insert("predict".into(), labels(3, 1));
    record.cells[drifts[1]].outputs.insert(
        "transform".into(),
        OutputComparison {
            agreement: Agreement::Mismatched,
            mismatch: Some(Mismatch::Shape { reference: vec![150, 3], observed: vec![150, 2] }),
            ..output(Agreement::BitEqual)
        },
    );
    record
}

/// The same run, judged: every status occurs.
pub fn judged() -> Record {
    let base = every_verdict();
    let mut cells = base.cells;
    for cell in &mut cells {
        cell.status = Some(match (cell.verdict, cell.model.as_str()) {
            (Verdict::Drift, "kmeans") | (Verdict::Crash, _) => Status::Regression,
            (Verdict::Drift, _) | (Verdict::LoadError, _) => Status::Known,
            (Verdict::Identical, "forest") if cell.consumer.as_str() == "sk1.5.2" => Status::Fixed,
            (Verdict::Timeout | Verdict::PredictError, _) => Status::New,
            (Verdict::EnvError, _) => Status::Unjudged,
            (Verdict::Unsupported, _) => Status::Skipped,
            _ => Status::Pass,
        });
        if matches!(cell.status, Some(Status::Known | Status::Fixed)) {
            cell.expected = Some(ExpectationNote {
                verdicts: vec![if cell.verdict.works() { Verdict::LoadError } else { cell.verdict }],
                reason: "the loss module moved".into(),
                link: Some("https://example.org/issue/1".into()),
                declared_at: "compat.toml:31".into(),
            });
        }
    }
    let mut record = record(base.environments, base.artifacts, cells);
    record.run.judged = true;
    record
}

/// A gate over files that move from `old` to an environment with a long name: some stop working, some fail as known.
pub fn gated(count: usize) -> Record {
    let new = "scikit-learn-1.7.2-numpy-2.3.5-python-3.13";
    let environments =
        vec![environment("old", "3.9.18", "1.2.2", "1.26.4"), environment(new, "3.13.1", "1.7.2", "2.3.5")];
    let (mut artifacts, mut cells) = (Vec::new(), Vec::new());
    for index in 0..count {
        let mut made = artifact(&format!("model-{index}"), "joblib", "old");
        made.file = Some(FilePlan {
            path: format!("models/model {index}.joblib"),
            producer: "old".into(),
            inputs: InputsKind::Given,
            inputs_from: "inputs: X.csv".to_owned(),
            inputs_file: Some("X.csv".to_owned()),
            registered: None,
            runs_commands: false,
            inferred: Vec::new(),
            expected: false,
            expected_from: None,
            proved: BTreeMap::new(),
            imports: BTreeMap::new(),
            own_modules: Default::default(),
            modules_given: false,
            probes: None,
            notes: Vec::new(),
        });
        let mut left = cell(&made, "old", Verdict::Identical);
        left.status = Some(Status::Pass);
        let (verdict, status) = match index % 5 {
            0 => (Verdict::Identical, Status::Pass),
            1 => (Verdict::LoadError, Status::Regression),
            2 => (Verdict::LoadError, Status::Known),
            3 => (Verdict::Drift, Status::Regression),
            _ => (Verdict::Roundoff, Status::Pass),
        };
        let mut moved = cell(&made, new, verdict);
        moved.status = Some(status);
        cells.extend([left, moved]);
        artifacts.push(made);
    }
    let mut record = record(environments, artifacts, cells);
    record.run.judged = true;
    record
}

/// A judged run in which every text that a stranger can write is hostile.
pub fn hostile_everywhere() -> Record {
    let mut record = judged();
    record.matrix.name = HOSTILE.into();
    record.matrix.description = Some(HOSTILE.into());
    record.run.name = HOSTILE.into();
    for environment in &mut record.environments {
        environment.python = HOSTILE.into();
        environment.error = Some(HOSTILE.into());
        environment.remedy = Some(HOSTILE.into());
    }
    for (index, cell) in record.cells.iter_mut().enumerate() {
        cell.model = format!("{}{}", HOSTILE, index % 6).into();
        cell.producer = HOSTILE.into();
        cell.blame = Some(HOSTILE.into());
        cell.warned = vec![HOSTILE.into()];
        cell.outputs = cell.outputs.mapped(|_, mut facts| {
            if let Some(worst) = &mut facts.worst {
                worst.observed = HOSTILE.into();
            }
            facts
        });
    }
    for finding in &mut record.findings {
        finding.next = Next::Environment { says: HOSTILE.into() };
        finding.pairs.push((HOSTILE.into(), HOSTILE.into()));
        finding.cells.push(usize::MAX);
    }
    record
}

/// A survey of about `cells` cells whose verdicts are spread as in a wide real one.
pub fn large(cells: usize) -> Record {
    const FORMATS: [&str; 4] = ["pickle-4", "pickle-5", "joblib", "joblib-zlib"];
    let names: Vec<String> = (0..13).map(|minor| format!("sk1.{minor}.2")).collect();
    let environments = names
        .iter()
        .enumerate()
        .map(|(minor, name)| environment(name, "3.11.7", &format!("1.{minor}.2"), "1.26.4"))
        .collect();
    let models = cells.div_ceil(names.len() * names.len() * FORMATS.len()).max(1);
    let (mut artifacts, mut all) = (Vec::new(), Vec::new());
    'full: for model in 0..models {
        for format in FORMATS {
            for (row, producer) in names.iter().enumerate() {
                let made = artifact(&format!("estimator-{model:02}"), format, producer);
                for (column, consumer) in names.iter().enumerate() {
                    if all.len() == cells {
                        artifacts.push(made);
                        break 'full;
                    }
                    let distance = row.abs_diff(column);
                    let verdict = match (model * 7 + distance * 3) % 20 {
                        _ if distance == 0 => Verdict::Identical,
                        0..=1 => Verdict::Drift,
                        2..=5 if row > column => Verdict::LoadError,
                        6 if row > column => Verdict::PredictError,
                        7..=11 => Verdict::Roundoff,
                        _ => Verdict::Identical,
                    };
                    let mut cell = cell(&made, consumer, verdict);
                    // Values differ from pair to pair but not from format to format.
                    let salt = (model * 169 + row * 13 + column) as f64;
                    let outputs = cell.outputs.iter().enumerate().map(|(order, (name, facts))| {
                        let mut facts = facts.clone();
                        if facts.max_abs.0 != 0.0 {
                            facts.max_abs.0 *= 1.0 + (salt + order as f64) / 997.0;
                            facts.max_rel.0 *= 1.0 + (salt + order as f64) / 991.0;
                            facts.max_ulp += salt as u64;
                        }
                        (name.clone(), facts)
                    });
                    cell.outputs = outputs.collect();
                    if verdict.works() {
                        cell.outputs.insert("decision_function".into(), output(Agreement::BitEqual));
                    }
                    cell.load_seconds = Some(0.01 + salt / 123_457.0);
                    cell.predict_seconds = Some(0.002 + salt / 987_643.0);
                    cell.peak_rss_bytes = Some(180_000_000 + all.len() as u64 * 4096);
                    all.push(cell);
                }
                artifacts.push(made);
            }
        }
    }
    record(environments, artifacts, all)
}

/// The events of a run of `cells` cells, as `events.jsonl` holds them: an observation and a comparison each.
pub fn events(cells: usize) -> Vec<Event> {
    let record = large(cells);
    let mut events = vec![run_started()];
    for (number, cell) in record.cells.iter().enumerate() {
        events.extend(seen(cell, Digest::of(&number.to_le_bytes())));
    }
    events.push(Event::RunFinished {
        time: "2026-11-20T22:10:00Z".to_owned(),
        seconds: 600.0,
        executed: cells as u64,
        reused: 0,
        interrupted: false,
    });
    events
}

/// An observation of outputs of three methods, or what the cell raised, with a warning.
pub fn observation(cell: &CellRecord, key: Digest) -> Observation {
    let output = |name: &&str| {
        let reference = OutputRef {
            digest: key,
            encoding: Encoding::F64,
            kind: OutputKind::Continuous,
            dtype: "float64".to_owned(),
            shape: vec![150, 3],
        };
        ((*name).to_owned(), reference)
    };
    let outcome = match &cell.error {
        Some(error) => Outcome::Raised {
            phase: Phase::Load,
            method: None,
            error: error.clone(),
            outputs: Default::default(),
        },
        None => Outcome::Predicted {
            outputs: ["predict", "predict_proba", "decision_function"].iter().map(output).collect(),
        },
    };
    Observation {
        outcome,
        warnings: [WarningFact {
            category: "sklearn.exceptions.InconsistentVersionWarning".to_owned(),
            message: "Trying to unpickle estimator KMeans from version 1.2.2 when using version 1.5.2. This \
                      might lead to breaking code or invalid results."
                .into(),
            count: 1,
        }]
        .into(),
        load_seconds: cell.load_seconds,
        predict_seconds: cell.predict_seconds,
        peak_rss_bytes: cell.peak_rss_bytes,
        printed: None,
        alone: false,
        tried: Vec::new(),
        form: None,
        made_up: None,
    }
}

/// What a run records of a cell: an observation and a comparison.
pub fn seen(cell: &CellRecord, key: Digest) -> [Event; 2] {
    let observed = Event::CellObserved {
        artifact: cell.artifact_id(),
        consumer: cell.consumer.clone(),
        key,
        observation: observation(cell, key),
        reused: false,
    };
    let compared = Event::CellCompared {
        artifact: cell.artifact_id(),
        consumer: cell.consumer.clone(),
        outputs: cell.outputs.clone(),
    };
    [observed, compared]
}

pub fn run_started() -> Event {
    Event::RunStarted(Box::new(RunHeader {
        format_version: FORMAT_VERSION,
        shelflife: "0.1.0".to_owned(),
        run: "compat".to_owned(),
        time: "2026-11-20T22:00:00Z".to_owned(),
        jobs: 2,
        matrix: MatrixRecord {
            name: "compat".to_owned(),
            file: None,
            description: None,
            package: None,
            plan_digest: Digest::of(b"plan"),
        },
        plan: PlanRecord {
            left_out: Vec::new(),
            environments: Vec::new(),
            models: Vec::new(),
            formats: Vec::new(),
            expectations: Vec::new(),
        },
        part: None,
    }))
}

/// Events as the lines of a log.
pub fn lines(events: &[Event]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in events {
        serde_json::to_writer(&mut bytes, event).expect("events serialise");
        bytes.push(b'\n');
    }
    bytes
}
