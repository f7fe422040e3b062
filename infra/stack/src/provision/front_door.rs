//! The HTTP API: every route, who may take it, and where it leads.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_apigatewayv2::{
    Client,
    types::{AuthorizationType, AuthorizerType, IntegrationType, JwtConfiguration, ProtocolType, Route},
};
use contracts::auth::AUDIENCE;

use super::{
    functions::Functions,
    load_balancer::{self, Target},
};
use crate::topology::{ApiRoute, Topology};

/// The API's id. MiniStack takes it from a tag, so that the front door's URL is the same at every start.
const API_ID: &str = "shop";

/// The authoriser's name.
const AUTHORIZER: &str = "access-tokens";

/// The front door's URL, where the emulated AWS is reached at `address`, which is `HOST:PORT`.
pub fn url(address: &str) -> String {
    format!("http://{address}/_aws/execute-api/{API_ID}")
}

/// Makes the load balancer and the API in front of it and of the functions. `address` is where the emulated AWS is
/// reached by the services and by itself; `targets` tells where the services are. Returns the front door's URL at that
/// address: it is the issuer of access tokens, wherever clients reach the front door.
pub async fn provision(
    config: &SdkConfig,
    topology: &Topology,
    functions: &Functions,
    address: &str,
    targets: &BTreeMap<String, Target>,
) -> anyhow::Result<String> {
    load_balancer::provision(config, topology, targets).await?;
    let gateway = &Client::new(config);
    api(gateway).await.context("cannot make the HTTP API")?;
    let authorizer = authorizer(gateway, &url(address)).await.context("cannot make the API's authoriser")?;
    let integrations = integrations(gateway, topology, functions, address).await;
    let integrations = integrations.context("cannot make the API's integrations")?;
    routes(gateway, topology, &authorizer, &integrations).await.context("cannot make the API's routes")?;
    stage(gateway).await.context("cannot make the API's stage")?;
    Ok(url(address))
}

async fn api(gateway: &Client) -> anyhow::Result<()> {
    match gateway.get_api().api_id(API_ID).send().await {
        Ok(_) => return Ok(()),
        Err(cause) if cause.as_service_error().is_some_and(|e| e.is_not_found_exception()) => {}
        Err(cause) => return Err(cause.into()),
    }
    let new = gateway.create_api().name("shop").protocol_type(ProtocolType::Http).tags("ms-custom-id", API_ID);
    new.send().await?;
    Ok(())
}

/// An authoriser that believes the tokens of `issuer`, which is the API itself: user's discovery document is among
/// its routes.
async fn authorizer(gateway: &Client, issuer: &str) -> anyhow::Result<String> {
    let tokens = JwtConfiguration::builder().issuer(issuer).audience(AUDIENCE).build();
    let existing = gateway.get_authorizers().api_id(API_ID).send().await?.items.unwrap_or_default();
    let existing = existing.into_iter().find(|authorizer| authorizer.name.as_deref() == Some(AUTHORIZER));
    let id = match existing {
        Some(existing) => {
            if existing.jwt_configuration.as_ref() != Some(&tokens) {
                let change =
                    gateway.update_authorizer().api_id(API_ID).set_authorizer_id(existing.authorizer_id.clone());
                change.jwt_configuration(tokens).send().await?;
            }
            existing.authorizer_id
        }
        None => {
            let new = gateway.create_authorizer().api_id(API_ID).name(AUTHORIZER).authorizer_type(AuthorizerType::Jwt);
            let new = new.identity_source("$request.header.Authorization").jwt_configuration(tokens);
            new.send().await?.authorizer_id
        }
    };
    id.context("it got no id")
}

