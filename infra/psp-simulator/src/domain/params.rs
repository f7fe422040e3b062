//! Form parameters in Stripe's bracket syntax: `metadata[order_id]=…`, `payment_method_types[]=card`.

use std::collections::BTreeMap;

use super::error::ApiError;

/// The parameters of one request, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a form-encoded body or a query string. Every text is one: what is wrong shows when a value is asked for.
    pub fn parse(form: &[u8]) -> Self {
        Self(form_urlencoded::parse(form).into_owned().collect())
    }

    /// Refuses every parameter whose outermost name is not listed.
    pub fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        let root = |name: &str| name.split('[').next().unwrap_or_default().to_owned();
        let unknown: Vec<String> =
            self.0.iter().map(|(name, _)| root(name)).filter(|name| !known.contains(&name.as_str())).collect();
        let Some(first) = unknown.first() else { return Ok(()) };
        let plural = if unknown.len() > 1 { "s" } else { "" };
        Err(ApiError::invalid(format!("Received unknown parameter{plural}: {}", unknown.join(", ")))
            .code("parameter_unknown")
            .param(first))
    }

    /// The value of a parameter, if it was sent. An empty one is an error.
    pub fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.0.iter().rev().find(|(sent, _)| sent == name) {
            None => Ok(None),
            Some((_, value)) if value.is_empty() => {
                Err(ApiError::invalid(format!("You passed an empty string for '{name}'."))
                    .code("parameter_invalid_empty")
                    .param(name))
            }
            Some((_, value)) => Ok(Some(value)),
        }
    }

    /// The value of a parameter that has to be there.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// A whole number, if it was sent.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            ApiError::invalid(format!("Invalid integer: {text}")).code("parameter_invalid_integer").param(name)
        })
    }

    /// A whole number that has to be there.
    pub fn required_integer(&self, name: &str) -> Result<i64, ApiError> {
        self.integer(name)?.ok_or_else(|| missing(name))
    }

    /// A boolean, false if it was not sent.
    pub fn boolean(&self, name: &str) -> Result<bool, ApiError> {
        Ok(self.one_of(name, &["true", "false"])? == Some("true"))
    }

    /// One of a few words, if it was sent.
    pub fn one_of<'a>(&self, name: &str, words: &[&'a str]) -> Result<Option<&'a str>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let known = words.iter().find(|word| **word == text);
        known.map(|word| Some(*word)).ok_or_else(|| {
            ApiError::invalid(format!("Invalid {name}: must be one of {}", words.join(", "))).param(name)
        })
    }

    /// The `metadata[…]` of an object, within Stripe's limits: 50 keys of 40 characters, values of 500.
    pub fn metadata(&self) -> Result<BTreeMap<String, String>, ApiError> {
        let mut metadata = BTreeMap::new();
        for (name, value) in &self.0 {
            let Some(bracketed) = name.strip_prefix("metadata") else { continue };
            let key = bracketed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            match key {
                Some(key)
                    if !key.contains(['[', ']'])
                        && (1..=40).contains(&key.chars().count())
                        && value.chars().count() <= 500 =>
                {
                    metadata.insert(key.to_owned(), value.clone());
                }
                _ => {
                    return Err(
                        ApiError::invalid("Invalid metadata: keys of 1 to 40 characters, values of 500.").param(name)
                    );
                }
            }
        }
        if metadata.len() > 50 {
            return Err(ApiError::invalid("Metadata can have at most 50 keys.").param("metadata"));
        }
        Ok(metadata)
    }

    /// The same text for the same parameters in whatever order: what an idempotency key is compared by.
    pub fn canonical(&self) -> String {
        let mut sorted = self.0.clone();
        sorted.sort();
        form_urlencoded::Serializer::new(String::new()).extend_pairs(sorted).finish()
    }
}

fn missing(name: &str) -> ApiError {
    ApiError::invalid(format!("Missing required param: {name}.")).code("parameter_missing").param(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_make_metadata() {
        let params = Params::parse(b"metadata[order_id]=ord_1&amount=500&metadata%5Ba+b%5D=c%26d");
        let metadata = params.metadata().unwrap();
        assert_eq!(metadata["order_id"], "ord_1");
        assert_eq!(metadata["a b"], "c&d");
        assert_eq!(params.integer("amount").unwrap(), Some(500));
        assert!(Params::parse(b"metadata[a][b]=c").metadata().is_err());
    }

    #[test]
    fn the_order_of_parameters_does_not_change_the_canonical_text() {
        assert_eq!(Params::parse(b"a=1&b[]=2&b[]=3").canonical(), Params::parse(b"b[]=3&a=1&b[]=2").canonical());
        assert_ne!(Params::parse(b"a=1%26b=2").canonical(), Params::parse(b"a=1&b=2").canonical());
    }
}
