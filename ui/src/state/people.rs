// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is asked about users and groups, and the wish that comes of it.

use images_proto::people::{
    ChangeGroup, ChangeUser, CreateGroup, CreateUser, GroupChange, Identity, NewUser, UserChange,
};

use super::change::Wish;
use super::names::names;

/// What a dialog asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A new user; the name may be known already.
    CreateUser(String),
    /// A new group; the name may be known already.
    CreateGroup(String),
    /// What a user is called.
    Rename {
        /// The user.
        user: String,
        /// What it is called now.
        full_name: String,
    },
    /// Another identity of a user.
    AddIdentity(String),
    /// An identity that leads to a user no longer.
    RemoveIdentity(String, Identity),
    /// A group that takes a user in.
    AddToGroup(String),
    /// Users that a group takes in.
    AddMembers(String),
    /// A user that leaves a group.
    Leave {
        /// The group.
        group: String,
        /// The user.
        user: String,
    },
}

/// What was typed; what a dialog does not ask for is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Typed<'a> {
    /// The name of the user or group.
    pub name: &'a str,
    /// What the user is called.
    pub full_name: &'a str,
    /// The provider of an identity.
    pub provider: &'a str,
    /// The name there; the user's own when nothing was typed.
    pub login: &'a str,
    /// Groups or members, with commas between them.
    pub others: &'a str,
}

/// The wish, once all that it needs was typed.
pub fn wish(ask: &Ask, typed: &Typed<'_>) -> Option<Wish> {
    let Typed { name, full_name, provider, login, others } = *typed;
    let add = names(others);
    let user =
        |name: &String| UserChange { name: name.clone(), full_name: None, add: None, remove: None };
    let group = |name: &str, add, remove| GroupChange { name: name.to_owned(), add, remove };
    Some(match ask {
        Ask::CreateUser(_) => {
            if name.is_empty() || (provider.is_empty() && !login.is_empty()) {
                return None;
            }
            Wish::of::<CreateUser>(&NewUser {
                name: name.to_owned(),
                full_name: some(full_name),
                identity: identity(provider, login, name),
                groups: add,
            })
        }
        Ask::CreateGroup(_) if name.is_empty() => return None,
        Ask::CreateGroup(_) => Wish::of::<CreateGroup>(&group(name, add, vec![])),
        Ask::Rename { user: name, full_name: before } => {
            if before == full_name {
                return None;
            }
            let full_name = Some(full_name.to_owned());
            Wish::of::<ChangeUser>(&UserChange { full_name, ..user(name) })
        }
        Ask::AddIdentity(name) => {
            let add = Some(identity(provider, login, name)?);
            Wish::of::<ChangeUser>(&UserChange { add, ..user(name) })
        }
        Ask::RemoveIdentity(name, identity) => {
            Wish::of::<ChangeUser>(&UserChange { remove: Some(identity.clone()), ..user(name) })
        }
        Ask::AddToGroup(_) if name.is_empty() => return None,
        Ask::AddToGroup(user) => Wish::of::<ChangeGroup>(&group(name, vec![user.clone()], vec![])),
        Ask::AddMembers(_) if add.is_empty() => return None,
        Ask::AddMembers(name) => Wish::of::<ChangeGroup>(&group(name, add, vec![])),
        Ask::Leave { group: name, user } => {
            Wish::of::<ChangeGroup>(&group(name, vec![], vec![user.clone()]))
        }
    })
}

fn identity(provider: &str, login: &str, user: &str) -> Option<Identity> {
    let name = some(login).unwrap_or_else(|| user.to_owned());
    Some(Identity { provider: some(provider)?, name })
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity_of(provider: &str, name: &str) -> Identity {
        Identity { provider: provider.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn a_user_needs_a_name_and_no_more() {
        let ask = Ask::CreateUser(String::new());
        assert_eq!(wish(&ask, &Typed::default()), None);
        let typed = Typed { name: "jane", ..Typed::default() };
        let user =
            NewUser { name: "jane".to_owned(), full_name: None, identity: None, groups: vec![] };
        assert_eq!(wish(&ask, &typed), Some(Wish::of::<CreateUser>(&user.clone())));
        // Somebody has a name with some provider, not with none.
        assert_eq!(wish(&ask, &Typed { login: "jd", ..typed }), None);
        let typed = Typed { provider: "ldap", others: "QA, dev", full_name: "Jane Doe", ..typed };
        let whole = NewUser {
            full_name: Some("Jane Doe".to_owned()),
            identity: Some(identity_of("ldap", "jane")),
            groups: vec!["QA".to_owned(), "dev".to_owned()],
            ..user
        };
        assert_eq!(wish(&ask, &typed), Some(Wish::of::<CreateUser>(&whole)));
    }

    #[test]
    fn only_what_changes_is_requested() {
        let user = UserChange { name: "jane".to_owned(), full_name: None, add: None, remove: None };
        let ask = Ask::Rename { user: "jane".to_owned(), full_name: "Jane".to_owned() };
        assert_eq!(wish(&ask, &Typed { full_name: "Jane", ..Typed::default() }), None);
        let none = UserChange { full_name: Some(String::new()), ..user.clone() };
        assert_eq!(wish(&ask, &Typed::default()), Some(Wish::of::<ChangeUser>(&none)));

        let ask = Ask::AddIdentity("jane".to_owned());
        assert_eq!(wish(&ask, &Typed { login: "jd", ..Typed::default() }), None);
        let typed = Typed { provider: "ldap", login: "jd", ..Typed::default() };
        let add = UserChange { add: Some(identity_of("ldap", "jd")), ..user.clone() };
        assert_eq!(wish(&ask, &typed), Some(Wish::of::<ChangeUser>(&add)));

        let jd = identity_of("ldap", "jd");
        let ask = Ask::RemoveIdentity("jane".to_owned(), jd.clone());
        let remove = UserChange { remove: Some(jd), ..user };
        assert_eq!(wish(&ask, &Typed::default()), Some(Wish::of::<ChangeUser>(&remove)));
    }

    #[test]
    fn groups_take_in_and_let_go() {
        let change = |add: &[&str], remove: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            GroupChange { name: "QA".to_owned(), add: owned(add), remove: owned(remove) }
        };
        let ask = Ask::AddMembers("QA".to_owned());
        assert_eq!(wish(&ask, &Typed { others: " , ", ..Typed::default() }), None);
        let typed = Typed { others: "greg, frank", ..Typed::default() };
        let both = change(&["greg", "frank"], &[]);
        assert_eq!(wish(&ask, &typed), Some(Wish::of::<ChangeGroup>(&both.clone())));
        let ask = Ask::CreateGroup(String::new());
        assert_eq!(wish(&ask, &typed), None);
        let typed = Typed { name: "QA", ..typed };
        assert_eq!(wish(&ask, &typed), Some(Wish::of::<CreateGroup>(&both)));
        let ask = Ask::AddToGroup("greg".to_owned());
        let greg = Some(Wish::of::<ChangeGroup>(&change(&["greg"], &[])));
        assert_eq!(wish(&ask, &Typed { others: "", ..typed }), greg);
        assert_eq!(wish(&ask, &Typed::default()), None);
        let ask = Ask::Leave { group: "QA".to_owned(), user: "greg".to_owned() };
        let gone = Some(Wish::of::<ChangeGroup>(&change(&[], &["greg"])));
        assert_eq!(wish(&ask, &Typed::default()), gone);
    }
}