/// The ids of the integrations, by target: one per function, and the load balancer for every service.
async fn integrations(
    gateway: &Client,
    topology: &Topology,
    functions: &Functions,
    address: &str,
) -> anyhow::Result<BTreeMap<String, String>> {
    let existing = gateway.get_integrations().api_id(API_ID).max_results("500").send().await?.items.unwrap_or_default();
    let mut ids: BTreeMap<String, String> = BTreeMap::new(); // by URI
    for integration in &existing {
        if let (Some(uri), Some(id)) = (&integration.integration_uri, &integration.integration_id) {
            ids.insert(uri.clone(), id.clone());
        }
    }
    let balancer = format!("http://{address}/_alb/{}", load_balancer::NAME);
    let mut by_target = BTreeMap::new();
    for target in topology.routes.iter().map(|route| &route.target) {
        let (kind, uri) = match functions.arns.get(target) {
            Some(arn) => (IntegrationType::AwsProxy, arn),
            None => (IntegrationType::HttpProxy, &balancer),
        };
        let id = match ids.get(uri) {
            Some(id) => id.clone(),
            None => {
                let new = gateway.create_integration().api_id(API_ID).integration_uri(uri);
                let new = match kind {
                    IntegrationType::AwsProxy => new.payload_format_version("2.0"),
                    _ => new.payload_format_version("1.0").integration_method("ANY"),
                };
                let id = new.integration_type(kind).send().await?.integration_id.context("it got no id")?;
                ids.insert(uri.clone(), id.clone());
                id
            }
        };
        by_target.insert(target.clone(), id);
    }
    Ok(by_target)
}

async fn routes(
    gateway: &Client,
    topology: &Topology,
    authorizer: &str,
    integrations: &BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let existing = gateway.get_routes().api_id(API_ID).max_results("500").send().await?.items.unwrap_or_default();
    for route in &topology.routes {
        let target = format!("integrations/{}", integrations.get(&route.target).context("a route leads nowhere")?);
        let known = existing.iter().find(|known| known.route_key.as_deref() == Some(route.route.as_str()));
        let (kind, authorizer) = match route.scopes {
            Some(_) => (AuthorizationType::Jwt, Some(authorizer.to_owned())),
            None => (AuthorizationType::None, None),
        };
        match known {
            None => {
                let new = gateway.create_route().api_id(API_ID).route_key(&route.route).target(target);
                let new = new.authorization_type(kind).set_authorizer_id(authorizer);
                new.set_authorization_scopes(route.scopes.clone()).send().await?;
            }
            Some(known) if is_same(known, route, &target, &kind, authorizer.as_deref()) => {}
            Some(known) => {
                let change = gateway.update_route().api_id(API_ID).set_route_id(known.route_id.clone()).target(target);
                // An empty list, because nothing would leave the scopes that are there.
                let scopes = route.scopes.clone().unwrap_or_default();
                let change = change.authorization_type(kind).set_authorizer_id(authorizer);
                change.set_authorization_scopes(Some(scopes)).send().await?;
            }
        }
    }
    let wanted = |key: &str| topology.routes.iter().any(|route| route.route == key);
    for stale in existing.iter().filter(|known| !known.route_key.as_deref().is_some_and(wanted)) {
        gateway.delete_route().api_id(API_ID).set_route_id(stale.route_id.clone()).send().await?;
    }
    Ok(())
}

fn is_same(known: &Route, route: &ApiRoute, target: &str, kind: &AuthorizationType, authorizer: Option<&str>) -> bool {
    known.target.as_deref() == Some(target)
        && known.authorization_type.as_ref() == Some(kind)
        && known.authorizer_id.as_deref() == authorizer
        && known.authorization_scopes() == route.scopes.as_deref().unwrap_or_default()
}

async fn stage(gateway: &Client) -> anyhow::Result<()> {
    const DEFAULT: &str = "$default"; // serves at the API's root
    let existing = gateway.get_stages().api_id(API_ID).send().await?.items.unwrap_or_default();
    if !existing.iter().any(|stage| stage.stage_name.as_deref() == Some(DEFAULT)) {
        gateway.create_stage().api_id(API_ID).stage_name(DEFAULT).auto_deploy(true).send().await?;
    }
    Ok(())
}
