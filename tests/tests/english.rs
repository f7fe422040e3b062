//! The English of code and pages: the terms of the field, in one spelling.

use std::{fs, path::Path, process::Command};

/// Files that list the words, or that must not change: data of others, migrations that were applied.
const EXEMPT: [&str; 9] = [
    "Cargo.lock",
    "LICENSE-",
    "catalogue.json",
    "common_passwords.txt",
    "migrations/",
    "prices.json",
    "requirements.txt",
    "tests/english.txt",
    "tests/tests/english.rs",
];

/// Words that open a comment in the style of a translated relative clause: a noun or a verb belongs there.
const OPENINGS: [&str; 7] = ["What", "Who", "Which", "How", "Where", "Why", "When"];

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Every text file that is committed or about to be, with its content.
fn texts() -> Vec<(String, String)> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(workspace())
        .output()
        .expect("git runs");
    let files = String::from_utf8(output.stdout).expect("UTF-8 paths");
    let ours = files.lines().filter(|file| !EXEMPT.iter().any(|exempt| file.contains(exempt)));
    let read = |file: &str| Some((file.to_owned(), fs::read_to_string(workspace().join(file)).ok()?));
    ours.filter_map(read).collect()
}

/// Words of a line: `stock_setAside`, `stock set aside` and `StockSetAside` are the same three.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous = ' ';
    for letter in line.chars().filter(|letter| *letter != '\'' && *letter != '’') {
        if !letter.is_alphabetic() || (letter.is_uppercase() && previous.is_lowercase()) {
            words.push(String::new());
        }
        if letter.is_alphabetic() {
            words.last_mut().expect("never empty").extend(letter.to_lowercase());
        }
        previous = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}

fn matches(word: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').map_or(word == pattern, |stem| word.starts_with(stem))
}

fn contains(line: &[String], phrase: &[&str]) -> bool {
    line.windows(phrase.len()).any(|window| window.iter().zip(phrase).all(|(word, pattern)| matches(word, pattern)))
}

#[test]
fn the_terms_are_those_of_the_field() {
    let list = fs::read_to_string(workspace().join("tests/english.txt")).expect("the list of words");
    let rules: Vec<(Vec<&str>, &str)> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(" = ").expect("`phrase = term`"))
        .map(|(phrase, term)| (phrase.split([' ', ',']).filter(|word| !word.is_empty()).collect(), term))
        .collect();
    let mut findings = Vec::new();
    for (file, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            let words = words(line);
            let broken = rules.iter().filter(|(phrase, _)| contains(&words, phrase));
            findings.extend(broken.map(|(phrase, term)| format!("{file}:{}: {phrase:?}: {term}", number + 1)));
        }
    }
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

#[test]
fn comments_begin_with_a_noun_or_a_verb() {
    let mut findings = Vec::new();
    for (file, text) in texts().into_iter().filter(|(file, _)| file.ends_with(".rs")) {
        let mut is_continued = false;
        for (number, line) in text.lines().enumerate() {
            let comment = ["//! ", "/// ", "// "].iter().find_map(|mark| line.trim_start().strip_prefix(mark));
            let opening = comment.and_then(|text| text.split([' ', ',', '.']).next()).unwrap_or_default();
            if !is_continued && OPENINGS.contains(&opening) {
                findings.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
            is_continued = comment.is_some();
        }
    }
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

#[test]
fn a_banned_phrase_is_found_in_every_spelling() {
    for line in ["stock is set aside", "fn set_aside()", "struct StockSetAside;", "Set\u{a0}Aside"] {
        assert!(contains(&words(line), &["set", "aside"]), "{line}");
    }
    assert!(contains(&words("the authorisations"), &["authoris*"]));
    assert!(!contains(&words("the setting aside"), &["set", "aside"]));
}
