//! A JSON reader that refuses what two readers could understand differently.
//!
//! Go's reader takes the last of two equal names and matches names whatever their case, Rust's does
//! neither; whoever controls a document could show each of them another one. Source: I-JSON
//! (RFC 7493), image-spec `considerations.md`, "JSON".

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::{Cell, RefCell};
use std::fmt;

/// How many objects and arrays may be inside each other.
pub const MAX_DEPTH: usize = 32;
/// How many values a document may have, so that a small one cannot take much memory.
pub const MAX_VALUES: usize = 500_000;
/// How much of a name is repeated in a message, in characters.
const SHOWN: usize = 64;

/// Which names a schema gives to the fields of an object, and of the objects in an array.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// The names are data, as in a map of annotations: only duplicates are refused.
    Free,
    /// The schema's own names, in ASCII, and what is below them. Others are allowed and free.
    Fields(&'static [(&'static str, Shape)]),
}

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrictError {
    /// No bytes at all.
    #[error("the document is empty")]
    Empty,
    /// The three bytes that some editors put in front.
    #[error("the document begins with a byte order mark")]
    ByteOrderMark,
    /// Some other encoding, or none.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// Not JSON, or cut off.
    #[error("the document is not JSON: {0}")]
    Syntax(String),
    /// More than one document.
    #[error("the document goes on after its end")]
    Trailing,
    /// Readers differ in which of the two counts.
    #[error("the name `{0}` is there twice in one object")]
    Duplicate(String),
    /// Readers differ in whether this is the known name.
    #[error("the name `{name}` is `{known}` for some readers and not for others")]
    Lookalike {
        /// The name in the document.
        name: String,
        /// The schema's.
        known: &'static str,
    },
    /// Deeper than [`MAX_DEPTH`].
    #[error("the document is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More than [`MAX_VALUES`].
    #[error("the document has more than {MAX_VALUES} values")]
    TooMany,
}

/// Reads a document whose own field names are those of `shape`.
///
/// Whole numbers from -2^63 to 2^64 - 1 are exact; what is written with a fraction or an exponent
/// stays a floating-point number, so that `1e3` can be told from `1000`.
pub fn parse(bytes: &[u8], shape: Shape) -> Result<Value, StrictError> {
    if bytes.is_empty() {
        return Err(StrictError::Empty);
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(StrictError::ByteOrderMark);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| StrictError::NotUtf8)?;
    let mut document = serde_json::Deserializer::from_str(text);
    let walk = Walk::default();
    let top = Place {
        shape,
        depth: 0,
        walk: &walk,
    };
    let value = match top.deserialize(&mut document) {
        Ok(value) => value,
        Err(error) => return Err(walk.refusal(&error)),
    };
    document.end().map_err(|_| StrictError::Trailing)?;
    Ok(value)
}

/// What is known of the whole document while it is read.
#[derive(Default)]
struct Walk {
    values: Cell<usize>,
    problem: RefCell<Option<StrictError>>,
}

impl Walk {
    /// Keeps the reason, because serde's errors carry only text.
    fn refuse<E: Error>(&self, problem: StrictError) -> E {
        self.problem.replace(Some(problem));
        E::custom("refused")
    }

    fn refusal(self, error: &serde_json::Error) -> StrictError {
        let syntax = || StrictError::Syntax(error.to_string());
        self.problem.into_inner().unwrap_or_else(syntax)
    }
}

/// Where in the document a value stands.
#[derive(Clone, Copy)]
struct Place<'w> {
    shape: Shape,
    depth: usize,
    walk: &'w Walk,
}

