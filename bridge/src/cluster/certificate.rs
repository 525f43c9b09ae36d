// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is told of an X.509 certificate.

use std::fmt;
use std::fmt::Write as _;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The largest name that is shown, in characters.
const NAME_LIMIT: usize = 200;

/// A certificate, as far as people look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// Whose it is.
    pub(crate) subject: String,
    /// Who signed it.
    pub(super) issuer: String,
    /// When it starts to be valid: seconds since the Unix epoch.
    pub(super) from: i64,
    /// The last second in which it is valid, since the Unix epoch.
    pub(super) until: i64,
    /// SHA-256 of its DER.
    pub(super) fingerprint: [u8; 32],
}

/// Why a certificate is not valid at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// It is valid from this second since the Unix epoch on.
    NotYet(i64),
    /// It was valid up to this second since the Unix epoch.
    Expired(i64),
}

impl Certificate {
    /// Reads DER. `None` when it is no certificate.
    pub(crate) fn parse(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, der).as_ref());
        Some(Self {
            subject: shown(certificate.subject()),
            issuer: shown(certificate.issuer()),
            from: certificate.validity().not_before.timestamp(),
            until: certificate.validity().not_after.timestamp(),
            fingerprint,
        })
    }

    /// Its fingerprint in words: `AB:CD:…`.
    pub(crate) fn fingerprint(&self) -> String {
        let bytes: Vec<_> = self.fingerprint.iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(":")
    }

    /// Whether it is not valid now, and why.
    pub(super) fn invalid_at(&self, now: Timestamp) -> Option<Invalid> {
        let now = now.as_second();
        if now > self.until {
            Some(Invalid::Expired(self.until))
        } else if now < self.from {
            Some(Invalid::NotYet(self.from))
        } else {
            None
        }
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Subject: {}", self.subject)?;
        writeln!(f, "Issuer: {}", self.issuer)?;
        writeln!(f, "Valid from: {}", date(self.from))?;
        writeln!(f, "Valid until: {}", date(self.until))?;
        write!(f, "SHA-256 fingerprint: {}", self.fingerprint())
    }
}

/// A time for people: to the second, in UTC.
pub(super) fn date(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => "a time beyond all calendars".to_owned(),
    }
}

/// A name without what could break the line that it stands in.
fn shown(name: &impl fmt::Display) -> String {
    let mut text = String::new();
    // Writing to a String does not fail, but a name's own text may.
    let _ = write!(text, "{name}");
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(NAME_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_whose_it_is_and_when_it_is_valid() {
        let mut params = rcgen::CertificateParams::new(["planet.example.com".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, "amy\nforged: line");
        params.not_before = rcgen::date_time_ymd(2020, 1, 2);
        params.not_after = rcgen::date_time_ymd(2021, 1, 2);
        let key = rcgen::KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap();
        let certificate = Certificate::parse(der.der()).unwrap();
        let text = certificate.to_string();
        assert!(text.starts_with("Subject: CN=amy forged: line\nIssuer: CN=amy"), "{text}");
        assert!(text.contains("Valid until: 2021-01-02 00:00:00 UTC"), "{text}");
        assert_eq!(text.lines().count(), 5);
        let at = |text: &str| certificate.invalid_at(text.parse().unwrap());
        assert_eq!(at("2020-06-01T00:00:00Z"), None);
        assert_eq!(at("2019-06-01T00:00:00Z"), Some(Invalid::NotYet(certificate.from)));
        assert_eq!(at("2022-06-01T00:00:00Z"), Some(Invalid::Expired(certificate.until)));
        assert_eq!(Certificate::parse(b"0\x82\xff"), None);
    }
}
