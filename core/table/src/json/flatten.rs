//! One JSON record to cells.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::columns::Columns;
use super::scan::Record;
use super::{JsonFault, Limits};
use crate::bad_rows::RowFault;

/// The cells of one record, by column.
#[derive(Debug, Default)]
pub(super) struct Cells {
    text: String,
    /// Where in `text` each cell is; `None` for one that the record lacks.
    places: Vec<Option<Range<usize>>>,
}

impl Cells {
    /// The cell of a column; blank if the record lacks it.
    pub(super) fn get(&self, column: usize) -> &str {
        self.places.get(column).and_then(Option::as_ref).map_or("", |place| &self.text[place.clone()])
    }

    pub(super) fn to_record(&self, width: usize) -> ::csv::ByteRecord {
        (0..width).map(|at| self.get(at).as_bytes()).collect()
    }
}

/// Writes the cells of `record` into `cells`. New fields become columns if `discovers`.
pub(super) fn flatten(
    record: &Record,
    limits: &Limits,
    columns: &mut Columns,
    discovers: bool,
    cells: &mut Cells,
) -> Result<(), RowFault> {
    if let Some(fault) = &record.fault {
        return Err(RowFault::Json(fault.clone()));
    }
    cells.text.clear();
    cells.places.clear();
    cells.places.resize(columns.len(), None);
    let text = str::from_utf8(&record.bytes)
        .map_err(|error| RowFault::Json(JsonFault::Syntax { byte: error.valid_up_to() + 1 }))?;
    let elements = match text.trim_ascii_start().as_bytes().first() {
        Some(b'{') => None,
        Some(b'[') => Some(parse::<Elements<'_>>(text)?.0),
        _ => {
            parse::<IgnoredAny>(text)?;
            return Err(RowFault::Json(JsonFault::NotARecord));
        }
    };
    if !columns.settle(elements.as_ref().map(Vec::len)) {
        return Err(RowFault::Json(JsonFault::MixedRecords));
    }
    let mut walk = Walk { limits, columns, discovers, cells, path: String::new(), next: 0 };
    match elements {
        None => walk.fields(text)?,
        Some(elements) => {
            let expected = walk.columns.list_width().unwrap_or(elements.len());
            if elements.len() != expected {
                return Err(RowFault::Ragged { expected, actual: elements.len() });
            }
            if discovers && expected > walk.columns.maximum() {
                let maximum = walk.columns.maximum();
                return Err(RowFault::Json(JsonFault::TooManyColumns { actual: expected, maximum }));
            }
            for (at, element) in elements.into_iter().enumerate() {
                walk.under(&at.to_string(), |walk| walk.list_cell(element))?;
            }
        }
    }
    Ok(())
}

struct Walk<'w> {
    limits: &'w Limits,
    columns: &'w mut Columns,
    discovers: bool,
    cells: &'w mut Cells,
    path: String,
    /// The likely position of the next field.
    next: usize,
}

impl Walk<'_> {
    /// Works below `key`.
    fn under(
        &mut self,
        key: &str,
        work: impl FnOnce(&mut Self) -> Result<(), RowFault>,
    ) -> Result<(), RowFault> {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        let result = work(self);
        self.path.truncate(length);
        result
    }

    fn fields(&mut self, text: &str) -> Result<(), RowFault> {
        for (key, value) in parse::<Fields<'_>>(text)?.0 {
            self.under(&key, |walk| walk.value(value))?;
        }
        Ok(())
    }

    /// A cell of a record that is a list: also a blank one has a column.
    fn list_cell(&mut self, raw: &RawValue) -> Result<(), RowFault> {
        if self.discovers && !matches!(raw.get().as_bytes().first(), Some(b'{' | b'[')) {
            self.column()?;
        }
        self.value(raw)
    }

    fn value(&mut self, raw: &RawValue) -> Result<(), RowFault> {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'{') => self.fields(text),
            Some(b'[') => {
                let elements = parse::<Elements<'_>>(text)?.0;
                if elements.len() > self.limits.max_elements {
                    let fault = JsonFault::too_many_elements(&self.path, self.limits.max_elements);
                    return Err(RowFault::Json(fault));
                }
                elements
                    .into_iter()
                    .enumerate()
                    .try_for_each(|(at, element)| self.under(&at.to_string(), |walk| walk.value(element)))
            }
            // A field of which the first records only say that it is blank is a column all the same.
            Some(b'n') if self.discovers => self.column().map(|_| ()),
            Some(b'n') => Ok(()),
            Some(b'"') => {
                let start = self.cells.text.len();
                match text.as_bytes().contains(&b'\\') {
                    false => self.cells.text.push_str(&text[1..text.len() - 1]),
                    true => {
                        let unescaped: String =
                            serde_json::from_str(text).map_err(|error| syntax(text, &error))?;
                        self.cells.text.push_str(&unescaped);
                    }
                }
                self.place(start)
            }
            _ => {
                let start = self.cells.text.len();
                self.cells.text.push_str(text);
                self.place(start)
            }
        }
    }

    /// Gives the text from `start` on to the column of the path.
    fn place(&mut self, start: usize) -> Result<(), RowFault> {
        let at = self.column()?;
        let place = &mut self.cells.places[at];
        if place.is_some() {
            return Err(RowFault::Json(JsonFault::repeated(&self.path)));
        }
        *place = Some(start..self.cells.text.len());
        Ok(())
    }

    fn column(&mut self) -> Result<usize, RowFault> {
        let at = match self.columns.position(&self.path, self.next) {
            Some(at) => at,
            None if self.discovers => {
                let maximum = self.columns.maximum();
                let too_many = JsonFault::TooManyColumns { actual: maximum + 1, maximum };
                let at = self.columns.add(&self.path).ok_or(RowFault::Json(too_many))?;
                self.cells.places.push(None);
                at
            }
            None => return Err(RowFault::Json(JsonFault::unknown(&self.path))),
        };
        self.next = at + 1;
        Ok(at)
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, RowFault> {
    serde_json::from_str(text).map_err(|error| syntax(text, &error))
}

/// The byte of `text` at which `error` is: `serde_json` counts lines, and columns in bytes.
fn syntax(text: &str, error: &serde_json::Error) -> RowFault {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let byte = lines.map(str::len).sum::<usize>() + error.column();
    RowFault::Json(JsonFault::Syntax { byte })
}

/// The fields of an object, in their order and unread.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// The elements of a list, unread.
struct Elements<'a>(Vec<&'a RawValue>);

struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::with_capacity(16);
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    fields.push((key.0, map.next_value::<&RawValue>()?));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ElementsVisitor;
        impl<'de> Visitor<'de> for ElementsVisitor {
            type Value = Elements<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Elements<'de>, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element::<&RawValue>()? {
                    elements.push(element);
                }
                Ok(Elements(elements))
            }
        }
        deserializer.deserialize_seq(ElementsVisitor)
    }
}
