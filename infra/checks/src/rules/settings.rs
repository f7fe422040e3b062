//! What programs are told, compared with the table "Settings" of their README.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{
    made::{Made, Shop, Verdict, texts},
    secrets::references,
};

/// The settings in a README.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// All of them.
    listed: BTreeSet<String>,
    /// Of each of these groups one has to be set.
    required: Vec<Vec<String>>,
}

impl Settings {
    /// Reads the table under the heading "Settings". A row without a default is required; two names with an `or` between
    /// them stand in for each other.
    fn parse(readme: &str) -> Self {
        let mut settings = Self::default();
        let section =
            readme.split("\n## Settings\n").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap_or_default();
        let mut rows = section.lines().filter(|line| line.starts_with('|'));
        let default = rows.next().and_then(|header| cells(header).iter().position(|cell| *cell == "Default"));
        for row in rows.skip(1) {
            let cells = cells(row);
            let names: Vec<String> = cells.first().into_iter().flat_map(|cell| quoted(cell)).collect();
            // READMEs without a column for defaults mention the few in the text.
            let has_default = match default {
                Some(column) => cells.get(column).is_some_and(|cell| !cell.is_empty()),
                None => row.contains("by default"),
            };
            settings.listed.extend(names.iter().cloned());
            match (has_default, cells.first().is_some_and(|cell| cell.contains(" or "))) {
                (true, _) => {}
                (false, true) => settings.required.push(names),
                (false, false) => settings.required.extend(names.into_iter().map(|name| vec![name])),
            }
        }
        settings
    }
}

fn cells(row: &str) -> Vec<&str> {
    row.trim().trim_matches('|').split('|').map(str::trim).collect()
}

/// The words in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// Of every service, by its name.
pub fn read(root: &Path) -> Result<BTreeMap<String, Settings>> {
    let folder = root.join("services");
    let mut all = BTreeMap::new();
    for service in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let service = service?;
        let readme = service.path().join("README.md");
        if readme.is_file() {
            let text = std::fs::read_to_string(&readme).with_context(|| format!("cannot read {}", readme.display()))?;
            all.insert(service.file_name().to_string_lossy().into_owned(), Settings::parse(&text));
        }
    }
    Ok(all)
}

/// What a program is told.
pub struct Told<'a> {
    /// The function or task definition.
    pub made: Made<'a>,
    /// The program's name, and that of its folder.
    program: String,
    /// Names, and whether their value is in the clear.
    pub settings: BTreeMap<String, bool>,
    /// Names of secrets, and where their value is.
    pub secrets: Vec<(String, String)>,
}

/// All programs, with what they are told.
pub fn told<'a>(shop: &Shop<'a>) -> Vec<Told<'a>> {
    let functions = shop.all("aws_lambda_function").map(|made| {
        let name = shop.plain(made.text("/function_name"));
        let program = shop.topology.function(name).map_or(name, |function| &*function.binary).to_owned();
        let variables = made.at("/environment/0/variables").as_object().into_iter().flatten();
        Told { made, program, settings: variables.map(|(name, _)| (name.clone(), true)).collect(), secrets: Vec::new() }
    });
    let tasks = shop.all("aws_ecs_task_definition").map(|made| {
        let containers = made.json("/container_definitions");
        let own = |container: &&Value| container["name"] == "service";
        let container = containers.as_array().into_iter().flatten().find(own).cloned().unwrap_or_default();
        let plain = container["environment"].as_array().into_iter().flatten();
        let plain = plain.map(|setting| (texts(&setting["name"]).concat(), true));
        let secrets = references(&container);
        let hidden = secrets.iter().map(|(name, _)| (name.clone(), false));
        let settings = plain.chain(hidden).collect();
        Told { made, program: shop.plain(made.text("/family")).to_owned(), settings, secrets }
    });
    functions.chain(tasks).collect()
}

pub fn programs_are_told_only_what_their_readme_lists(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(told(shop), |told| {
        let listed = shop.settings.get(&told.program).map(|settings| &settings.listed);
        // The SDK's own variables are in no table.
        let known = |name: &str| name.starts_with("AWS_") || listed.is_some_and(|listed| listed.contains(name));
        let unknown: Vec<_> = told.settings.keys().filter(|name| !known(name)).cloned().collect();
        (!unknown.is_empty())
            .then(|| told.made.but(format!("services/{}/README.md does not list {}", told.program, unknown.join(", "))))
    })
}

pub fn programs_are_told_all_that_they_need(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(told(shop), |told| {
        let required =
            shop.settings.get(&told.program).map(|settings| settings.required.as_slice()).unwrap_or_default();
        let is_missing = |names: &&Vec<String>| !names.iter().any(|name| told.settings.contains_key(name));
        let missing: Vec<_> = required.iter().filter(is_missing).map(|names| names.join(" or ")).collect();
        (!missing.is_empty())
            .then(|| told.made.but(format!("{} does not start without {}", told.program, missing.join(", "))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_default_is_required() {
        let readme = "# x\n\n## Settings\n\n| Variable | Default | Meaning |\n|---|---|---|\n| `A`, `B` | | both |\n\
                      | `C` | 5 | some |\n| `D` or `E` | | one of them |\n\n## Tests\n\n| `Z` | | no setting |\n";
        let settings = Settings::parse(readme);
        assert_eq!(settings.listed, ["A", "B", "C", "D", "E"].map(str::to_owned).into());
        assert_eq!(settings.required, [vec!["A"], vec!["B"], vec!["D", "E"]]);
    }

    #[test]
    fn without_a_column_defaults_are_in_the_text() {
        let readme =
            "\n## Settings\n\n| Variable | Meaning |\n|---|---|\n| `A` | one |\n| `B` | two; `info` by default |\n";
        assert_eq!(Settings::parse(readme).required, [vec!["A"]]);
    }
}
