//! Every setting of the function, parsed once at start. Only `telemetry` reads another variable, `RUST_LOG`.
//!
//! Region, endpoint and credentials of AWS are the SDK's own variables (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).

use clap::Parser;

use crate::domain::storefront::Storefront;

/// Settings of the notification function.
#[derive(Debug, Clone, Parser)]
#[command(name = "notification", about = "Sends customers e-mails about their account and orders", version)]
pub struct Config {
    /// URL of the queue that the events come from. That of its dead-letter queue is the same with `-dlq` at its end.
    #[arg(long, env = "NOTIFICATION_INBOX_URL")]
    pub notification_inbox_url: String,

    /// DynamoDB table of contact data, messages, and events that wait for contact data.
    #[arg(long, env = "NOTIFICATION_TABLE")]
    pub notification_table: String,

    /// Sender of mails, such as `Shop <orders@shop.example>`. SES must have verified the address or its domain.
    #[arg(long, env = "MAIL_FROM", value_parser = sender)]
    pub mail_from: String,

    /// Base URL of the links in messages, such as `https://shop.example`.
    #[arg(long, env = "STOREFRONT_URL")]
    pub storefront_url: Storefront,
}

fn sender(text: &str) -> Result<String, &'static str> {
    let address = text.rsplit_once('<').map_or(text, |(_, address)| address.trim_end_matches('>'));
    let (mailbox, domain) = address.trim().split_once('@').ok_or("expected an address or `Name <address>`")?;
    if mailbox.is_empty() || domain.is_empty() { Err("the address is incomplete") } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for valid in ["orders@shop.example", "Shop <orders@shop.example>"] {
            assert_eq!(sender(valid).as_deref(), Ok(valid));
        }
        for invalid in ["", "Shop", "Shop <>", "@shop.example", "Shop <orders@>"] {
            assert!(sender(invalid).is_err(), "{invalid}");
        }
    }
}
