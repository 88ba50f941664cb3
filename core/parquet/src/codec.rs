//! Unpacks pages; no page grows beyond what its head announces.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use parquet::basic::CompressionCodec;
use ruzstd::decoding::StreamingDecoder;

/// Largest window of zstd: what its usual levels need.
const ZSTD_WINDOW_BYTES: u64 = 64 << 20;

/// How a column is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    None,
    Snappy,
    Gzip,
    Lz4Raw,
    Lz4Hadoop,
    Zstd,
}

impl Codec {
    /// The codec; the name of one that is not read.
    pub(crate) fn of(codec: CompressionCodec) -> Result<Self, &'static str> {
        match codec {
            CompressionCodec::UNCOMPRESSED => Ok(Self::None),
            CompressionCodec::SNAPPY => Ok(Self::Snappy),
            CompressionCodec::GZIP => Ok(Self::Gzip),
            CompressionCodec::LZ4_RAW => Ok(Self::Lz4Raw),
            CompressionCodec::LZ4 => Ok(Self::Lz4Hadoop),
            CompressionCodec::ZSTD => Ok(Self::Zstd),
            CompressionCodec::BROTLI => Err("brotli"),
            CompressionCodec::LZO => Err("lzo"),
        }
    }

    /// Appends the unpacked form of `packed` to `out`: exactly `length` bytes, or `None`.
    pub(crate) fn unpack(self, packed: &[u8], length: usize, out: &mut Vec<u8>) -> Option<()> {
        let start = out.len();
        let end = start.checked_add(length)?;
        match self {
            Self::None => out.extend_from_slice(packed),
            Self::Snappy => {
                out.resize(end, 0);
                let written = snap::raw::Decoder::new().decompress(packed, &mut out[start..]).ok()?;
                out.truncate(start + written);
            }
            Self::Gzip => drain(MultiGzDecoder::new(packed), length, out)?,
            Self::Lz4Raw => {
                out.resize(end, 0);
                let written = lz4_flex::block::decompress_into(packed, &mut out[start..]).ok()?;
                out.truncate(start + written);
            }
            Self::Lz4Hadoop => unpack_hadoop(packed, length, out)?,
            Self::Zstd => {
                let decoder = StreamingDecoder::new_with_max_window_size(packed, ZSTD_WINDOW_BYTES).ok()?;
                drain(decoder, length, out)?;
            }
        }
        (out.len() == end).then_some(())
    }
}

/// One byte more than announced is enough to see that it is wrong.
fn drain(decoder: impl Read, length: usize, out: &mut Vec<u8>) -> Option<()> {
    let most = u64::try_from(length).ok()?.checked_add(1)?;
    decoder.take(most).read_to_end(out).ok().map(|_| ())
}

/// Blocks, each behind its unpacked and its packed length in 32 bits, big end first: how Hadoop writes LZ4. Some writers
/// left these lengths out.
fn unpack_hadoop(packed: &[u8], length: usize, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let mut rest = packed;
    while let Some((lengths, block)) = rest.split_first_chunk::<8>() {
        let word = |at: usize| {
            let bytes = std::array::from_fn(|byte| lengths[at + byte]);
            usize::try_from(u32::from_be_bytes(bytes)).ok()
        };
        let (unpacked, packed) = (word(0)?, word(4)?);
        let (Some(block), Some(behind)) = (block.get(..packed), block.get(packed..)) else { break };
        let done = out.len();
        if unpacked > length - (done - start) {
            break;
        }
        out.resize(done + unpacked, 0);
        if lz4_flex::block::decompress_into(block, &mut out[done..]).ok() != Some(unpacked) {
            break;
        }
        rest = behind;
    }
    if rest.is_empty() && out.len() == start + length {
        return Some(());
    }
    out.truncate(start);
    Codec::Lz4Raw.unpack(packed, length, out)
}
