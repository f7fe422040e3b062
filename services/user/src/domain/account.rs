//! Accounts and their changes. Each change returns the new state and the event that announces it.

use std::{collections::BTreeSet, fmt};

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    Event, UserId,
    auth::Scope,
    event::user::{Contact, UserDeleted, UserRegistered, UserRegistrationRepeated, UserUpdated},
};

use super::{DisplayName, EmailAddress, Locale};

/// Minimum time between two notices to an owner that another registration used their address. Without it, registrations
/// could flood a mailbox.
pub const NOTICE_INTERVAL: TimeDelta = TimeDelta::days(1);

/// Account of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Id of the account in all services.
    pub id: UserId,
    /// Address for sign-in and for messages.
    pub email: EmailAddress,
    /// Display name of the owner.
    pub name: DisplayName,
    /// Language of messages.
    pub locale: Locale,
    /// Scopes of its access tokens.
    pub scopes: BTreeSet<Scope>,
    /// Hash of the owner's password.
    pub password_hash: PasswordHash,
    /// Time of registration.
    pub created_at: DateTime<Utc>,
    /// Number of the current version, from 1. Each write is conditional on the version that was read.
    pub version: u64,
}

/// Change of a profile. `None` leaves a field unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// New name.
    pub name: Option<DisplayName>,
    /// New language.
    pub locale: Option<Locale>,
}

impl Account {
    /// Creates an account with the scope `customer` only.
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

    /// Returns the event of a registration with the address of this account, which does not change.
    pub fn registration_repeated(&self) -> Event {
        Event::UserRegistrationRepeated(UserRegistrationRepeated { user_id: self.id })
    }

    /// Changes the profile. Returns `None` if the change has no effect.
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

    /// Returns the event that announces the account as it is, for a consumer that lost its copy.
    pub fn republished(&self) -> Event {
        Event::UserUpdated(UserUpdated { user_id: self.id, contact: self.contact() })
    }

    /// Sets the scopes. No other service stores them, so there is no event.
    #[must_use]
    pub fn grant(&self, scopes: BTreeSet<Scope>) -> Self {
        Self { scopes, version: self.version + 1, ..self.clone() }
    }

    /// Deletes the account. Returns the version of the deletion and its event, on which consumers erase personal data.
    pub fn delete(&self) -> (u64, Event) {
        (self.version + 1, Event::UserDeleted(UserDeleted { user_id: self.id }))
    }

    /// Returns the scopes in the form of the token claim, separated by spaces.
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

/// Hash of a password in PHC form, with salt and parameters. Hidden from `Debug`, because it allows offline attacks.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps the PHC text, `$argon2id$…`.
    pub fn new(phc: String) -> Self {
        Self(phc)
    }

    /// Returns the PHC text.
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
    fn a_new_account_has_the_scope_customer_only() {
        assert_eq!(account().scope_text(), "customer");
    }

    #[test]
    fn the_event_of_a_registration_has_the_address_as_typed() {
        let account = account();
        assert_eq!(account.contact().email, "Ann@Example.com");
        assert_eq!(account.version, 1);
    }

    #[test]
    fn a_change_increments_the_version_and_announces_the_whole_contact() {
        let name = DisplayName::try_from("Ann Lee".to_owned()).unwrap();
        let before = account();
        let (after, event) = before.update(ProfileChange { name: Some(name), locale: None }).unwrap();
        assert_eq!(after.version, 2);
        let Event::UserUpdated(UserUpdated { contact, .. }) = event else { panic!("expected an update") };
        assert_eq!((contact.name.as_str(), contact.locale.as_str()), ("Ann Lee", "en"));
    }

    #[test]
    fn a_change_without_effect_is_no_change() {
        let before = account();
        assert_eq!(before.update(ProfileChange { name: Some(before.name.clone()), locale: None }), None);
        assert_eq!(before.update(ProfileChange::default()), None);
    }

    #[test]
    fn granted_scopes_replace_the_previous_ones() {
        let granted = account().grant(BTreeSet::from([Scope::Staff, Scope::Customer]));
        assert_eq!(granted.scope_text(), "customer staff");
        assert_eq!(granted.grant(BTreeSet::new()).scope_text(), "");
    }
}
