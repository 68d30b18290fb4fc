//! What is printed for somebody to paste into a shell, and what comes from there.

/// This program as another terminal can call it, wherever it stands.
pub(crate) fn program() -> String {
    std::env::current_exe()
        .map_or_else(|_| "crosstalk".to_owned(), |path| quoted(&path.display().to_string()))
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@".contains(c);
    if word.is_empty() || !word.chars().all(is_plain) {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        word.to_owned()
    }
}

/// A setting on the command line.
pub(crate) fn key_and_value(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("it is to be like limits.pong_seconds=5")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_take_it_apart() {
        assert_eq!(quoted("/opt/crosstalk-1.0/crosstalk"), "/opt/crosstalk-1.0/crosstalk");
        assert_eq!(quoted("/my disk/it's"), r"'/my disk/it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
