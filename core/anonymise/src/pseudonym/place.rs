//! Addresses.

use super::{Locale, Pseudonymiser, is_blank, labels, normalised, words};

/// Numbers of houses.
const MAX_HOUSE: u64 = 199;

impl Pseudonymiser {
    /// A street and house number in the manner of the locale. The same address stays the same, so that households
    /// stay together; two addresses may rarely become one.
    #[must_use]
    pub fn street(&self, cell: &str) -> String {
        if is_blank(cell) {
            return String::new();
        }
        let mut draw = self.key.draw(labels::STREET, &[normalised(cell).as_bytes()]);
        let name = draw.pick(&self.family_names);
        let house = draw.below(MAX_HOUSE) + 1;
        match self.locale {
            Locale::English => format!("{house} {name} {}", draw.line(words::STREETS_EN)),
            Locale::French => {
                format!("{house} {} {name}", draw.pick(&["rue", "avenue", "boulevard", "place"]))
            }
            Locale::German => format!("{name}{} {house}", draw.pick(&["straße", "weg", "allee", "platz"])),
            Locale::Italian => format!("{} {name} {house}", draw.pick(&["Via", "Viale", "Piazza", "Corso"])),
        }
    }

    /// A town that does not exist. The same town stays the same; two towns may become one (there are some thousand
    /// fake ones), so that a column to group by is better treated as an identifier.
    #[must_use]
    pub fn city(&self, cell: &str) -> String {
        if is_blank(cell) {
            return String::new();
        }
        let mut draw = self.key.draw(labels::CITY, &[normalised(cell).as_bytes()]);
        let name = draw.pick(&self.family_names);
        match self.locale {
            Locale::English => format!("{name}{}", draw.line(words::CITIES_EN)),
            Locale::French => {
                format!("{name}-{}", draw.pick(&["sur-Mer", "les-Bains", "la-Forêt", "le-Vieux"]))
            }
            Locale::German => {
                format!("{name}{}", draw.pick(&["dorf", "stadt", "heim", "hausen", "berg", "feld"]))
            }
            Locale::Italian => format!("{} {name}", draw.pick(&["San", "Borgo", "Castel", "Monte", "Villa"])),
        }
    }
}
