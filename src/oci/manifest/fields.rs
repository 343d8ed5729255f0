//! Reading an object's fields, with their place in the document for messages.

use super::error::{FieldError, ManifestError};
use serde_json::{Map, Value};

/// The largest size that every JSON reader keeps exactly (RFC 7493, section 2.2), and one more.
const MAX_SIZE: u64 = 1 << 53;

/// An object of the document. A field that is `null` is absent, as it is for Go's readers.
pub(super) struct Fields<'v> {
    object: &'v Map<String, Value>,
    path: String,
}

impl<'v> Fields<'v> {
    /// The document itself.
    pub(super) fn top(value: &'v Value) -> Result<Self, ManifestError> {
        Self::of(value, "the document".to_owned()).map(|fields| Self {
            path: String::new(),
            ..fields
        })
    }

    fn of(value: &'v Value, path: String) -> Result<Self, ManifestError> {
        match value {
            Value::Object(object) => Ok(Self { object, path }),
            _ => Err(ManifestError::Field {
                path,
                problem: FieldError::Not("an object"),
            }),
        }
    }

    fn place(&self, name: &str) -> String {
        if self.path.is_empty() {
            return name.to_owned();
        }
        format!("{}.{name}", self.path)
    }

    pub(super) fn error(&self, name: &str, problem: FieldError) -> ManifestError {
        ManifestError::Field {
            path: self.place(name),
            problem,
        }
    }

    fn not(&self, name: &str, wanted: &'static str) -> ManifestError {
        self.error(name, FieldError::Not(wanted))
    }

    pub(super) fn get(&self, name: &str) -> Option<&'v Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn string(&self, name: &str) -> Result<Option<&'v str>, ManifestError> {
        let string = |value: &'v Value| value.as_str().ok_or_else(|| self.not(name, "a string"));
        self.get(name).map(string).transpose()
    }

    /// A media type: visible ASCII, so that it fits into a header. An empty one is absent.
    pub(super) fn media_type(&self, name: &str) -> Result<Option<&'v str>, ManifestError> {
        let Some(text) = self.string(name)?.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let clean = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if clean && text.trim() == text {
            return Ok(Some(text));
        }
        Err(self.error(name, FieldError::MediaType))
    }

    /// A size in bytes.
    pub(super) fn size(&self, name: &str) -> Result<u64, ManifestError> {
        let value = self.required(name, self.get(name))?;
        match value.as_u64() {
            Some(size) if size <= MAX_SIZE => Ok(size),
            _ => Err(self.not(name, "a whole number from 0 to 2^53")),
        }
    }

    pub(super) fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, ManifestError> {
        value.ok_or_else(|| self.error(name, FieldError::Missing))
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, ManifestError> {
        let object = |value| Self::of(value, self.place(name));
        self.get(name).map(object).transpose()
    }

    /// The objects of an array; an absent array has none.
    pub(super) fn objects(&self, name: &str) -> Result<Vec<Self>, ManifestError> {
        let items = self.array(name)?.unwrap_or_default();
        let path = self.place(name);
        let item = |(at, value)| Self::of(value, format!("{path}[{at}]"));
        items.iter().enumerate().map(item).collect()
    }

    pub(super) fn strings(&self, name: &str) -> Result<Option<Vec<String>>, ManifestError> {
        let wrong = || self.not(name, "an array of strings");
        let string = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(wrong);
        let all = |items: &[Value]| items.iter().map(string).collect();
        self.array(name)?.map(all).transpose()
    }

    fn array(&self, name: &str) -> Result<Option<&'v [Value]>, ManifestError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(self.not(name, "an array")),
        }
    }

    /// A map from names to texts, such as annotations.
    pub(super) fn texts<M>(&self, name: &str) -> Result<Option<M>, ManifestError>
    where
        M: FromIterator<(String, String)>,
    {
        let Some(fields) = self.object(name)? else {
            return Ok(None);
        };
        let text = |(key, value): (&String, &Value)| match value {
            Value::String(text) => Ok((key.clone(), text.clone())),
            _ => Err(self.not(name, "a map of strings")),
        };
        fields
            .object
            .iter()
            .map(text)
            .collect::<Result<_, _>>()
            .map(Some)
    }
}
