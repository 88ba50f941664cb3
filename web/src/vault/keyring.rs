//! The keyring in this browser: create, unlock, lock, keep, import, remove.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::lock::Mutex;
use veilsum_owner::identity::IdentityKey;
use veilsum_owner::key_file::{KeyFile, KeyFileError};
use veilsum_owner::keyring::{Keyring, UnlockError, WrapError, Wrapped};
use veilsum_owner::master::MasterSecret;
use veilsum_owner::paillier::{KeygenError, ModulusSize, SecretKey, SecretPrime};
use veilsum_protocol::TenantId;
use veilsum_protocol::row_group::Encryption;
use web_sys::File;
use zeroize::Zeroizing;

use crate::api::Api;
use crate::fault::sentence;
use crate::messages::{Event, Fault, KeyringStatus, Reply};
use crate::time::{give_way, now_seconds};
use crate::vault::Vault;
use crate::vault::pool::Pool;
use crate::vault::primes;
use crate::vault::processes::Work;
use crate::vault::random::rng;
use crate::vault::source::Source;
use crate::vault::store::{StoredKeyring, is_persisted};
use crate::vault::upload::speed::Speed;

/// Far more than a key file with the numbers of very many datasets has.
const MAX_KEY_FILE_BYTES: u64 = 16 << 20;

/// The unlocked keyring and what is done in its name. Its keys are wiped when the last process lets go of it.
#[derive(Debug)]
pub struct Unlocked {
    /// The keys.
    pub keyring: Rc<Keyring>,
    /// The cloud.
    pub api: Api,
    /// How fast this device encrypts under this key, once measured.
    pub speed: Mutex<Option<Speed>>,
    /// The same for the second engine.
    pub bfv_speed: Mutex<Option<Speed>>,
    /// Encrypt workers that are ready for an upload.
    pub pool: RefCell<Option<Pool>>,
    wrapped: Vec<u8>,
    kept: Cell<bool>,
}

impl Unlocked {
    fn new(vault: &Vault, keyring: Keyring, stored: StoredKeyring) -> Self {
        let keyring = Rc::new(keyring);
        Self {
            api: Api::new(Rc::clone(&keyring), Rc::clone(&vault.tell)),
            keyring,
            speed: Mutex::new(None),
            bfv_speed: Mutex::new(None),
            pool: RefCell::default(),
            wrapped: stored.wrapped,
            kept: Cell::new(stored.kept),
        }
    }

    /// Who the owner is to the cloud.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.keyring.tenant()
    }

    /// What ciphertexts of the first engine are.
    #[must_use]
    pub fn paillier(&self) -> Encryption {
        Encryption::Paillier { modulus_bits: self.keyring.paillier().public_key().modulus_bits() }
    }

    /// Whether the key file was saved.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.kept.get()
    }
}

/// Where the keyring stands.
///
/// # Errors
/// A [`Fault`] of the store.
pub async fn status(vault: &Vault) -> Result<KeyringStatus, Fault> {
    let unlocked = vault.unlocked.borrow().clone();
    if let Some(unlocked) = unlocked {
        return Ok(KeyringStatus::Unlocked {
            tenant: unlocked.tenant(),
            modulus_bits: unlocked.keyring.paillier().public_key().modulus_bits(),
            kept: unlocked.is_kept(),
            persisted: is_persisted().await,
        });
    }
    match vault.store.keyring().await? {
        None => Ok(KeyringStatus::Absent),
        Some(stored) => Ok(match Wrapped::from_bytes(&stored.wrapped) {
            Ok(wrapped) => KeyringStatus::Locked { tenant: wrapped.tenant() },
            // Nothing can be opened with it, but importing its key file replaces it.
            Err(_) => KeyringStatus::Absent,
        }),
    }
}

