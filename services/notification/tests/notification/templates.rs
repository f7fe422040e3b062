//! Every message, for every reason, in every language.

use contracts::{
    OrderId, UserId,
    event::{
        order::{CancellationReason, RejectionReason},
        user::Contact,
    },
};
use notification::{
    domain::{
        letter::Letter,
        locale::Locale,
        notice::{Notice, Subject},
    },
    mail::{Mail, Templates},
};

use crate::support::{Customer, Notification, eur, lines};

fn render(subject: &Subject, locale: Locale, name: &str) -> Mail {
    let notice = Notice { user_id: UserId::generate(), subject: subject.clone() };
    let contact =
        Contact { email: "ada@customer.example".to_owned(), name: name.to_owned(), locale: locale.tag().to_owned() };
    let letter = Letter::write(&notice, &contact, &"https://shop.example".parse().unwrap()).unwrap();
    Templates::embedded().unwrap().render(subject.template(), locale, &letter).unwrap()
}

/// All subjects, with the names of their snapshots.
fn subjects() -> Vec<(String, Subject)> {
    let order_id: OrderId = "ord_0198c0de00007000800000000000beef".parse().unwrap();
    let mut subjects = vec![
        ("welcome".to_owned(), Subject::Welcome),
        ("account_exists".to_owned(), Subject::AccountExists),
        ("order_confirmed".to_owned(), Subject::OrderConfirmed { order_id, lines: lines(), total: eur(4_247) }),
    ];
    for reason in [RejectionReason::OutOfStock, RejectionReason::PriceIncreased] {
        let subject = Subject::OrderRejected { order_id, reason, lines: lines() };
        subjects.push((format!("order_rejected_{reason:?}"), subject));
    }
    for reason in [
        CancellationReason::Requested,
        CancellationReason::StockTimeout,
        CancellationReason::PaymentTimeout,
        CancellationReason::StockLost,
        CancellationReason::AmountNotAccepted,
    ] {
        let subject = Subject::OrderCancelled { order_id, reason, lines: lines() };
        subjects.push((format!("order_cancelled_{reason:?}"), subject));
    }
    subjects
}

#[test]
fn every_message_matches_its_snapshot() {
    for locale in Locale::ALL {
        for (name, subject) in subjects() {
            let mail = render(&subject, locale, "Ada Lovelace");
            let both = format!("Subject: {}\n\n{}\n{}\n{}", mail.subject, mail.text, "=".repeat(78), mail.html);
            insta::assert_snapshot!(format!("{}_{name}", locale.tag()), both);
        }
    }
}

#[test]
fn both_parts_have_the_same_content() {
    for locale in Locale::ALL {
        for (name, subject) in subjects() {
            let mail = render(&subject, locale, "Ada");
            for fact in ["Ada", "ord_0198c0de00007000800000000000beef", "CUP-BLUE"] {
                assert_eq!(mail.text.contains(fact), mail.html.contains(fact), "{fact} in {name}");
            }
            assert!(!mail.subject.contains('\n'), "the subject of {name} is one line");
        }
    }
}

#[test]
fn a_greeting_without_a_name_has_no_gap() {
    let mail = render(&Subject::Welcome, Locale::En, " \n ");
    assert!(mail.text.starts_with("Hello,\n"), "{}", mail.text);
}

#[tokio::test]
async fn a_mail_arrives_with_both_parts_and_the_senders_name() {
    let notification = Notification::start().await;
    let customer = Customer::new();

    assert_eq!(notification.deliver(&[&customer.registered(), &customer.confirmed()]).await, 0);

    let mails = notification.mails_to(&customer.contact.email).await;
    let mail = mails.iter().find(|mail| mail.subject == "Your order is confirmed: 42.47 EUR").unwrap();
    assert_eq!(mail.source, crate::support::SENDER);
    assert!(mail.body_text.contains("3 x Stoneware cup, blue (CUP-BLUE)"), "{}", mail.body_text);
    assert!(mail.body_html.contains("<strong>Total: 42.47 EUR</strong>"), "{}", mail.body_html);
}

#[tokio::test]
async fn mails_are_in_the_customers_language_or_in_english() {
    let notification = Notification::start().await;
    for (locale, subject) in
        [("de", "Willkommen im Shop"), ("de-AT", "Willkommen im Shop"), ("fr", "Welcome to the shop")]
    {
        let customer = Customer::speaking(locale);
        assert_eq!(notification.deliver(&[&customer.registered()]).await, 0);
        assert_eq!(notification.subjects(&customer).await, [subject], "{locale}");
    }
}

#[tokio::test]
async fn a_name_with_markup_is_escaped() {
    let notification = Notification::start().await;
    let customer =
        Customer::named("<script>alert(1)</script>\r\nBcc: all@customer.example\n\nYou have won \"{{ 7 * 7 }}\"");

    assert_eq!(notification.deliver(&[&customer.registered()]).await, 0);

    let mails = notification.mails_to(&customer.contact.email).await;
    assert_eq!(mails.len(), 1);
    assert!(!mails[0].body_html.contains("<script>"), "{}", mails[0].body_html);
    assert!(mails[0].body_html.contains("&lt;script&gt;"), "{}", mails[0].body_html);
    let greeting = mails[0].body_text.lines().next().unwrap();
    assert!(
        greeting.starts_with("Hello <script>alert(1)</script> Bcc: all@customer.example You have won"),
        "{greeting}"
    );
}
