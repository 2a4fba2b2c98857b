//! How far outputs drift over the releases that read them: a small chart a model, one line a writer, drawn as SVG.

use std::collections::{BTreeMap, BTreeSet};

use super::view::View;
use super::words::{Group, join, line, number, plural, shorten_middle};
use crate::notation::Version;
use crate::vocab::{CellRecord, EnvName, EnvironmentRecord};

/// Charts that a page shows, and lines that one has.
const MOST_CHARTS: usize = 12;
const MOST_LINES: usize = 4;
/// Releases that one model has to drift in: of one there is nothing to draw.
const FEWEST_RELEASES: usize = 2;
/// Letters of a writer beside its line.
const LONGEST_LABEL: usize = 12;
/// The size of a chart, and where its plot is.
const SIZE: (f64, f64) = (380.0, 250.0);
const LEFT: f64 = 56.0;
const RIGHT: f64 = 296.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 150.0;
/// The places of what has no size, below the plot.
const LANE: f64 = 20.0;
/// Between two labels, so that none hides another.
const APART: f64 = 13.0;
/// Half of a mark.
const MARK: f64 = 4.0;

/// What came of the files of a writer in a release, the worst of them.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Seen {
    Same,
    Fails,
    /// Labels that flip, shapes, values that are not finite.
    Otherwise,
    Drifts(f64),
}

impl Seen {
    fn of(cell: &CellRecord) -> Option<Self> {
        match Group::of(cell.verdict) {
            Group::Works => Some(Self::Same),
            Group::Fails => Some(Self::Fails),
            Group::NoVerdict | Group::Unsupported => None,
            Group::Silent => {
                let size = cell.worst_output().map(|(_, facts)| facts.max_abs.0);
                let is_size = |size: &f64| size.is_finite() && *size > 0.0;
                Some(size.filter(is_size).map_or(Self::Otherwise, Self::Drifts))
            }
        }
    }

    const fn is_drift(self) -> bool {
        matches!(self, Self::Otherwise | Self::Drifts(_))
    }

    fn size(self) -> Option<f64> {
        if let Self::Drifts(size) = self { Some(size) } else { None }
    }

    fn words(self) -> String {
        match self {
            Self::Same => "works".to_owned(),
            Self::Fails => "fails".to_owned(),
            Self::Otherwise => "differs".to_owned(),
            Self::Drifts(size) => number(size),
        }
    }
}

/// All charts of a page.
#[derive(Clone, Debug)]
pub(super) struct DriftCharts {
    /// What the package is called whose releases stand below the charts.
    pub(super) package: String,
    pub(super) charts: Vec<DriftChart>,
    /// Models whose drift is not drawn.
    pub(super) left_out: String,
    /// Width and height of each.
    pub(super) size: (f64, f64),
}

/// The chart of one model.
#[derive(Clone, Debug)]
pub(super) struct DriftChart {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) about: String,
    /// Places of the releases from the left, with their names; an empty one where there is no room.
    pub(super) releases: Vec<(f64, String)>,
    /// Marks of the vertical axis, and what stands below it.
    pub(super) marks: Vec<(f64, String)>,
    pub(super) lines: Vec<DriftLine>,
    /// All releases, and a row a writer: what the lines show, as words.
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<(String, Vec<String>)>,
}

