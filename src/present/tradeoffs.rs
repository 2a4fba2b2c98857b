//! The formats of a run side by side: what they cost, and where they work.

use super::table::Table;
use super::words::number;
use crate::vocab::{Cause, CellRecord, FormatName, FormatPlan, Record, Verdict};

/// One format of a run with more than one.
#[derive(Clone, Debug, PartialEq)]
pub struct Tradeoff<'r> {
    /// Its name.
    pub format: &'r str,
    /// One line for people.
    pub about: &'r str,
    /// Whether loading runs code that the file brings along.
    pub runs_code: Option<bool>,
    /// Models that it can hold, of those that were tried.
    pub models: (usize, usize),
    /// Cells in which its artifacts work, of those that were tried.
    pub works: (usize, usize),
    /// Median size of an artifact in bytes.
    pub size: Option<f64>,
    /// Median seconds to write one.
    pub save: Option<f64>,
    /// Median seconds to load one.
    pub load: Option<f64>,
    /// Median seconds for the first outputs after that.
    pub predict: Option<f64>,
    /// Median peak of resident memory in bytes.
    pub memory: Option<f64>,
}

/// One entry a format in plan order; none where the run has only one, or does not describe them. Formats whose files
/// were damaged on purpose are no choice.
pub fn tradeoffs(record: &Record) -> Vec<Tradeoff<'_>> {
    let formats: Vec<&FormatPlan> = record.formats.iter().filter(|format| format.damaged.is_none()).collect();
    if formats.len() < 2 {
        return Vec::new();
    }
    formats
        .into_iter()
        .map(|format| {
            let of_format = |name: &FormatName| *name == format.name;
            let artifacts: Vec<_> = record.artifacts.iter().filter(|it| of_format(&it.format)).collect();
            let made: Vec<_> = artifacts.iter().filter(|artifact| artifact.digest.is_some()).collect();
            let models = |list: &mut dyn Iterator<Item = &str>| {
                let mut names: Vec<&str> = list.collect();
                names.sort_unstable();
                names.dedup();
                names.len()
            };
            let exists = |cell: &&CellRecord| made.iter().any(|artifact| artifact.id == cell.artifact);
            let is_tried = |cell: &&CellRecord| {
                !matches!(cell.verdict, Verdict::EnvError | Verdict::NotTried)
                    && !matches!(cell.cause, Cause::RuledOut { .. })
            };
            let tried: Vec<&CellRecord> = record
                .cells
                .iter()
                .filter(|cell| of_format(&cell.format))
                .filter(exists)
                .filter(is_tried)
                .collect();
            let works: Vec<&CellRecord> = tried
                .iter()
                .copied()
                .filter(|cell| matches!(cell.verdict, Verdict::Identical | Verdict::Roundoff))
                .collect();
            let over_cells =
                |fact: fn(&CellRecord) -> Option<f64>| median(works.iter().filter_map(|cell| fact(cell)));
            Tradeoff {
                format: format.name.as_str(),
                about: &format.about,
                runs_code: format.runs_code,
                models: (
                    models(&mut made.iter().map(|artifact| artifact.model.as_str())),
                    models(&mut artifacts.iter().map(|artifact| artifact.model.as_str())),
                ),
                works: (works.len(), tried.len()),
                size: median(made.iter().filter_map(|artifact| artifact.size).map(|size| size as f64)),
                save: median(made.iter().filter_map(|artifact| artifact.save_seconds)),
                load: over_cells(|cell| cell.load_seconds),
                predict: over_cells(|cell| cell.predict_seconds),
                memory: over_cells(|cell| cell.peak_rss_bytes.map(|bytes| bytes as f64)),
            }
        })
        .collect()
}

/// The formats of a run as a table.
pub(super) fn table(record: &Record) -> Option<Table> {
    let rows: Vec<Vec<String>> = tradeoffs(record).iter().map(|format| format.row().into()).collect();
    (!rows.is_empty()).then(|| Table {
        id: "formats",
        title: "Formats side by side",
        legend: Tradeoff::LEGEND,
        heads: Tradeoff::HEADS.map(str::to_owned).into(),
        texts: 1,
        rows,
    })
}

