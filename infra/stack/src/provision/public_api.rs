//! The HTTP API of API Gateway: routes, their authorization and their integrations.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use contracts::auth::AUDIENCE;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    functions::Functions,
    load_balancer::{self, Target},
};
use crate::{
    aws_api::{AwsApi, text},
    topology::Topology,
};

/// Id of the API. MiniStack reads it from a tag, so that the URL is the same at every start.
const API_ID: &str = "shop";

/// Name of the authorizer.
const AUTHORIZER: &str = "access-tokens";

/// URL of the API in the emulated AWS at `address`, which is `HOST:PORT`.
pub fn url(address: &str) -> String {
    format!("http://{address}/_aws/execute-api/{API_ID}")
}

/// Creates the load balancer and the API. `address` is the address of the emulated AWS, as the services and the
/// emulator itself reach it. `targets` contains the address of each service. Returns the URL of the API, which is the
/// issuer of access tokens, even if clients use another address.
pub async fn provision(
    config: &SdkConfig,
    topology: &Topology,
    functions: &Functions,
    address: &str,
    targets: &BTreeMap<String, Target>,
) -> Result<String> {
    load_balancer::provision(config, topology, targets).await.context("cannot create the load balancer")?;
    let gateway = Gateway(AwsApi::of(config)?);
    gateway.ensure_api().await?;
    let authorizer = gateway.ensure_authorizer(&url(address)).await?;
    let integrations = gateway.ensure_integrations(topology, functions, address).await?;
    gateway.ensure_routes(topology, &authorizer, &integrations).await?;
    gateway.ensure_stage().await?;
    Ok(url(address))
}

/// A client of API Gateway for one API.
struct Gateway(AwsApi);

impl Gateway {
    async fn call(&self, method: Method, path: &str, input: &Value) -> Result<Value> {
        self.0.rest("apigateway", method, &format!("/v2/apis/{API_ID}{path}"), input).await
    }

    async fn list(&self, kind: &str) -> Result<Vec<Value>> {
        let mut page = self.call(Method::GET, &format!("/{kind}?maxResults=500"), &Value::Null).await?;
        Ok(serde_json::from_value(page["items"].take()).unwrap_or_default())
    }

    async fn ensure_api(&self) -> Result<()> {
        if self.0.find("apigateway", &format!("/v2/apis/{API_ID}")).await?.is_none() {
            let api = json!({ "name": "shop", "protocolType": "HTTP", "tags": { "ms-custom-id": API_ID } });
            self.0.rest("apigateway", Method::POST, "/v2/apis", &api).await?;
        }
        Ok(())
    }

    /// Returns the id of the authorizer, which accepts the tokens of `issuer`. The issuer is the API itself, with
    /// routes to the discovery document and the keys of user.
    async fn ensure_authorizer(&self, issuer: &str) -> Result<String> {
        let tokens = json!({ "issuer": issuer, "audience": [AUDIENCE] });
        let existing = self.list("authorizers").await?.into_iter().find(|existing| existing["name"] == AUTHORIZER);
        let Some(existing) = existing else {
            let authorizer = json!({
                "name": AUTHORIZER,
                "authorizerType": "JWT",
                "identitySource": ["$request.header.Authorization"],
                "jwtConfiguration": tokens,
            });
            return text(&self.call(Method::POST, "/authorizers", &authorizer).await?, "authorizerId");
        };
        let id = text(&existing, "authorizerId")?;
        if existing["jwtConfiguration"] != tokens {
            let change = json!({ "jwtConfiguration": tokens });
            self.call(Method::PATCH, &format!("/authorizers/{id}"), &change).await?;
        }
        Ok(id)
    }

    /// Returns the integration id of each route target: one per function, and the load balancer for all services.
    async fn ensure_integrations(
        &self,
        topology: &Topology,
        functions: &Functions,
        address: &str,
    ) -> Result<BTreeMap<String, String>> {
        let mut ids = BTreeMap::new(); // by URI
        for integration in self.list("integrations").await? {
            ids.insert(text(&integration, "integrationUri")?, text(&integration, "integrationId")?);
        }
        let balancer = format!("http://{address}/_alb/{}", load_balancer::NAME);
        let mut by_target = BTreeMap::new();
        for target in topology.routes.iter().map(|route| &route.target) {
            let integration = match functions.get(target) {
                Some(arn) => {
                    json!({ "integrationType": "AWS_PROXY", "integrationUri": arn, "payloadFormatVersion": "2.0" })
                }
                None => json!({
                    "integrationType": "HTTP_PROXY",
                    "integrationUri": balancer,
                    "integrationMethod": "ANY",
                    "payloadFormatVersion": "1.0",
                }),
            };
            let uri = text(&integration, "integrationUri")?;
            if !ids.contains_key(&uri) {
                let created = self.call(Method::POST, "/integrations", &integration).await?;
                ids.insert(uri.clone(), text(&created, "integrationId")?);
            }
            by_target.insert(target.clone(), ids[&uri].clone());
        }
        Ok(by_target)
    }

    async fn ensure_routes(
        &self,
        topology: &Topology,
        authorizer: &str,
        integrations: &BTreeMap<String, String>,
    ) -> Result<()> {
        let existing = self.list("routes").await?;
        for route in &topology.routes {
            let mut wanted = json!({
                "routeKey": route.route,
                "target": format!("integrations/{}", integrations[&route.target]),
                "authorizationType": if route.scopes.is_some() { "JWT" } else { "NONE" },
                // An empty list removes the scopes of an existing route.
                "authorizationScopes": route.scopes.as_deref().unwrap_or_default(),
            });
            if route.scopes.is_some() {
                wanted["authorizerId"] = json!(authorizer);
            }
            match existing.iter().find(|existing| existing["routeKey"] == route.route.as_str()) {
                None => {
                    self.call(Method::POST, "/routes", &wanted).await?;
                }
                Some(existing) if is_same(existing, &wanted) => {}
                Some(existing) => {
                    let path = format!("/routes/{}", text(existing, "routeId")?);
                    self.call(Method::PATCH, &path, &wanted).await?;
                }
            }
        }
        let is_listed = |key: &Value| topology.routes.iter().any(|route| *key == route.route.as_str());
        for stale in existing.iter().filter(|existing| !is_listed(&existing["routeKey"])) {
            self.call(Method::DELETE, &format!("/routes/{}", text(stale, "routeId")?), &Value::Null).await?;
        }
        Ok(())
    }

    async fn ensure_stage(&self) -> Result<()> {
        const DEFAULT: &str = "$default"; // serves at the API's root
        if !self.list("stages").await?.iter().any(|stage| stage["stageName"] == DEFAULT) {
            self.call(Method::POST, "/stages", &json!({ "stageName": DEFAULT, "autoDeploy": true })).await?;
        }
        Ok(())
    }
}

fn is_same(existing: &Value, wanted: &Value) -> bool {
    let fields = ["target", "authorizationType", "authorizerId"];
    let scopes = |route: &Value| route["authorizationScopes"].as_array().cloned().unwrap_or_default();
    fields.iter().all(|field| existing[field] == wanted[field]) && scopes(existing) == scopes(wanted)
}
