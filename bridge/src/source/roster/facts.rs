// SPDX-License-Identifier: LGPL-2.1-or-later

//! From the cluster's objects to facts.

use images_roster::facts::{self, Fact, Kind};
use images_roster::rules;

use super::follow::Read;
use crate::body::excerpt;
use crate::cluster::binding::{self, Binding};
use crate::cluster::described::Described;
use crate::cluster::group::Group;
use crate::cluster::project::Project;
use crate::cluster::robot_token::RobotToken;
use crate::cluster::role::Role;
use crate::cluster::service_account::ServiceAccount;
use crate::cluster::user::User;
use crate::timestamp::seconds;

/// Text that somebody wrote, bounded; nothing is no text.
fn text(text: &str) -> Option<String> {
    Some(excerpt(text.as_bytes())).filter(|text| !text.is_empty())
}

fn time(time: Option<&str>) -> Option<i64> {
    time.and_then(seconds)
}

impl Read for Project {
    const KIND: Kind = Kind::Project;
    const WORDS: &'static str = "the projects";

    fn fact(self) -> Option<Fact> {
        let note = |note: Option<&str>| note.and_then(text);
        let metadata = &self.metadata;
        Some(Fact::Project(facts::Project {
            display_name: note(metadata.note(|notes| notes.display_name.as_ref())),
            description: note(metadata.note(|notes| notes.description.as_ref())),
            requester: note(metadata.note(|notes| notes.requester.as_ref())),
            created: time(metadata.creation_timestamp.as_deref()),
            terminating: self.is_terminating(),
            name: self.metadata.name,
        }))
    }
}

impl Read for User {
    const KIND: Kind = Kind::User;
    const WORDS: &'static str = "the users";

    fn fact(self) -> Option<Fact> {
        Some(Fact::User(facts::User {
            full_name: self.full_name.as_deref().and_then(text),
            created: time(self.metadata.creation_timestamp.as_deref()),
            identities: self.identities().collect(),
            name: self.metadata.name,
        }))
    }
}

impl Read for Group {
    const KIND: Kind = Kind::Group;
    const WORDS: &'static str = "the groups";

    fn fact(self) -> Option<Fact> {
        let server = self.metadata.note(|notes| notes.ldap_url.as_ref());
        let server = server.or_else(|| self.metadata.note(|notes| notes.ldap_host.as_ref()));
        Some(Fact::Group(facts::Group {
            filled_by: server.and_then(text),
            created: time(self.metadata.creation_timestamp.as_deref()),
            users: self.users.unwrap_or_default(),
            name: self.metadata.name,
        }))
    }
}

impl Read for ServiceAccount {
    const KIND: Kind = Kind::Robot;
    const WORDS: &'static str = "the service accounts";

    fn fact(self) -> Option<Fact> {
        Some(Fact::Robot(facts::Robot {
            system: self.is_system(),
            created: time(self.metadata.creation_timestamp.as_deref()),
            project: self.metadata.namespace?,
            name: self.metadata.name,
        }))
    }
}

impl Read for RobotToken {
    const KIND: Kind = Kind::Token;
    const WORDS: &'static str = "the robots' tokens";

    fn fact(self) -> Option<Fact> {
        let metadata = &self.metadata;
        Some(Fact::Token(facts::Token {
            robot: metadata.note(|notes| notes.robot.as_ref())?.to_owned(),
            purpose: metadata.note(|notes| notes.purpose.as_ref()).and_then(text),
            created: time(metadata.creation_timestamp.as_deref()),
            expires: time(metadata.note(|notes| notes.expires.as_ref())),
            project: self.metadata.namespace?,
            name: self.metadata.name,
        }))
    }
}

impl Read for Role {
    const KIND: Kind = Kind::Role;
    const WORDS: &'static str = "the roles";

    fn fact(mut self) -> Option<Fact> {
        let Described { namespace, name, .. } = std::mem::take(&mut self.metadata);
        Some(Fact::Role(rules::role(namespace, name, &self.into_rules())))
    }
}

impl Read for Binding {
    const KIND: Kind = Kind::Binding;
    const WORDS: &'static str = "the role bindings";

    fn fact(self) -> Option<Fact> {
        let subjects = self.subjects.unwrap_or_default();
        Some(Fact::Binding(facts::Binding {
            role: self.role_ref.read(),
            subjects: subjects.iter().filter_map(binding::Subject::read).collect(),
            project: self.metadata.namespace,
            name: self.metadata.name,
        }))
    }
}
