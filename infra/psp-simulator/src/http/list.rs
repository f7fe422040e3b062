//! Lists, newest first, and the search query syntax.

use serde_json::{Value, json};

use crate::domain::{
    error::{ApiError, ApiResponse},
    params::Params,
};

/// Returns one page of a list.
pub(super) fn page<'a, T: 'a>(
    newest_first: impl Iterator<Item = &'a T>,
    id: impl Fn(&T) -> &str,
    params: &Params,
    url: &str,
    to_json: impl Fn(&T) -> Value,
) -> Result<ApiResponse, ApiError> {
    let limit = limit(params)?;
    let mut rest = newest_first.peekable();
    if let Some(after) = params.text("starting_after")?
        && !rest.any(|item| id(item) == after)
    {
        return Err(ApiError::missing_param("object", after, "starting_after"));
    }
    let data: Vec<Value> = rest.by_ref().take(limit).map(to_json).collect();
    let has_more = rest.peek().is_some();
    Ok(ApiResponse::ok(json!({ "object": "list", "url": url, "has_more": has_more, "data": data })))
}

/// Parses the page size.
pub(super) fn limit(params: &Params) -> Result<usize, ApiError> {
    match params.integer("limit")?.unwrap_or(10) {
        limit @ 1..=100 => Ok(limit as usize),
        _ => Err(ApiError::invalid_integer("This value must be between 1 and 100.", "limit")),
    }
}

/// Parses `metadata['order_id']:'ord_1' AND metadata["attempt"]:"2"` into pairs of key and value.
pub(super) fn clauses(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    let clauses: Option<Vec<_>> = query.split(" AND ").map(clause).collect();
    clauses.ok_or_else(|| ApiError::invalid("We were unable to parse your search query.").param("query"))
}

fn clause(text: &str) -> Option<(String, String)> {
    let (key, value) = text.trim().strip_prefix("metadata[")?.split_once("]:")?;
    Some((unquote(key)?, unquote(value)?))
}

fn unquote(text: &str) -> Option<String> {
    let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('\'').or_else(|| inner('"')).map(str::to_owned)
}
