//! What a column's name says, in some languages.

use super::Kind;

/// Whether the name of a column is usual for such cells.
pub(super) fn hints(name: &str, kind: Kind) -> bool {
    let words = words(name);
    let joined = words.concat();
    let is = |known: &[&str]| {
        words.iter().any(|word| known.contains(&word.as_str())) || known.contains(&joined.as_str())
    };
    let has = |parts: &[&str]| parts.iter().any(|part| joined.contains(part));
    match kind {
        Kind::Name => {
            is(&["name", "names", "nom", "prenom", "prénom", "nome", "cognome", "nombre", "apellido", "naam"])
                || has(&[
                    "firstname",
                    "lastname",
                    "surname",
                    "fullname",
                    "givenname",
                    "familyname",
                    "vorname",
                    "nachname",
                ])
        }
        Kind::Email => has(&["email", "mail", "courriel"]),
        Kind::Phone => {
            is(&["tel", "cell", "fax", "gsm"])
                || has(&["phone", "telefon", "téléphone", "telephone", "mobile", "handy"])
        }
        Kind::NationalNumber(_) => {
            is(&["ssn", "nhs", "nir", "insee", "dni", "bsn", "pesel", "personnummer", "nrn", "idnr", "cf"])
                || has(&[
                    "social",
                    "nationalid",
                    "nationalnumber",
                    "taxid",
                    "steuerid",
                    "codicefiscale",
                    "rijksregister",
                ])
        }
        Kind::CardNumber => is(&["pan", "cc", "card"]) || has(&["creditcard", "cardnumber", "kreditkarte"]),
        Kind::Iban => is(&["iban", "account", "konto"]) || has(&["bankaccount", "kontonummer"]),
        Kind::IpAddress => is(&["ip", "ipv4", "ipv6"]) || has(&["ipaddress", "hostaddress"]),
        Kind::Address => {
            is(&["address", "adresse", "street", "rue", "via", "calle", "indirizzo", "anschrift"])
                || has(&["strasse", "straße", "streetaddress", "homeaddress"])
        }
        Kind::Identifier => {
            is(&[
                "id", "ids", "key", "uuid", "guid", "mrn", "code", "nr", "no", "number", "patid", "pid",
                "ref",
            ]) || has(&["patientid", "userid", "customerid", "recordid", "identifier", "caseid"])
        }
        Kind::BirthDate => {
            is(&["dob", "geb"]) || has(&["birth", "geburt", "naissance", "nascita", "nacimiento", "geboorte"])
        }
        Kind::Postcode => {
            is(&["zip", "plz", "cp", "cap", "postal"])
                || has(&["postcode", "zipcode", "postleitzahl", "postalcode", "codepostal"])
        }
    }
}

/// The words of `firstName`, `first_name` and `First name`, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_is_small = false;
    for c in name.chars() {
        let starts = !c.is_alphanumeric() || c.is_uppercase() && before_is_small;
        if starts && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        before_is_small = c.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_words() {
        for (name, kind) in [
            ("firstName", Kind::Name),
            ("LAST_NAME", Kind::Name),
            ("E-Mail", Kind::Email),
            ("PatID", Kind::Identifier),
            ("Date of birth", Kind::BirthDate),
            ("Geburtsdatum", Kind::BirthDate),
            ("Post code", Kind::Postcode),
            ("IP", Kind::IpAddress),
        ] {
            assert!(hints(name, kind), "{name}");
        }
        for (name, kind) in
            [("grid", Kind::Identifier), ("trip", Kind::IpAddress), ("rename", Kind::Name), ("", Kind::Name)]
        {
            assert!(!hints(name, kind), "{name}");
        }
    }
}
