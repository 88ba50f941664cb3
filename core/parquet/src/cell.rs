//! Values as text.

use std::fmt::Write;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::data_type::Int96;
use parquet::schema::types::ColumnDescriptor;
use veilsum_table::calendar::{SECONDS_PER_DAY, iso_date, iso_time, iso_timestamp};
use veilsum_table::decimal::Decimal;
use veilsum_table::types::{BooleanWords, ColumnType, DateOrder};

/// Julian day of 1970-01-01.
const JULIAN_EPOCH: i64 = 2_440_588;

/// How the values of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Unsigned,
    /// With so many decimals.
    Decimal(u32),
    Date,
    /// In so many parts of a second.
    Time(i64),
    /// In so many parts of a second; whether in UTC.
    Timestamp(i64, bool),
    Uuid,
    Float16,
}

impl Form {
    /// How a column is written; what it holds if it is no cell.
    pub(crate) fn of(column: &ColumnDescriptor) -> Result<Self, &'static str> {
        let form = match column.logical_type_ref() {
            Some(logical) => Self::of_logical(logical)?,
            None => Self::of_converted(column)?,
        };
        let physical = column.physical_type();
        let is_integer = matches!(physical, Type::INT32 | Type::INT64);
        let fits = match form {
            Self::Plain => true,
            Self::Unsigned | Self::Time(_) | Self::Timestamp(..) => is_integer,
            Self::Date => physical == Type::INT32,
            Self::Decimal(_) => {
                is_integer || matches!(physical, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY)
            }
            Self::Uuid | Self::Float16 => physical == Type::FIXED_LEN_BYTE_ARRAY,
        };
        if fits { Ok(form) } else { Err("values of a type that does not fit them") }
    }

    fn of_logical(logical: &LogicalType) -> Result<Self, &'static str> {
        Ok(match logical {
            LogicalType::Decimal(decimal) => Self::Decimal(scale(decimal.scale)?),
            LogicalType::Date => Self::Date,
            LogicalType::Time(time) => Self::Time(parts(&time.unit)),
            LogicalType::Timestamp(time) => Self::Timestamp(parts(&time.unit), time.is_adjusted_to_u_t_c),
            LogicalType::Integer(integer) if !integer.is_signed => Self::Unsigned,
            LogicalType::Uuid => Self::Uuid,
            LogicalType::Float16 => Self::Float16,
            LogicalType::Map | LogicalType::List => return Err("a list or map"),
            LogicalType::Bson => return Err("BSON"),
            LogicalType::Geometry(_) | LogicalType::Geography(_) => return Err("a geometry"),
            LogicalType::Variant(_) => return Err("variants"),
            LogicalType::String
            | LogicalType::Enum
            | LogicalType::Integer(_)
            | LogicalType::Unknown
            | LogicalType::Json => Self::Plain,
            LogicalType::File => return Err("files"),
            _ => return Err("values of a kind that is newer than this program"),
        })
    }

    fn of_converted(column: &ColumnDescriptor) -> Result<Self, &'static str> {
        Ok(match column.converted_type() {
            ConvertedType::DECIMAL => Self::Decimal(scale(column.type_scale())?),
            ConvertedType::DATE => Self::Date,
            ConvertedType::TIME_MILLIS => Self::Time(1_000),
            ConvertedType::TIME_MICROS => Self::Time(1_000_000),
            ConvertedType::TIMESTAMP_MILLIS => Self::Timestamp(1_000, true),
            ConvertedType::TIMESTAMP_MICROS => Self::Timestamp(1_000_000, true),
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Self::Unsigned,
            ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE | ConvertedType::LIST => {
                return Err("a list or map");
            }
            ConvertedType::INTERVAL => return Err("intervals of time"),
            ConvertedType::BSON => return Err("BSON"),
            ConvertedType::NONE
            | ConvertedType::UTF8
            | ConvertedType::ENUM
            | ConvertedType::INT_8
            | ConvertedType::INT_16
            | ConvertedType::INT_32
            | ConvertedType::INT_64
            | ConvertedType::JSON => Self::Plain,
        })
    }

    /// What the cells mean, where the schema says it.
    pub(crate) fn column_type(self, physical: Type) -> Option<ColumnType> {
        let order = DateOrder::YearMonthDay;
        match (self, physical) {
            (Self::Date, _) => Some(ColumnType::Date { order }),
            (Self::Timestamp(..), _) | (_, Type::INT96) => Some(ColumnType::DateTime { order }),
            (Self::Time(_), _) => Some(ColumnType::Time),
            (_, Type::BOOLEAN) => Some(ColumnType::Boolean { words: BooleanWords::TrueFalse }),
            (Self::Plain, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY) => None,
            (_, _) => Some(ColumnType::Plain),
        }
    }
}

fn scale(scale: i32) -> Result<u32, &'static str> {
    u32::try_from(scale).ok().filter(|scale| *scale <= 76).ok_or("decimals of an impossible scale")
}

fn parts(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    }
}

/// A cell is not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotText;

pub(crate) fn write_i32(value: i32, form: Form, out: &mut String) {
    match form {
        Form::Unsigned => push(out, format_args!("{}", value.cast_unsigned())),
        Form::Plain
        | Form::Decimal(_)
        | Form::Date
        | Form::Time(_)
        | Form::Timestamp(..)
        | Form::Uuid
        | Form::Float16 => write_i64(value.into(), form, out),
    }
}