impl Tradeoff<'_> {
    /// The heads of its columns.
    pub const HEADS: [&'static str; 9] = [
        "format",
        "runs code on load",
        "models it holds",
        "works in",
        "file size",
        "save s",
        "load s",
        "first prediction s",
        "peak memory",
    ];

    /// What the columns mean.
    pub const LEGEND: &'static str = "Medians over the artifacts of each format and the cells in which they work; formats \
        that hold fewer models are not measured on the others. A cell whose environment lacks what reading needs counts \
        as one in which the format does not work; cells that the matrix rules out do not count.";

    /// Its row, as plain texts.
    pub fn row(&self) -> [String; 9] {
        let seconds = |value: Option<f64>| value.map_or_else(String::new, number);
        let share = match self.works {
            (_, 0) => String::new(),
            (works, tried) => format!("{}% of {tried}", works * 100 / tried),
        };
        let runs_code = match self.runs_code {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        };
        [
            self.format.to_owned(),
            runs_code.to_owned(),
            format!("{} of {}", self.models.0, self.models.1),
            share,
            self.size.map_or_else(String::new, bytes),
            seconds(self.save),
            seconds(self.load),
            seconds(self.predict),
            self.memory.map_or_else(String::new, bytes),
        ]
    }
}

/// A file or memory size with three digits at most.
fn bytes(size: f64) -> String {
    let mut size = size;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 999.5 {
            return if size < 9.95 && unit != "B" {
                format!("{size:.1} {unit}")
            } else {
                format!("{size:.0} {unit}")
            };
        }
        size /= 1000.0;
    }
    format!("{size:.0} TB")
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        count if count % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

/// A point of the plot, in its coordinates.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// The format.
    pub name: String,
    /// Size and seconds in words.
    pub about: String,
}

/// A plot of file size (to the right) against seconds to load (upwards), both logarithmic.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// The formats.
    pub points: Vec<Point>,
    /// Marks of the horizontal axis.
    pub sizes: Vec<(f64, String)>,
    /// Marks of the vertical axis.
    pub seconds: Vec<(f64, String)>,
}

/// Width, height and margin of the plot.
pub const PLOT: (f64, f64, f64) = (760.0, 360.0, 56.0);

/// The plot of formats that have both; `None` where there are fewer than three.
pub fn plot(tradeoffs: &[Tradeoff<'_>]) -> Option<Plot> {
    let known: Vec<_> = tradeoffs
        .iter()
        .filter_map(|it| Some((it, it.size.filter(|size| *size > 0.0)?, it.load.filter(|load| *load > 0.0)?)))
        .collect();
    if known.len() < 3 {
        return None;
    }
    let (width, height, margin) = PLOT;
    let decades = |values: &mut dyn Iterator<Item = f64>| {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        values
            .for_each(|value| (low, high) = (low.min(value.log10().floor()), high.max(value.log10().ceil())));
        (low, high.max(low + 1.0))
    };
    let (left, right) = decades(&mut known.iter().map(|(_, size, _)| *size));
    let (bottom, top) = decades(&mut known.iter().map(|(_, _, load)| *load));
    let across = |size: f64| margin + (size.log10() - left) / (right - left) * (width - 2.0 * margin);
    let down =
        |load: f64| height - margin - (load.log10() - bottom) / (top - bottom) * (height - 2.0 * margin);
    let marks = |low: f64, high: f64| (low as i32..=high as i32).map(|power| 10f64.powi(power));
    let mut points: Vec<Point> = known
        .iter()
        .map(|(it, size, load)| Point {
            x: across(*size),
            y: down(*load),
            name: it.format.to_owned(),
            about: format!("{}: {}, loads in {} s", it.format, bytes(*size), number(*load)),
        })
        .collect();
    points.sort_by(|a, b| a.y.total_cmp(&b.y));
    Some(Plot {
        points,
        sizes: marks(left, right).map(|size| (across(size), bytes(size))).collect(),
        seconds: marks(bottom, top).map(|load| (down(load), format!("{} s", number(load)))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_sizes_read_well() {
        assert_eq!(median([].into_iter()), None);
        assert_eq!(median([3.0, 1.0, f64::NAN].into_iter()), Some(2.0));
        assert_eq!(median([5.0, 1.0, 3.0].into_iter()), Some(3.0));
        for (size, text) in [(17.0, "17 B"), (1_250.0, "1.2 kB"), (999_700.0, "1.0 MB"), (2.5e12, "2 TB")] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn the_plot_keeps_its_points_inside() {
        let one = |size: f64, load: f64| Tradeoff {
            format: "f",
            about: "",
            runs_code: None,
            models: (1, 1),
            works: (1, 1),
            size: Some(size),
            save: None,
            load: Some(load),
            predict: None,
            memory: None,
        };
        assert_eq!(plot(&[one(1.0, 1.0), one(1.0, 1.0)]), None);
        let plot = plot(&[one(1.0, 1e-6), one(1e9, 100.0), one(1e3, 1e3)]).expect("three are enough");
        let (width, height, margin) = PLOT;
        for point in &plot.points {
            assert!(
                (margin..=width - margin).contains(&point.x) && (margin..=height - margin).contains(&point.y)
            );
        }
    }
}
