use reqwest::StatusCode;
use serde_json::{Value, json};

use super::support::{ResponseExt, Service, product};

fn goods() -> Vec<Value> {
    let with = |slug: &str, name: &str, description: &str, category: &str, minor, stock| {
        let mut product = product(slug, name, &[(&slug.to_uppercase(), minor, stock)]);
        product["description"] = json!(description);
        product["category"] = json!(category);
        product
    };
    vec![
        with("kettle", "Gooseneck kettle", "Pours slowly, for coffee and tea.", "tools", 6900, 4),
        with("house-coffee", "House coffee", "Roasted every week.", "tea", 1200, 0),
        with("mug", "Enamel mug", "For the garden.", "tools", 900, 9),
        with("creme", "Crème brûlée set", "Four dishes.", "tools", 3400, 2),
        with("thermos", "Thermos flask", "Keeps soup warm.", "tools", 2900, 5),
        with("green", "Sencha", "A green tea from Japan.", "tea", 1500, 7),
    ]
}

#[tokio::test]
async fn the_best_match_comes_first() {
    let service = Service::with(&goods()).await;
    assert_eq!(service.get("/v1/products?q=coffee").await.each("slug"), ["house-coffee", "kettle"]);
}

#[tokio::test]
async fn prefixes_word_forms_and_words_without_accents_match() {
    let service = Service::with(&goods()).await;
    for (query, found) in [
        ("goosen", "kettle"),
        ("kettles", "kettle"),
        ("roasting", "house-coffee"),
        ("creme brulee", "creme"),
        ("CRÈME", "creme"),
        ("the", "thermos"),
        ("flask of", "thermos"),
        ("sencha tea", "green"),
    ] {
        assert_eq!(service.get(&format!("/v1/products?q={query}")).await.each("slug"), [found], "{query}");
    }
}

#[tokio::test]
async fn a_typo_in_a_word_matches() {
    let service = Service::with(&goods()).await;
    for (query, found) in [
        ("cofee", &["house-coffee", "kettle"][..]),
        ("coffe", &["house-coffee", "kettle"]),
        ("gooseneck ketle", &["kettle"]),
        ("thermso", &["thermos"]),
        ("enamle", &["mug"]),
        ("xylophone", &[]),
        ("!?", &[]),
    ] {
        assert_eq!(service.get(&format!("/v1/products?q={query}")).await.each("slug"), found, "{query}");
    }
}

#[tokio::test]
async fn query_syntax_is_treated_as_text() {
    let service = Service::with(&goods()).await;
    for query in ["'", "coffee%20%26", "%3A*", "(", "!coffee", "a%20%7C%20b", "%5C", "%3C-%3E", "$$"] {
        assert_eq!(service.get(&format!("/v1/products?q={query}")).await.status, StatusCode::OK, "{query}");
    }
}

#[tokio::test]
async fn filters_restrict_the_result() {
    let service = Service::with(&goods()).await;
    for (query, found) in [
        ("category=tea&sort=name", &["house-coffee", "green"][..]),
        ("min_price=1500&max_price=3400&sort=price", &["green", "thermos", "creme"]),
        ("in_stock=false", &["house-coffee"]),
        ("in_stock=true&category=tea", &["green"]),
        ("q=coffee&max_price=5000", &["house-coffee"]),
        ("q=coffee&sort=-price", &["kettle", "house-coffee"]),
        ("q=&category=no-such", &[]),
        ("min_price=900&max_price=900", &["mug"]),
    ] {
        assert_eq!(service.get(&format!("/v1/products?{query}")).await.each("slug"), found, "{query}");
    }
}

#[tokio::test]
async fn a_price_filter_holds_if_one_variant_matches() {
    let service = Service::with(&[product("assam", "Assam", &[("A-50", 500, 1), ("A-500", 3900, 1)])]).await;
    for (query, found) in [("min_price=3000", 1), ("max_price=600", 1), ("min_price=600&max_price=3000", 0)] {
        assert_eq!(service.get(&format!("/v1/products?{query}")).await.each("slug").len(), found, "{query}");
    }
}

#[tokio::test]
async fn facets_have_the_number_of_matches_per_category() {
    let service = Service::with(&goods()).await;
    let counts = async |query: &str| {
        let response = service.get(&format!("/v1/products?{query}")).await;
        let facets = response.body["facets"]["categories"].as_array().unwrap().clone();
        facets
            .iter()
            .map(|facet| (facet["slug"].as_str().unwrap().to_owned(), facet["products"].as_i64().unwrap()))
            .collect::<Vec<_>>()
    };
    let expect = |tools: i64, tea: i64| {
        let both = [("tools".to_owned(), tools), ("tea".to_owned(), tea)];
        both.into_iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>()
    };
    assert_eq!(counts("").await, expect(4, 2));
    assert_eq!(counts("category=tea").await, expect(4, 2));
    assert_eq!(counts("q=coffee").await, expect(1, 1));
    assert_eq!(counts("q=coffee&category=tea").await, expect(1, 1));
    assert_eq!(counts("in_stock=false").await, expect(0, 1));
    assert_eq!(counts("q=xylophone").await, expect(0, 0));
}

#[tokio::test]
async fn an_invalid_parameter_is_named() {
    let service = Service::with(&goods()).await;
    let long = "a".repeat(101);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("sort=size", "sort"),
        ("min_price=-1", "min_price"),
        ("min_price=1.5", "min_price"),
        ("in_stock=perhaps", "in_stock"),
        ("category=Not%20a%20slug", "category"),
        ("q=%00", "q"),
        (&format!("q={long}"), "q"),
        ("size=large", "size"),
        ("cursor=", "cursor"),
    ] {
        let response = service.get(&format!("/v1/products?{query}")).await;
        assert_eq!(response.problem_field(400, "invalid-request"), field, "{query}");
    }
    for (query, field) in
        [("sort=relevance", "sort"), ("min_price=2&max_price=1", "max_price"), ("cursor=e30", "cursor")]
    {
        let response = service.get(&format!("/v1/products?{query}")).await;
        assert_eq!(response.problem_field(422, "unprocessable"), field, "{query}");
    }
}

#[tokio::test]
async fn a_product_that_is_not_for_sale_can_be_read_but_is_not_listed() {
    let service = Service::with(&goods()).await;
    let etag = service.get("/v1/products/mug").await.etag().to_owned();
    service.patch("mug", &etag, &json!({"for_sale": false})).await;
    assert_eq!(service.get("/v1/products?q=mug").await.each("slug"), [""; 0]);
    let mug = service.get("/v1/products/mug").await;
    assert_eq!((&mug.body["for_sale"], &mug.body["variants"][0]["in_stock"]), (&json!(false), &json!(false)));
}
