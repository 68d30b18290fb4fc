//! The parts of `docs/protocol.md` that are made: tables of all codes and frames, and fixtures.

use super::{Side, frames};
use crate::code::{CloseCode, FailureCode, RefusalCode};
use crate::request::Request;
use serde_json::json;

const BEGIN: &str = "<!-- made: ";
const END: &str = "<!-- end -->";

/// The page with what stands between `<!-- made: … -->` and `<!-- end -->` made anew: a table by
/// its name, or a fixture by its path, which `fixture` reads.
///
/// # Errors
/// The name of what can't be made, or of what has no end.
pub fn fill(page: &str, fixture: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut filled = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, after) = after.split_once(" -->").ok_or("a marker is not closed")?;
        let (_, after) = after.split_once(END).ok_or_else(|| format!("{name} has no end"))?;
        let made = match table(name) {
            Some(table) => table,
            None => fixture(name).map(|text| fenced(&text)).ok_or_else(|| name.to_owned())?,
        };
        filled.extend([before, BEGIN, name, " -->\n", &made, END]);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn fenced(text: &str) -> String {
    format!("```json\n{}\n```\n", text.trim_end())
}

fn table(name: &str) -> Option<String> {
    match name {
        "requests" => Some(requests()),
        "answers" => Some(described("Answer", Side::Answer)),
        "pushes" => Some(described("Push", Side::Push)),
        "refusals" => Some(codes(RefusalCode::ALL.iter().map(|code| (code.word(), code.advice())))),
        "failures" => Some(codes(FailureCode::ALL.iter().map(|code| (code.word(), code.advice())))),
        "closes" => Some(closes()),
        _ => None,
    }
}

fn requests() -> String {
    let answer_of = |name: &str| {
        let found = Request::NAMES.iter().find(|(request, _)| *request == name);
        found.map_or("", |(_, answer)| *answer)
    };
    let row = |(name, description): (String, String)| {
        [format!("`{name}`"), format!("`{}`", answer_of(&name)), description]
    };
    rows(["Request", "Answer", "For"], frames(Side::Request).into_iter().map(row))
}

fn described(head: &str, side: Side) -> String {
    let row = |(name, description): (String, String)| [format!("`{name}`"), description];
    rows([head, "Says"], frames(side).into_iter().map(row))
}

fn codes<'a>(codes: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let row = |(word, advice): (&str, &str)| [format!("`{word}`"), advice.to_owned()];
    rows(["Code", "What it means and what to do"], codes.map(row))
}

fn closes() -> String {
    let row = |code: &CloseCode| {
        let word = json!(code);
        let word = word.as_str().unwrap_or_default();
        let back = if code.reconnect() { "yes" } else { "no" };
        [code.number().to_string(), format!("`{word}`"), back.to_owned(), code.advice().to_owned()]
    };
    rows(["Number", "Reason", "Come back by itself", "Why"], CloseCode::ALL.iter().map(row))
}

fn rows<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut table = line(&head.map(str::to_owned));
    table.push_str(&line(&head.map(|_| "---".to_owned())));
    table.extend(rows.map(|cells| line(&cells)));
    table
}
