//! Which access tokens are believed.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contracts::{
    UserId,
    auth::{AUDIENCE, Claims, Scope},
};
use reqwest::Method;
use serde_json::json;
use user::{clock, grant::grant, signing::SigningKey};

use crate::app::{App, PASSWORD};

#[tokio::test]
async fn without_a_token_that_is_ours_and_fresh_nothing_is_shown_or_changed() {
    let app = App::start().await;
    let good = app.new_customer("ann@example.com").await.text("access_token");
    let claims = app.verifier().await.verify(&good).unwrap();

    let aws = stack::testing::aws().await;
    let kms = aws_sdk_kms::Client::new(&aws.sdk_config());
    let ours = SigningKey::load(kms.clone(), &app.config.token_signing_key_id).await.unwrap();
    let foreign = SigningKey::load(kms, &aws.create_signing_key().await).await.unwrap();
    let changed = |change: fn(&mut Claims)| {
        let mut claims = claims.clone();
        change(&mut claims);
        claims
    };
    let other_issuer = stack::testing::token_issuer().await;

    let bad = [
        ("garbage", "garbage".to_owned()),
        ("empty", String::new()),
        ("unsigned", unsigned(&claims)),
        ("without its signature", good.rsplit_once('.').unwrap().0.to_owned() + "."),
        ("of other claims", swapped_claims(&good, &changed(|claims| claims.sub = UserId::generate()))),
        ("of another issuer", other_issuer.token(claims.sub, &[Scope::Customer])),
        ("of another key", foreign.sign(&claims).await.unwrap()),
        ("in another issuer's name", ours.sign(&changed(|claims| claims.iss += "/x")).await.unwrap()),
        ("for another audience", ours.sign(&changed(|claims| claims.aud = format!("{AUDIENCE}x"))).await.unwrap()),
        ("expired", ours.sign(&changed(|claims| claims.exp = clock::now().timestamp() - 1)).await.unwrap()),
    ];
    for (what, token) in &bad {
        for method in [Method::GET, Method::DELETE, Method::PATCH] {
            let answer = app.send(app.me(method, token).json(&json!({ "name": "Eve" }))).await;
            assert_eq!((answer.status, answer.problem()), (401, "unauthenticated"), "a token {what}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
    }
    assert_eq!(app.get("/v1/users/me").await.status, 401);
    assert_eq!(app.get_me(&good).await.text("name"), "Ann");
    assert_eq!(app.event_kinds().await, ["registered"]);
}

#[tokio::test]
async fn a_token_without_the_scope_is_forbidden() {
    let app = App::start().await;
    app.register("ann@example.com").await;
    grant(&app.state.store, &"ann@example.com".parse().unwrap(), BTreeSet::from([Scope::Staff])).await.unwrap();
    let token = app.sign_in("ann@example.com", PASSWORD).await.text("access_token");
    for method in [Method::GET, Method::DELETE, Method::PATCH] {
        let answer = app.send(app.me(method, &token).json(&json!({ "name": "Eve" }))).await;
        assert_eq!((answer.status, answer.problem()), (403, "forbidden"));
    }
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
