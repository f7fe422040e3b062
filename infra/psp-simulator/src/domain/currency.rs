//! Supported currencies and their limits.

use super::error::ApiError;

/// Largest amount in minor units. As at Stripe, it has eight digits.
const MAXIMUM: i64 = 99_999_999;

/// Returns the smallest amount in minor units, or `None` for an unsupported currency.
fn minimum(currency: &str) -> Option<i64> {
    Some(match currency {
        "aud" | "brl" | "cad" | "chf" | "eur" | "jpy" | "nzd" | "sgd" | "usd" => 50,
        "gbp" => 30,
        "bgn" => 100,
        "pln" | "ron" => 200,
        "dkk" => 250,
        "nok" | "sek" => 300,
        "czk" => 1_500,
        "huf" => 17_500,
        _ => return None,
    })
}

/// Checks an amount in minor units against the limits of its currency.
pub(super) fn check(amount: i64, currency: &str) -> Result<(), ApiError> {
    let Some(minimum) = minimum(currency) else {
        return Err(ApiError::invalid(format!("Invalid currency: {currency}.")).param("currency"));
    };
    if amount < 1 {
        return Err(ApiError::not_positive("amount"));
    }
    let (code, limit) = if amount < minimum {
        ("amount_too_small", format!("at least {minimum}"))
    } else if amount > MAXIMUM {
        ("amount_too_large", format!("no more than {MAXIMUM}"))
    } else {
        return Ok(());
    };
    Err(ApiError::invalid(format!("Amount must be {limit} {currency}, in minor units.")).code(code).param("amount"))
}
