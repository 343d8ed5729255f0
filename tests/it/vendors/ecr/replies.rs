//! Answers as AWS gives them.

use crate::clouds::world::Reply;
use serde_json::{Value, json};

pub(super) fn error(code: &str, message: &str) -> Reply {
    let document = json!({"__type": format!("com.amazonaws.ecr#{code}"), "message": message});
    reply(400, &document)
}

pub(super) fn reply(status: u16, document: &Value) -> Reply {
    Reply::text(status, "application/x-amz-json-1.1", document.to_string())
}

pub(super) fn invalid(message: &str) -> Reply {
    error("InvalidParameterException", message)
}