/// Makes a new keyring and unlocks it. Takes a second or several, in which it can be [cancelled](cancel).
///
/// # Errors
/// A [`Fault`], also if there is a keyring already: it is never overwritten.
pub async fn create(
    vault: &Vault,
    passphrase: Zeroizing<String>,
    modulus_bits: u32,
) -> Result<KeyringStatus, Fault> {
    let size = ModulusSize::from_bits(u64::from(modulus_bits)).ok_or_else(|| {
        Fault::new("modulus-bits", "Keys are made with 3072 or 2048 bits. Choose one of these sizes.")
    })?;
    check_length(&passphrase)?;
    let process = vault.processes.begin_only(Work::Keyring)?;
    if let Some(stored) = vault.store.keyring().await? {
        Wrapped::from_bytes(&stored.wrapped)?;
        return Err(Fault::new(
            "keyring-exists",
            "This browser has a keyring already. Unlock it, or save its key file and remove it first.",
        ));
    }
    let expected = 2 * SecretPrime::expected_trials(size);
    let tried = Rc::new(Cell::new(0));
    let show = {
        let (tell, tried) = (Rc::clone(&vault.tell), Rc::clone(&tried));
        move |stage: &str| tell(Event::Keygen { stage: stage.to_owned(), tried: tried.get(), expected })
    };
    let count = {
        let (show, tried) = (show.clone(), Rc::clone(&tried));
        Rc::new(move |count| {
            tried.set(count);
            show("Looking for two primes");
        })
    };
    count(0);
    let [p, q] = process.or(primes::find(size, count)).await.map_err(|_| no_keys_made())??;
    show("Checking the key");
    give_way().await;
    let paillier = SecretKey::from_secret_primes(size, p, q).map_err(KeygenError::from)?;
    let (identity, master) = (IdentityKey::generate(&mut rng()), MasterSecret::generate(&mut rng()));
    let keyring = Keyring::from_keys(now_seconds(), identity, master, paillier);
    show("Protecting the keyring with the passphrase");
    give_way().await;
    process.check().map_err(|_| no_keys_made())?;
    let wrapped = keyring.wrap(&passphrase, &mut rng())?;
    let stored = StoredKeyring { wrapped, kept: false };
    vault.store.add_keyring(&stored).await?;
    vault.unlocked.replace(Some(Rc::new(Unlocked::new(vault, keyring, stored))));
    status(vault).await
}

/// Stops the making of a keyring and waits until it has stopped.
pub async fn cancel(vault: &Vault) {
    vault.processes.stop(Work::Keyring).await;
}

/// Opens the stored keyring.
///
/// # Errors
/// A [`Fault`]; code `wrong-passphrase` for a wrong passphrase.
pub async fn unlock(vault: &Vault, passphrase: Zeroizing<String>) -> Result<KeyringStatus, Fault> {
    let _process = vault.processes.begin_only(Work::Keyring)?;
    let Some(stored) = vault.store.keyring().await? else {
        return Err(Fault::new(
            "no-keyring",
            "This browser has no keyring. Create one, or import the key file of the one you have.",
        ));
    };
    let keyring = Wrapped::from_bytes(&stored.wrapped)?.unlock(&passphrase)?;
    vault.unlocked.replace(Some(Rc::new(Unlocked::new(vault, keyring, stored))));
    status(vault).await
}

/// Stops whatever runs in the keyring's name and wipes the keys from memory.
///
/// # Errors
/// A [`Fault`] of the store.
pub async fn lock(vault: &Vault) -> Result<KeyringStatus, Fault> {
    let _process = vault.processes.begin_only(Work::Keyring)?;
    forget(vault).await;
    status(vault).await
}

/// The key file: the wrapped keyring and the newest manifest numbers. Marks the keyring as kept.
///
/// # Errors
/// A [`Fault`] if the keyring is locked, or of the store.
pub async fn export(vault: &Vault) -> Result<Reply, Fault> {
    let unlocked = vault.unlocked()?;
    let newest = vault.store.newest(unlocked.tenant()).await?;
    let bytes = KeyFile::export(&unlocked.wrapped, &unlocked.keyring, &newest, &mut rng())?;
    vault.store.put_keyring(&StoredKeyring { wrapped: unlocked.wrapped.clone(), kept: true }).await?;
    unlocked.kept.set(true);
    let tenant = unlocked.tenant().to_string();
    Ok(Reply::KeyFile { file_name: format!("veilsum-{}.key", &tenant[..8]), bytes })
}

