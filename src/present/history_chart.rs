//! How many cells do not work in each run, drawn over time.

use std::fmt::Write as _;

use super::words::Group;

/// Cells of one run by group, in the order of [`Group::ALL`].
pub type Tally = [u64; Group::ALL.len()];

/// What is drawn, from the bottom.
const DRAWN: [Group; 3] = [Group::Fails, Group::Silent, Group::NoVerdict];
/// Height of the bars, and the room left of them.
const HEIGHT: f64 = 110.0;
const LEFT: usize = 44;
/// Width of a run with what is between it and the next.
const STEP: usize = 14;

/// One bar a run, oldest first: when it ended, and what came of its cells. Nothing where there is one run only, or where
/// everything has always worked.
pub fn over_time(runs: &[(String, Tally)]) -> String {
    let count = |tally: &Tally| DRAWN.iter().map(|group| tally[*group as usize]).sum::<u64>();
    let most = runs.iter().map(|(_, tally)| count(tally)).max().unwrap_or(0);
    if runs.len() < 2 || most == 0 {
        return String::new();
    }
    let mut out = String::new();
    let (width, bottom) = (LEFT + runs.len() * STEP, HEIGHT + 8.0);
    // Writing to a `String` cannot fail.
    let _ = write!(
        out,
        "<h3>Cells that do not work, run by run</h3>\n<div class=\"wide time\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Cells that do not work, run by run\"><svg width=\"{width}\" height=\"{0}\" viewBox=\"0 0 {width} {0}\" \
         role=\"img\" aria-label=\"At most {most}; the table below has the numbers\">",
        HEIGHT + 24.0
    );
    for (value, y) in [(most, 8.0), (0, bottom)] {
        let _ = write!(
            out,
            "<path class=\"axis\" d=\"M{LEFT} {y}H{width}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{value}</text>",
            LEFT - 6,
            y + 4.0
        );
    }
    for (position, (day, tally)) in runs.iter().enumerate() {
        let mut y = bottom;
        for group in DRAWN {
            let cells = tally[group as usize];
            let high = HEIGHT * cells as f64 / most as f64;
            y -= high;
            if cells > 0 {
                let _ = write!(
                    out,
                    "<rect class=\"{}\" x=\"{}\" y=\"{y:.1}\" width=\"{}\" height=\"{high:.1}\"><title>{day}: {cells} {}</title></rect>",
                    group.class(),
                    LEFT + position * STEP + 1,
                    STEP - 2,
                    group.word()
                );
            }
        }
    }
    let end = bottom + 14.0;
    let date = |day: &str| day.get(..10).unwrap_or_default().to_owned();
    let _ = write!(out, "<text x=\"{LEFT}\" y=\"{end}\">{}</text>", date(&runs[0].0));
    if width > LEFT + 150 {
        let last = date(&runs[runs.len() - 1].0);
        let _ = write!(out, "<text x=\"{width}\" y=\"{end}\" text-anchor=\"end\">{last}</text>");
    }
    out.push_str("</svg></div>\n<details><summary>As a table</summary><div class=\"wide\" tabindex=\"0\" role=\"region\" \
                  aria-label=\"Cells by run\"><table><thead><tr><th scope=\"col\">run</th>");
    for group in Group::ALL {
        let _ = write!(out, "<th scope=\"col\">{}</th>", group.word());
    }
    out.push_str("</tr></thead><tbody>\n");
    for (day, tally) in runs {
        let cells: String = tally.iter().map(|cells| format!("<td>{cells}</td>")).collect();
        let _ = writeln!(out, "<tr><th scope=\"row\">{day}</th>{cells}</tr>");
    }
    out.push_str("</tbody></table></div></details>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(day: &str, silent: u64, fails: u64) -> (String, Tally) {
        (day.to_owned(), [silent, fails, 0, 7, 0])
    }

    #[test]
    fn bars_stand_on_one_another_and_what_always_works_has_none() {
        assert_eq!(over_time(&[run("2026-11-01", 1, 1)]), "");
        assert_eq!(over_time(&[run("2026-11-01", 0, 0), run("2026-11-02", 0, 0)]), "");
        let chart = over_time(&[run("2026-11-01 01:00", 0, 0), run("2026-11-02 01:00", 3, 1)]);
        assert_eq!(chart.matches("<rect").count(), 2);
        assert!(
            chart.contains("y=\"90.5\" width=\"12\" height=\"27.5\"><title>2026-11-02 01:00: 1 fails"),
            "{chart}"
        );
        assert!(
            chart.contains("y=\"8.0\" width=\"12\" height=\"82.5\"><title>2026-11-02 01:00: 3 silently"),
            "{chart}"
        );
        assert!(chart.contains(
            "<th scope=\"row\">2026-11-02 01:00</th><td>3</td><td>1</td><td>0</td><td>7</td><td>0</td>"
        ));
    }
}
