//! Tables encrypted natively, with the crates that the page uses: as the vault does it, without a browser.

use anyhow::Context;
use rand_core::CryptoRng;
use veilsum_analysis::Request;
use veilsum_analysis::catalogue::Variance;
use veilsum_analysis::derive::{self, Cell, Deriver, Facts};
use veilsum_analysis::plan::missing_terms;
use veilsum_owner::block::encrypt_blocks;
use veilsum_owner::check::{CheckKey, CheckLabel};
use veilsum_owner::keyring::Keyring;
use veilsum_owner::paillier::ModulusSize;
use veilsum_protocol::manifest::{
    Column, DerivedColumn, EncryptedNumber, Manifest, PRESENCE_BOUND_BITS, PartEntry, RowGroupEntry, Scheme,
    Source, Treatment, VERSION,
};
use veilsum_protocol::row_group::{ColumnEntry, Encryption, RowGroupHeader};
use veilsum_protocol::{DatasetId, Digest, UploadId};
use veilsum_table::csv::{CsvReader, FirstRow, Options, Row};
use veilsum_table::decimal::DecimalMark;
use veilsum_table::encode::{EncodedRow, RowEncoder};
use veilsum_table::profile::{Profile, profile};
use veilsum_table::treat::{self, Choice, NumberEncoding, Room};

/// The one set of columns that there is.
const COLUMN_SET: u32 = 0;

/// An encrypted table: its manifest, not yet sealed, and its row groups.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The manifest, number 1.
    pub manifest: Manifest,
    /// By index.
    pub row_groups: Vec<RowGroup>,
}

/// How tables are read here: nothing is guessed, and the manifest says so.
fn reading() -> Options {
    Options { first_row: Some(FirstRow::Names), decimal_mark: Some(DecimalMark::Point), ..Options::default() }
}

/// A row group as it is stored.
#[derive(Debug, Clone)]
pub struct RowGroup {
    /// What stands in front.
    pub header: RowGroupHeader,
    /// All of it, with its header.
    pub bytes: Vec<u8>,
}

impl RowGroup {
    /// The ciphertexts of one column, one per block.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn blocks(&self, column: u32) -> impl Iterator<Item = &[u8]> {
        let range = self.header.column_range(column).expect("the column is in the row group");
        let range = usize::try_from(range.start).expect("it is in memory")
            ..usize::try_from(range.end).expect("it is in memory");
        self.bytes[range].chunks_exact(self.header.ciphertext_bytes() as usize)
    }
}

/// An encrypted column and what it holds.
#[derive(Debug, Clone, Copy)]
struct Stored {
    entry: ColumnEntry,
    holds: Holds,
}

/// What an encrypted column holds; numbers by the position of their encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Values(usize),
    /// 1 for a cell and 0 for a blank.
    Presence(usize),
    /// The next integer of the derived columns.
    Derived,
}

/// The spread of every column of numbers: what is encrypted beside the values.
#[must_use]
pub fn spreads(columns: &[Column]) -> Vec<Request> {
    let numbers = (0..).zip(columns).filter(|(_, column)| column.number().is_some());
    numbers.map(|(column, _)| Request::Variance(Variance { column, level: 950 })).collect()
}

/// The derived columns that [`spreads`] need.
fn derived(
    profile: &Profile,
    columns: &mut [Column],
    first: usize,
    block_count: usize,
) -> anyhow::Result<Vec<DerivedColumn>> {
    let requests = spreads(columns);
    let facts: Vec<Facts> = profile
        .columns
        .iter()
        .zip(&*columns)
        .map(|(found, column)| {
            let scale = column.number().map_or(0, |number| number.scale);
            let scaled = |value: Option<veilsum_table::decimal::Decimal>| {
                value.and_then(|value| value.to_scaled_rounded(scale).ok())
            };
            Facts { range: scaled(found.min).zip(scaled(found.max)), categories: None }
        })
        .collect();
    derive::prepare(columns, &facts, &requests)?;
    let terms = missing_terms(columns, &[], &requests)?;
    let blocks = block_count as u64 * 4;
    Ok(derive::derive(columns, &[], terms, COLUMN_SET, u32::try_from(first)?, blocks)?)
}