/// Replaces this browser's keyring by the one in a key file, and unlocks it.
///
/// # Errors
/// A [`Fault`]; nothing has changed then.
pub async fn import(
    vault: &Vault,
    passphrase: Zeroizing<String>,
    file: &File,
) -> Result<KeyringStatus, Fault> {
    let _process = vault.processes.begin_only(Work::Keyring)?;
    let source = Source::from_file(file.clone());
    if source.size_bytes() > MAX_KEY_FILE_BYTES {
        return Err(KeyFileError::NotAKeyFile.into());
    }
    let key_file = KeyFile::parse(&source.read_all()?)?;
    let keyring = key_file.wrapped.unlock(&passphrase)?;
    let tenant = keyring.tenant();
    // Without its numbers the keyring is still good; the oldest manifests cannot be told from the newest then.
    let mut newest = key_file.newest(&keyring).unwrap_or_default();
    for (dataset, sequence) in vault.store.newest(tenant).await? {
        let known = newest.entry(dataset).or_default();
        *known = sequence.max(*known);
    }
    forget(vault).await;
    let stored = StoredKeyring { wrapped: key_file.wrapped.as_bytes().to_vec(), kept: true };
    vault.store.put_newest(tenant, &newest).await?;
    vault.store.put_keyring(&stored).await?;
    vault.unlocked.replace(Some(Rc::new(Unlocked::new(vault, keyring, stored))));
    status(vault).await
}

/// Removes the keyring from this browser. Unfinished uploads stay: importing its key file brings them back.
///
/// # Errors
/// A [`Fault`] of the store.
pub async fn remove(vault: &Vault) -> Result<KeyringStatus, Fault> {
    let _process = vault.processes.begin_only(Work::Keyring)?;
    forget(vault).await;
    vault.store.remove_keyring().await?;
    status(vault).await
}

/// Stops everything and lets go of the keys.
async fn forget(vault: &Vault) {
    // Taken first, so that nothing new starts.
    let unlocked = vault.unlocked.take();
    vault.processes.stop_all().await;
    vault.bench.forget();
    vault.twins.forget_prepared();
    if let Some(unlocked) = unlocked {
        unlocked.pool.take();
    }
}

/// Before keys are searched for, which takes long.
fn check_length(passphrase: &str) -> Result<(), WrapError> {
    let minimum = veilsum_owner::keyring::MIN_PASSPHRASE_CHARS;
    let actual = passphrase.chars().count();
    if actual < minimum { Err(WrapError::PassphraseTooShort { minimum, actual }) } else { Ok(()) }
}

fn no_keys_made() -> Fault {
    Fault::new("cancelled", "Cancelled. No keys were made.")
}

impl From<UnlockError> for Fault {
    fn from(error: UnlockError) -> Self {
        let code = match error {
            UnlockError::WrongPassphrase => "wrong-passphrase",
            UnlockError::NotAKeyring => "not-a-keyring",
            UnlockError::NewerVersion { .. } => "newer-version",
            UnlockError::OutOfMemory { .. } => "out-of-memory",
            UnlockError::Damaged
            | UnlockError::TooWeakParameters { .. }
            | UnlockError::TooCostlyParameters { .. }
            | _ => "keyring-damaged",
        };
        Self::new(code, &sentence(&error))
    }
}

impl From<WrapError> for Fault {
    fn from(error: WrapError) -> Self {
        let code = match error {
            WrapError::PassphraseTooShort { .. } => "passphrase-too-short",
            WrapError::OutOfMemory { .. } | _ => "out-of-memory",
        };
        Self::new(code, &sentence(&error))
    }
}

impl From<KeygenError> for Fault {
    fn from(error: KeygenError) -> Self {
        Self::new("no-key", &sentence(&error))
    }
}

impl From<KeyFileError> for Fault {
    fn from(error: KeyFileError) -> Self {
        let code = match error {
            KeyFileError::Keyring(error) => return error.into(),
            KeyFileError::NotAKeyFile => "not-a-key-file",
            KeyFileError::NewerVersion { .. } => "newer-version",
            KeyFileError::Damaged | KeyFileError::OtherTenant { .. } | _ => "key-file-damaged",
        };
        Self::new(code, &sentence(&error))
    }
}
