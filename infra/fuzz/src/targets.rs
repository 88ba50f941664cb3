//! The targets. Each takes any bytes, and panics where a parser breaks a promise.

use std::sync::LazyLock;

use num_bigint::BigUint;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use veilsum_analysis::certificate::Signed;
use veilsum_anonymise::hierarchy::Hierarchy;
use veilsum_crypto::bfv::ring::RingElement;
use veilsum_crypto::bfv::{self, ParameterSet};
use veilsum_crypto::order_proof::OrderProof;
use veilsum_crypto::packing::Plaintext;
use veilsum_crypto::paillier::PublicKey;
use veilsum_joint::contribution::{Contribution, Scope};
use veilsum_joint::outcome::Outcome;
use veilsum_joint::round::{Numbers, Round};
use veilsum_joint::terms::{Column, Family, Key, Terms};
use veilsum_joint::total::Total;
use veilsum_model::answer::Answer as ModelAnswer;
use veilsum_model::import;
use veilsum_model::interface::Interface;
use veilsum_model::model::Model;
use veilsum_model::network;
use veilsum_model::packing::Packing;
use veilsum_model::query::{self, Query};
use veilsum_model::text::Real;
use veilsum_owner::key_file::KeyFile;
use veilsum_owner::keyring::Wrapped;
use veilsum_owner::paillier::SecretKey;
use veilsum_parquet::{Limits as ParquetLimits, Options as ParquetOptions, ParquetReader};
use veilsum_prepare::{Fitted, Recipe};
use veilsum_protocol::answer::{Answer, Partial, PartialHead};
use veilsum_protocol::manifest::Manifest;
use veilsum_protocol::plan::Plan;
use veilsum_protocol::row_group::RowGroupHeader;
use veilsum_protocol::{Digest, KeyFingerprint, TenantId};
use veilsum_table::csv::RowPolicy;
use veilsum_table::decimal::Decimal;
use veilsum_table::profile::Profiler;
use veilsum_table::read::{Options, TableReader};
use veilsum_table::survey::Surveyor;
use veilsum_table::types::{Converter, Typer};
use veilsum_table::{Row, unpack};

/// A parser of untrusted bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, for the command line.
    pub name: &'static str,
    /// What is tried.
    pub run: fn(&[u8]),
    /// Files and folders of the tree whose contents are first inputs.
    pub files: &'static [&'static str],
    /// First inputs that no file has.
    pub made: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: "table",
        run: table,
        files: &["core/table/tests/corpus", "core/table/tests/fixtures/pancreatitis.csv"],
        made: none,
    },
    Target { name: "parquet", run: parquet, files: &["core/parquet/tests/corpus"], made: none },
    Target { name: "number", run: number, files: &[], made: numbers },
    Target { name: "hierarchy", run: hierarchy, files: &[], made: hierarchies },
    Target { name: "manifest", run: manifest, files: &["core/protocol/tests/frozen"], made: none },
    Target { name: "plan", run: plan, files: &["core/protocol/tests/frozen"], made: none },
    Target {
        name: "row_group",
        run: row_group,
        files: &["core/protocol/tests/frozen/row_group_header_v1.hex"],
        made: none,
    },
    Target { name: "answer", run: answer, files: &["core/protocol/tests/frozen"], made: none },
    Target { name: "certificate", run: certificate, files: &["core/analysis/tests/frozen"], made: none },
    Target { name: "bfv_ciphertext", run: bfv_ciphertext, files: &[], made: bfv_ciphertexts },
    Target { name: "public_key", run: public_key, files: &[], made: keys },
    Target { name: "order_proof", run: order_proof, files: &[], made: order_proofs },
    Target { name: "key_file", run: key_file, files: &["core/owner/tests/frozen"], made: none },
    Target { name: "model", run: model, files: &["core/model/tests/frozen"], made: none },
    Target { name: "sklearn", run: sklearn, files: &["core/model/tests/vectors/iris.json"], made: none },
    Target { name: "query", run: packed_query, files: &[], made: queries },
    Target { name: "network_query", run: network_query, files: &[], made: network_queries },
    Target { name: "training", run: training, files: &[], made: trainings },
    Target { name: "training_sums", run: training_sums, files: &["core/joint/tests/frozen"], made: none },
    Target { name: "recipe", run: recipe, files: &[], made: recipes },
];

