use std::time::Instant;

use contracts::Event;
use product::{clock, domain::catalogue::Catalogue, import};
use serde_json::{Value, json};

use super::support::{Environment, catalogue, product, stock, stock_up, unpublished};

fn many(count: usize) -> Vec<Value> {
    let description = "A careful description of about the length that a real one has, with words enough to be searched \
                       for, and a number that makes it different from all the others of its kind: ";
    (0..count)
        .map(|n| {
            let skus = ["S", "M", "L"].map(|size| (format!("P{n}-{size}"), 100 + i64::try_from(n).unwrap(), 5));
            let variants: Vec<_> = skus.iter().map(|(sku, minor, stock)| (sku.as_str(), *minor, *stock)).collect();
            let mut product = product(&format!("product-{n}"), &format!("Product number {n}"), &variants);
            product["description"] = json!(format!("{description}{n}"));
            product
        })
        .collect()
}

#[tokio::test]
async fn a_second_import_changes_and_publishes_nothing() {
    let Environment { pool, .. } = Environment::new().await;
    let mut products = many(3);
    let first = stock_up(&pool, &products).await;
    assert_eq!((first.created, first.stocked, first.categories), (3, 9, 2));
    assert_eq!(unpublished(&pool).await.len(), 3);

    let second = stock_up(&pool, &products).await;
    assert_eq!((second.created, second.changed, second.unchanged, second.stocked, second.categories), (0, 0, 3, 0, 0));
    assert_eq!(unpublished(&pool).await.len(), 3);

    products[1]["variants"][0]["price"]["minor"] = json!(7);
    products[1]["variants"][0]["stock"] = json!(999);
    let third = stock_up(&pool, &products).await;
    assert_eq!((third.changed, third.unchanged, third.stocked), (1, 2, 0));
    let events = unpublished(&pool).await;
    assert_eq!((events.len(), events[3].sequence), (4, 2));
    let Event::ProductChanged(changed) = &events[3].event else { panic!("{:?}", events[3]) };
    assert_eq!(changed.variants[0].price.minor, 7);
    assert_eq!(stock(&pool, "P1-S").await, [5, 0, 0], "the stock of a known SKU is not changed");
}

#[tokio::test]
async fn a_rejected_import_writes_nothing() {
    let Environment { pool, .. } = Environment::new().await;
    stock_up(&pool, &[product("assam", "Assam", &[("ASSAM", 500, 1)])]).await;

    let stolen = [product("new", "New", &[("NEW", 1, 1)]), product("sencha", "Sencha", &[("ASSAM", 500, 1)])];
    let error = import::run(&pool, catalogue(&stolen), clock::now()).await.unwrap_err();
    assert!(error.to_string().contains("ASSAM belongs to assam, not to sencha"), "{error}");

    let mut dollars = product("new", "New", &[("NEW", 1, 1)]);
    dollars["variants"][0]["price"]["currency"] = json!("USD");
    let error = import::run(&pool, catalogue(&[dollars]), clock::now()).await.unwrap_err();
    assert_eq!(error.to_string(), "the file's prices are in USD, the catalogue's in EUR");

    let count: i64 = sqlx::query_scalar("select count(*) from products").fetch_one(&pool).await.unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_product_does_not_grow_beyond_its_limit_by_several_imports() {
    let Environment { pool, .. } = Environment::new().await;
    let large = |skus: std::ops::Range<usize>| {
        let skus: Vec<_> = skus.map(|n| format!("SKU-{n}")).collect();
        product("large", "Large", &skus.iter().map(|sku| (sku.as_str(), 100, 1)).collect::<Vec<_>>())
    };
    stock_up(&pool, &[large(0..50)]).await;

    let error = import::run(&pool, catalogue(&[large(25..75)]), clock::now()).await.unwrap_err();
    assert!(error.to_string().contains("large would have 75"), "{error}");
    assert_eq!(unpublished(&pool).await.len(), 1, "nothing is published");
}

#[test]
fn errors_of_a_file_name_the_field() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let read = |name: &str, text: &str| {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        import::read(&file).map(|Catalogue { products, .. }| products.len()).map_err(|error| format!("{error:#}"))
    };
    let mut wrong = many(2);
    wrong[1]["variants"][2]["price"]["minor"] = json!(-1);
    let text = json!({"categories": [{"slug": "tea", "name": "Tea"}], "products": wrong}).to_string();
    let error = read("negative.json", &text).unwrap_err();
    assert!(error.contains("products[1].variants[2].price"), "{error}");

    let text = json!({"categories": [], "products": many(1)}).to_string();
    let error = read("category.json", &text).unwrap_err();
    assert!(error.contains("products[0].category: there is no category tea"), "{error}");
    assert!(import::read(&folder.join("no-such-file.json")).is_err());
}

#[tokio::test]
async fn a_file_is_downloaded_and_errors_hide_its_url() {
    let text = json!({"categories": [{"slug": "tea", "name": "Tea"}], "products": many(2)}).to_string();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let routes = axum::Router::new().route("/catalogue.json", axum::routing::get(async move || text));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let fetch = async |path: &str| import::fetch(&format!("{server}{path}").parse().unwrap()).await;

    assert_eq!(fetch("/catalogue.json?X-Amz-Signature=secret").await.unwrap().products.len(), 2);
    let error = format!("{:#}", fetch("/expired.json?X-Amz-Signature=secret").await.unwrap_err());
    assert!(error.contains("127.0.0.1") && error.contains("404"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

#[tokio::test]
async fn ten_thousand_products_are_imported_within_a_minute() {
    let Environment { pool, .. } = Environment::new().await;
    let products = many(10_000);
    let begin = Instant::now();
    let report = stock_up(&pool, &products).await;
    assert_eq!((report.created, report.stocked), (10_000, 30_000));
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn concurrent_imports_are_serialized() {
    let Environment { pool, .. } = Environment::new().await;
    let products = many(20);
    let (one, other) = tokio::join!(stock_up(&pool, &products), stock_up(&pool, &products));
    assert_eq!((one.created + other.created, one.unchanged + other.unchanged), (20, 20));
    assert_eq!(unpublished(&pool).await.len(), 20);
}
