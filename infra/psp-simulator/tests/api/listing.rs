use serde_json::{Value, json};

use crate::simulator::{Simulator, text};

#[tokio::test]
async fn intents_are_listed_newest_first_and_found_by_metadata() {
    let psp = Simulator::start().await;
    let mut ids = Vec::new();
    for order in ["ord_1", "ord_2", "ord_1"] {
        ids.insert(0, psp.authorized(order).await);
    }
    let listed = |list: &Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(|intent| text(&intent["id"])).collect()
    };
    let (_, first) = psp.get("/v1/payment_intents", &[("limit", "2")]).await;
    assert_eq!((listed(&first), &first["has_more"]), (ids[..2].to_vec(), &json!(true)));
    let (_, rest) = psp.get("/v1/payment_intents", &[("limit", "2"), ("starting_after", &ids[1])]).await;
    assert_eq!((listed(&rest), &rest["has_more"]), (ids[2..].to_vec(), &json!(false)));

    let search = async |query: &str| psp.get("/v1/payment_intents/search", &[("query", query)]).await;
    let (status, found) = search("metadata['order_id']:'ord_1'").await;
    assert_eq!((status, &found["object"]), (200, &json!("search_result")));
    assert_eq!(listed(&found), [ids[0].clone(), ids[2].clone()]);
    assert_eq!(search("status!").await.0, 400);
}
