//! What was measured, as a table and as JSON.

use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::measure::Times;

/// One operation of ours beside that of one peer. Times are microseconds per operation.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub operation: String,
    /// `native` or `browser`.
    #[serde(rename = "where")]
    pub place: &'static str,
    pub n_bits: u32,
    /// Which of our ways; the product's own comes first.
    pub ours: String,
    pub ours_us: f64,
    pub ours_median_us: f64,
    pub peer: String,
    pub peer_us: f64,
    pub peer_median_us: f64,
    /// How many times as long the peer takes.
    pub ratio: f64,
}

/// Ends the names of peers that do what we do by our algorithm, with somebody else's arithmetic.
pub const OUR_ALGORITHM: &str = ", our algorithm";

/// Every way of ours beside every peer.
pub fn rows(operation: &str, place: &'static str, n_bits: u32, times: &[Times]) -> Vec<Row> {
    let (ours, peers): (Vec<_>, Vec<_>) = times.iter().partition(|times| times.ours);
    let row = |ours: &Times, peer: &Times| {
        // Making a key is luck: the luckiest of a few says nothing, so that there the medians are compared.
        let compared = if operation == "keygen" { Times::median } else { Times::minimum };
        let (ours_us, peer_us) = (compared(ours), compared(peer));
        Row {
            operation: operation.to_owned(),
            place,
            n_bits,
            ours: ours.name.clone(),
            ours_us,
            ours_median_us: ours.median(),
            peer: peer.name.clone(),
            peer_us,
            peer_median_us: peer.median(),
            ratio: peer_us / ours_us,
        }
    };
    let rows: Vec<Row> = ours.iter().flat_map(|ours| peers.iter().map(|peer| row(ours, peer))).collect();
    for row in &rows {
        print_row(row);
    }
    rows
}

/// The same per value: ours puts `values` into a ciphertext, a peer one.
pub fn per_value(rows: &[Row], values: u32) -> Vec<Row> {
    let values = f64::from(values);
    let row = |row: &Row| Row {
        operation: format!("{}_value", row.operation),
        ours_us: row.ours_us / values,
        ours_median_us: row.ours_median_us / values,
        ratio: row.ratio * values,
        ..row.clone()
    };
    // Somebody's arithmetic under our algorithm would pack as we do.
    rows.iter().filter(|row| !row.peer.ends_with(OUR_ALGORITHM)).map(row).collect()
}

/// Adds what needs both places, and rounds.
pub fn finish(rows: &mut Vec<Row>) {
    let gmp: Vec<Row> = rows
        .iter()
        .filter(|row| {
            row.operation == "modpow" && row.place == "native" && row.peer == "GMP" && row.ours == "batch"
        })
        .cloned()
        .collect();
    let mut crossed = Vec::new();
    for row in rows.iter().filter(|row| row.operation == "modpow" && row.place == "browser") {
        let native = gmp.iter().find(|gmp| gmp.n_bits == row.n_bits);
        let seen =
            |crossed: &Vec<Row>| crossed.iter().any(|one| one.ours == row.ours && one.n_bits == row.n_bits);
        if let Some(gmp) = native.filter(|_| !seen(&crossed)) {
            crossed.push(Row {
                peer: "GMP, native, not interleaved".to_owned(),
                peer_us: gmp.peer_us,
                peer_median_us: gmp.peer_median_us,
                ratio: gmp.peer_us / row.ours_us,
                ..row.clone()
            });
        }
    }
    rows.extend(crossed);
    for row in rows {
        for number in [
            &mut row.ours_us,
            &mut row.ours_median_us,
            &mut row.peer_us,
            &mut row.peer_median_us,
            &mut row.ratio,
        ] {
            *number = (*number * 1e3).round() / 1e3;
        }
    }
}

/// Prints the tables: like for like, then with our algorithm.
pub fn print(rows: &[Row]) {
    let (ours, alike): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.peer.ends_with(OUR_ALGORITHM));
    for (title, rows) in [("like for like", alike), ("somebody's arithmetic under our algorithm", ours)] {
        if rows.is_empty() {
            continue;
        }
        println!("\n{title}; microseconds, minimum (median); ratio of minimums, of medians for keygen");
        for row in rows {
            print_row(row);
        }
    }
}

fn print_row(row: &Row) {
    println!(
        "{:<8} {:<13} {:>4} {:<12} {:>12.1} ({:>12.1})  {:<31} {:>12.1} ({:>12.1}) {:>8.2} x",
        row.place,
        row.operation,
        row.n_bits,
        row.ours,
        row.ours_us,
        row.ours_median_us,
        row.peer,
        row.peer_us,
        row.peer_median_us,
        row.ratio
    );
}

/// Writes the rows as JSON.
pub fn write(rows: &[Row], path: &Path) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(rows)?;
    std::fs::write(path, json + "\n").with_context(|| format!("{} cannot be written", path.display()))?;
    println!("\n{}", path.display());
    Ok(())
}
