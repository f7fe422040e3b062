//! `.dockerignore`: which files a builder never sees.

/// The rules of a `.dockerignore`, in their order: the last one that fits decides.
#[derive(Debug)]
pub struct Ignore(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    lets_in: bool,
    pattern: Vec<String>,
}

impl Ignore {
    /// Reads it.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(lines.map(Rule::parse).collect())
    }

    /// Whether the file or folder `path`, relative to the context, is kept from the builder. A folder of which something is
    /// let in is not.
    pub fn shuts_out(&self, path: &str) -> bool {
        let path = parts(path);
        let decisive = self.0.iter().rev().find(|rule| rule.fits(&path));
        decisive.is_some_and(|rule| !rule.lets_in) && !self.0.iter().any(|rule| rule.lets_in_below(&path))
    }
}

impl Rule {
    fn parse(line: &str) -> Self {
        let (lets_in, pattern) = line.strip_prefix('!').map_or((false, line), |pattern| (true, pattern));
        Self { lets_in, pattern: parts(pattern) }
    }

    /// A rule for a folder is one for all that is in it.
    fn fits(&self, path: &[String]) -> bool {
        (1..=path.len()).any(|depth| fits(&self.pattern, &path[..depth]))
    }

    fn lets_in_below(&self, folder: &[String]) -> bool {
        self.lets_in && self.pattern.len() > folder.len() && fits(&self.pattern[..folder.len()], folder)
    }
}

fn parts(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
}

/// `**` is any number of folders.
fn fits(pattern: &[String], path: &[String]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((first, rest)) if first == "**" => (0..=path.len()).any(|skipped| fits(rest, &path[skipped..])),
        Some((first, rest)) => {
            path.split_first().is_some_and(|(name, below)| name_fits(first, name) && fits(rest, below))
        }
    }
}

/// `*` is any part of a name, `?` one sign of it.
fn name_fits(pattern: &str, name: &str) -> bool {
    match pattern.chars().next() {
        None => name.is_empty(),
        Some('*') => {
            (0..=name.len()).filter(|at| name.is_char_boundary(*at)).any(|at| name_fits(&pattern[1..], &name[at..]))
        }
        Some(sign) => name.chars().next().is_some_and(|other| {
            (sign == '?' || sign == other) && name_fits(&pattern[sign.len_utf8()..], &name[other.len_utf8()..])
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_that_fits_decides() {
        let ignore = Ignore::parse("# all but\n*\n!libs\n!docker/health.rs\n\n**/*.md\n**/target\nx?.rs");
        for inside in ["libs", "libs/a/b.rs", "docker/health.rs", "docker", "."] {
            assert!(!ignore.shuts_out(inside), "{inside}");
        }
        for outside in ["tests", "docker/Dockerfile", "libs/README.md", "libs/a/README.md", "libs/a/target/x"] {
            assert!(ignore.shuts_out(outside), "{outside}");
        }
        assert!(Ignore::parse("x?.rs").shuts_out("xy.rs"));
        assert!(!Ignore::parse("x?.rs").shuts_out("x.rs"));
    }
}
