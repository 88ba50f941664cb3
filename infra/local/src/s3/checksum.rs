//! Checksums of objects and parts, in base64 as S3 writes them.

use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use serde::{Deserialize, Serialize};

/// The checksums that are known of some bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checksums {
    /// CRC-32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crc32: Option<String>,
    /// CRC-32C.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crc32c: Option<String>,
    /// CRC-64/NVME.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crc64nvme: Option<String>,
    /// SHA-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha1: Option<String>,
    /// SHA-256; for an object made of N parts the composite, with `-N` at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl Checksums {
    fn each(&self) -> [(Algorithm, Option<&str>); 5] {
        [
            (Algorithm::Crc32, self.crc32.as_deref()),
            (Algorithm::Crc32c, self.crc32c.as_deref()),
            (Algorithm::Crc64Nvme, self.crc64nvme.as_deref()),
            (Algorithm::Sha1, self.sha1.as_deref()),
            (Algorithm::Sha256, self.sha256.as_deref()),
        ]
    }

    /// The first algorithm for which `self` names another value than `actual`, or one that `actual` lacks.
    pub(crate) fn disagreement(&self, actual: &Self) -> Option<Algorithm> {
        let pairs = self.each().into_iter().zip(actual.each());
        pairs
            .filter(|((_, sent), (_, found))| sent.is_some() && sent != found)
            .map(|((name, _), _)| name)
            .next()
    }

    /// The algorithms that have a value.
    pub(crate) fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.each().into_iter().filter_map(|(algorithm, value)| value.map(|_| algorithm))
    }

    /// Values of `self`, and of `other` where `self` has none.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            crc32: self.crc32.or(other.crc32),
            crc32c: self.crc32c.or(other.crc32c),
            crc64nvme: self.crc64nvme.or(other.crc64nvme),
            sha1: self.sha1.or(other.sha1),
            sha256: self.sha256.or(other.sha256),
        }
    }

    pub(crate) fn set(&mut self, algorithm: Algorithm, value: String) {
        let field = match algorithm {
            Algorithm::Crc32 => &mut self.crc32,
            Algorithm::Crc32c => &mut self.crc32c,
            Algorithm::Crc64Nvme => &mut self.crc64nvme,
            Algorithm::Sha1 => &mut self.sha1,
            Algorithm::Sha256 => &mut self.sha256,
        };
        *field = Some(value);
    }
}

/// A checksum algorithm of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// CRC-32.
    Crc32,
    /// CRC-32C.
    Crc32c,
    /// CRC-64/NVME.
    Crc64Nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// As S3 writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header, or trailer, that carries its value.
    pub(crate) fn header(self) -> String {
        format!("x-amz-checksum-{}", self.name().to_ascii_lowercase())
    }
}

/// Hashes bytes as they pass: always MD5, which is the ETag, and what else was asked for.
pub(crate) struct Hasher {
    md5: Md5,
    others: ChecksumHasher,
}

impl Hasher {
    pub(crate) fn new(algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        let mut others = ChecksumHasher::default();
        for algorithm in algorithms {
            match algorithm {
                Algorithm::Crc32 => others.crc32 = Some(Crc32::new()),
                Algorithm::Crc32c => others.crc32c = Some(Crc32c::new()),
                Algorithm::Crc64Nvme => others.crc64nvme = Some(Crc64Nvme::new()),
                Algorithm::Sha1 => others.sha1 = Some(Sha1::new()),
                Algorithm::Sha256 => others.sha256 = Some(Sha256::new()),
            }
        }
        Self { md5: Md5::new(), others }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.others.update(bytes);
    }

    pub(crate) fn finish(self) -> ([u8; 16], Checksums) {
        let sums = self.others.finalize();
        let checksums = Checksums {
            crc32: sums.checksum_crc32,
            crc32c: sums.checksum_crc32c,
            crc64nvme: sums.checksum_crc64nvme,
            sha1: sums.checksum_sha1,
            sha256: sums.checksum_sha256,
        };
        (self.md5.finalize(), checksums)
    }
}

/// MD5 of `bytes`.
pub(crate) fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::checksum(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(bytes: &[u8], algorithms: &[Algorithm]) -> Checksums {
        let mut hasher = Hasher::new(algorithms.iter().copied());
        hasher.update(bytes);
        hasher.finish().1
    }

    #[test]
    fn names_the_algorithm_that_disagrees() {
        let actual = sums(b"abc", &[Algorithm::Sha256, Algorithm::Crc32]);
        let mut sent = actual.clone();
        assert_eq!(sent.disagreement(&actual), None);
        sent.sha256 = sums(b"abd", &[Algorithm::Sha256]).sha256;
        assert_eq!(sent.disagreement(&actual), Some(Algorithm::Sha256));
    }

    #[test]
    fn a_value_that_was_not_computed_does_not_pass() {
        let sent = sums(b"abc", &[Algorithm::Sha1]);
        assert_eq!(sent.disagreement(&sums(b"abc", &[])), Some(Algorithm::Sha1));
    }

    #[test]
    fn agrees_with_published_values() {
        let all = sums(b"123456789", &Algorithm::ALL);
        assert_eq!(all.crc32.as_deref(), Some("y/Q5Jg=="));
        assert_eq!(all.crc32c.as_deref(), Some("4waSgw=="));
        assert_eq!(all.sha256.as_deref(), Some("FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="));
        assert_eq!(hex::encode(md5(b"abc")), "900150983cd24fb0d6963f7d28e17f72");
    }
}
