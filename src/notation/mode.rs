//! Permissions of files.

/// Reads permissions of octal digits, with or without the `0o` that TOML and YAML put before them.
pub(crate) fn parse_mode(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o7777)
}

#[cfg(test)]
mod tests {
    use super::parse_mode;

    #[test]
    fn only_octal_digits_are_permissions() {
        for (text, mode) in [("0640", Some(0o640)), ("0o1777", Some(0o1777)), ("640", Some(0o640)), ("7", Some(7))] {
            assert_eq!(parse_mode(text), mode, "{text}");
        }
        for text in ["", "0x640", "680", "17777", "-1", "rw"] {
            assert_eq!(parse_mode(text), None, "{text}");
        }
    }
}