/// The line of one writer.
#[derive(Clone, Debug)]
pub(super) struct DriftLine {
    pub(super) label: String,
    pub(super) label_y: f64,
    /// Paths between neighbours, and how they are dashed.
    pub(super) path: String,
    pub(super) dashes: &'static str,
    /// The marks with their styles and what they say.
    pub(super) points: Vec<(String, &'static str, String)>,
}

type Row = BTreeMap<Version, Seen>;

/// The charts of a run; none where no model drifts in two releases.
pub(super) fn charts(view: &View<'_>) -> Option<DriftCharts> {
    let package = view.record.matrix.package.as_deref().unwrap_or("scikit-learn");
    let release = |it: &&EnvironmentRecord| it.packages.get(package)?.parse::<Version>().ok();
    let releases: BTreeMap<&EnvName, Version> =
        view.record.environments.iter().filter_map(|it| Some((&it.name, release(&it)?))).collect();
    let mut models: BTreeMap<&str, BTreeMap<&EnvName, Row>> = BTreeMap::new();
    for cell in &view.record.cells {
        let (Some(seen), Some(release)) = (Seen::of(cell), releases.get(&cell.consumer)) else { continue };
        let row = models.entry(cell.model.as_str()).or_default().entry(&cell.producer).or_default();
        let known = row.entry(release.clone()).or_insert(seen);
        if seen > *known {
            *known = seen;
        }
    }
    let drifting = |rows: &BTreeMap<&EnvName, Row>| {
        let of_row = |row: &Row| {
            row.iter().filter(|(_, seen)| seen.is_drift()).map(|(it, _)| it.clone()).collect::<Vec<_>>()
        };
        rows.values().flat_map(of_row).collect::<BTreeSet<_>>().len()
    };
    models.retain(|_, rows| drifting(rows) >= FEWEST_RELEASES);
    let mut models: Vec<_> = models.into_iter().collect();
    models.sort_by(|(_, a), (_, b)| largest(b).total_cmp(&largest(a)));
    let left_out = models.len().saturating_sub(MOST_CHARTS);
    models.truncate(MOST_CHARTS);
    let name = |name: &EnvName| match releases.get(name) {
        Some(release) => format!("{} ({release})", line(name.as_str())),
        None => line(name.as_str()).into_owned(),
    };
    let charts: Vec<DriftChart> = models
        .into_iter()
        .enumerate()
        .map(|(at, (model, rows))| DriftChart::new(at, model, rows, &name))
        .collect();
    (!charts.is_empty()).then(|| DriftCharts {
        package: line(package).into_owned(),
        charts,
        left_out: match left_out {
            0 => String::new(),
            more => format!("and {} whose outputs drift less.", plural(more as u64, "more model")),
        },
        size: SIZE,
    })
}

fn largest(rows: &BTreeMap<&EnvName, Row>) -> f64 {
    rows.values().flat_map(Row::values).filter_map(|seen| seen.size()).fold(0.0, f64::max)
}

impl DriftChart {
    fn new(at: usize, model: &str, rows: BTreeMap<&EnvName, Row>, name: &dyn Fn(&EnvName) -> String) -> Self {
        let versions: BTreeSet<Version> = rows.values().flat_map(Row::keys).cloned().collect();
        let versions: Vec<Version> = versions.into_iter().collect();
        // Writers whose files come out alike are one line; those that never drift are none.
        let mut lines: Vec<(Vec<&EnvName>, Row)> = Vec::new();
        for (producer, row) in rows {
            if !row.values().any(|seen| seen.is_drift()) {
                continue;
            }
            match lines.iter_mut().find(|(_, known)| *known == row) {
                Some((names, _)) => names.push(producer),
                None => lines.push((vec![producer], row)),
            }
        }
        let size = |row: &Row| row.values().filter_map(|seen| seen.size()).fold(0.0, f64::max);
        lines.sort_by(|(_, a), (_, b)| size(b).total_cmp(&size(a)));
        let scale = Scale::new(&lines, versions.len());
        let hidden = lines.len().saturating_sub(MOST_LINES);
        let written = |names: &[&EnvName]| join(names.iter().map(|it| name(it)));
        let rows = lines.iter().map(|(names, row)| {
            let of = |version| row.get(version).map_or_else(String::new, |seen| seen.words());
            (written(names), versions.iter().map(of).collect())
        });
        let rows: Vec<(String, Vec<String>)> = rows.collect();
        let largest = lines.first().map_or(0.0, |(_, row)| size(row));
        let mut about = match largest {
            0.0 => "labels or shapes differ".to_owned(),
            size => format!("differs by up to {}", number(size)),
        };
        if hidden > 0 {
            about = format!("{about}; {} not drawn", plural(hidden as u64, "more writer"));
        }
        let drawn = lines.iter().take(MOST_LINES).enumerate();
        let mut drawn: Vec<DriftLine> = drawn
            .map(|(at, (names, row))| {
                let label = match names.as_slice() {
                    [name] => shorten_middle(&line(name.as_str()), LONGEST_LABEL).into_owned(),
                    names => plural(names.len() as u64, "writer"),
                };
                DriftLine::new(at, label, &written(names), row, &versions, &scale)
            })
            .collect();
        spread(&mut drawn);
        Self {
            id: format!("drift-{at}"),
            model: line(model).into_owned(),
            about,
            releases: scale.releases(&versions),
            marks: scale.marks(),
            lines: drawn,
            heads: versions.iter().map(ToString::to_string).collect(),
            rows,
        }
    }
}

impl DriftLine {
    fn new(at: usize, label: String, written: &str, row: &Row, versions: &[Version], scale: &Scale) -> Self {
        const DASHES: [&str; MOST_LINES] = ["", "6 3", "2 3", "9 3 2 3"];
        let mut path = String::new();
        let (mut points, mut label_y, mut is_joined) = (Vec::new(), BOTTOM, false);
        for (index, version) in versions.iter().enumerate() {
            let Some(seen) = row.get(version) else {
                is_joined = false;
                continue;
            };
            let (x, y) = (scale.across(index), scale.down(*seen));
            // What fails has no outputs: no line leads there.
            let leads = !matches!(seen, Seen::Fails);
            if leads {
                path.push_str(&format!("{}{x:.1} {y:.1}", if is_joined { "L" } else { "M" }));
            }
            is_joined = leads;
            label_y = y;
            let class = match seen {
                Seen::Same => "same",
                Seen::Fails => "broken",
                Seen::Otherwise | Seen::Drifts(_) => "drifts",
            };
            points.push((
                if leads { mark(at, x, y) } else { cross(x, y) },
                class,
                format!("written by {written}, read by {version}: {}", seen.words()),
            ));
        }
        Self { label, label_y, path, dashes: DASHES[at % MOST_LINES], points }
    }
}

/// The outline of a mark: each line has another.
fn mark(line: usize, x: f64, y: f64) -> String {
    let (l, r, t, b) = (x - MARK, x + MARK, y - MARK, y + MARK);
    match line % MOST_LINES {
        0 => format!("M{l:.1} {y:.1}a{MARK} {MARK} 0 1 0 {0} 0a{MARK} {MARK} 0 1 0 -{0} 0Z", 2.0 * MARK),
        1 => format!("M{l:.1} {t:.1}H{r:.1}V{b:.1}H{l:.1}Z"),
        2 => format!("M{x:.1} {t:.1}L{r:.1} {b:.1}H{l:.1}Z"),
        _ => format!("M{x:.1} {t:.1}L{r:.1} {y:.1}L{x:.1} {b:.1}L{l:.1} {y:.1}Z"),
    }
}

/// The mark of what fails.
fn cross(x: f64, y: f64) -> String {
    let (l, r, t, b) = (x - MARK, x + MARK, y - MARK, y + MARK);
    format!("M{l:.1} {t:.1}L{r:.1} {b:.1}M{r:.1} {t:.1}L{l:.1} {b:.1}")
}

/// Moves labels apart, and keeps them inside.
fn spread(lines: &mut [DriftLine]) {
    let mut order: Vec<&mut DriftLine> = lines.iter_mut().collect();
    order.sort_by(|a, b| a.label_y.total_cmp(&b.label_y));
    let mut lowest = TOP;
    for line in &mut order {
        line.label_y = line.label_y.max(lowest);
        lowest = line.label_y + APART;
    }
    let mut highest = BOTTOM + 2.0 * LANE + MARK;
    for line in order.iter_mut().rev() {
        line.label_y = line.label_y.min(highest);
        highest = line.label_y - APART;
    }
}

/// Where values stand: sizes by their logarithm, what has no size in a lane below.
struct Scale {
    low: i32,
    high: i32,
    has_sizes: bool,
    lanes: Vec<Seen>,
    releases: usize,
}

impl Scale {
    fn new(lines: &[(Vec<&EnvName>, Row)], releases: usize) -> Self {
        let all = || lines.iter().flat_map(|(_, row)| row.values());
        let sizes = || all().filter_map(|seen| seen.size()).map(f64::log10);
        let low = sizes().fold(f64::INFINITY, f64::min).floor();
        let high = sizes().fold(f64::NEG_INFINITY, f64::max).ceil();
        let has_sizes = sizes().next().is_some();
        let (low, high) = if has_sizes { (low as i32, high as i32) } else { (0, 1) };
        let lanes = [Seen::Otherwise, Seen::Same, Seen::Fails];
        Self {
            low,
            high: high.max(low + 1),
            has_sizes,
            lanes: lanes.into_iter().filter(|lane| all().any(|seen| seen == lane)).collect(),
            releases,
        }
    }