pub(crate) fn write_i64(value: i64, form: Form, out: &mut String) {
    match form {
        Form::Decimal(scale) => push(out, format_args!("{}", Decimal::new(value.into(), scale))),
        Form::Date => out.push_str(&iso_date(value)),
        Form::Time(parts) if (0..SECONDS_PER_DAY).contains(&value.div_euclid(parts)) => {
            out.push_str(&iso_time(value.div_euclid(parts), nanoseconds(value, parts)));
        }
        Form::Timestamp(parts, is_utc) => {
            out.push_str(&iso_timestamp(value.div_euclid(parts), nanoseconds(value, parts)));
            out.push_str(if is_utc { "Z" } else { "" });
        }
        Form::Unsigned => push(out, format_args!("{}", value.cast_unsigned())),
        Form::Plain | Form::Time(_) | Form::Uuid | Form::Float16 => push(out, format_args!("{value}")),
    }
}

/// The part of a second behind the whole ones.
fn nanoseconds(value: i64, parts: i64) -> u32 {
    u32::try_from(value.rem_euclid(parts) * (1_000_000_000 / parts)).unwrap_or(0)
}

pub(crate) fn write_i96(value: &Int96, out: &mut String) {
    let [low, high, day] = *value.data() else { return };
    let nanoseconds = u64::from(low) | u64::from(high) << 32;
    let (second, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
    let days = i64::from(day) - JULIAN_EPOCH;
    let seconds = days * SECONDS_PER_DAY + i64::try_from(second).unwrap_or(0);
    out.push_str(&iso_timestamp(seconds, u32::try_from(rest).unwrap_or(0)));
}

/// The shortest digits that give the number back.
pub(crate) fn write_f64(value: f64, out: &mut String) {
    let size = value.abs();
    if size == 0.0 || (1e-7..1e17).contains(&size) || !value.is_finite() {
        push(out, format_args!("{value}"));
    } else {
        push(out, format_args!("{value:e}"));
    }
}

pub(crate) fn write_f32(value: f32, out: &mut String) {
    let size = value.abs();
    if size == 0.0 || (1e-7..1e17).contains(&size) || !value.is_finite() {
        push(out, format_args!("{value}"));
    } else {
        push(out, format_args!("{value:e}"));
    }
}

pub(crate) fn write_bytes(value: &[u8], form: Form, out: &mut String) -> Result<(), NotText> {
    match (form, value) {
        (Form::Decimal(scale), _) => {
            let number = big_endian(value).ok_or(NotText)?;
            push(out, format_args!("{}", Decimal::new(number, scale)));
        }
        (Form::Uuid, _) if value.len() == 16 => {
            for (at, byte) in value.iter().enumerate() {
                out.push_str(if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" });
                push(out, format_args!("{byte:02x}"));
            }
        }
        (Form::Float16, [low, high]) => write_f32(half(u16::from_le_bytes([*low, *high])), out),
        (_, _) => out.push_str(str::from_utf8(value).map_err(|_| NotText)?),
    }
    Ok(())
}

/// A number in two's complement, big end first; `None` if it is too large for 128 bits.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let (head, tail) = bytes.split_at(bytes.len().saturating_sub(16));
    if head.iter().any(|byte| *byte != sign) {
        return None;
    }
    let mut padded = [sign; 16];
    padded[16 - tail.len()..].copy_from_slice(tail);
    let number = i128::from_be_bytes(padded);
    ((number < 0) == (sign != 0)).then_some(number)
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1_024.0) * 2_f32.powi(exponent - 15),
    }
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("a string takes all that is written to it");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        assert_eq!(big_endian(&[0xff, 0x85]), Some(-123));
        assert_eq!(big_endian(&[]), Some(0));
        assert_eq!(big_endian(&[0; 30]), Some(0));
        assert_eq!(big_endian(&[0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        let text = |value: f64| {
            let mut out = String::new();
            write_f64(value, &mut out);
            out
        };
        assert_eq!(text(0.1), "0.1");
        assert_eq!(text(59.0), "59");
        assert_eq!(text(1e300), "1e300");
        assert_eq!(text(5e-324), "5e-324");
        assert_eq!(text(f64::NAN), "NaN");
        assert_eq!(
            [half(0x3c00), half(0xc000), half(0x0001), half(0x7bff)],
            [1.0, -2.0, 5.960_464_5e-8, 65_504.0]
        );
    }

    #[test]
    fn moments_are_iso() {
        let text = |value, form| {
            let mut out = String::new();
            write_i64(value, form, &mut out);
            out
        };
        assert_eq!(text(-1, Form::Timestamp(1_000, true)), "1969-12-31T23:59:59.999Z");
        assert_eq!(text(i64::MIN, Form::Timestamp(1_000_000_000, false)), "1677-09-21T00:12:43.145224192");
        assert_eq!(text(47_100_000, Form::Time(1_000)), "13:05:00");
        assert_eq!(text(-5, Form::Time(1_000)), "-5");
        assert_eq!(text(-1, Form::Unsigned), u64::MAX.to_string());
        let mut noon = Int96::new();
        noon.set_data(0, 0, 2_440_589);
        let mut out = String::new();
        write_i96(&noon, &mut out);
        assert_eq!(out, "1970-01-02T00:00:00");
    }
}
