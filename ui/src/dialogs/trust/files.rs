// SPDX-License-Identifier: LGPL-2.1-or-later

//! Looking at the files of this host, writing and removing them.

use images_proto::access::Address;

use crate::host::{self, ABSENT, File, Refused};
use crate::state::trust::{Act, Change, DOCKER, LONGEST, NoFiles, Present, TrustFile, files};

/// What was found on this host.
#[derive(PartialEq)]
pub(super) struct Look {
    /// All files that may be there, each with what is in its place.
    pub(super) files: Vec<(TrustFile, Option<File>)>,
    /// Why none is to be written.
    pub(super) nothing: Option<NoFiles>,
    /// Whether this host has docker.
    pub(super) docker: bool,
}

impl Look {
    /// Whether there is a file that an act changes.
    pub(super) fn takes(&self, act: Act, differing: bool) -> bool {
        self.files
            .iter()
            .any(|(file, there)| act.change(file, is(file, there.as_ref()), differing).is_some())
    }

    /// The files that concern somebody: those that are wanted, and those that we left.
    pub(super) fn shown(&self) -> impl Iterator<Item = (&TrustFile, Option<&File>, Present)> {
        let files = self.files.iter().map(|(file, there)| {
            let there = there.as_ref();
            (file, there, is(file, there))
        });
        files.filter(|(file, _, present)| {
            file.is_wanted || matches!(present, Present::Ours | Present::Older)
        })
    }
}

/// What a file is to the one in its place.
fn is(file: &TrustFile, there: Option<&File>) -> Present {
    file.compare(there.map(|there| there.text.as_str()))
}

/// Why there is nothing to show.
#[derive(Clone, PartialEq)]
pub(super) enum Why {
    /// There can be no files for the address.
    Nothing(NoFiles),
    /// The host refused.
    Refused(Refused),
}

impl From<Refused> for Why {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// Reads what is in the places of the files.
pub(super) async fn look(address: &Address) -> Result<Look, Why> {
    let docker = match host::run(&["test", "-d", DOCKER]).await {
        Ok(()) => true,
        Err(Refused::Denied) => return Err(Refused::Denied.into()),
        Err(_) => false,
    };
    let (places, nothing) = files(address, docker).map_err(Why::Nothing)?;
    let mut look = Look { files: Vec::new(), nothing, docker };
    for file in places {
        let there = host::read(&file.path, LONGEST).await?;
        look.files.push((file, there));
    }
    Ok(look)
}

/// Does it. A file that changed since the look stays as it is.
pub(super) async fn perform(look: &Look, act: Act, differing: bool) -> Result<(), Why> {
    for (file, there) in &look.files {
        let tag = there.as_ref().map_or(ABSENT, |there| there.tag.as_str());
        match act.change(file, is(file, there.as_ref()), differing) {
            Some(Change::Write) => {
                let Some(content) = file.content() else { continue };
                host::run(&["mkdir", "-p", "--", file.folder()]).await?;
                host::replace(&file.path, Some(&content), tag).await?;
            }
            Some(Change::Remove) => host::replace(&file.path, None, tag).await?,
            None => {}
        }
    }
    Ok(())
}
