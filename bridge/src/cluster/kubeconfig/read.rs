// SPDX-License-Identifier: LGPL-2.1-or-later

//! Reading kubeconfig files and merging them as kubectl does.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use kube::config::{AuthInfo, Kubeconfig, KubeconfigError};

use super::Error;
use crate::file_watch::{Fingerprint, Seen};

/// The largest file, in bytes.
const LIMIT: usize = 4 << 20;

/// Reads and merges these files; those that are not there are left out. Tells what was read, and
/// which of them were there.
pub(super) fn merged(files: &[PathBuf]) -> Result<(Kubeconfig, Seen, Vec<PathBuf>), Error> {
    let mut merged = Kubeconfig::default();
    let (mut seen, mut found) = (Seen::new(), Vec::new());
    for file in files {
        let Some(bytes) = read(file)? else {
            seen.insert(file.clone(), Fingerprint::ABSENT);
            continue;
        };
        seen.insert(file.clone(), Fingerprint::of(&bytes));
        let next = parsed(file, &bytes)?;
        merged = merged.merge(next).map_err(|_| Error::OtherKind { file: file.clone() })?;
        found.push(file.clone());
    }
    Ok((merged, seen, found))
}

fn read(file: &Path) -> Result<Option<Vec<u8>>, Error> {
    let failed = |source| Error::Unreadable { file: file.to_owned(), source };
    let mut bytes = Vec::new();
    match File::open(file) {
        Ok(file) => file.take(LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(failed)?,
        // A folder that is a file is no folder, and so the file is not there either.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
    };
    if bytes.len() > LIMIT {
        return Err(Error::TooLarge { file: file.to_owned(), limit: LIMIT });
    }
    Ok(Some(bytes))
}

/// Reads the text of a file. Paths in it start from its folder.
pub(super) fn parsed(file: &Path, bytes: &[u8]) -> Result<Kubeconfig, Error> {
    let wrong = |line| Error::Unparsable { file: file.to_owned(), line };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        wrong(Some(1 + before.iter().filter(|byte| **byte == b'\n').count() as u64))
    })?;
    let mut kubeconfig = Kubeconfig::from_yaml(text).map_err(|error| match error {
        // Its words would quote the file.
        KubeconfigError::Parse(error) => {
            wrong(error.location().map(|location| location.line()).filter(|line| *line > 0))
        }
        _ => wrong(None),
    })?;
    // What kubectl writes for nothing.
    kubeconfig.current_context = kubeconfig.current_context.filter(|name| !name.is_empty());
    let folder = file.parent().unwrap_or(Path::new("/"));
    for cluster in kubeconfig.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        let cluster_file = &mut cluster.certificate_authority;
        complete(folder, cluster_file);
        drop_empty(&mut cluster.certificate_authority_data);
        drop_empty(&mut cluster.tls_server_name);
    }
    for login in kubeconfig.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        complete_login(folder, login);
    }
    Ok(kubeconfig)
}

fn complete_login(folder: &Path, login: &mut AuthInfo) {
    complete(folder, &mut login.client_certificate);
    complete(folder, &mut login.client_key);
    complete(folder, &mut login.token_file);
    drop_empty(&mut login.client_certificate_data);
    drop_empty(&mut login.username);
    if let Some(exec) = &mut login.exec {
        // A bare name is looked up in PATH.
        if exec.command.as_ref().is_some_and(|command| command.contains('/')) {
            complete(folder, &mut exec.command);
        }
    }
}

fn complete(folder: &Path, file: &mut Option<String>) {
    drop_empty(file);
    if let Some(file) = file
        && let Some(path) = folder.join(&*file).to_str()
    {
        *file = path.to_owned();
    }
}

fn drop_empty(text: &mut Option<String>) {
    if text.as_ref().is_some_and(String::is_empty) {
        *text = None;
    }
}
