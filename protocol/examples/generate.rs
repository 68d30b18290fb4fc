//! Writes the documents that are made from the types, and fills in `docs/protocol.md`.

use crosstalk_protocol::schema;
use std::error::Error;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let protocol = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (path, document) in schema::documents() {
        fs::write(protocol.join(path), serde_json::to_string_pretty(&document)? + "\n")?;
    }
    let page = protocol.join("../docs/protocol.md");
    let fixture = |path: &str| fs::read_to_string(protocol.join("fixtures").join(path)).ok();
    let filled = schema::fill(&fs::read_to_string(&page)?, fixture)?;
    fs::write(page, filled)?;
    Ok(())
}
