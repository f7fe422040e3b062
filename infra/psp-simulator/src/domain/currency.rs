//! Which currencies are accepted, and how much may be charged in each.

use super::error::ApiError;

/// The largest amount, in minor units: eight digits, as Stripe's.
pub const MAXIMUM: i64 = 99_999_999;

/// The smallest charge in minor units, for the currencies that are accepted.
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

/// Accepts `amount` minor units of a currency, or says what is wrong with them.
pub fn check(amount: i64, currency: &str) -> Result<(), ApiError> {
    let Some(minimum) = minimum(currency) else {
        return Err(ApiError::invalid(format!("Invalid currency: {currency}.")).param("currency"));
    };
    if amount < 1 {
        return Err(ApiError::invalid("This value must be greater than or equal to 1.")
            .code("parameter_invalid_integer")
            .param("amount"));
    }
    if amount < minimum {
        return Err(ApiError::invalid(format!("Amount must be at least {minimum} {currency}, in minor units."))
            .code("amount_too_small")
            .param("amount"));
    }
    if amount > MAXIMUM {
        return Err(ApiError::invalid(format!("Amount must be no more than {MAXIMUM} {currency}, in minor units."))
            .code("amount_too_large")
            .param("amount"));
    }
    Ok(())
}
