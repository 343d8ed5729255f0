//! GraphQL as a server speaks it: what is asked is read by its schema, and refused where that does
//! not have it.

use graphql_parser::query::{
    Definition, OperationDefinition, Selection, SelectionSet, parse_query,
};
use graphql_parser::schema::{self, Definition as Defined, Type, TypeDefinition, parse_schema};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// A field that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    alias: String,
    pub(crate) name: String,
    pub(crate) arguments: Map<String, Value>,
    fields: Vec<Field>,
}

/// The types of a schema: what their fields are, and which arguments those take.
struct Schema(HashMap<String, HashMap<String, Known>>);

struct Known {
    of: String,
    arguments: HashMap<String, String>,
}

impl Field {
    /// What is asked of a field below it.
    pub(crate) fn below(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(crate) fn text(&self, argument: &str) -> Option<&str> {
        self.arguments.get(argument)?.as_str()
    }

    /// Of everything there is, what was asked for.
    fn shaped(&self, whole: &Value) -> Value {
        match whole {
            Value::Array(items) => items.iter().map(|item| self.shaped(item)).collect(),
            Value::Object(own) if !self.fields.is_empty() => {
                let shaped = self.fields.iter().map(|field| {
                    let value = own.get(&field.name).unwrap_or(&Value::Null);
                    (field.alias.clone(), field.shaped(value))
                });
                Value::Object(shaped.collect())
            }
            other => other.clone(),
        }
    }
}

/// The answer to a question, where `resolve` knows everything there is of a field at the root.
pub(crate) fn answer(fields: &[Field], resolve: impl Fn(&Field) -> Result<Value, String>) -> Value {
    let mut data = Map::new();
    for field in fields {
        match resolve(field) {
            Ok(whole) => data.insert(field.alias.clone(), field.shaped(&whole)),
            Err(message) => {
                return json!({"errors": [{"message": message, "path": [field.alias]}], "data": null});
            }
        };
    }
    json!({ "data": data })
}

/// What the body of a request asks for; or why that cannot be asked, in the words that `unknown`
/// has for a field and its type.
pub(crate) fn read(
    schema: &str,
    body: &[u8],
    unknown: fn(&str, &str) -> String,
) -> Result<Vec<Field>, String> {
    let schema = Schema::read(schema);
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let text = body["query"].as_str().ok_or("no query")?;
    let document = parse_query::<String>(text).map_err(|error| error.to_string())?;
    let [Definition::Operation(operation)] = &document.definitions[..] else {
        return Err("one operation is wanted".to_owned());
    };
    let (selection, declared) = match operation {
        OperationDefinition::Query(query) => {
            (&query.selection_set, &query.variable_definitions[..])
        }
        OperationDefinition::SelectionSet(selection) => (selection, &[][..]),
        _ => return Err("a query is wanted".to_owned()),
    };
    let types = declared.iter();
    let types = types.map(|one| (one.name.clone(), one.var_type.to_string()));
    let reader = Reader {
        schema,
        variables: body["variables"].clone(),
        types: types.collect(),
        unknown,
    };
    reader.fields("Query", selection)
}

/// Every type, field and argument of `part` is in `whole`.
pub(crate) fn assert_within(part: &str, whole: &str) {
    let (part, whole) = (Schema::read(part), Schema::read(whole));
    for (of, fields) in &part.0 {
        for (name, field) in fields {
            let known = whole.0.get(of).and_then(|of| of.get(name));
            let known = known.unwrap_or_else(|| panic!("{of} has no {name}"));
            assert_eq!(field.of, known.of, "{of} {name}");
            for (argument, wanted) in &field.arguments {
                assert_eq!(Some(wanted), known.arguments.get(argument), "{of} {name}");
            }
        }
    }
}

struct Reader {
    schema: Schema,
    variables: Value,
    types: HashMap<String, String>,
    unknown: fn(&str, &str) -> String,
}

impl Reader {
    fn fields(&self, of: &str, selection: &SelectionSet<'_, String>) -> Result<Vec<Field>, String> {
        let fields = selection.items.iter().map(|item| {
            let Selection::Field(field) = item else {
                return Err("no fragments are read".to_owned());
            };
            let known = self.schema.0.get(of).and_then(|of| of.get(&field.name));
            let known = known.ok_or_else(|| (self.unknown)(&field.name, of))?;
            let is_object = self.schema.0.contains_key(&known.of);
            if is_object == field.selection_set.items.is_empty() {
                return Err(format!("{} of {of} has fields, or has none", field.name));
            }
            let mut arguments = Map::new();
            for (name, value) in &field.arguments {
                let wanted = known.arguments.get(name);
                let wanted = wanted.ok_or_else(|| format!("{} takes no {name}", field.name))?;
                arguments.insert(name.clone(), self.value(value, Some(wanted))?);
            }
            Ok(Field {
                alias: field.alias.clone().unwrap_or_else(|| field.name.clone()),
                name: field.name.clone(),
                arguments,
                fields: self.fields(&known.of, &field.selection_set)?,
            })
        });
        fields.collect()
    }

    fn value(
        &self,
        value: &graphql_parser::query::Value<'_, String>,
        wanted: Option<&String>,
    ) -> Result<Value, String> {
        use graphql_parser::query::Value as Given;
        Ok(match value {
            Given::Variable(name) => {
                let declared = self.types.get(name);
                let declared = declared.ok_or_else(|| format!("${name} is not declared"))?;
                // A type that may be null fits no place that may not.
                let fits = |wanted: &String| {
                    wanted.trim_end_matches('!') == declared.trim_end_matches('!')
                        && (declared.ends_with('!') || !wanted.ends_with('!'))
                };
                if !wanted.is_none_or(fits) {
                    return Err(format!("${name} is {declared}, not {wanted:?}"));
                }
                self.variables[name].clone()
            }
            Given::Int(number) => json!(number.as_i64()),
            Given::String(text) | Given::Enum(text) => json!(text),
            Given::Boolean(is) => json!(is),
            Given::Null => Value::Null,
            Given::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| {
                    let value = self.value(value, None)?;
                    Ok::<_, String>((name.clone(), value))
                });
                Value::Object(fields.collect::<Result<_, _>>()?)
            }
            Given::Float(_) | Given::List(_) => return Err("not a value here".to_owned()),
        })
    }
}

impl Schema {
    fn read(text: &str) -> Self {
        let document: schema::Document<'_, String> = parse_schema(text).unwrap();
        let types = document.definitions.into_iter().filter_map(|defined| {
            let Defined::TypeDefinition(TypeDefinition::Object(object)) = defined else {
                return None;
            };
            let fields = object.fields.into_iter().map(|field| {
                let arguments = field.arguments.into_iter();
                let arguments = arguments.map(|one| (one.name, one.value_type.to_string()));
                let known = Known {
                    of: named(&field.field_type).to_owned(),
                    arguments: arguments.collect(),
                };
                (field.name, known)
            });
            Some((object.name, fields.collect()))
        });
        Self(types.collect())
    }
}

fn named<'a>(of: &'a Type<'_, String>) -> &'a str {
    match of {
        Type::NamedType(name) => name,
        Type::ListType(inner) | Type::NonNullType(inner) => named(inner),
    }
}
