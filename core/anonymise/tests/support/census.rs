//! A seeded table like the "Adult" extract of the 1994 US census: the same columns, similar shares.

#![allow(dead_code, reason = "each test uses a part")]

use veilsum_anonymise::hierarchy::{Hierarchy, NumberLevels};
use veilsum_anonymise::{Table, TableBuilder};

/// Columns; the first eight are the quasi-identifiers.
pub const NAMES: [&str; 9] =
    ["sex", "age", "race", "marital", "education", "country", "workclass", "salary", "occupation"];
/// Position of the sensitive column.
pub const OCCUPATION: usize = 8;

const SEX: [(&str, u64); 2] = [("Male", 67), ("Female", 33)];
const RACE: [(&str, u64); 5] =
    [("White", 855), ("Black", 93), ("Asian-Pac-Islander", 31), ("Amer-Indian-Eskimo", 10), ("Other", 8)];
const MARITAL: [(&str, u64); 7] = [
    ("Married-civ-spouse", 466),
    ("Never-married", 322),
    ("Divorced", 140),
    ("Separated", 31),
    ("Widowed", 27),
    ("Married-spouse-absent", 12),
    ("Married-AF-spouse", 2),
];
const EDUCATION: [(&str, u64); 16] = [
    ("HS-grad", 326),
    ("Some-college", 221),
    ("Bachelors", 167),
    ("Masters", 54),
    ("Assoc-voc", 43),
    ("11th", 35),
    ("Assoc-acdm", 33),
    ("10th", 27),
    ("7th-8th", 18),
    ("Prof-school", 18),
    ("9th", 15),
    ("12th", 13),
    ("Doctorate", 12),
    ("5th-6th", 10),
    ("1st-4th", 5),
    ("Preschool", 2),
];
const COUNTRY: [(&str, u64); 12] = [
    ("United-States", 912),
    ("Mexico", 20),
    ("Philippines", 6),
    ("Germany", 4),
    ("Puerto-Rico", 4),
    ("Canada", 4),
    ("India", 3),
    ("El-Salvador", 3),
    ("Cuba", 3),
    ("England", 3),
    ("Jamaica", 3),
    ("Italy", 2),
];
const WORKCLASS: [(&str, u64); 7] = [
    ("Private", 739),
    ("Self-emp-not-inc", 83),
    ("Local-gov", 69),
    ("State-gov", 42),
    ("Self-emp-inc", 36),
    ("Federal-gov", 31),
    ("Without-pay", 1),
];
const OCCUPATIONS: [(&str, u64); 14] = [
    ("Prof-specialty", 134),
    ("Craft-repair", 134),
    ("Exec-managerial", 132),
    ("Adm-clerical", 123),
    ("Sales", 119),
    ("Other-service", 106),
    ("Machine-op-inspct", 65),
    ("Transport-moving", 52),
    ("Handlers-cleaners", 45),
    ("Farming-fishing", 33),
    ("Tech-support", 30),
    ("Protective-serv", 21),
    ("Priv-house-serv", 5),
    ("Armed-Forces", 1),
];

/// SplitMix64: a small generator whose sequence is the same everywhere.
pub struct Sequence(pub u64);