/// Encrypts a CSV text with the treatments that the page would propose. `rng` draws the upload ids, too.
///
/// # Errors
/// It is no table, or does not fit.
pub fn encrypt(
    keyring: &Keyring,
    text: &str,
    rows_per_group: usize,
    dataset: DatasetId,
    rng: &mut impl CryptoRng,
) -> anyhow::Result<Dataset> {
    let mut reader = CsvReader::with_options(text.as_bytes(), &reading())?;
    let profile = profile(&mut reader, &[])?;
    let row_count = usize::try_from(profile.row_count)?;
    let layout = keyring.paillier().public_key().layout();
    let slots = layout.slot_count();
    let (full, rest) = (row_count / rows_per_group, row_count % rows_per_group);
    let block_count = full * rows_per_group.div_ceil(slots as usize) + rest.div_ceil(slots as usize);
    let room = Room { block_count: block_count as u64, slot_count: slots };
    let choices: Vec<Choice> =
        profile.columns.iter().map(|column| treat::propose(column, room).choice).collect();
    let encodings = treat::check(&profile, &choices, room)?;
    let mut stored = stored_columns(&encodings)?;
    let mut columns = treated_columns(&profile, &choices, &encodings, &stored)?;
    let derived = derived(&profile, &mut columns, stored.len(), block_count)?;
    for limb in derived.iter().flat_map(|derived| &derived.limbs) {
        let entry = ColumnEntry { column: limb.column, bound_bits: limb.bound_bits };
        stored.push(Stored { entry, holds: Holds::Derived });
    }
    let mut deriver = Deriver::new(&columns, &derived)?;
    let integers = integers(text, &encodings, &stored, &mut deriver, columns.len())?;

    let key = keyring.key_fingerprint();
    let check = keyring.check_key();
    let modulus_bits = keyring.paillier().public_key().modulus_bits();
    let mut row_groups = Vec::new();
    let mut entries = Vec::new();
    for (index, first) in (0..).zip((0..row_count).step_by(rows_per_group)) {
        let rows = first..row_count.min(first + rows_per_group);
        let mut upload = [0; UploadId::BYTES];
        rng.fill_bytes(&mut upload);
        let upload = UploadId::from_bytes(upload);
        let exact_rows = u32::try_from(rows.len())?;
        let header = RowGroupHeader {
            key,
            dataset,
            upload,
            index,
            row_count: layout.rows_to_the_block(exact_rows),
            encryption: Encryption::Paillier { modulus_bits },
            block_count: exact_rows.div_ceil(slots),
            columns: stored.iter().map(|column| column.entry).collect(),
        };
        let columns: Vec<&[i64]> = integers.iter().map(|column| &column[rows.clone()]).collect();
        let bytes = encrypt_group(keyring, &check, &header, &columns, rng)?;
        let part = PartEntry { size_bytes: bytes.len() as u64, sha256: Digest::of(&bytes) };
        entries.push(RowGroupEntry {
            index,
            row_count: exact_rows,
            upload,
            parts: vec![part],
            batch: 0,
            column_set: 0,
        });
        row_groups.push(RowGroup { header, bytes });
    }
    let manifest = Manifest {
        version: VERSION,
        dataset,
        sequence: 1,
        previous: None,
        created_at: 1_700_000_000,
        expires_at: ModulusSize::Bits2048.expires_at(),
        scheme: Scheme::Paillier { modulus_bits, key, modulus: keyring.paillier().public_key().to_hex() },
        source: Source {
            file_name: "table.csv".to_owned(),
            size_bytes: text.len() as u64,
            sha256: Digest::of(text.as_bytes()),
            row_count: profile.row_count,
            skipped_row_count: 0,
            missing_words: Vec::new(),
            first_row_is_data: false,
            decimal_comma: false,
            column_types: Vec::new(),
            preparation: None,
        },
        columns,
        row_groups: entries,
        original: None,
        appended: Vec::new(),
        derived,
        factors: Vec::new(),
        identifying: Vec::new(),
    };
    Ok(Dataset { manifest, row_groups })
}

