//! What is known of the one whom a message is for.

use contracts::event::user::Contact;

/// The longest name to greet by, in characters. Whoever needs more of it is not writing a name.
const LONGEST_NAME: usize = 80;

/// Whom a message is for, as far as user's events told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// The contact data have not arrived yet.
    Unknown,
    /// This is how to reach them.
    Known(Contact),
    /// The account is gone. Nothing is sent any more.
    Deleted,
}

/// The name as it may stand in a subject line and a greeting: one line of limited length.
///
/// Anybody can register anybody's address, with any text as the name: it must not become a message of its own.
pub fn greeting_name(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().take(LONGEST_NAME).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_greeting_is_one_short_line(name in any::<String>()) {
            let greeting = greeting_name(&name);
            prop_assert!(!greeting.contains(char::is_control));
            prop_assert!(greeting.chars().count() <= LONGEST_NAME);
            prop_assert_eq!(greeting_name(&greeting), greeting);
        }

        #[test]
        fn an_ordinary_name_stays_as_it_is(name in "[A-Z][a-zäöüß'-]{1,20}( [A-Z][a-zäöüß'-]{1,20}){0,2}") {
            prop_assert_eq!(greeting_name(&name), name);
        }
    }
}
