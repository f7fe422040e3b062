//! Conventions of all OpenAPI documents, so that handlers do not repeat them.

use std::collections::BTreeSet;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Content, Header, OpenApi, RefOr, Response,
        path::{Operation, Parameter, ParameterIn},
        schema::Ref,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::Problem;

/// Name of the security scheme: an access token issued by user.
pub const ACCESS_TOKEN: &str = "access_token";

const DESCRIPTIONS: [(u16, &str); 7] = [
    (400, "The request is not valid: `errors` names the field"),
    (401, "The access token is missing, expired or not valid"),
    (403, "The access token lacks the scope"),
    (413, "The body is too large"),
    (415, "The body is not `application/json`"),
    (500, "Internal error: `trace_id` finds its cause in the logs"),
    (503, "The service is overloaded, or a dependency does not respond: retry later"),
];

/// Adds the security scheme, the schema of problem documents, and to every operation the problems that follow from its
/// form: 400 with a body or parameters outside of the path, 413 and 415 with a body, 401 and 403 with a security
/// requirement, 500 and 503 except for health checks. A handler documents only the statuses of its own rules.
pub fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme(ACCESS_TOKEN, SecurityScheme::Http(bearer));
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
    for (path, item) in &mut document.paths.paths {
        let methods = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in methods.into_iter().flatten() {
            add_problems(operation, !path.starts_with("/health/"));
        }
    }
    document
}

fn add_problems(operation: &mut Operation, is_api: bool) {
    let mut statuses = BTreeSet::new();
    // A path that does not fit its pattern is 404.
    let in_path =
        |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(Parameter { parameter_in: ParameterIn::Path, .. }));
    if !operation.parameters.iter().flatten().all(in_path) {
        statuses.insert(400);
    }
    if operation.request_body.is_some() {
        statuses.extend([400, 413, 415]);
    }
    if operation.security.as_ref().is_some_and(|requirements| !requirements.is_empty()) {
        statuses.extend([401, 403]);
    }
    if is_api {
        statuses.extend([500, 503]);
    }
    for (status, description) in DESCRIPTIONS {
        if statuses.contains(&status) {
            let response = operation.responses.responses.entry(status.to_string());
            response.or_insert_with(|| RefOr::T(problem(status, description)));
        }
    }
}

fn problem(status: u16, description: &str) -> Response {
    let mut response = Response::new(description);
    let schema = RefOr::Ref(Ref::from_schema_name(Problem::name()));
    response.content.insert("application/problem+json".to_owned(), RefOr::T(Content::new(Some(schema))));
    if status == 503 {
        let mut retry_after = Header::default();
        retry_after.description = Some("Seconds after which a retry may succeed".to_owned());
        response.headers.insert("Retry-After".to_owned(), RefOr::T(retry_after));
    }
    response
}
