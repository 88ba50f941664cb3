//! Word lists, one word a line: those of the crate `fake` 5.1.0 (MIT or Apache-2.0), sorted, each word once.
//!
//! Frozen: a change of a list changes every study's pseudonyms.

pub(super) const GIVEN_EN: &str = include_str!("../../data/given-en.txt");
pub(super) const GIVEN_FR: &str = include_str!("../../data/given-fr.txt");
pub(super) const GIVEN_DE: &str = include_str!("../../data/given-de.txt");
pub(super) const GIVEN_IT: &str = include_str!("../../data/given-it.txt");
pub(super) const FAMILY_EN: &str = include_str!("../../data/family-en.txt");
pub(super) const FAMILY_FR: &str = include_str!("../../data/family-fr.txt");
pub(super) const FAMILY_DE: &str = include_str!("../../data/family-de.txt");
pub(super) const FAMILY_IT: &str = include_str!("../../data/family-it.txt");
pub(super) const STREETS_EN: &str = include_str!("../../data/street-en.txt");
pub(super) const CITIES_EN: &str = include_str!("../../data/city-en.txt");
