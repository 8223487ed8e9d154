//! For tests that hold the document to the sources: what the server's files say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The text of every source file but tests, by its path below `src`.
pub(super) fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
            let tests = name.starts_with("tests/") || name.contains("/tests");
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") && !tests {
                let text = fs::read_to_string(&path).expect("a source file");
                let code = text.split("\nmod tests {").next().unwrap_or_default().to_owned();
                found.insert(name, code);
            }
        }
    }
    assert!(found.len() > 50, "the files are not found: {}", found.len());
    found
}
