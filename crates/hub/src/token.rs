//! The token of the user's account. It goes into requests and nowhere else.

use fs_err as fs;
use std::path::PathBuf;

const VARIABLE: &str = "HF_TOKEN";

/// The token for this process: `HF_TOKEN`, the same in a file `.env` of the current folder, or
/// what the Hub's own log-in stored (`HF_TOKEN_PATH`, else `HF_HOME/token`).
pub(crate) fn find() -> Option<String> {
    let variable = std::env::var(VARIABLE).ok().and_then(|token| given(&token));
    variable.or_else(of_env_file).or_else(of_log_in)
}

fn of_env_file() -> Option<String> {
    fs::read_to_string(".env").ok().and_then(|text| in_env_file(&text))
}

fn of_log_in() -> Option<String> {
    let named = std::env::var_os("HF_TOKEN_PATH").map(PathBuf::from);
    let path = named.unwrap_or_else(|| hf_hub::hf_home().join("token"));
    fs::read_to_string(path).ok().and_then(|token| given(&token))
}

/// The last line that sets the token.
fn in_env_file(text: &str) -> Option<String> {
    let set = |line: &str| {
        let line = line.trim();
        let (key, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        (key.trim() == VARIABLE).then(|| given(unquoted(value.trim()))).flatten()
    };
    text.lines().filter_map(set).next_back()
}

/// Without its quotes, or without a comment behind it.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some((inside, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote))
        {
            return inside;
        }
    }
    value.split(" #").next().unwrap_or(value)
}

fn given(token: &str) -> Option<String> {
    let token = token.trim();
    (!token.is_empty()).then(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_files_are_read_as_shells_write_them() {
        let found = |text: &str| in_env_file(text);
        for line in [
            "HF_TOKEN=hf_a",
            " export HF_TOKEN = hf_a # mine",
            "HF_TOKEN=\"hf_a\" # mine",
            "HF_TOKEN='hf_a'",
            "HF_TOKEN=hf_old\nOTHER=x\nHF_TOKEN=hf_a\r\n",
        ] {
            assert_eq!(found(line).as_deref(), Some("hf_a"), "{line}");
        }
        for line in ["", "#HF_TOKEN=hf_a", "HF_TOKEN=", "MY_HF_TOKEN=hf_a", "HF_TOKEN=''"] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
