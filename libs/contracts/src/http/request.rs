//! Extractors of bodies, paths and queries. The response to an invalid one is a problem that names the field.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{StatusCode, header, request::Parts},
};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::{Problem, ProblemType};

/// JSON object in the request body. Its type denies unknown fields, so that no field of a client is silently ignored.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media_type =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(ProblemType::UnsupportedMediaType));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(&rejection))?;
        // serde deserializes structs from arrays as well.
        if bytes.trim_ascii_start().first().is_some_and(|first| *first == b'[') {
            return Err(Problem::new(ProblemType::InvalidRequest).with_detail("the body must be a JSON object"));
        }
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        let value =
            serde_path_to_error::deserialize(&mut deserializer).map_err(|error| match error.inner().classify() {
                Category::Data => wrong_field(&error),
                Category::Io | Category::Syntax | Category::Eof => no_json(error.inner()),
            })?;
        deserializer.end().map_err(|error| no_json(&error))?;
        Ok(Self(value))
    }
}

fn no_json(error: &serde_json::Error) -> Problem {
    Problem::new(ProblemType::InvalidRequest).with_detail(format!("the body is not JSON: {error}"))
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(ProblemType::PayloadTooLarge),
        _ => Problem::new(ProblemType::InvalidRequest).with_detail("the body could not be read completely"),
    }
}

/// Parameters of the query string.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(deserializer).map(Self).map_err(|error| wrong_field(&error))
    }
}

/// Parameters of the path. A malformed one names no existing object: 404.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let axum::extract::Path(value) = axum::extract::Path::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::new(ProblemType::NotFound))?;
        Ok(Self(value))
    }
}

fn wrong_field<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> Problem {
    let path = error.path().to_string();
    let problem = Problem::new(ProblemType::InvalidRequest);
    let detail = in_plain_words(&error.inner().to_string());
    // An unknown or missing field has the path of the object around it; its name is in the message.
    match detail
        .strip_prefix("unknown field `")
        .or_else(|| detail.strip_prefix("missing field `"))
        .and_then(|rest| rest.split('`').next())
    {
        Some(name) => {
            let parent = path.strip_suffix(name).map_or(path.as_str(), |parent| parent.trim_end_matches('.'));
            let field = if matches!(parent, "" | ".") { name.to_owned() } else { format!("{parent}.{name}") };
            problem.with_error(field, detail)
        }
        None if path == "." => problem.with_detail(detail),
        None => problem.with_error(path, detail),
    }
}

/// Removes Rust's type names and positions in the text, which mean nothing to clients.
fn in_plain_words(message: &str) -> String {
    const NUMBERS: [&str; 8] = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"];
    let message = message.split(" at line ").next().unwrap_or_default();
    match message.rsplit_once("expected ") {
        _ if message == "invalid digit found in string" => "must be a whole number".to_owned(),
        Some((before, kind)) if NUMBERS.contains(&kind) => format!("{before}expected a whole number"),
        _ => message.to_owned(),
    }
}
