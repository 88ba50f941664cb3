//! Keys of models and scores.

use veilsum_protocol::{ModelId, ScoreId, TenantId};

use super::Key;

/// The folder of the catalogue: an entry for each id that a model was published under, which names its publisher.
pub const CATALOGUE: &str = "models/";

/// The entry of a model in the catalogue.
#[must_use]
pub fn catalogued(model: &ModelId) -> Key {
    Key(format!("{CATALOGUE}{model}"))
}

/// The model that has this entry in the catalogue.
#[must_use]
pub fn catalogued_model(key: &Key) -> Option<ModelId> {
    key.0.strip_prefix(CATALOGUE)?.parse().ok()
}

/// The keys of one model, which lie in its publisher's folder.
#[derive(Debug, Clone)]
pub struct ModelKeys {
    folder: String,
}

impl ModelKeys {
    /// The keys of model `model` of `publisher`.
    #[must_use]
    pub fn new(publisher: &TenantId, model: &ModelId) -> Self {
        Self { folder: format!("t/{publisher}/m/{model}/") }
    }

    /// The terms.
    #[must_use]
    pub fn terms(&self) -> Key {
        self.named("terms")
    }

    /// The marker that the model was withdrawn.
    #[must_use]
    pub fn withdrawn(&self) -> Key {
        self.named("withdrawn")
    }

    /// What every published version's key starts with.
    #[must_use]
    pub fn versions(&self) -> String {
        format!("{}version/", self.folder)
    }

    /// What clients are told of a version; storing it publishes the version.
    #[must_use]
    pub fn version(&self, version: u32) -> Key {
        self.named(&format!("version/{version:08}"))
    }

    /// The number of the version whose interface lies at `key`.
    #[must_use]
    pub fn version_number(&self, key: &Key) -> Option<u32> {
        key.0.strip_prefix(&self.versions())?.parse().ok()
    }

    /// What every document's key starts with.
    #[must_use]
    pub fn documents(&self) -> String {
        format!("{}document/", self.folder)
    }

    /// The weights of a version.
    #[must_use]
    pub fn document(&self, version: u32) -> Key {
        self.named(&format!("document/{version:08}"))
    }

    /// The rows of one client.
    #[must_use]
    pub fn rows(&self, client: &TenantId) -> Key {
        self.named(&format!("rows/{client}"))
    }

    fn named(&self, name: &str) -> Key {
        Key(format!("{}{name}", self.folder))
    }
}

/// The keys of one score.
#[derive(Debug, Clone)]
pub struct ScoreKeys {
    folder: String,
}

impl ScoreKeys {
    /// The keys of score `score` of `tenant`.
    #[must_use]
    pub fn new(tenant: &TenantId, score: &ScoreId) -> Self {
        Self { folder: format!("t/{tenant}/s/{score}/") }
    }

    /// What every key of the score starts with.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// What was asked for.
    #[must_use]
    pub fn request(&self) -> Key {
        self.named("request")
    }

    /// The encrypted records; storing them starts the score.
    #[must_use]
    pub fn query(&self) -> Key {
        self.named("query")
    }

    /// The marker that its rows are counted.
    #[must_use]
    pub fn counted(&self) -> Key {
        self.named("counted")
    }

    /// The answer.
    #[must_use]
    pub fn answer(&self) -> Key {
        self.named("answer")
    }

    /// Why there is no answer.
    #[must_use]
    pub fn failure(&self) -> Key {
        self.named("failure")
    }

    /// The marker that the caller cancelled the score.
    #[must_use]
    pub fn cancelled(&self) -> Key {
        self.named("cancelled")
    }

    /// The measured steps.
    #[must_use]
    pub fn steps(&self) -> Key {
        self.named("steps")
    }

    fn named(&self, name: &str) -> Key {
        Key(format!("{}{name}", self.folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId::from_bytes([0xaa; 32]);
    const MODEL: ModelId = ModelId::from_bytes([0xbb; 16]);
    const SCORE: ScoreId = ScoreId::from_bytes([0xcc; 16]);

    fn every_key() -> Vec<String> {
        let (model, score) = (ModelKeys::new(&TENANT, &MODEL), ScoreKeys::new(&TENANT, &SCORE));
        let keys = [
            catalogued(&MODEL),
            model.terms(),
            model.withdrawn(),
            model.version(1),
            model.document(1),
            model.rows(&TENANT),
            score.request(),
            score.query(),
            score.counted(),
            score.answer(),
            score.failure(),
            score.cancelled(),
            score.steps(),
        ];
        keys.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn keys_have_the_agreed_form() {
        let keys = every_key();
        assert_eq!(keys[0], format!("models/{}", "bb".repeat(16)));
        assert_eq!(keys[3], format!("t/{}/m/{}/version/00000001", "aa".repeat(32), "bb".repeat(16)));
        assert_eq!(keys[7], format!("t/{}/s/{}/query", "aa".repeat(32), "cc".repeat(16)));
    }

    #[test]
    fn no_key_is_a_folder_of_another() {
        let keys = every_key();
        for key in &keys {
            assert!(!keys.iter().any(|other| other.starts_with(&format!("{key}/"))), "{key}");
        }
    }

    #[test]
    fn ids_and_numbers_are_read_back_from_their_keys() {
        assert_eq!(catalogued_model(&catalogued(&MODEL)), Some(MODEL));
        let keys = ModelKeys::new(&TENANT, &MODEL);
        assert_eq!(keys.version_number(&keys.version(42)), Some(42));
        assert_eq!(keys.version_number(&keys.document(42)), None);
    }
}
