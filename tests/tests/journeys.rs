//! The journeys, in a shop as developers start it.

use tests::Shop;
use tokio::sync::OnceCell;

/// One shop for all tests of this file.
async fn shop() -> &'static Shop {
    static SHOP: OnceCell<Shop> = OnceCell::const_new();
    SHOP.get_or_init(|| Shop::start("journeys", &[])).await
}

tests::journeys!(shop);