fn stored_columns(encodings: &[NumberEncoding]) -> anyhow::Result<Vec<Stored>> {
    let mut stored = Vec::new();
    for (at, number) in encodings.iter().enumerate() {
        let presence = number.needs_presence().then_some((PRESENCE_BOUND_BITS, Holds::Presence(at)));
        for (bound_bits, holds) in [(number.bound_bits, Holds::Values(at))].into_iter().chain(presence) {
            let entry = ColumnEntry { column: u32::try_from(stored.len())?, bound_bits };
            stored.push(Stored { entry, holds });
        }
    }
    Ok(stored)
}

/// The integers of every stored column.
fn integers(
    text: &str,
    encodings: &[NumberEncoding],
    stored: &[Stored],
    deriver: &mut Deriver,
    column_count: usize,
) -> anyhow::Result<Vec<Vec<i64>>> {
    let mut reader = CsvReader::with_options(text.as_bytes(), &reading())?;
    let encoder = RowEncoder::new(encodings, &[], &[]);
    let (mut row, mut encoded) = (Row::new(), EncodedRow::default());
    let mut integers = vec![Vec::new(); stored.len()];
    while reader.next_row(&mut row)? {
        encoder.encode(&row, &mut encoded)?;
        let mut cells = vec![Cell::default(); column_count];
        for (at, encoding) in encodings.iter().enumerate() {
            cells[encoding.column].integer = encoded.present[at].then_some(encoded.values[at]);
        }
        let mut derived = Vec::new();
        deriver.derive(&cells, &mut derived)?;
        let mut derived = derived.into_iter();
        for (column, integers) in stored.iter().zip(&mut integers) {
            integers.push(match column.holds {
                Holds::Values(at) => encoded.values[at],
                Holds::Presence(at) => i64::from(encoded.present[at]),
                Holds::Derived => derived.next().context("fewer integers than limbs")?,
            });
        }
    }
    Ok(integers)
}

fn encrypt_group(
    keyring: &Keyring,
    check: &CheckKey,
    header: &RowGroupHeader,
    columns: &[&[i64]],
    rng: &mut impl CryptoRng,
) -> anyhow::Result<Vec<u8>> {
    let mut bytes = header.to_bytes();
    for (entry, values) in header.columns.iter().zip(columns) {
        let first = CheckLabel {
            dataset: header.dataset,
            upload: header.upload,
            column_set: COLUMN_SET,
            column: entry.column,
            block: 0,
        };
        bytes.extend(encrypt_blocks(keyring.paillier(), check, &first, values, rng)?);
    }
    Ok(bytes)
}

fn treated_columns(
    profile: &Profile,
    choices: &[Choice],
    encodings: &[NumberEncoding],
    stored: &[Stored],
) -> anyhow::Result<Vec<Column>> {
    let number_of = |holds: Holds| {
        let found = stored.iter().find(|column| column.holds == holds);
        found.map(|column| column.entry.column)
    };
    let treated = |(at, choice): (usize, &Choice)| {
        Ok(match choice {
            Choice::SealedOriginalOnly | Choice::Category => Treatment::SealedOriginalOnly,
            Choice::Drop => Treatment::Dropped,
            Choice::Number { .. } => {
                let position = encodings.iter().position(|encoding| encoding.column == at);
                let position = position.context("a column of numbers without its encoding")?;
                let encoding = &encodings[position];
                Treatment::Number(EncryptedNumber {
                    column: number_of(Holds::Values(position)).context("a column that is not stored")?,
                    presence: number_of(Holds::Presence(position)),
                    scale: encoding.scale,
                    rounded: encoding.rounded,
                    largest_magnitude: encoding.largest_magnitude,
                    bound_bits: encoding.bound_bits,
                    missing_count: encoding.missing_count,
                    centring: None,
                })
            }
        })
    };
    let treatments = choices.iter().enumerate().map(treated).collect::<anyhow::Result<Vec<_>>>()?;
    let names = profile.columns.iter().map(|column| column.name.clone());
    Ok(names.zip(treatments).map(|(name, treatment)| Column::new(name, treatment)).collect())
}