impl Place<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.walk.refuse(StrictError::TooDeep));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }

    /// The place of the field `name`, when its name is one that all readers read alike.
    fn field<E: Error>(self, name: &str) -> Result<Self, E> {
        let mut shape = Shape::Free;
        if let Shape::Fields(fields) = self.shape {
            for &(known, below) in fields {
                if name == known {
                    shape = below;
                } else if folds_to(name, known) {
                    let name = name.chars().take(SHOWN).collect();
                    return Err(self.walk.refuse(StrictError::Lookalike { name, known }));
                }
            }
        }
        Ok(Self { shape, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let values = self.walk.values.get() + 1;
        self.walk.values.set(values);
        if values > MAX_VALUES {
            return Err(self.walk.refuse(StrictError::TooMany));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(inside.field(&name)?)?;
            if object.contains_key(&name) {
                let name = name.chars().take(SHOWN).collect();
                return Err(self.walk.refuse(StrictError::Duplicate(name)));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// Whether readers that ignore case take `name` for the ASCII name `known`.
///
/// Two letters outside ASCII fold to one inside: the long s and the Kelvin sign (Unicode,
/// `CaseFolding.txt`, status C and S).
fn folds_to(name: &str, known: &str) -> bool {
    let folded = name.chars().map(|c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    folded.eq(known.chars().map(|c| c.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::{MAX_DEPTH, MAX_VALUES, Shape, StrictError, parse};
    use serde_json::{Value, json};

    const SHAPE: Shape = Shape::Fields(&[
        ("layers", Shape::Fields(&[("size", Shape::Free)])),
        ("annotations", Shape::Free),
        ("key", Shape::Free),
    ]);

    fn read(text: &str) -> Result<Value, StrictError> {
        parse(text.as_bytes(), SHAPE)
    }

    fn twice(name: &str) -> Result<Value, StrictError> {
        Err(StrictError::Duplicate(name.to_owned()))
    }

    fn lookalike(name: &str, known: &'static str) -> Result<Value, StrictError> {
        let name = name.to_owned();
        Err(StrictError::Lookalike { name, known })
    }

    #[test]
    fn names_that_readers_could_take_for_each_other_are_refused() {
        let cases = [
            (r#"{"layers":[],"layers":[]}"#, twice("layers")),
            (r#"{"layers":[],"l\u0061yers":[]}"#, twice("layers")),
            (r#"{"other":{"a":1,"a":1}}"#, twice("a")),
            (r#"{"annotations":{"a":"","a":""}}"#, twice("a")),
            (r#"{"layers":[{"size":1,"size":2}]}"#, twice("size")),
            (r#"{"Layers":[]}"#, lookalike("Layers", "layers")),
            (r#"{"layerſ":[]}"#, lookalike("layerſ", "layers")),
            ("{\"\u{212a}ey\":1}", lookalike("\u{212a}ey", "key")),
            (r#"{"layers":[{"Size":1}]}"#, lookalike("Size", "size")),
            (r#"{"layers":{"SIZE":1}}"#, lookalike("SIZE", "size")),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn names_of_data_are_free() {
        for text in [
            r#"{"annotations":{"Layers":"a","layers":"b","LAYERS":"c"}}"#,
            r#"{"other":{"Layers":1,"layers":2}}"#,
            r#"{"size":1,"Size":2}"#,
            r#"{"layer":1,"layerss":2,"łayers":3}"#,
        ] {
            assert!(read(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn numbers_keep_the_way_they_are_written() {
        let cases = [
            ("0", json!(0)),
            ("18446744073709551615", json!(u64::MAX)),
            ("-1", json!(-1)),
            ("1e3", json!(1000.0)),
            ("1.0", json!(1.0)),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), Ok(expected));
        }
        assert_ne!(read("1e3"), Ok(json!(1000)));
        assert!(matches!(read("1e999"), Err(StrictError::Syntax(_))));
    }

    #[test]
    fn what_is_not_one_json_document_in_utf8_is_refused() {
        let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let cases: [(&[u8], &str); 12] = [
            (b"", "the document is empty"),
            (
                b"\xef\xbb\xbf{}",
                "the document begins with a byte order mark",
            ),
            (b"\xff\xfe{\0}\0", "the document is not UTF-8"),
            (b"{\"a\":\"\xff\"}", "the document is not UTF-8"),
            (&utf16, "the document is not JSON"),
            (b" ", "the document is not JSON"),
            (b"{\"a\":", "the document is not JSON"),
            (b"{'a':1}", "the document is not JSON"),
            (b"{\"a\":1,}", "the document is not JSON"),
            (b"[\"\\ud800\"]", "the document is not JSON"),
            (b"{}{}", "the document goes on after its end"),
            (b"{}\0", "the document goes on after its end"),
        ];
        for (bytes, reason) in cases {
            let message = parse(bytes, SHAPE).map_err(|error| error.to_string());
            assert!(
                message.is_err_and(|message| message.starts_with(reason)),
                "{reason}"
            );
        }
        assert_eq!(read(" {} \n"), Ok(json!({})));
    }

    #[test]
    fn depth_and_number_of_values_have_an_end() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(read(&nested(MAX_DEPTH + 1)), Err(StrictError::TooDeep));
        assert_eq!(read(&nested(1_000_000)), Err(StrictError::TooDeep));
        assert_eq!(read(&r#"{"a":"#.repeat(10_000)), Err(StrictError::TooDeep));
        let wide = |values: usize| format!("[{}0]", "0,".repeat(values - 2));
        assert!(read(&wide(MAX_VALUES)).is_ok());
        assert_eq!(read(&wide(MAX_VALUES + 1)), Err(StrictError::TooMany));
    }

    #[test]
    fn a_name_in_a_message_is_not_endless() {
        let name = "a".repeat(10_000);
        let error = read(&format!(r#"{{"{name}":1,"{name}":2}}"#));
        assert!(error.is_err_and(|error| error.to_string().len() < 200));
    }
}
