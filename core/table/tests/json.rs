//! JSON tables in every layout, and what is wrong with others.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::io::Read;

use proptest::prelude::*;
use veilsum_table::csv::{FirstRow, ReadError, Row, RowFault, RowPolicy};
use veilsum_table::json::{JsonFault, JsonReader, Layout, Limits, Options};

type Table = (Vec<String>, Vec<Vec<String>>);

fn try_read(file: impl Read, options: &Options) -> Result<Table, ReadError> {
    let mut reader = JsonReader::new(file, options)?;
    let (mut row, mut rows) = (Row::new(), Vec::new());
    while reader.next_row(&mut row)? {
        assert_eq!(row.len(), reader.header().len());
        rows.push(row.cells().map(str::to_owned).collect());
    }
    Ok((reader.header().to_vec(), rows))
}

fn read(file: &str) -> Table {
    try_read(file.as_bytes(), &Options::default()).unwrap()
}

fn fault(file: &str) -> (u64, u64, JsonFault) {
    let error = try_read(file.as_bytes(), &Options::default()).unwrap_err();
    let ReadError::Json { place, fault } = error else { panic!("{error}") };
    (place.row, place.line, fault)
}

fn table(header: &[&str], rows: &[&[&str]]) -> Table {
    let owned = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    (owned(header), rows.iter().map(|row| owned(row)).collect())
}

