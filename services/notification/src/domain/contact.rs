//! Recipients of messages.

use contracts::event::user::Contact;

/// Maximum length of the name in a greeting, in characters. A longer text is not a name.
const MAX_NAME_LENGTH: usize = 80;

/// Recipient of a message, by user's events so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// Contact data have not arrived yet.
    Unknown,
    /// Current contact data.
    Known(Contact),
    /// The account is deleted. No message is sent.
    Deleted,
}

/// The name in a form that is safe in a subject line and a greeting: one line of limited length.
///
/// A visitor can register another person's address with any text as the name. It must not become a message to that
/// person.
pub fn greeting_name(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().take(MAX_NAME_LENGTH).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_in_a_greeting_is_one_short_line(name in any::<String>()) {
            let greeting = greeting_name(&name);
            prop_assert!(!greeting.contains(char::is_control));
            prop_assert!(greeting.chars().count() <= MAX_NAME_LENGTH);
            prop_assert_eq!(greeting_name(&greeting), greeting);
        }

        #[test]
        fn an_ordinary_name_is_unchanged(name in "[A-Z][a-zäöüß'-]{1,20}( [A-Z][a-zäöüß'-]{1,20}){0,2}") {
            prop_assert_eq!(greeting_name(&name), name);
        }
    }
}
