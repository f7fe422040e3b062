//! Accounts: what they hold, and what may happen to them. Every decision gives the new state and the event that tells it.

use std::{collections::BTreeSet, fmt};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    Event, UserId,
    auth::Scope,
    event::user::{Contact, UserDeleted, UserRegistered, UserRegistrationRepeated, UserUpdated},
};

use super::{DisplayName, EmailAddress, Locale};

/// The owner of an account hears at most once in this time that somebody tried to register with their address: the
/// notice must not become a way to flood a mailbox.
pub const NOTICE_INTERVAL: TimeDelta = TimeDelta::days(1);

/// One person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Names it for all services.
    pub id: UserId,
    /// Where its owner is reached, and what they sign in with.
    pub email: EmailAddress,
    /// What its owner wants to be called.
    pub name: DisplayName,
    /// The language its owner reads.
    pub locale: Locale,
    /// What its tokens allow.
    pub scopes: BTreeSet<Scope>,
    /// What its owner's password is checked against.
    pub password_hash: PasswordHash,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// Counts changes from 1. Every write is conditional on the version it was decided on.
    pub version: u64,
}

/// What an owner wants changed. `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// The new name.
    pub name: Option<DisplayName>,
    /// The new language.
    pub locale: Option<Locale>,
}

impl Account {
    /// Opens an account. A new one may shop, and nothing else.
    pub fn register(
        id: UserId,
        email: EmailAddress,
        name: DisplayName,
        locale: Locale,
        password_hash: PasswordHash,
        now: DateTime<Utc>,
    ) -> (Self, Event) {
        let scopes = BTreeSet::from([Scope::Customer]);
        let account = Self { id, email, name, locale, scopes, password_hash, created_at: now, version: 1 };
        let event = Event::UserRegistered(UserRegistered { user_id: id, contact: account.contact() });
        (account, event)
    }

    /// Somebody tried to register with this account's address. The account stays as it is.
    pub fn registration_repeated(&self) -> Event {
        Event::UserRegistrationRepeated(UserRegistrationRepeated { user_id: self.id })
    }

    /// Changes the profile; `None` if nothing is different afterwards.
    pub fn update(&self, change: ProfileChange) -> Option<(Self, Event)> {
        let ProfileChange { name, locale } = change;
        let mut updated = self.clone();
        updated.name = name.unwrap_or(updated.name);
        updated.locale = locale.unwrap_or(updated.locale);
        if updated == *self {
            return None;
        }
        updated.version += 1;
        let event = Event::UserUpdated(UserUpdated { user_id: self.id, contact: updated.contact() });
        Some((updated, event))
    }

    /// Sets what the account's tokens allow from now on. No other service keeps scopes, so nothing is announced.
    #[must_use]
    pub fn grant(&self, scopes: BTreeSet<Scope>) -> Self {
        Self { scopes, version: self.version + 1, ..self.clone() }
    }

    /// Ends the account: the version that the end has, and the event by which others erase what they keep.
    pub fn delete(&self) -> (u64, Event) {
        (self.version + 1, Event::UserDeleted(UserDeleted { user_id: self.id }))
    }

    /// The scopes as a token carries them.
    pub fn scope_text(&self) -> String {
        self.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn contact(&self) -> Contact {
        Contact {
            email: self.email.as_typed().to_owned(),
            name: self.name.as_str().to_owned(),
            locale: self.locale.as_str().to_owned(),
        }
    }
}

/// A password's hash in PHC form, with its salt and parameters. Not shown by `Debug`: it can be attacked off-line.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps the text form, `$argon2id$…`.
    pub fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account::register(
            UserId::generate(),
            "Ann@Example.com".parse().unwrap(),
            DisplayName::try_from("Ann".to_owned()).unwrap(),
            Locale::default(),
            PasswordHash::new("$argon2id$".to_owned()),
            DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        )
        .0
    }

    #[test]
    fn a_new_account_may_shop_and_nothing_else() {
        assert_eq!(account().scope_text(), "customer");
    }

    #[test]
    fn the_event_of_a_registration_carries_the_address_as_it_was_typed() {
        let account = account();
        assert_eq!(account.contact().email, "Ann@Example.com");
        assert_eq!(account.version, 1);
    }

    #[test]
    fn a_change_counts_the_version_and_tells_the_whole_contact() {
        let name = DisplayName::try_from("Ann Lee".to_owned()).unwrap();
        let before = account();
        let (after, event) = before.update(ProfileChange { name: Some(name), locale: None }).unwrap();
        assert_eq!(after.version, 2);
        let Event::UserUpdated(UserUpdated { contact, .. }) = event else { panic!("expected an update") };
        assert_eq!((contact.name.as_str(), contact.locale.as_str()), ("Ann Lee", "en"));
    }

    #[test]
    fn a_change_to_what_already_is_changes_nothing() {
        let before = account();
        assert_eq!(before.update(ProfileChange { name: Some(before.name.clone()), locale: None }), None);
        assert_eq!(before.update(ProfileChange::default()), None);
    }

    #[test]
    fn granted_scopes_replace_the_old_ones() {
        let granted = account().grant(BTreeSet::from([Scope::Staff, Scope::Customer]));
        assert_eq!(granted.scope_text(), "customer staff");
        assert_eq!(granted.grant(BTreeSet::new()).scope_text(), "");
    }
}