    fn across(&self, index: usize) -> f64 {
        let step = (RIGHT - LEFT) / self.releases.max(1) as f64;
        LEFT + (index as f64 + 0.5) * step
    }

    fn down(&self, seen: Seen) -> f64 {
        match seen.size() {
            Some(size) => self.at(size.log10()),
            None => {
                let lane = self.lanes.iter().position(|lane| *lane == seen).unwrap_or(0);
                BOTTOM + (lane as f64 + 1.0) * LANE
            }
        }
    }

    fn at(&self, power: f64) -> f64 {
        BOTTOM - (power - f64::from(self.low)) / f64::from(self.high - self.low) * (BOTTOM - TOP)
    }

    /// Some powers of ten, and the lanes.
    fn marks(&self) -> Vec<(f64, String)> {
        let step = ((self.high - self.low) / 4).max(1) as usize;
        let powers = (self.low..=self.high).rev().step_by(step).filter(|_| self.has_sizes);
        let power = |power: i32| {
            let text = if (-2..=3).contains(&power) {
                format!("{}", 10f64.powi(power))
            } else {
                format!("1e{power}")
            };
            (self.at(f64::from(power)), text)
        };
        let lanes = self.lanes.iter().map(|lane| (self.down(*lane), lane.words()));
        powers.map(power).chain(lanes).collect()
    }

