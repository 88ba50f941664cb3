//! Column names.

use std::collections::HashSet;

/// The names as they are in the file, except that none is empty and no two are equal.
pub(crate) fn distinct_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let named: Vec<String> = names
        .enumerate()
        .map(|(at, name)| if name.trim().is_empty() { format!("column {}", at + 1) } else { name.to_owned() })
        .collect();
    // Names of the file are taken first, so that a suffix never collides with a later one.
    let mut taken: HashSet<String> = named.iter().cloned().collect();
    let mut used = HashSet::with_capacity(named.len());
    named
        .into_iter()
        .map(|name| {
            if used.insert(name.clone()) {
                return name;
            }
            let distinct = (2_u64..)
                .map(|occurrence| format!("{name} ({occurrence})"))
                .find(|candidate| !taken.contains(candidate))
                .expect("there are more numbers than columns");
            taken.insert(distinct.clone());
            distinct
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: &[&str]) -> Vec<String> {
        distinct_names(of.iter().copied())
    }

    #[test]
    fn numbers_equal_names_and_names_nameless_columns() {
        assert_eq!(names(&["a", "b", "a", "a"]), ["a", "b", "a (2)", "a (3)"]);
        assert_eq!(names(&["a", "", " "]), ["a", "column 2", "column 3"]);
    }

    #[test]
    fn never_makes_a_name_that_the_file_already_has() {
        assert_eq!(names(&["a", "a", "a (2)"]), ["a", "a (3)", "a (2)"]);
        assert_eq!(names(&["column 2", ""]), ["column 2", "column 2 (2)"]);
        assert_eq!(names(&["a", "a", "a (2)", "a (2)"]), ["a", "a (3)", "a (2)", "a (2) (2)"]);
    }

    #[test]
    fn keeps_hostile_names_as_text() {
        let hostile = ["__proto__", "<img src=x onerror=alert(1)>", "=cmd()", "a\nb", "\u{202e}cba"];
        assert_eq!(names(&hostile), hostile);
    }
}
