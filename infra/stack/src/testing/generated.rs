use std::{fs, path::Path};

/// Compares a committed, generated file with `text`. With `UPDATE_GENERATED=1`, writes it first.
///
/// `path` is absolute: `concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")`.
#[track_caller]
pub fn committed(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(path, text).expect("the generated file can be written");
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert!(committed == text, "{} is stale: run `UPDATE_GENERATED=1 cargo test`", path.display());
}
