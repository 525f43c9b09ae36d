// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who vouches for a registry's certificate, and what people compare where nobody does.

use images_proto::access::Trust;
use yew::prelude::*;

use super::{Ticks, tick};
use crate::components::alert::{Alert, Severity};
use crate::components::description::{Fact, facts};
use crate::text::tr;

/// Who vouches for the certificate that is to be written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Voucher<'a> {
    /// There is no certificate to write.
    NoCertificate,
    /// The cluster told us whose signature it is.
    Cluster(Certificate<'a>),
    /// Only the server presented it, or whoever answers in its place.
    Nobody(Certificate<'a>),
}

/// What is known of the certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Certificate<'a> {
    subject: Option<&'a str>,
    /// SHA-256.
    fingerprint: Option<&'a str>,
}

impl<'a> Voucher<'a> {
    pub(super) fn of(trust: &'a Trust) -> Self {
        let Trust::Authority { vouched, subject, fingerprint, .. } = trust else {
            return Self::NoCertificate;
        };
        let (subject, fingerprint) = (subject.as_deref(), fingerprint.as_deref());
        let certificate = Certificate { subject, fingerprint };
        match vouched {
            true => Self::Cluster(certificate),
            false => Self::Nobody(certificate),
        }
    }

    /// Whether somebody has to compare the fingerprint before it is written.
    pub(super) fn wants_comparison(self) -> bool {
        matches!(self, Self::Nobody(_))
    }
}

/// Says who vouches, and has the fingerprint compared where it must be. Without a fingerprint there
/// is nothing to tick, so that nothing is written.
pub(super) fn compare(voucher: Voucher<'_>, ticks: &UseStateHandle<Ticks>) -> Html {
    match voucher {
        Voucher::NoCertificate => html! {},
        Voucher::Cluster(certificate) => html! {
            <>
                <p data-testid="trust-vouched">{ tr("An authority of the cluster vouches for it.") }</p>
                { told(certificate) }
            </>
        },
        Voucher::Nobody(certificate) => {
            let next = Ticks { compared: !ticks.compared, ..**ticks };
            html! {
                <>
                    <Alert severity={Severity::Warning} testid="trust-unvouched"
                        title={tr("Nobody but the registry itself vouches for this certificate")}>
                        <p>{ tr("Somebody on the way to it could have presented another one. Compare the fingerprint with what the registry's administrator tells you.") }</p>
                    </Alert>
                    { told(certificate) }
                    if certificate.fingerprint.is_some() {
                        { tick(tr("I have compared the fingerprint: it is the same."), "trust-compared",
                            ticks.compared, ticks, next) }
                    }
                </>
            }
        }
    }
}

fn told(certificate: Certificate<'_>) -> Html {
    let unknown = || tr("Not known");
    let subject = certificate.subject.map_or_else(unknown, str::to_owned);
    let fingerprint = certificate.fingerprint.map_or_else(unknown, str::to_owned);
    facts(vec![
        Fact {
            term: tr("Certificate of"),
            value: html! { <span class="images-break">{ subject }</span> },
            testid: "trust-subject",
        },
        Fact {
            term: tr("SHA-256 fingerprint"),
            value: html! { <code class="images-break">{ fingerprint }</code> },
            testid: "trust-fingerprint",
        },
    ])
}