impl Sequence {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick(&mut self, of: &[(&'static str, u64)]) -> &'static str {
        let mut at = self.below(of.iter().map(|(_, weight)| weight).sum());
        for (name, weight) in of {
            if at < *weight {
                return name;
            }
            at -= weight;
        }
        unreachable!("the weights sum to the bound")
    }
}

/// `row_count` people.
pub fn table(row_count: usize, seed: u64) -> Table {
    let mut sequence = Sequence(seed);
    let mut builder = TableBuilder::new(&NAMES).expect("the names differ");
    for _ in 0..row_count {
        // Two uniform draws make a hump, with its tail towards the old.
        let age = 17 + sequence.below(37) + sequence.below(37) * sequence.below(37) / 36;
        let age = age.min(90).to_string();
        let education = sequence.pick(&EDUCATION);
        let rich = match education {
            "Doctorate" | "Prof-school" | "Masters" => 60,
            "Bachelors" => 40,
            _ => 18,
        };
        let row = [
            sequence.pick(&SEX),
            age.as_str(),
            sequence.pick(&RACE),
            sequence.pick(&MARITAL),
            education,
            sequence.pick(&COUNTRY),
            sequence.pick(&WORKCLASS),
            if sequence.below(100) < rich { ">50K" } else { "<=50K" },
            sequence.pick(&OCCUPATIONS),
        ];
        builder.push(&row).expect("every row has nine cells");
    }
    builder.finish()
}

const MARITAL_LEVELS: &str = "Married-civ-spouse;spouse present;*\nMarried-AF-spouse;spouse present;*\n\
     Divorced;spouse not present;*\nNever-married;spouse not present;*\nSeparated;spouse not present;*\n\
     Widowed;spouse not present;*\nMarried-spouse-absent;spouse not present;*\n";
const EDUCATION_LEVELS: &str = "Bachelors;Undergraduate;Higher;*\nSome-college;Undergraduate;Higher;*\n\
     Assoc-acdm;Professional;Higher;*\nAssoc-voc;Professional;Higher;*\nProf-school;Professional;Higher;*\n\
     Masters;Graduate;Higher;*\nDoctorate;Graduate;Higher;*\nHS-grad;High school;Secondary;*\n\
     12th;High school;Secondary;*\n11th;High school;Secondary;*\n10th;High school;Secondary;*\n\
     9th;High school;Secondary;*\n7th-8th;Primary;Basic;*\n5th-6th;Primary;Basic;*\n1st-4th;Primary;Basic;*\n\
     Preschool;Primary;Basic;*\n";
const COUNTRY_LEVELS: &str = "United-States;North America;*\nMexico;North America;*\nCanada;North America;*\n\
     Puerto-Rico;North America;*\nEl-Salvador;North America;*\nCuba;North America;*\nJamaica;North America;*\n\
     Philippines;Asia;*\nIndia;Asia;*\nGermany;Europe;*\nEngland;Europe;*\nItaly;Europe;*\n";
const WORKCLASS_LEVELS: &str = "Private;Non-government;*\nSelf-emp-not-inc;Non-government;*\n\
     Self-emp-inc;Non-government;*\nWithout-pay;Unemployed;*\nLocal-gov;Government;*\nState-gov;Government;*\n\
     Federal-gov;Government;*\n";

const OCCUPATION_LEVELS: &str = "Prof-specialty;White collar;Office;*\nExec-managerial;White collar;Office;*\n\
     Tech-support;White collar;Office;*\nAdm-clerical;Clerks;Office;*\nSales;Clerks;Office;*\n\
     Craft-repair;Trades;Manual;*\nMachine-op-inspct;Trades;Manual;*\nTransport-moving;Trades;Manual;*\n\
     Handlers-cleaners;Services;Manual;*\nFarming-fishing;Services;Manual;*\nOther-service;Services;Manual;*\n\
     Priv-house-serv;Services;Manual;*\nProtective-serv;Uniform;Manual;*\nArmed-Forces;Uniform;Manual;*\n";

/// Occupations in a tree of height 3.
pub fn occupations() -> Hierarchy {
    Hierarchy::from_csv(OCCUPATION_LEVELS.as_bytes(), b';').expect("the hierarchy is sound")
}

/// The hierarchy of each quasi-identifier.
pub fn hierarchies(table: &Table) -> Vec<Hierarchy> {
    let columns = table.columns();
    let own = |file: &str| Hierarchy::from_csv(file.as_bytes(), b';').expect("the hierarchy is sound");
    let ages = NumberLevels { start: 0.0, width: 5.0, factor: 2, levels: 3 };
    vec![
        Hierarchy::all_or_nothing(&columns[0]),
        Hierarchy::numbers(&columns[1], &ages).expect("ages are numbers"),
        Hierarchy::all_or_nothing(&columns[2]),
        own(MARITAL_LEVELS),
        own(EDUCATION_LEVELS),
        own(COUNTRY_LEVELS),
        own(WORKCLASS_LEVELS),
        Hierarchy::all_or_nothing(&columns[7]),
    ]
}
