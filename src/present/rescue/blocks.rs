//! A document of a few kinds of blocks, as Markdown and as one self-contained HTML page: what a rescue says is written
//! once, and looks the same in both.

use std::fmt::Write as _;

use super::super::markup;
use super::super::words::{block, line};

/// One part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// A heading below the title.
    Heading(&'static str),
    /// A paragraph.
    Text(Vec<Span>),
    /// What must not be overlooked.
    Notice(Vec<Span>),
    /// A list.
    List(Vec<Vec<Span>>),
    /// A table: its head, and its rows.
    Table(Vec<&'static str>, Vec<Vec<Vec<Span>>>),
    /// Something to type.
    Code(&'static str, String),
}

/// A piece of a line. Texts from outside can be no markup in any of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// Words.
    Words(String),
    /// A name, a path, a value.
    Code(String),
}

/// Words.
pub(super) fn words(text: impl Into<String>) -> Span {
    Span::Words(text.into())
}

/// A name, a path, a value.
pub(super) fn code(text: impl Into<String>) -> Span {
    Span::Code(text.into())
}

/// The document as Markdown.
pub(super) fn markdown(title: &str, blocks: &[Block]) -> String {
    let mut out = format!("# {}\n", markup::prose(title));
    for block in blocks {
        out.push('\n');
        // Writing to a `String` cannot fail.
        let _ = match block {
            Block::Heading(text) => writeln!(out, "## {text}"),
            Block::Text(spans) => writeln!(out, "{}", spans_markdown(spans)),
            Block::Notice(spans) => writeln!(out, "> **{}**", spans_markdown(spans)),
            Block::List(items) => {
                items.iter().try_for_each(|item| writeln!(out, "- {}", spans_markdown(item)))
            }
            Block::Table(head, rows) => table_markdown(&mut out, head, rows),
            Block::Code(language, text) => {
                writeln!(out, "```{language}\n{}\n```", self::block(text).replace("```", "'''"))
            }
        };
    }
    out
}

fn table_markdown(out: &mut String, head: &[&str], rows: &[Vec<Vec<Span>>]) -> std::fmt::Result {
    writeln!(out, "| {} |", head.join(" | "))?;
    writeln!(out, "|{}", " --- |".repeat(head.len()))?;
    rows.iter().try_for_each(|row| {
        let cells: Vec<String> = row.iter().map(|cell| spans_markdown(cell)).collect();
        writeln!(out, "| {} |", cells.join(" | "))
    })
}

fn spans_markdown(spans: &[Span]) -> String {
    spans
        .iter()
        .map(|span| match span {
            // A blank at either end separates words from code, and `prose` would drop it.
            Span::Words(text) => padded(text, &markup::spans(text)),
            Span::Code(text) => markup::code(text),
        })
        .collect()
}

fn padded(text: &str, shown: &str) -> String {
    let before = if text.starts_with(' ') { " " } else { "" };
    let after = if text.len() > 1 && text.ends_with(' ') { " " } else { "" };
    format!("{before}{}{after}", shown.trim())
}

/// Letters of code that stay together.
const LONGEST_WORD: usize = 40;

const STYLE: &str = "\
:root{color-scheme:light dark}body{margin:0 auto;padding:1.5rem;max-width:60rem;font:16px/1.55 system-ui,sans-serif}\
h1{font-size:1.7rem;line-height:1.2}h2{margin-top:2rem;font-size:1.25rem}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #8885}\
code{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:break-word}.long{overflow-wrap:anywhere}pre{padding:.8rem;background:#8882;overflow-x:auto}\
.notice{border-left:4px solid #b45309;padding:.5rem .9rem;background:#f59e0b22;font-weight:600}\
h1{overflow-wrap:anywhere}.wide{overflow-x:auto}th{white-space:nowrap}td{min-width:4.5rem}\
@media print{body{max-width:none;padding:0;font-size:10pt;color:#111;background:#fff}.wide,pre{overflow:visible}\
pre{white-space:pre-wrap;overflow-wrap:anywhere}td{min-width:0;overflow-wrap:break-word}.long{overflow-wrap:anywhere}h2{break-after:avoid}tr{break-inside:avoid}}";

/// The document as one HTML page.
pub(super) fn html(title: &str, blocks: &[Block]) -> String {
    let title = escaped(title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n"
    );
    for block in blocks {
        let _ = match block {
            Block::Heading(text) => writeln!(out, "<h2>{}</h2>", escaped(text)),
            Block::Text(spans) => writeln!(out, "<p>{}</p>", spans_html(spans)),
            Block::Notice(spans) => writeln!(out, "<p class=\"notice\">{}</p>", spans_html(spans)),
            Block::List(items) => {
                let items: String =
                    items.iter().map(|item| format!("<li>{}</li>\n", spans_html(item))).collect();
                writeln!(out, "<ul>\n{items}</ul>")
            }
            Block::Table(head, rows) => {
                let head: String = head.iter().map(|cell| format!("<th>{}</th>", escaped(cell))).collect();
                let row = |row: &Vec<Vec<Span>>| {
                    let cells: String = row.iter().map(|it| format!("<td>{}</td>", spans_html(it))).collect();
                    format!("<tr>{cells}</tr>\n")
                };
                let rows: String = rows.iter().map(row).collect();
                writeln!(
                    out,
                    "<div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table></div>"
                )
            }
            Block::Code(_, text) => {
                writeln!(out, "<pre><code>{}</code></pre>", escape(&self::block(text)))
            }
        };
    }
    out.push_str("</body></html>\n");
    out
}

fn spans_html(spans: &[Span]) -> String {
    spans
        .iter()
        .map(|span| match span {
            Span::Words(text) => padded(text, &markup::html_spans(text)),
            Span::Code(text) => {
                // What no word is, such as a digest, may be broken anywhere.
                let is_long = text
                    .split(|sign: char| sign.is_whitespace() || sign == '-')
                    .any(|word| word.len() > LONGEST_WORD);
                let class = if is_long { " class=\"long\"" } else { "" };
                format!("<code{class}>{}</code>", escaped(text))
            }
        })
        .collect()
}

fn escaped(text: &str) -> String {
    escape(&line(text))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