#[test]
fn every_layout_gives_the_same_table() {
    let expected = table(&["name", "weight"], &[&["Ada", "61.50"], &["Bob", ""], &["Eve", "-0"]]);
    for (file, layout) in [
        (
            r#"[{"name":"Ada","weight":61.50},{"name":"Bob","weight":null},{"name":"Eve","weight":-0}]"#,
            Layout::List,
        ),
        (
            "\u{feff} [\n {\"name\": \"Ada\", \"weight\": 61.50},\n {\"name\": \"Bob\"}, {\"weight\":-0,\"name\":\"Eve\"} ]\n",
            Layout::List,
        ),
        (r#"[["name","weight"],["Ada",61.50],["Bob",null],["Eve",-0]]"#, Layout::List),
        (
            "{\"name\":\"Ada\",\"weight\":61.50}\r\n\r\n{\"name\":\"Bob\"}\n{\"name\":\"Eve\",\"weight\":-0}",
            Layout::Lines,
        ),
        (
            "{\n\"name\":\"Ada\",\n\"weight\":61.50}\n{\"name\":\"Bob\"}{\"name\":\"Eve\",\"weight\":-0}",
            Layout::Sequence,
        ),
        (
            r#"{"count":3,"tags":["a"],"rows":[{"name":"Ada","weight":61.50},{"name":"Bob"},{"name":"Eve","weight":-0}],"next":{"x":[]}}"#,
            Layout::ListInObject,
        ),
        ("[\"name\",\"weight\"]\n[\"Ada\",61.50]\n[\"Bob\",null]\n[\"Eve\",-0]\n", Layout::Lines),
    ] {
        let reader = JsonReader::new(file.as_bytes(), &Options::default()).unwrap();
        assert_eq!(reader.layout().value, layout, "{file}");
        assert_eq!(read(file), expected, "{file}");
    }
}

#[test]
fn a_list_inside_of_an_object_may_be_longer_than_the_head() {
    let records: Vec<String> = (0..20_000).map(|at| format!("{{\"a\":{at}}}")).collect();
    let file =
        format!("{{\"m\\\"eta\":{{\"rows\":[[1]]}},\n\"data\":\n[{}],\"end\":1}}\n", records.join(",\n"));
    let reader = JsonReader::new(file.as_bytes(), &Options::default()).unwrap();
    assert_eq!(
        (reader.layout().value, reader.layout().reason.as_str()),
        (Layout::ListInObject, "the file is one object, and its field \"data\" is a list of records")
    );
    assert_eq!(read(&file).1.len(), 20_000);
    assert_eq!(fault(&file[..file.len() - 3]).2, JsonFault::CutOff);
    assert_eq!(fault(&file.replace("{\"a\":7}", "{\"a\":}")).1, 10, "the line of the broken record");
    // Records with lists in them are records, if there is more than one.
    assert_eq!(read("{\"a\":[{\"b\":1}]}\n{\"a\":[{\"b\":2}]}\n"), table(&["a.0.b"], &[&["1"], &["2"]]));
}

#[test]
fn nested_fields_become_columns_by_path() {
    assert_eq!(
        read(r#"[{"a":{"b":1,"c":{"d":[true,{"e":"x"}]}},"f":[]},{"a":{"b":2},"f":{}}]"#),
        table(&["a.b", "a.c.d.0", "a.c.d.1.e"], &[&["1", "true", "x"], &["2", "", ""]])
    );
    assert_eq!(
        read(r#"[[1,{"x":2}],[3,{"x":4}]]"#),
        table(&["column 1", "column 2.x"], &[&["1", "2"], &["3", "4"]])
    );
}

#[test]
fn numbers_keep_their_digits_and_texts_their_letters() {
    assert_eq!(
        read(
            "[{\"a\":0.1000000000000000055511151231257827,\"b\":9007199254740993,\"c\":1E-3,\"d\":\"\\u00e9\\n\\\"\"}]"
        ),
        table(
            &["a", "b", "c", "d"],
            &[&["0.1000000000000000055511151231257827", "9007199254740993", "1E-3", "é\n\""]]
        )
    );
}

#[test]
fn hostile_names_are_kept_as_text() {
    let (header, _) = read(r#"[{"__proto__":1,"<img onerror>":2,"=cmd()":3,"":4,"a":{"":5}}]"#);
    assert_eq!(header, ["__proto__", "<img onerror>", "=cmd()", "column 4", "a."]);
}

#[test]
fn lists_of_cells_without_names_are_data() {
    let file = "[[1,2],[3,4]]";
    assert_eq!(read(file), table(&["column 1", "column 2"], &[&["1", "2"], &["3", "4"]]));
    let options = Options { first_row: Some(FirstRow::Names), ..Options::default() };
    assert_eq!(try_read(file.as_bytes(), &options).unwrap(), table(&["1", "2"], &[&["3", "4"]]));
}

#[test]
fn bad_records_are_named_by_number_and_line() {
    for (file, expected) in [
        ("[{\"a\":1},\n{\"a\":}]", (2, 2, JsonFault::Syntax { byte: 6 })),
        ("{\"a\":1}\n{\"a\":\n{\"a\":2}\n", (2, 2, JsonFault::Syntax { byte: 5 })),
        ("[{\"a\":1},\n7]", (2, 2, JsonFault::NotARecord)),
        ("[{\"a\":1},[2]]", (2, 1, JsonFault::MixedRecords)),
        ("[{\"a\":1,\"a\":2}]", (1, 1, JsonFault::RepeatedField { name: "a".into() })),
        ("[{\"a\":{\"b\":1},\"a.b\":2}]", (1, 1, JsonFault::RepeatedField { name: "a.b".into() })),
        ("[{\"a\":1},\n\n{\"a\":2", (2, 3, JsonFault::CutOff)),
        ("[{\"a\":1}", (2, 1, JsonFault::CutOff)),
        ("[{\"a\":1} {\"a\":2}]", (2, 1, JsonFault::NoComma)),
        ("[{\"a\":1},]", (2, 1, JsonFault::Syntax { byte: 1 })),
        ("[{\"a\":1}]\n{\"a\":2}", (2, 2, JsonFault::TextAfterList)),
        ("[{\"a\":1},{\"a\":NaN}]", (2, 1, JsonFault::Syntax { byte: 6 })),
        ("{\"a\":1}\n}\n", (2, 2, JsonFault::Syntax { byte: 1 })),
    ] {
        assert_eq!(fault(file), expected, "{file}");
    }
    let error = try_read("[{\"a\":1},\n{\"a\":}]".as_bytes(), &Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "The JSON record of row 2 (line 2) cannot be read: it is not JSON from its byte 6 on. Correct the record, or \
         choose to skip such rows."
    );
}

#[test]
fn lists_of_different_lengths_are_ragged() {
    let error = try_read("[[1,2],[3]]".as_bytes(), &Options::default()).unwrap_err();
    assert!(matches!(error, ReadError::Ragged { row: 2, line: 1, expected: 2, actual: 1, .. }), "{error:?}");
}

#[test]
fn a_field_that_none_of_the_first_records_had_is_no_silent_loss() {
    let limits = Limits { discovery_records: 2, ..Limits::default() };
    let file = "{\"a\":1}\n{\"a\":2}\n{\"a\":3,\"b\":null}\n{\"a\":4,\"b\":5}\n{\"a\":6}\n";
    let options = Options { limits, ..Options::default() };
    let error = try_read(file.as_bytes(), &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "The JSON record of row 4 (line 4) cannot be read: it has a field \"b\", which none of the first records has. \
         Remove it or put such a record first, or choose to skip such rows."
    );
    let options = Options { bad_rows: RowPolicy::Skip, ..options };
    let mut reader = JsonReader::new(file.as_bytes(), &options).unwrap();
    let (mut row, mut cells) = (Row::new(), Vec::new());
    while reader.next_row(&mut row).unwrap() {
        cells.push((row.place().row, row.get(0).unwrap().to_owned()));
    }
    assert_eq!(cells, [(1, "1".into()), (2, "2".into()), (3, "3".into()), (5, "6".into())]);
    let skipped = reader.skipped();
    assert_eq!(skipped.row_count, 1);
    assert_eq!(skipped.first_rows[0].fault, RowFault::Json(JsonFault::UnknownField { name: "b".into() }));
}

#[test]
fn a_broken_line_costs_only_itself() {
    let file = "{\"a\":1}\n{\"a\":\"2\nnot json\n\n{\"a\":3}\n{\"a\":4";
    let options = Options { bad_rows: RowPolicy::Skip, ..Options::default() };
    let (_, rows) = try_read(file.as_bytes(), &options).unwrap();
    assert_eq!(rows, [["1"], ["3"]]);
}

#[test]
fn nesting_is_capped() {
    for open in ["[", "{\"a\":"] {
        let file = open.repeat(100_000);
        assert!(matches!(fault(&file).2, JsonFault::TooDeep { maximum: 16 }), "{open}");
        let file = format!("[{{\"a\":{}", open.repeat(100_000));
        assert!(matches!(fault(&file).2, JsonFault::TooDeep { maximum: 16 }), "{open}");
    }
}

#[test]
fn sizes_are_capped() {
    let limits = Limits { max_columns: 3, max_record_bytes: 40, max_elements: 2, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let error = |file: &str| try_read(file.as_bytes(), &options).unwrap_err();
    let long = error(&format!("[{{\"a\":\"{}\"}}]", "x".repeat(40)));
    assert!(matches!(long, ReadError::Json { fault: JsonFault::TooLong { maximum: 40 }, .. }), "{long}");
    let wide = error(r#"[{"a":1,"b":2,"c":3,"d":4}]"#);
    assert!(matches!(wide, ReadError::TooManyColumns { actual: 4, maximum: 3 }), "{wide}");
    let wide = error("[[1,2,3,4]]");
    assert!(matches!(wide, ReadError::TooManyColumns { actual: 4, maximum: 3 }), "{wide}");
    let list = error(r#"[{"a":[1,2,3]}]"#);
    assert!(matches!(list, ReadError::Json { fault: JsonFault::TooManyElements { .. }, .. }), "{list}");
    // A line that never ends does not fill the memory.
    let endless = try_read(std::io::repeat(b'[').take(1 << 30), &options).unwrap_err();
    assert!(matches!(endless, ReadError::Json { fault: JsonFault::TooDeep { .. }, .. }), "{endless}");
    let endless = try_read(b"[{\"a\":\"".chain(std::io::repeat(b'x')), &options).unwrap_err();
    assert!(matches!(endless, ReadError::Json { fault: JsonFault::TooLong { .. }, .. }), "{endless}");
}

#[test]
fn files_without_records_are_named() {
    let error = |file: &str| try_read(file.as_bytes(), &Options::default()).unwrap_err();
    for file in ["", " \n", "\u{feff}"] {
        assert!(matches!(error(file), ReadError::Empty), "{file:?}");
    }
    for file in ["[]", "[{}]", "{}", "[[]]"] {
        assert!(matches!(error(file), ReadError::NoRecords), "{file:?}: {}", error(file));
    }
    assert!(matches!(error("["), ReadError::Json { fault: JsonFault::CutOff, .. }));
    let utf16: Vec<u8> = "\u{feff}[{\"a\":1}]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(matches!(JsonReader::new(&utf16[..], &Options::default()).unwrap_err(), ReadError::Utf16));
}

#[test]
fn text_that_is_not_utf8_is_named() {
    let file = b"[{\"a\":\"caf\xe9\"}]";
    let error = try_read(&file[..], &Options::default()).unwrap_err();
    assert!(matches!(error, ReadError::Json { fault: JsonFault::Syntax { byte: 10 }, .. }), "{error}");
}

#[test]
fn after_an_error_there_are_no_more_rows() {
    let mut reader = JsonReader::new(&b"{\"a\":1}\n{\"a\":\n{\"a\":2}\n"[..], &Options::default()).unwrap();
    let mut row = Row::new();
    assert!(reader.next_row(&mut row).unwrap());
    assert!(reader.next_row(&mut row).is_err());
    assert!(matches!(reader.next_row(&mut row), Err(ReadError::AfterError)));
}

/// Gives one byte at a time.
struct Trickle<'f>(&'f [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = out.len().min(1);
        self.0.read(&mut out[..count])
    }
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[a\"\\\\\\n{}\\[\\], é]{0,6}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
            prop::collection::hash_map("[a-c.]{0,2}", inner, 0..3)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// The cells of a value by path, made without anything of this crate.
fn expected_cells(path: &str, value: &serde_json::Value, cells: &mut Vec<(String, String)>) {
    let under = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        serde_json::Value::Null => {}
        serde_json::Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| expected_cells(&under(key), value, cells));
        }
        serde_json::Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                expected_cells(&under(&at.to_string()), element, cells);
            }
        }
        serde_json::Value::String(text) => cells.push((path.to_owned(), text.clone())),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {
            cells.push((path.to_owned(), value.to_string()));
        }
    }
}

proptest! {
    #[test]
    fn cells_are_those_of_serde_json(
        records in prop::collection::vec(prop::collection::hash_map("[x-z]{1}", json_value(), 1..4), 1..6),
        layout in 0..3,
    ) {
        let records: Vec<serde_json::Value> = records
            .into_iter()
            .map(|fields| serde_json::Value::Object(fields.into_iter().collect()))
            .collect();
        let file = match layout {
            0 => serde_json::to_string(&records).unwrap(),
            1 => records.iter().map(|record| format!("{record}\n")).collect(),
            _ => records.iter().map(|record| serde_json::to_string_pretty(record).unwrap()).collect(),
        };
        // A single record with a list of objects in it is taken for an object around records.
        let starts_with_object = |value: &serde_json::Value| value.get(0).is_some_and(serde_json::Value::is_object);
        if let [serde_json::Value::Object(fields)] = &records[..]
            && layout > 0
            && fields.values().any(starts_with_object)
        {
            return Ok(());
        }
        match try_read(file.as_bytes(), &Options::default()) {
            Ok((header, rows)) => {
                prop_assert_eq!(rows.len(), records.len());
                for (record, row) in records.iter().zip(&rows) {
                    let mut cells = Vec::new();
                    expected_cells("", record, &mut cells);
                    let mut actual: Vec<(String, String)> = header
                        .iter()
                        .cloned()
                        .zip(row.iter().cloned())
                        .filter(|(_, cell)| !cell.is_empty())
                        .collect();
                    cells.retain(|(_, cell)| !cell.is_empty());
                    actual.sort();
                    cells.sort();
                    prop_assert_eq!(actual, cells);
                }
            }
            // Names with points may collide, and all may be blank.
            Err(ReadError::Json { fault: JsonFault::RepeatedField { .. }, .. } | ReadError::NoRecords) => {}
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
        let bytewise = try_read(Trickle(file.as_bytes()), &Options::default());
        let at_once = try_read(file.as_bytes(), &Options::default());
        prop_assert_eq!(bytewise.map_err(|error| error.to_string()), at_once.map_err(|error| error.to_string()));
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\\ \n\r1ax\xc3\xa9-.nulltrue".to_vec()), 0..200)) {
        for bad_rows in [RowPolicy::Reject, RowPolicy::Skip] {
            let limits = Limits { max_record_bytes: 50, max_columns: 5, max_depth: 4, ..Limits::default() };
            let options = Options { bad_rows, limits, ..Options::default() };
            let _ = try_read(&bytes[..], &options);
            let _ = try_read(&bytes[..], &Options { bad_rows, ..Options::default() });
        }
    }
}