/// A valid modulus; it is nobody's.
static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
    let vector = include_str!("../../../core/owner/tests/vectors/secret-key-2048.json");
    let start = vector.find("\"modulus\": \"").expect("the vector has a modulus") + 12;
    let hex = vector[start..].split('"').next().expect("and its end");
    PublicKey::from_hex(hex).expect("which is one")
});

/// A key with its proof, far too small for data, and terms under it.
static TERMS: LazyLock<Terms> = LazyLock::new(|| {
    const P: &[u8] = b"fe9192ad606f4283ae9970b5e6a9371474d4c84eace2fb646cd23e0fa11c716ac51efd5d6c52594dc7653ed52625f56a0b744cd3375bc5a5b19dbfeced4531d7";
    const Q: &[u8] = b"ed4f626613e95504ba8bc806642328514113b3dfa758d29281700c838b5d609570e9777bff4265473a88c316dd56167b826b177334e5f33e4e884cd76246a54f";
    let prime = |hex| BigUint::parse_bytes(hex, 16).expect("it is hex");
    let secret = SecretKey::from_primes(prime(P), prime(Q)).expect("two primes");
    let public = secret.public_key();
    let key = Key { modulus: public.to_hex(), proof: hex::encode(secret.prove_order().to_bytes(public)) };
    let real = |number| Real::new(number).expect("it is finite");
    let column = |name: &str| Column { name: name.to_owned(), bound: real(64.0), decimals: 2 };
    Terms {
        nonce: "00112233445566778899aabbccddeeff".to_owned(),
        name: "length of stay".to_owned(),
        key_holder: "Clinic A".to_owned(),
        family: Family::Linear { target: column("los"), ridge: real(0.0) },
        features: vec![column("age"), column("cost")],
        owners: 3,
        most_rows: 1_000,
        least_rows: 20,
        key,
    }
});

fn none() -> Vec<Vec<u8>> {
    Vec::new()
}

/// Reads everything as the page does: unpacked, detected, typed, profiled and surveyed. A fuzzer's file is small, and so are
/// the limits, that it meets them.
fn table(bytes: &[u8]) {
    for bad_rows in [RowPolicy::Reject, RowPolicy::Skip] {
        let unpack_limits = unpack::Limits { max_unpacked_bytes: 4 << 20, ..unpack::Limits::default() };
        let options = Options { bad_rows, unpack_limits, ..Options::default() };
        let Ok(mut reader) = TableReader::new(bytes, &options) else { continue };
        let header = reader.header().to_vec();
        let types: Vec<_> = reader.types().iter().map(|found| found.value.clone()).collect();
        assert_eq!(types.len(), header.len(), "every column has a type");
        let converter = Converter::new(&types);
        let mut typer = Typer::new(header.len(), veilsum_table::decimal::DecimalMark::Point, &[]);
        let mut profiler = Profiler::new(&header, &[]);
        let mut surveyor = Surveyor::new(&header, &[]);
        let (mut row, mut room) = (Row::new(), Row::new());
        while matches!(reader.next_row(&mut row), Ok(true)) {
            assert_eq!(row.cells().count(), header.len(), "every row has as many cells as the header");
            typer.push(&row);
            let read = converter.convert(&row, &mut room);
            assert_eq!(read.cells().count(), header.len(), "and keeps them");
            profiler.push(read);
            surveyor.push(&row, read);
        }
        let _ = (typer.finish(), profiler.finish(reader.skipped()), surveyor.finish());
    }
}

fn parquet(bytes: &[u8]) {
    let limits = ParquetLimits {
        max_footer_bytes: 1 << 20,
        max_page_bytes: 1 << 20,
        max_held_bytes: 16 << 20,
        ..ParquetLimits::default()
    };
    let options = ParquetOptions { limits, bad_rows: RowPolicy::Skip, ..ParquetOptions::default() };
    let Ok(mut reader) = ParquetReader::new(bytes, &options) else { return };
    let columns = reader.header().len();
    let mut row = Row::new();
    // A short file may promise very many rows of one value.
    for _ in 0..100_000 {
        if !matches!(reader.next_row(&mut row), Ok(true)) {
            break;
        }
        assert_eq!(row.cells().count(), columns, "every row has as many cells as the header");
    }
}

fn number(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    if let Ok(Some(number)) = Decimal::parse(text) {
        let written = number.to_string();
        assert_eq!(Decimal::parse(&written), Ok(Some(number)), "a number is read as it is written");
    }
}

