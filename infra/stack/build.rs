//! Embeds every `local.env`, so that the tool needs no repository beside it, as in a container.

use std::{env, fmt::Write, fs, path::Path};

#[expect(clippy::disallowed_methods, reason = "how cargo talks to build scripts")]
fn main() {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../..");
    let out = env::var("OUT_DIR").expect("set by cargo");
    let mut files = String::new();
    for folder in ["services", "infra"].map(|folder| root.join(folder)) {
        println!("cargo::rerun-if-changed={}", folder.display());
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let path = entry.path().join("local.env");
            if let Ok(text) = fs::read_to_string(&path) {
                println!("cargo::rerun-if-changed={}", path.display());
                writeln!(files, "({:?}, {text:?}),", entry.file_name().to_string_lossy()).expect("a string takes all");
            }
        }
    }
    fs::write(Path::new(&out).join("local_env.rs"), format!("&[{files}]")).expect("cargo's folder can be written");
}
