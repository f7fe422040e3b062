//! Form parameters in Stripe's bracket syntax: `metadata[order_id]=…`, `payment_method_types[]=card`.

use std::collections::BTreeMap;

use super::error::ApiError;

/// Name of the parameter that requests objects instead of their ids.
const EXPAND: &str = "expand[]";

/// Parameters of one request, in the order of the request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Parses a form-encoded body or a query string. Parsing never fails. Values are validated by the getters.
    pub(crate) fn parse(form: &[u8]) -> Self {
        Self(form_urlencoded::parse(form).into_owned().collect())
    }

    /// Rejects parameters whose outermost name is not listed. Every request may expand an intent's charge.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        if let Some((_, value)) = self.0.iter().find(|(name, value)| name == EXPAND && value != "latest_charge") {
            return Err(ApiError::invalid(format!("This property cannot be expanded ({value}).")).param("expand"));
        }
        let names = self.0.iter().filter(|(name, _)| name != EXPAND).filter_map(|(name, _)| name.split('[').next());
        let unknown: Vec<&str> = names.filter(|name| !known.contains(name)).collect();
        let Some(first) = unknown.first() else { return Ok(()) };
        let plural = if unknown.len() > 1 { "s" } else { "" };
        Err(ApiError::invalid(format!("Received unknown parameter{plural}: {}", unknown.join(", ")))
            .code("parameter_unknown")
            .param(first))
    }

    /// Whether the response contains the charge instead of its id.
    pub(crate) fn expands_charge(&self) -> bool {
        self.0.iter().any(|(name, _)| name == EXPAND)
    }

    /// Returns the value of a parameter, if present. An empty value is an error.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
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

    /// Returns the value of a required parameter.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// Returns an integer, if present.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| ApiError::invalid_integer(format!("Invalid integer: {text}"), name))
    }

    /// Returns a required integer.
    pub(super) fn required_integer(&self, name: &str) -> Result<i64, ApiError> {
        self.integer(name)?.ok_or_else(|| missing(name))
    }

    /// Returns an integer of at least 1, if present.
    pub(super) fn positive(&self, name: &str) -> Result<Option<i64>, ApiError> {
        match self.integer(name)? {
            Some(amount) if amount < 1 => Err(ApiError::not_positive(name)),
            amount => Ok(amount),
        }
    }

    /// Returns a boolean, false if absent.
    pub(super) fn boolean(&self, name: &str) -> Result<bool, ApiError> {
        Ok(self.one_of(name, &["true", "false"])? == Some("true"))
    }

    /// Returns one of the allowed values, if present.
    pub(super) fn one_of<'a>(&self, name: &str, allowed: &[&'a str]) -> Result<Option<&'a str>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match allowed.iter().find(|value| **value == text) {
            Some(value) => Ok(Some(value)),
            None => {
                let message = format!("Invalid {name}: must be one of {}", allowed.join(", "));
                Err(ApiError::invalid(message).param(name))
            }
        }
    }

    /// Returns the `metadata[…]` of an object, within Stripe's limits: 50 keys of 40 characters, values of 500.
    pub(crate) fn metadata(&self) -> Result<BTreeMap<String, String>, ApiError> {
        let mut metadata = BTreeMap::new();
        for (name, value) in &self.0 {
            let Some(bracketed) = name.strip_prefix("metadata") else { continue };
            match bracketed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                Some(key) if is_metadata_key(key) && value.chars().count() <= 500 => {
                    metadata.insert(key.to_owned(), value.clone());
                }
                _ => {
                    let message = "Invalid metadata: keys of 1 to 40 characters, values of 500.";
                    return Err(ApiError::invalid(message).param(name));
                }
            }
        }
        if metadata.len() > 50 {
            return Err(ApiError::invalid("Metadata can have at most 50 keys.").param("metadata"));
        }
        Ok(metadata)
    }

    /// Returns the parameters in sorted order, for comparing requests with the same idempotency key.
    pub(crate) fn canonical(&self) -> String {
        let mut sorted = self.0.clone();
        sorted.sort();
        form_urlencoded::Serializer::new(String::new()).extend_pairs(sorted).finish()
    }
}

fn missing(name: &str) -> ApiError {
    ApiError::invalid(format!("Missing required param: {name}.")).code("parameter_missing").param(name)
}

fn is_metadata_key(key: &str) -> bool {
    !key.contains(['[', ']']) && (1..=40).contains(&key.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read_from_brackets() {
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
