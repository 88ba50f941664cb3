"""Makes the bad files: one file, one fault, and a part of the sentence that it must meet, in index.json.

    pip install pyarrow && python3 make.py

What is made is kept in the repository, so that tests need no Python.
"""

import gzip
import io
import json
import pathlib
import struct

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
PARQUET = HERE.parents[2] / "parquet/tests/corpus"


def gz(content):
    return gzip.compress(content, 9, mtime=0)


rows = b"".join(b"%d,%d\n" % (row, row * 7 % 1013) for row in range(400))
sound = gz(b"a,b\n" + rows)
flipped = bytearray(sound)
flipped[len(flipped) // 2] ^= 0x10
wrong_sum = bytearray(sound)
wrong_sum[-6] ^= 1

BAD = {
    "empty.csv": (b"", "The file is empty."),
    "blank-lines.csv": (b"\n\r\n\n", "The file is empty."),
    "header-only.csv": (b"a,b\n", "has a header and no rows"),
    "ragged-short.csv": (b"a,b,c\n1,2,3\n4,5\n", "row 2 (line 3) has 2 cells"),
    "ragged-long.csv": (b"a,b\n1,2\n3,4,5\n", "row 2 (line 3) has 3 cells"),
    "invalid-utf8.csv": (b"a,b\n1,caf\xe9\n", "is not UTF-8 text: column 2 of row 1"),
    "utf16.csv": ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
    "unclosed-quote.csv": (b'a,b\n1,"2\n3,4\n', "opens column 2 of row 1 (line 2) and is never closed"),
    "text-after-quote.csv": (b'a,b\n1,"2"3\n', "text behind a closing quotation mark"),
    "binary.csv": (bytes(range(256)) * 4, "binary data"),
    "many-columns.csv": (b",".join(b"c%d" % at for at in range(10_000)) + b"\n", "10,000 columns"),
    "zip.csv": (b"PK\x03\x04\x14\0\x08\0data.csv", "a zip archive"),
    "png.csv": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG picture"),
    "parquet.csv": (b"PAR1\x15\x04\x15", "a Parquet file"),
    "zero-bytes.json": (b"", "The file is empty."),
    "empty-list.json": (b"[]", "empty JSON list"),
    "empty-records.json": (b"[{},{}]", "records without fields"),
    "deep-lists.json": (b"[" * 100_000, "inside each other"),
    "deep-objects.json": (b'[{"a":1},' + b'{"a":' * 20_000, "row 2 (line 1) cannot be read: more than 16"),
    "cut-off.json": (b'[{"a":1},{"a":2', "row 2 (line 1) cannot be read: the file ends in the middle"),
    "cut-off-text.json": (b'[{"a":1},{"a":"2', "the file ends in the middle"),
    "no-comma.json": (b'[{"a":1}{"a":2}]', "there is no comma before it"),
    "two-commas.json": (b'[{"a":1},,{"a":2}]', "is not JSON"),
    "trailing-comma.json": (b'[{"a":1},]', "is not JSON"),
    "text-behind.json": (b'[{"a":1}] and more', "the list of records has ended"),
    "nan.json": (b'[{"a":1},{"a":NaN}]', "is not JSON from its byte 6 on"),
    "infinity.json": (b'[{"a":1},{"a":-Infinity}]', "is not JSON"),
    "single-quotes.json": (b"[{'a':1}]", "is not JSON"),
    "comment.json": (b'[{"a":1}, // one\n{"a":2}]', "is not JSON"),
    "leading-zero.json": (b'[{"a":01}]', "is not JSON"),
    "bare-word.json": (b'[{"a":yes}]', "is not JSON"),
    "control-character.json": (b'[{"a":"\x01"}]', "is not JSON"),
    "lone-surrogate.json": (b'[{"a":"\\ud800"}]', "is not JSON"),
    "invalid-utf8.json": (b'[{"a":"\xff"}]', "is not JSON from its byte 7 on"),
    "utf16.json": ('[{"a":1}]'.encode("utf-16"), "UTF-16"),
    "mixed-records.json": (b'[{"a":1},[2]]', "some records are objects and some are lists"),
    "scalar-record.json": (b'[{"a":1},2]', "neither an object nor a list"),
    "repeated-field.json": (b'[{"a":1,"a":2}]', "the field \"a\" occurs twice"),
    "colliding-paths.json": (b'[{"a":{"b":1},"a.b":2}]', "the field \"a.b\" occurs twice"),
    "ragged-lists.json": (b'[["x","y"],[1,2],[3]]', "has 1 cell and the table has 2 columns"),
    "long-list.json": (b'[{"a":[' + b",".join([b"1"] * 65) + b"]}]", "has more than 64 elements"),
    "many-fields.json": (b"[{" + b",".join(b'"f%d":1' % at for at in range(2_001)) + b"}]", "2,001 columns"),
    "unknown-field.ndjson": (b'{"a":1}\n' * 1_000 + b'{"a":1,"b":2}\n', "row 1001 (line 1001) cannot be read: it has a field \"b\""),
    "broken-line.ndjson": (b'{"a":1}\n{"a":\n{"a":3}\n', "row 2 (line 2)"),
    "last-line-cut-off.ndjson": (b'{"a":1}\n{"a":2', "row 2 (line 2)"),
    "cut-off.csv.gz": (sound[: len(sound) // 2], "is cut off: it ends at byte %s" % f"{len(sound) // 2:,}"),
    "header-only.gz": (sound[:7], "is cut off: it ends at byte 7"),
    "magic-only.gz": (sound[:2], "is cut off: it ends at byte 2"),
    "flipped.csv.gz": (bytes(flipped), "is damaged at or shortly before byte"),
    "wrong-sum.csv.gz": (bytes(wrong_sum), "is damaged"),
    "garbage-behind.csv.gz": (sound + b"garbage behind it", "is damaged"),
    "bad-method.gz": (b"\x1f\x8b\x07" + sound[3:], "is damaged"),
    "bomb.csv.gz": (gz(b"a,b\n" + (b"x" * 100_000 + b",2\n") * 250), "grows more than 200-fold"),
    "empty.gz": (gz(b""), "The file is empty."),
    "twice.csv.gz": (gz(sound), "a gzip file"),
    "parquet.gz": (gz(b"PAR1\x15\x04\x15"), "a Parquet file"),
}


def parquet(table=None, **options):
    out = io.BytesIO()
    pq.write_table(table if table is not None else pa.table({"x": pa.array(range(50), pa.int64())}), out, **options)
    return out.getvalue()


def footer(content):
    return b"PAR1" + content + struct.pack("<I", len(content)) + b"PAR1"


plain = parquet()
length = struct.unpack("<I", plain[-8:-4])[0]
start_of_footer = len(plain) - 8 - length


def with_length(claimed):
    return plain[:-8] + struct.pack("<I", claimed) + b"PAR1"


# The head of the first page: field 2 is its unpacked size, field 3 its packed size; a huge size in five bytes.
huge = b"\x15\x04\x15" + b"\xfe\xff\xff\xff\x0f" + plain[4 + 4 + 1:]

PARQUET_BAD = {
    "empty.parquet": (b"", "is not a Parquet file"),
    "csv.parquet": (b"a,b\n1,2\n", "is not a Parquet file"),
    "magic-only.parquet": (b"PAR1", "is cut off"),
    "cut-off.parquet": (plain[: len(plain) // 2], "is cut off"),
    "no-magic-at-end.parquet": (plain[:-1] + b"2", "is cut off"),
    "encrypted.parquet": (b"PARE" + plain[4:-4] + b"PARE", "is encrypted"),
    "encrypted-footer.parquet": (plain[:-4] + b"PARE", "is encrypted"),
    "footer-beyond-file.parquet": (with_length(0xFFFFFFFF), "is damaged: its list of columns"),
    "footer-length-zero.parquet": (with_length(0), "is damaged: its list of columns"),
    "footer-too-short.parquet": (with_length(length - 9), "is damaged: its list of columns"),
    "metadata-bomb.parquet": (footer(b"\x29\xfc\xff\xff\xff\xff\x07\0\0\0"), "is damaged: its list of columns"),
    "row-group-bomb.parquet": (footer(b"\x49\xfc\xff\xff\xff\xff\x07\0\0\0"), "is damaged: its list of columns"),
    "garbage-footer.parquet": (footer(bytes(range(100))), "is damaged: its list of columns"),
    "huge-page-head.parquet": (b"PAR1" + huge[: start_of_footer - 4] + plain[start_of_footer:], "\"x\" of the Parquet file"),
    "zeroed-pages.parquet": (b"PAR1" + b"\0" * (start_of_footer - 4) + plain[start_of_footer:], "\"x\" of the Parquet file is damaged"),
    "no-rows.parquet": (parquet(pa.table({"x": pa.array([], pa.int64())})), "has no rows"),
    "lists.parquet": (parquet(pa.table({"l": pa.array([[1], [2]])})), "holds a list or map"),
    "map.parquet": (parquet(pa.table({"m": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))})), "holds a list or map"),
    "brotli.parquet": (parquet(compression="brotli"), "is packed with brotli"),
    "bytes.parquet": (parquet(pa.table({"b": pa.array([b"\xff"], pa.binary())})), "not UTF-8 text"),
}


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    index = {}
    for name, (content, sentence) in files.items():
        (folder / name).write_bytes(content)
        index[name] = sentence
    (folder / "index.json").write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n")


write(HERE, BAD)
write(PARQUET, PARQUET_BAD)
