//! Text for a terminal: lines, wrapped at a width, with styles in them.

use anstyle::{AnsiColor, Style};

use crate::present::words::Group;

/// Text that grows, wrapped at a width.
pub(super) struct Page {
    pub(super) out: String,
    pub(super) width: usize,
}

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();

/// The style of a group; every place that uses it also shows the group's character.
pub(super) fn style(group: Group) -> Style {
    match group {
        Group::Silent => AnsiColor::Magenta.on_default().bold(),
        Group::Fails => AnsiColor::Red.on_default(),
        Group::NoVerdict => AnsiColor::Yellow.on_default(),
        Group::Works => AnsiColor::Green.on_default(),
        Group::Unsupported => Style::new().dimmed(),
    }
}

pub(super) fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

impl Page {
    pub(super) fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    pub(super) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// Words, wrapped at the width: the first line begins with `start`, the others with `rest` spaces. Only
    /// `start` may hold styles; `shown` is the number of columns that it takes.
    pub(super) fn wrapped(&mut self, start: &str, shown: usize, rest: usize, style: Style, text: &str) {
        let mut lines = vec![String::new()];
        let mut used = shown;
        for word in text.split(' ') {
            let length = word.chars().count();
            let last = lines.len() - 1;
            if !lines[last].is_empty() && used + 1 + length > self.width {
                lines.push(word.to_owned());
                used = rest + length;
            } else {
                if !lines[last].is_empty() {
                    lines[last].push(' ');
                    used += 1;
                }
                lines[last].push_str(word);
                used += length;
            }
        }
        for (index, text) in lines.iter().enumerate() {
            let before = if index == 0 { start.to_owned() } else { " ".repeat(rest) };
            self.line(&format!("{before}{}", painted(style, text)));
        }
    }
}
