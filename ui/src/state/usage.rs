// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who uses an image: the chain of owners, and what may be said about all users together.

use images_proto::usage::{How, Owned, Used, User};

/// The most users that are shown before somebody wants to see all.
pub const FOLDED: usize = 5;

/// A link of the chain from what stands at the top down to what uses the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link<'a> {
    /// One thing.
    One(&'a Owned),
    /// So many pods that are alike.
    Pods(u32),
}

/// The chain below the user itself. Pods that are alike are counted: the names of all but one are
/// not known, and that of one says nothing.
pub fn chain(user: &User) -> impl Iterator<Item = Link<'_>> {
    let last = user.through.len().saturating_sub(1);
    user.through.iter().enumerate().map(move |(idx, owned)| {
        match idx == last && user.count > 1 && owned.kind == "Pod" {
            true => Link::Pods(user.count),
            false => Link::One(owned),
        }
    })
}

/// What is known of all users together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was looked at, and nobody uses it.
    Unused,
    /// Nobody is known to use it, but not everything could be looked at.
    Unknown,
    /// So many use it, hidden ones included; so many of those that are named run.
    By {
        /// Users.
        users: u64,
        /// Running ones among those that are named.
        running: u64,
        /// There may be more.
        at_least: bool,
    },
}

/// Sums the users up.
pub fn verdict(used: &Used) -> Verdict {
    let users = u64::from(used.total) + u64::from(used.hidden.unwrap_or(0));
    let is_whole = used.hidden.is_some() && used.unread.is_empty();
    let running = used.users.iter().filter(|user| user.how == How::Running).count() as u64;
    match (users, is_whole) {
        (0, true) => Verdict::Unused,
        (0, false) => Verdict::Unknown,
        _ => Verdict::By { users, running, at_least: !is_whole },
    }
}

#[cfg(test)]
mod tests {
    use images_proto::{Code, Digest, Failure};

    use super::*;

    fn user(through: &[&str], count: u32) -> User {
        let owned = |kind: &&str| Owned { kind: (*kind).to_owned(), name: "web-7d9".to_owned() };
        User {
            kind: "Deployment".to_owned(),
            project: "shop".to_owned(),
            name: "web".to_owned(),
            through: through.iter().map(owned).collect(),
            container: None,
            asks: None,
            digest: Digest::from_bytes([1; 32]),
            how: How::Running,
            moved: false,
            count,
        }
    }

    #[test]
    fn pods_that_are_alike_are_counted() {
        let many = user(&["ReplicaSet", "Pod"], 3);
        assert_eq!(chain(&many).collect::<Vec<_>>(), [Link::One(&many.through[0]), Link::Pods(3)]);
        let one = user(&["ReplicaSet", "Pod"], 1);
        assert_eq!(chain(&one).last(), Some(Link::One(&one.through[1])));
        // The count of something else is no count of pods.
        let replicas = user(&["ReplicaSet"], 3);
        assert_eq!(chain(&replicas).last(), Some(Link::One(&replicas.through[0])));
        assert_eq!(chain(&user(&[], 3)).next(), None);
    }

    #[test]
    fn unused_is_said_only_when_all_was_looked_at() {
        let nobody = Used { hidden: Some(0), ..Used::default() };
        assert_eq!(verdict(&nobody), Verdict::Unused);
        assert_eq!(verdict(&Used { hidden: None, ..nobody.clone() }), Verdict::Unknown);
        let unread = vec![Failure::new(Code::Forbidden, "pods")];
        assert_eq!(verdict(&Used { unread: unread.clone(), ..nobody.clone() }), Verdict::Unknown);
        let hidden = Used { hidden: Some(2), ..nobody };
        assert_eq!(verdict(&hidden), Verdict::By { users: 2, running: 0, at_least: false });
        let some = Used { users: vec![user(&[], 1)], total: 1, hidden: Some(0), unread };
        assert_eq!(verdict(&some), Verdict::By { users: 1, running: 1, at_least: true });
    }
}
