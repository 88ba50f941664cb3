//! Domain separation: what every keyed value is for.

/// Key of a study from the owner's secret.
pub(super) const STUDY: &str = "veilsum/pseudonym/v1/study";
/// Key of the format-preserving permutations.
pub(super) const PERMUTATION: &str = "veilsum/pseudonym/v1/permutation";
/// Order of a small domain.
pub(super) const SHUFFLE: &str = "veilsum/pseudonym/v1/shuffle";
/// Identifiers.
pub(super) const IDENTIFIER: &str = "identifier";
/// Identifiers that cannot be permuted.
pub(super) const TOKEN: &str = "token";
/// Postcodes.
pub(super) const POSTCODE: &str = "postcode";
/// National numbers.
pub(super) const NATIONAL: &str = "national";
/// Phone numbers.
pub(super) const PHONE: &str = "phone";
/// Shift of a person's dates.
pub(super) const DATE: &str = "date";
/// Given names.
pub(super) const GIVEN: &str = "given";
/// Second given names.
pub(super) const MIDDLE: &str = "middle";
/// Family names.
pub(super) const FAMILY: &str = "family";
/// Tags of e-mail addresses.
pub(super) const EMAIL: &str = "email";
/// Domains of e-mail addresses.
pub(super) const DOMAIN: &str = "domain";
/// Streets and house numbers.
pub(super) const STREET: &str = "street";
/// Towns.
pub(super) const CITY: &str = "city";
