//! The committed documents are those that the types make.

use crosstalk_protocol::schema;
use serde_json::Value;
use std::fs;
use std::path::Path;

const REFRESH: &str = "is stale: run `cargo run -p crosstalk-protocol --example generate`";

#[test]
fn schemas_and_asyncapi_are_fresh() {
    let protocol = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (path, made) in schema::documents() {
        let committed = fs::read_to_string(protocol.join(path)).unwrap_or_default();
        let committed: Value = serde_json::from_str(&committed).unwrap_or_default();
        assert!(committed == made, "protocol/{path} {REFRESH}");
    }
}

#[test]
fn the_page_for_client_authors_is_fresh() {
    let protocol = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixture = |path: &str| fs::read_to_string(protocol.join("fixtures").join(path)).ok();
    let page = fs::read_to_string(protocol.join("../docs/protocol.md")).unwrap();
    let filled = schema::fill(&page, fixture).unwrap();
    assert!(page == filled, "docs/protocol.md {REFRESH}");
    for table in ["requests", "answers", "pushes", "refusals", "failures", "closes"] {
        assert!(page.contains(&format!("<!-- made: {table} -->")), "no table of {table}");
    }
}

#[test]
fn all_that_asyncapi_refers_to_is_there() {
    let documents = schema::documents();
    let (_, asyncapi) = documents.iter().find(|(path, _)| *path == "asyncapi.json").unwrap();
    let mut waiting = vec![asyncapi];
    let mut references = 0;
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(asyncapi.pointer(pointer).is_some(), "{reference}");
                    references += 1;
                }
                waiting.extend(fields.values());
            }
            Value::Array(values) => waiting.extend(values),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    assert!(references > 100);
}
