//! Routes of the API, and what is behind them: the same as in `infra/topology.json`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::made::{Finding, Made, Shop, Verdict, compare, sorted, texts};

pub fn routes_are_those_of_the_topology(shop: &Shop<'_>) -> Verdict {
    let expected = shop.topology.routes.iter().map(|route| {
        let scopes = route.scopes.as_ref().map(|scopes| sorted(&json!(scopes)));
        (route.route.clone(), json!({ "target": route.target, "scopes": scopes }))
    });
    let made = shop.all("aws_apigatewayv2_route").map(|route| {
        let shape = json!({ "target": target(shop, route), "scopes": scopes(route) });
        (route, route.text("/route_key").to_owned(), shape)
    });
    compare(expected, made)
}

/// The scopes of which a token needs one; null where no token is needed.
fn scopes(route: Made<'_>) -> Value {
    let asked = (route.text("/authorization_type"), route.text("/authorizer_id").is_empty());
    match asked {
        ("NONE", _) => Value::Null,
        ("JWT", false) => json!(sorted(route.at("/authorization_scopes"))),
        _ => json!("whatever is not checked: it has no authoriser"),
    }
}

/// The function or service behind a route.
fn target(shop: &Shop<'_>, route: Made<'_>) -> String {
    let id = route.text("/target").trim_start_matches("integrations/");
    let Some(integration) = route.only("aws_apigatewayv2_integration", "/id", id) else {
        return "no integration of its unit".to_owned();
    };
    let behind = match integration.text("/integration_type") {
        "AWS_PROXY" => {
            let alias = integration.only("aws_lambda_alias", "/invoke_arn", integration.text("/integration_uri"));
            alias.map(|alias| alias.text("/function_name"))
        }
        // Behind the load balancer it is the path that decides: another rule compares paths.
        _ => integration.beside("aws_ecs_service").next().map(|service| service.text("/name")),
    };
    behind.map_or_else(|| "nothing of its unit".to_owned(), |name| shop.plain(name).to_owned())
}

pub fn services_are_reached_through_the_private_link_by_verified_tls(shop: &Shop<'_>) -> Verdict {
    let services = shop.all("aws_apigatewayv2_integration").filter(|one| one.text("/integration_type") == "HTTP_PROXY");
    Verdict::of_each(services, |integration| {
        let private =
            integration.text("/connection_type") == "VPC_LINK" && !integration.text("/connection_id").is_empty();
        let verified = !integration.text("/tls_config/0/server_name_to_verify").is_empty();
        (!private || !verified).then(|| integration.but("it is reached in public, or its certificate is not verified"))
    })
}

pub fn the_load_balancer_knows_the_paths_of_the_topology_alone(shop: &Shop<'_>) -> Verdict {
    Verdict::of_each(&shop.topology.services, |service| {
        let routes = shop.topology.routes.iter().filter(|route| route.target == service.name);
        let expected: BTreeSet<String> = routes.map(|route| pattern(route.path())).collect();
        let rules = shop.all("aws_lb_listener_rule").filter(|rule| rule.state.unit == service.name);
        let patterns = rules.flat_map(|rule| rule.list("/condition"));
        let patterns = patterns.flat_map(|condition| texts(&condition["path_pattern"][0]["values"]));
        let made: BTreeSet<String> = patterns.collect();
        (made != expected).then(|| {
            Finding::at_large(format!(
                "paths of {} are {made:?}, and by the topology's routes they are {expected:?}",
                service.name
            ))
        })
    })
}

/// The load balancer's way to say a path: `/v1/orders/{id}` and what is below it are `/v1/orders/*`.
fn pattern(path: &str) -> String {
    path.split_once('{').map_or_else(|| path.to_owned(), |(fixed, _)| format!("{fixed}*"))
}

#[cfg(test)]
mod tests {
    use super::{super::made::tests::*, *};

    #[test]
    fn a_route_without_an_authoriser_is_open_whatever_its_scopes_say() {
        let route = |authorizer: Value| {
            let values = json!({ "authorization_type": "JWT", "authorizer_id": authorizer, "authorization_scopes": ["staff", "admin"] });
            let state = state([("r", "aws_apigatewayv2_route", values)]);
            scopes(Made { state: &state, resource: &state.resources[0] })
        };
        assert_eq!(route(json!("auth01")), json!(["admin", "staff"]));
        assert!(route(Value::Null).is_string());
    }

    #[test]
    fn a_certificate_that_nobody_verifies_is_found() {
        let integration =
            json!({ "integration_type": "HTTP_PROXY", "connection_type": "VPC_LINK", "connection_id": "link01" });
        let state = state([("i", "aws_apigatewayv2_integration", integration)]);
        assert_eq!(findings(services_are_reached_through_the_private_link_by_verified_tls, &state).len(), 1);
    }

    #[test]
    fn below_a_parameter_all_is_the_services() {
        assert_eq!(pattern("/v1/orders/{id}/payment"), "/v1/orders/*");
        assert_eq!(pattern("/v1/cart"), "/v1/cart");
    }
}
