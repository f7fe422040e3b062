//! Which image a name stands for, for ever.

/// Images whose tags carry no version.
const WITHOUT_VERSIONS: [&str; 1] = [
    // A release gives it by digest: `--build-arg RUNTIME_IMAGE=…@sha256:…`.
    "gcr.io/distroless/cc-debian13:nonroot",
];

/// Images whose whole version is two numbers.
const TWO_NUMBERS: [&str; 1] = ["postgres"];

/// What is wrong with an image that may become another one tomorrow.
pub fn finding(image: &str) -> Option<String> {
    let wrong = |why: &str| Some(format!("`{image}` {why}"));
    if image.contains('$') {
        return wrong("has an argument without a default");
    }
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    if let Some(digest) = digest {
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        let whole = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        return if whole { None } else { wrong("has a digest that is none") };
    }
    if WITHOUT_VERSIONS.contains(&image) {
        return None;
    }
    let Some(version) = version(name) else { return wrong("has no version") };
    let parts = version.split('.').count();
    let whole = if TWO_NUMBERS.contains(&repository(name)) { 2 } else { 3 };
    if parts < whole { wrong("has a version of which a part is missing") } else { None }
}

/// The numbers that a tag begins with: `1.95.0` of `rust:1.95.0-slim`.
pub fn version(image: &str) -> Option<&str> {
    let tag = image.split_once('@').map_or(image, |(name, _)| name);
    let tag = tag.strip_prefix(repository(tag))?.strip_prefix(':')?;
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    let end = tag.find(|sign: char| !sign.is_ascii_digit() && sign != '.').unwrap_or(tag.len());
    Some(&tag[..end]).filter(|version| !version.is_empty())
}

/// The name without tag and digest. A colon before the last slash belongs to a port.
pub fn repository(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let tag = name.rfind(':').filter(|colon| name.rfind('/').is_none_or(|slash| slash < *colon));
    tag.map_or(name, |colon| &name[..colon])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_pinned_by_its_whole_version_or_its_digest() {
        let digest = format!("registry.example:5000/x@sha256:{}", "a".repeat(64));
        for pinned in ["rust:1.95.0-slim", "postgres:18.4-trixie", "registry.example:5000/x:v1.2.3", &digest] {
            assert_eq!(finding(pinned), None, "{pinned}");
        }
        let all =
            ["rust", "rust:latest", "rust:1.95-slim", "rust:slim", "postgres:18", "host:5000/x", "x@sha256:12", "${X}"];
        for moving in all {
            assert!(finding(moving).is_some(), "{moving}");
        }
    }

    #[test]
    fn a_version_is_what_a_tag_begins_with() {
        assert_eq!(version("host:5000/rust:1.95.0-slim-bookworm@sha256:00"), Some("1.95.0"));
        assert_eq!(version("rust:slim"), None);
        assert_eq!(repository("host:5000/rust"), "host:5000/rust");
    }
}
