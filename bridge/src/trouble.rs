// SPDX-License-Identifier: LGPL-2.1-or-later

//! Why a connection could not be made: read from the causes of an error, whichever client it comes
//! from.

use std::error::Error;
use std::io::ErrorKind;

use rustls::{AlertDescription, CertificateError, Error as Tls};

/// How many causes are looked at. A chain that is longer turns in circles.
const DEPTH: usize = 32;

/// Why a connection could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing listens there.
    Refused,
    /// There is no host of that name.
    NoSuchHost,
    /// No way leads to the host.
    NoWay,
    /// The host is silent.
    TimedOut,
    /// The other side hung up.
    HungUp,
    /// Nobody we trust signed the certificate.
    UnknownAuthority,
    /// The certificate is for another name.
    WrongName,
    /// The certificate is no longer valid.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// Something else is wrong with the certificate.
    Certificate,
    /// The other side does not accept our certificate, or wants one.
    OurCertificate,
    /// The other side does not speak TLS.
    NotTls,
    /// None of these.
    Other,
}

impl Trouble {
    /// Reads the causes of an error, from the outside in; the innermost that says something is
    /// believed.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut found = Self::Other;
        let mut cause = Some(error);
        for _ in 0..DEPTH {
            let Some(error) = cause else { break };
            let said = Self::of_one(error);
            if said != Self::Other {
                found = said;
            }
            cause = next(error);
        }
        found
    }

    /// Whether it is about the other side's certificate.
    pub fn is_about_their_certificate(self) -> bool {
        matches!(
            self,
            Self::UnknownAuthority
                | Self::WrongName
                | Self::Expired
                | Self::NotYetValid
                | Self::Certificate
        )
    }

    fn of_one(error: &(dyn Error + 'static)) -> Self {
        if let Some(error) = error.downcast_ref::<Tls>() {
            return Self::of_tls(error);
        }
        // Only the words of the resolver tell that it was one.
        if error.to_string().contains("failed to lookup address information") {
            return Self::NoSuchHost;
        }
        match error.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
            Some(ErrorKind::ConnectionRefused) => Self::Refused,
            Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => Self::NoWay,
            Some(ErrorKind::TimedOut) => Self::TimedOut,
            Some(
                ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof,
            ) => Self::HungUp,
            _ => Self::Other,
        }
    }

    fn of_tls(error: &Tls) -> Self {
        match error {
            Tls::InvalidCertificate(error) => match error {
                CertificateError::UnknownIssuer => Self::UnknownAuthority,
                // An authority of the same name with another key: all of kubeadm's are called
                // kubernetes.
                CertificateError::BadSignature => Self::UnknownAuthority,
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => Self::WrongName,
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    Self::Expired
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    Self::NotYetValid
                }
                // What webpki says of a certificate that signed itself and is no authority.
                _ if error.to_string().contains("CaUsedAsEndEntity") => Self::UnknownAuthority,
                _ => Self::Certificate,
            },
            Tls::AlertReceived(
                AlertDescription::BadCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRequired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::UnsupportedCertificate,
            ) => Self::OurCertificate,
            Tls::InvalidMessage(_) => Self::NotTls,
            _ => Self::Other,
        }
    }
}

/// The cause below. An I/O error hides what it wraps from `source`.
fn next<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    match wrapped {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("client error (Connect)")]
    struct Outer(#[source] io::Error);

    #[test]
    fn finds_what_is_wrapped() {
        let tls = Tls::InvalidCertificate(CertificateError::UnknownIssuer);
        let error = Outer(io::Error::new(ErrorKind::InvalidData, tls));
        assert_eq!(Trouble::of(&error), Trouble::UnknownAuthority);
        assert!(Trouble::of(&error).is_about_their_certificate());
        assert_eq!(Trouble::of(&Outer(ErrorKind::ConnectionRefused.into())), Trouble::Refused);
        assert_eq!(Trouble::of(&Outer(io::Error::other("x"))), Trouble::Other);
    }

    #[test]
    fn a_name_that_nobody_has() {
        let error = std::net::ToSocketAddrs::to_socket_addrs("no-such-host.invalid:1").err();
        assert_eq!(error.map(|error| Trouble::of(&error)), Some(Trouble::NoSuchHost));
    }
}
