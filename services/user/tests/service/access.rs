//! Verification of access tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contracts::{
    UserId,
    auth::{AUDIENCE, Claims, Scope},
};
use reqwest::Method;
use serde_json::json;
use user::{clock, signing::SigningKey};

use crate::app::{App, Body};

#[tokio::test]
async fn an_invalid_access_token_gives_no_access() {
    let app = App::start().await;
    let good = app.new_customer("ann@example.com").await.text("access_token");
    let claims = app.verifier().await.verify(&good).unwrap();

    let aws = stack::testing::aws().await;
    let kms = aws_sdk_kms::Client::new(&aws.sdk_config());
    let own_key = SigningKey::load(kms.clone(), &app.config.token_signing_key_id).await.unwrap();
    let other_key = SigningKey::load(kms, &aws.create_signing_key().await).await.unwrap();
    let changed = |change: fn(&mut Claims)| {
        let mut claims = claims.clone();
        change(&mut claims);
        claims
    };
    let other_issuer = stack::testing::token_issuer().await;

    let invalid = [
        ("garbage", "garbage".to_owned()),
        ("empty", String::new()),
        ("unsigned", unsigned(&claims)),
        ("without a signature", good.rsplit_once('.').unwrap().0.to_owned() + "."),
        ("with other claims", swapped_claims(&good, &changed(|claims| claims.sub = UserId::generate()))),
        ("of another issuer", other_issuer.token(claims.sub, &[Scope::Customer])),
        ("signed by another key", other_key.sign(&claims).await.unwrap()),
        ("in the name of another issuer", own_key.sign(&changed(|claims| claims.iss += "/x")).await.unwrap()),
        ("for another audience", own_key.sign(&changed(|claims| claims.aud = format!("{AUDIENCE}x"))).await.unwrap()),
        ("expired", own_key.sign(&changed(|claims| claims.exp = clock::now().timestamp() - 1)).await.unwrap()),
    ];
    for (kind, token) in &invalid {
        for method in [Method::GET, Method::DELETE, Method::PATCH] {
            let response = app.send(app.me(method, token).json(&json!({ "name": "Eve" }))).await;
            response.is_problem(401, "unauthenticated");
            assert_eq!(response.headers["www-authenticate"], "Bearer", "a token {kind}");
        }
    }
    assert_eq!(app.get("/v1/users/me").await.status, 401);
    assert_eq!(app.get_me(&good).await.text("name"), "Ann");
    assert_eq!(app.event_kinds().await, ["registered"]);
}

fn unsigned(claims: &Claims) -> String {
    let encode = |json: String| URL_SAFE_NO_PAD.encode(json);
    let header = json!({ "alg": "none", "typ": "JWT" }).to_string();
    format!("{}.{}.", encode(header), encode(serde_json::to_string(claims).unwrap()))
}

fn swapped_claims(token: &str, claims: &Claims) -> String {
    let parts: Vec<_> = token.split('.').collect();
    let payload = URL_SAFE_NO_PAD.encode(serde_json::to_string(claims).unwrap());
    format!("{}.{payload}.{}", parts[0], parts[2])
}
