//! Stripe's representation of an intent and its charge.

use serde_json::{Value, json};

use super::{intent::Intent, status::Status};

impl Intent {
    /// Returns Stripe's representation of the intent.
    pub(crate) fn to_json(&self) -> Value {
        let next_action = (self.status == Status::RequiresAction).then(|| json!({ "type": "use_stripe_sdk" }));
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": self.amount_capturable,
            "amount_received": self.amount_received,
            "canceled_at": self.canceled_at,
            "cancellation_reason": self.cancellation_reason,
            "capture_method": self.capture_method,
            "client_secret": format!("{}_secret_simulated", self.id),
            "confirmation_method": "automatic",
            "created": self.created,
            "currency": self.currency,
            "customer": null,
            "description": self.description,
            "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge,
            "livemode": false,
            "metadata": self.metadata,
            "next_action": next_action,
            "payment_method": self.payment_method,
            "payment_method_types": ["card"],
            "status": self.status,
        })
    }

    /// Replaces the id of the charge in a response about the intent by the charge, as `expand[]=latest_charge` asks.
    pub(crate) fn expand_charge(&self, response: &mut Value) {
        if self.latest_charge.is_some() && response["object"] == "payment_intent" {
            response["latest_charge"] = self.charge_json();
        }
    }

    /// Returns Stripe's representation of the charge, which is also the subject of `charge.refunded`.
    pub(super) fn charge_json(&self) -> Value {
        json!({
            "id": self.latest_charge,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.amount_received,
            "amount_refunded": self.amount_refunded,
            "captured": self.status == Status::Succeeded,
            "created": self.created,
            "currency": self.currency,
            "livemode": false,
            "metadata": self.metadata,
            "paid": true,
            "payment_intent": self.id,
            "payment_method": self.payment_method,
            "payment_method_details": { "type": "card", "card": { "capture_before": self.capture_before } },
            "refunded": self.amount_received > 0 && self.amount_refunded == self.amount_received,
            "status": "succeeded",
        })
    }
}