fn numbers() -> Vec<Vec<u8>> {
    ["0", "-1", "1.50", " 12 ", "1e300", "9223372036854775807", "-0.000000001", "+4", "1,5", "\u{2212}3", ""]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
}

fn hierarchy(bytes: &[u8]) {
    for delimiter in *b";," {
        if let Ok(read) = Hierarchy::from_csv(bytes, delimiter) {
            let written = read.to_csv(delimiter);
            let again = Hierarchy::from_csv(written.as_bytes(), delimiter).expect("what it wrote is read");
            assert_eq!(again.to_csv(delimiter), written, "and is the same");
        }
    }
}

fn hierarchies() -> Vec<Vec<u8>> {
    [
        "1;1-2;any\n2;1-2;any\n3;3-4;any\n",
        "\u{feff}a,b,*\n\"c,d\",b,*\n",
        "value;level 1\n",
        "a;b;c\na;b;c\n",
        "a;x\nb;x;y\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

fn manifest(bytes: &[u8]) {
    if let Ok(read) = Manifest::from_bytes(bytes) {
        let _ = read.numbers().count();
        assert_eq!(Manifest::from_bytes(&read.to_bytes()).as_ref(), Ok(&read), "it is read as it is written");
    }
}

fn plan(bytes: &[u8]) {
    if let Ok(read) = Plan::from_bytes(bytes) {
        assert_eq!(Plan::from_bytes(&read.to_bytes()).as_ref(), Ok(&read), "it is read as it is written");
    }
}

fn row_group(bytes: &[u8]) {
    if let Ok(read) = RowGroupHeader::from_bytes(bytes) {
        assert_eq!(read.to_bytes(), bytes, "there is one way to write it");
    }
}

fn answer(bytes: &[u8]) {
    if let Ok(read) = Answer::from_bytes(bytes) {
        assert_eq!(read.to_bytes(), bytes, "there is one way to write it");
    }
    if let Ok(read) = Partial::from_bytes(bytes) {
        assert_eq!(read.to_bytes(), bytes, "there is one way to write it");
    }
    let _ = PartialHead::from_bytes(bytes);
}

fn certificate(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    if let Ok(read) = Signed::from_json(text) {
        let again = Signed::from_json(&read.to_json()).expect("it is read as it is written");
        assert_eq!(again.to_json(), read.to_json(), "and is the same");
        if let Ok(answers) = read.certificate.recompute() {
            let _ = read.certificate.claims(&answers);
        }
    }
}

fn bfv_ciphertext(bytes: &[u8]) {
    if let Ok(read) = bfv::Ciphertext::from_bytes(bytes) {
        assert_eq!(read.to_bytes(), bytes, "there is one way to write it");
    }
}

fn bfv_ciphertexts() -> Vec<Vec<u8>> {
    let made = |set| {
        let first = RingElement::from_seed(set, &[3; 32]);
        let fresh = bfv::Ciphertext::fresh(set, 0, &first, [4; 32]).expect("the set has a first prime");
        fresh.to_bytes()
    };
    ParameterSet::ALL.into_iter().map(made).collect()
}

fn public_key(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    if let Ok(read) = PublicKey::from_hex(text) {
        assert_eq!(read.to_hex(), text, "there is one way to write it");
    }
}

fn keys() -> Vec<Vec<u8>> {
    vec![KEY.to_hex().into_bytes(), b"0".to_vec(), vec![b'f'; 512]]
}

fn order_proof(bytes: &[u8]) {
    let key = PublicKey::from_hex(&TERMS.key.modulus).expect("it is a key");
    if let Ok(read) = OrderProof::from_bytes(&key, bytes) {
        assert_eq!(read.to_bytes(&key), bytes, "there is one way to write it");
    }
}

fn order_proofs() -> Vec<Vec<u8>> {
    vec![hex::decode(&TERMS.key.proof).expect("it is hex")]
}

fn key_file(bytes: &[u8]) {
    let _ = (KeyFile::parse(bytes), Wrapped::from_bytes(bytes));
}

fn model(bytes: &[u8]) {
    if let Ok(read) = Model::from_bytes(bytes) {
        assert_eq!(Model::from_bytes(&read.to_bytes()).as_ref(), Ok(&read), "it is read as it is written");
        let interface = read.interface();
        let again = Interface::from_bytes(&interface.to_bytes());
        assert_eq!(again.as_ref(), Ok(&interface), "a client reads the interface of every model");
    }
    let _ = Interface::from_bytes(bytes);
}

fn sklearn(bytes: &[u8]) {
    let _ = import::sklearn(bytes);
}

fn packed_query(bytes: &[u8]) {
    if let Ok(read) = Query::from_bytes(&KEY, bytes) {
        assert_eq!(read.to_bytes(&KEY), bytes, "there is one way to write it");
    }
    if let Ok(asked) = query::Header::from_bytes(bytes) {
        let _ = ModelAnswer::from_bytes(&KEY, &asked, bytes);
    }
}

fn queries() -> Vec<Vec<u8>> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let header = query::Header {
        packing: Packing::Table,
        model: Digest::from_bytes([1; 32]),
        key: KeyFingerprint::from_bytes(KEY.fingerprint()),
        modulus_bits: KEY.modulus_bits(),
        row_count: 3,
        input_count: 2,
        layer: 0,
    };
    let ciphertexts =
        KEY.encrypt_many(&[Plaintext::from_integer(1.into()), Plaintext::from_integer(2.into())], &mut rng);
    let query = Query::new(&KEY, header, ciphertexts).expect("two inputs of one block");
    vec![query.to_bytes(&KEY)]
}

fn network_query(bytes: &[u8]) {
    let _ = network::Header::from_bytes(bytes);
}

fn network_queries() -> Vec<Vec<u8>> {
    let (model, key) = (Digest::from_bytes([1; 32]), KeyFingerprint::from_bytes([2; 32]));
    let header = network::Header { model, key, primes: 2, row_count: 5, width: 64 };
    vec![header.to_bytes()]
}

fn training(bytes: &[u8]) {
    if let Ok(read) = Terms::from_bytes(bytes) {
        assert_eq!(read.to_bytes(), bytes, "there is one way to write them");
    }
    let id = TERMS.training();
    if let Ok(read) = Round::from_bytes(id, &TERMS, bytes) {
        assert_eq!(read.to_bytes(), bytes, "there is one way to write it");
        let _ = read.follows(None);
    }
    if let Ok(read) = Outcome::from_bytes(id, &TERMS, bytes) {
        assert_eq!(read.to_bytes(), bytes, "there is one way to write it");
    }
}

fn trainings() -> Vec<Vec<u8>> {
    let round =
        Round { training: TERMS.training(), terms: TERMS.digest(), number: 0, numbers: Numbers::Moments };
    vec![TERMS.to_bytes(), round.to_bytes()]
}

fn training_sums(bytes: &[u8]) {
    let key = PublicKey::from_hex(&TERMS.key.modulus).expect("it is a key");
    let scope = Scope::new(TERMS.training(), &TERMS, &key, 0);
    if let Ok(read) = Contribution::from_bytes(&key, &scope, TenantId::from_bytes([1; 32]), bytes) {
        assert_eq!(read.to_bytes(&key), bytes, "there is one way to write it");
    }
    if let Ok(read) = Total::from_bytes(&key, &scope, bytes) {
        assert_eq!(read.to_bytes(&key), bytes, "there is one way to write it");
    }
}

fn recipe(bytes: &[u8]) {
    if let Ok(read) = Recipe::from_json(bytes) {
        let again = Recipe::from_json(read.to_json().as_bytes());
        assert_eq!(again.as_ref(), Ok(&read), "it is read as it is written");
    }
    if let Ok(read) = Fitted::from_json(bytes) {
        assert!(Fitted::from_json(read.to_json().as_bytes()).is_ok(), "it is read as it is written");
    }
}

fn recipes() -> Vec<Vec<u8>> {
    let recipe = r#"{"format": "veilsum-recipe", "version": 1, "steps": [
        {"step": "impute", "columns": ["age"], "filling": {"kind": "nearest", "k": 5}},
        {"step": "outliers", "columns": ["age"], "method": {"kind": "z-score", "threshold": 3.0}, "action": "cap"},
        {"step": "bin", "columns": ["age"], "edges": {"kind": "equal-width", "bins": 5}, "label": "number"},
        {"step": "scale", "columns": ["age"], "method": {"kind": "min-max", "low": 0, "high": 1}, "decimals": 3},
        {"step": "drop-columns", "columns": ["name"]}
    ]}"#;
    let fitted =
        r#"{"format": "veilsum-fitted-recipe", "version": 1, "recipe": {"steps": []}, "learnt": []}"#;
    [Recipe::default().to_json().as_str(), recipe, fitted].map(|text| text.as_bytes().to_vec()).to_vec()
}