    /// The releases; where they stand too close, some have no name.
    fn releases(&self, versions: &[Version]) -> Vec<(f64, String)> {
        let each = (15.0 * self.releases as f64 / (RIGHT - LEFT)).ceil().max(1.0) as usize;
        let last = versions.len().saturating_sub(1);
        let name = |(index, version): (usize, &Version)| {
            let is_named = (last - index).is_multiple_of(each);
            (self.across(index), if is_named { version.to_string() } else { String::new() })
        };
        versions.iter().enumerate().map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seen: &[(&str, Seen)]) -> Row {
        seen.iter().map(|(version, seen)| (version.parse().unwrap(), *seen)).collect()
    }

    fn chart(rows: &[(&'static str, Row)]) -> DriftChart {
        let names: Vec<EnvName> = rows.iter().map(|(name, _)| EnvName::from(*name)).collect();
        let rows = names.iter().zip(rows).map(|(name, (_, row))| (name, row.clone())).collect();
        DriftChart::new(0, "m", rows, &|name: &EnvName| name.to_string())
    }

    #[test]
    fn writers_that_come_out_alike_are_one_line_and_releases_stand_in_order() {
        let drift = row(&[("1.10", Seen::Drifts(41.0)), ("1.9", Seen::Drifts(0.004)), ("1.2", Seen::Same)]);
        let chart = chart(&[
            ("a", drift.clone()),
            ("b", drift),
            ("c", row(&[("1.2", Seen::Otherwise), ("1.10", Seen::Fails)])),
            ("never", row(&[("1.2", Seen::Same), ("1.10", Seen::Fails)])),
        ]);
        assert_eq!(chart.heads, ["1.2", "1.9", "1.10"]);
        assert_eq!(chart.about, "differs by up to 41");
        let rows: Vec<String> =
            chart.rows.iter().map(|(name, row)| format!("{name}: {}", row.join("|"))).collect();
        assert_eq!(rows, ["a, b: works|4.0e-3|41", "c: differs||fails"]);
        assert_eq!(chart.lines[0].label, "2 writers");
        // Nothing leads to what fails.
        assert_eq!(chart.lines[1].path.matches(['M', 'L']).count(), 1);
        let marks: Vec<&str> = chart.marks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(marks, ["100", "10", "1", "0.1", "0.01", "1e-3", "differs", "works", "fails"]);
    }

    #[test]
    fn everything_stays_inside_and_no_label_hides_another() {
        let versions: Vec<String> = (0..40).map(|minor| format!("1.{minor}")).collect();
        let rows: Vec<(&'static str, Row)> = ["a", "b", "c", "d", "e", "f", "g", "h"]
            .into_iter()
            .enumerate()
            .map(|(at, name)| {
                let seen = versions.iter().enumerate().map(|(index, version)| {
                    (
                        version.parse().unwrap(),
                        Seen::Drifts(10f64.powi(index as i32 - 20) * (1.0 + at as f64 / 9.0)),
                    )
                });
                (name, seen.collect())
            })
            .collect();
        let chart = chart(&rows);
        assert!(chart.about.ends_with("4 more writers not drawn"), "{}", chart.about);
        assert!(chart.marks.iter().all(|(y, _)| (TOP..=SIZE.1).contains(y)) && chart.marks.len() <= 6);
        assert!(chart.releases.iter().filter(|(_, name)| !name.is_empty()).count() <= 16);
        assert!(chart.releases.iter().all(|(x, _)| (LEFT..=RIGHT).contains(x)));
        let mut labels: Vec<f64> = chart.lines.iter().map(|line| line.label_y).collect();
        labels.sort_by(f64::total_cmp);
        assert_eq!(labels.len(), MOST_LINES);
        assert!(labels.windows(2).all(|pair| pair[1] - pair[0] > APART - 0.01));
        assert!(labels.iter().all(|y| (0.0..=SIZE.1).contains(y)));
    }
}
