// SPDX-License-Identifier: LGPL-2.1-or-later

//! Several names in one field.

/// The names in a text, each once, in their order. Commas separate them, for names of groups may
/// have spaces.
pub fn names(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in text.split([',', ';', '\n']).map(str::trim).filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn each_name_once() {
        assert_eq!(names(" jane, josh ,,jane;QA Team\n"), ["jane", "josh", "QA Team"]);
        assert!(names(" , ").is_empty());
    }
}
