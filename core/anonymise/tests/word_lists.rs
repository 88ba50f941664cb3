//! The word lists are those of the crate `fake`, each word once.
//!
//! They are files and not a dependency: that crate brings a source of randomness, which core must not have, and a
//! later version of its lists would change every study's pseudonyms.

use fake::locales::{DE_DE, Data, EN, FR_FR, IT_IT};

const LISTS: [(&str, &str, &[&str]); 10] = [
    ("given-en.txt", include_str!("../data/given-en.txt"), EN::NAME_FIRST_NAME),
    ("family-en.txt", include_str!("../data/family-en.txt"), EN::NAME_LAST_NAME),
    ("given-fr.txt", include_str!("../data/given-fr.txt"), FR_FR::NAME_FIRST_NAME),
    ("family-fr.txt", include_str!("../data/family-fr.txt"), FR_FR::NAME_LAST_NAME),
    ("given-de.txt", include_str!("../data/given-de.txt"), DE_DE::NAME_FIRST_NAME),
    ("family-de.txt", include_str!("../data/family-de.txt"), DE_DE::NAME_LAST_NAME),
    ("given-it.txt", include_str!("../data/given-it.txt"), IT_IT::NAME_FIRST_NAME),
    ("family-it.txt", include_str!("../data/family-it.txt"), IT_IT::NAME_LAST_NAME),
    ("street-en.txt", include_str!("../data/street-en.txt"), EN::ADDRESS_STREET_SUFFIX),
    ("city-en.txt", include_str!("../data/city-en.txt"), EN::ADDRESS_CITY_SUFFIX),
];

#[test]
fn lists_are_those_of_fake() {
    for (name, file, list) in LISTS {
        let mut words: Vec<&str> = list.iter().map(|word| word.trim()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(file.lines().collect::<Vec<_>>(), words, "{name}");
        assert!(words.iter().all(|word| !word.is_empty()), "{name}");
    }
}
