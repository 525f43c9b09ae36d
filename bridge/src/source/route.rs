// SPDX-License-Identifier: LGPL-2.1-or-later

//! The ladder of routes to the registry: tried from the top, the first that answers is taken, and
//! each says in words why it was not.
//!
//! 1. an address that an administrator or the user set; if there is one it is the only rung,
//! 2. the address for clients outside that the cluster announces,
//! 3. the service's own address, for a host that is a node,
//! 4. the API server's service proxy, for registries that want no login,
//! 5. a port-forward through the API server to a pod of the registry.

mod diagnosis;
mod ladder;
pub(super) mod login;
mod place;
mod port_forward;
pub(super) mod public;
mod service_proxy;
mod trust;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use http::StatusCode;
use images_proto::route::{Choice, Found, Identity, Kind, View};
use images_proto::{Code, Failure, Offer};
use tokio::time::timeout;

use self::ladder::Ladder;
use self::login::Who;
use self::place::Place;
use self::port_forward::{NoPod, ToPod};
use self::service_proxy::ServiceProxy;
use crate::cluster::Cluster;
use crate::cluster::service::Endpoint;
use crate::registry::authorized::Authorized;
use crate::registry::direct::{self, Address, Direct};
use crate::registry::login::Login;
use crate::registry::tunnel::Tunnel;
use crate::registry::{Carrier, Error, Registry, Standing};
use crate::session::settings::Settings;
use crate::trouble::Trouble;

/// How long a rung may take to answer.
const PROBE: Duration = Duration::from_secs(10);
/// Services asked at once whether they are a registry.
const PROBES: usize = 4;

/// A registry that answered.
#[derive(Clone)]
pub(super) struct Reached {
    pub(super) registry: Registry,
    /// The route, in words.
    pub(super) words: String,
    /// The program that answers, if it says so.
    pub(super) product: Option<String>,
    /// The host for pull commands, if clients can reach the registry by it.
    pub(super) host: Option<String>,
    /// The service behind the route, where that is known: namespace and name.
    pub(super) service: Option<(String, String)>,
    /// Who we are to it.
    pub(super) identity: Option<Identity>,
    /// Until when that holds, as it is now.
    pub(super) expires: Option<login::Expires>,
    /// Whether that is the cluster's token.
    pub(super) is_cluster_login: bool,
    /// The place, for a login.
    pub(super) goal: login::Goal,
}

/// What the routes are tried with.
pub(super) struct Search<'a> {
    pub(super) settings: &'a Settings,
    pub(super) cluster: Option<&'a Cluster>,
    /// The public host that the image streams name, if they name one; `None` where there are no
    /// image streams.
    pub(super) openshift: Option<Option<&'a str>>,
    /// Is told how far it is.
    pub(super) tell: &'a (dyn Fn(View) + Sync),
}

/// Climbs the ladder.
///
/// # Errors
/// When no route leads to a registry: the nearest miss, or what the cluster knows about it.
pub(super) async fn find(search: Search<'_>) -> Result<Reached, Failure> {
    let settings = search.settings;
    let typed = settings.logins.typed();
    let choice = search.cluster.and_then(|cluster| settings.choices.registry(cluster.server()));
    let configured = settings.registry()?;
    let view = View { choice: choice.clone(), configured: configured.is_some(), ..View::default() };
    let mut climb = Climb { ladder: Ladder::new(view, search.tell), search };
    let reached = match (configured, choice) {
        (Some(address), _) => climb.configured(address).await,
        (None, Some(Choice::Address(text))) => climb.chosen(&text).await,
        (None, choice) => climb.cluster(choice.as_ref()).await,
    };
    match reached {
        Ok(reached) => {
            settings.logins.settle(typed, None);
            climb.ladder.reached(reached.identity.clone());
            Ok(reached)
        }
        Err(miss) => {
            // What somebody types goes to the place of which he was told, and to no other.
            let wanted = miss.failure.offers.contains(&Offer::Login);
            let wanted = miss.wants.filter(|_| wanted);
            climb.ladder.wants_login(wanted.as_ref().map(|wants| wants.route.clone()));
            settings.logins.settle(typed, wanted.map(|wants| wants.goal));
            Err(miss.failure)
        }
    }
}

/// The ladder while it is climbed.
struct Climb<'a> {
    search: Search<'a>,
    ladder: Ladder<'a>,
}

/// A way to a registry that can be tried.
struct Rung {
    /// In words, such as an address.
    route: String,
    /// The key of a login for it.
    key: String,
    /// Whether nobody can read along on the way.
    encrypted: bool,
    /// The host for clients.
    host: Option<String>,
    place: Option<Place>,
    carrier: Result<Arc<dyn Carrier>, Failure>,
}

impl Rung {
    /// A rung to a service of the cluster, which has no host for clients.
    fn to(
        cluster: &Cluster,
        place: &Place,
        route: String,
        encrypted: bool,
        carrier: Result<Arc<dyn Carrier>, Failure>,
    ) -> Self {
        let key = key(Some(cluster), &place.key());
        Self { route, key, encrypted, host: None, place: Some(place.clone()), carrier }
    }
}

/// The place of a rung that would take a login.
#[derive(Clone)]
struct Wants {
    /// In words.
    route: String,
    goal: login::Goal,
}

/// A rung that leads nowhere.
#[derive(Clone)]
struct Miss {
    failure: Failure,
    /// How near it came.
    nearness: Nearness,
    /// The place, for a login.
    wants: Option<Wants>,
    /// Whether neither TLS nor doing without would change it.
    is_final: bool,
}

/// How near a rung came: a registry that says no is nearer than one that is silent, and that nearer
/// than a way on which one may not go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    /// A registry that wants a login.
    Login,
    /// A registry that refuses.
    Refused,
    /// A registry with a fault.
    Faulty,
    /// Something that is silent, or cannot be trusted.
    Silent,
    /// A registry that the cluster does not reach.
    Unreachable,
    /// A way that is closed to this user.
    Closed,
    /// A service's own address, seen from a host that is no node.
    Outside,
    /// Nothing, or no registry.
    Nothing,
}

impl Miss {
    fn nothing(failure: Failure) -> Self {
        Self { failure, nearness: Nearness::Nothing, wants: None, is_final: true }
    }

    fn offering(self, offer: Offer) -> Self {
        Self { failure: self.failure.offering(offer), ..self }
    }
}

impl Climb<'_> {
    /// The address that an administrator set.
    async fn configured(&mut self, address: Address) -> Result<Reached, Miss> {
        let who = self.who_at(&address).await;
        let authorities = self.authorities_at(&address).await;
        let rung = self.at(address, &authorities, None, &who);
        self.rung(Kind::Configured, rung, &who).await.map_err(hand_set)
    }

    /// The address that the user typed, with or without a scheme.
    async fn chosen(&mut self, text: &str) -> Result<Reached, Miss> {
        let address = match text.contains("://") {
            true => Address::parse(text),
            false => Address::of_host(text, true),
        };
        let address = match address {
            Ok(address) => address,
            Err(error) => {
                let message = format!("The registry's address cannot be used: {error}.");
                let failure = Failure::new(Code::NoRegistry, message);
                return Err(Miss::nothing(failure).offering(Offer::SetRegistry));
            }
        };
        if text.contains("://") {
            return self.configured(address).await;
        }
        let who = self.who_at(&address).await;
        let authorities = self.authorities_at(&address).await;
        let reached = self.host(Kind::Configured, &address.host(), &who, &authorities).await;
        reached.map_err(hand_set)
    }

    /// Who we are at an address that somebody set.
    async fn who_at(&self, address: &Address) -> Who {
        match (address.login(), self.typed(&address.host())) {
            (Some(login), _) => Who::with(Some(login.clone())),
            (None, Some(login)) => Who::with(Some(login)),
            (None, None) => self.known_to_openshift(address).await,
        }
    }

    /// The cluster's own authorities vouch for nothing but what is in the cluster.
    async fn authorities_at(&self, address: &Address) -> Vec<Vec<u8>> {
        let public = self.search.openshift.flatten();
        let inside = address.name().ends_with(".svc")
            || address.name().ends_with(".svc.cluster.local")
            || public.is_some_and(|public| public == address.host());
        let cluster = self.search.cluster.filter(|_| inside);
        trust::authorities(cluster, None, &address.host()).await
    }

    /// Whatever the cluster has.
    async fn cluster(&mut self, choice: Option<&Choice>) -> Result<Reached, Miss> {
        let Some(cluster) = self.search.cluster else {
            return Err(Miss::nothing(nothing_found(None)));
        };
        match self.search.openshift {
            Some(public) => self.openshift(cluster, public, choice).await,
            None => self.plain(cluster, choice).await,
        }
    }

    async fn openshift(
        &mut self,
        cluster: &Cluster,
        public: Option<&str>,
        choice: Option<&Choice>,
    ) -> Result<Reached, Miss> {
        let place = match choice {
            Some(Choice::Service { namespace, name, port }) => {
                Some(place::chosen(cluster, namespace, name, *port).await)
            }
            _ => place::of_openshift(cluster).await.unwrap_or_default(),
        };
        let keys = [place.as_ref().map(Place::key), public.map(str::to_owned)];
        let typed = keys.iter().flatten().find_map(|key| self.typed(key));
        let who = match typed {
            Some(login) => Ok(Who::with(Some(login))),
            // The cluster's tokens are for its own registry, whatever somebody chose.
            None if place.as_ref().is_some_and(|place| !place.is_openshifts()) => {
                Ok(Who::default())
            }
            None => login::of_openshift(cluster).await,
        };
        let who = match who {
            Ok(who) => who,
            // Without a token nothing can be asked on any route; why it does not run still can.
            Err(failure) => {
                self.ladder.skipped(Kind::Public, public, failure.message.clone());
                let diagnosis = diagnosis::of(cluster, place.as_ref(), true).await;
                let is_absent = public.is_none() && place.is_none();
                let absent = is_absent.then(diagnosis::absent);
                return Err(Miss::nothing(diagnosis.or(absent).unwrap_or(failure)));
            }
        };
        let mut nearest = None;
        // The public host is that of OpenShift's own registry.
        let own = place.as_ref().is_none_or(Place::is_openshifts);
        match public.filter(|_| own).map(|host| Address::of_host(host, true)) {
            Some(Ok(address)) => {
                let namespace = place.as_ref().map(|place| place.namespace.as_str());
                let authorities = self.authorities(namespace, &address.host()).await;
                let rung = self.at(address, &authorities, place.clone(), &who);
                match self.rung(Kind::Public, rung, &who).await {
                    Ok(reached) => return Ok(reached),
                    Err(miss) => nearest = nearer(nearest, miss),
                }
            }
            _ => {
                let why = "The registry has no address outside of the cluster. An administrator \
                           can expose it (defaultRoute of its operator).";
                self.ladder.skipped(Kind::Public, None, why.to_owned());
            }
        }
        let Some(place) = place else {
            let diagnosis = diagnosis::of(cluster, None, true).await;
            return Err(self.told(nearest, diagnosis.or_else(|| Some(diagnosis::absent()))));
        };
        match self.service(cluster, &place, &who).await {
            Ok(reached) => return Ok(reached),
            Err(miss) => nearest = nearer(nearest, miss),
        }
        let why = "OpenShift's registry wants a login with every request, and the API server's \
                   proxy passes none on.";
        self.ladder.skipped(Kind::Proxy, None, why.to_owned());
        match self.port_forward(cluster, &place, &who).await {
            Ok(reached) => return Ok(reached),
            Err(miss) => nearest = nearer(nearest, miss),
        }
        let diagnosis = diagnosis::of(cluster, Some(&place), true).await;
        Err(self.told(nearest, diagnosis))
    }

    async fn plain(&mut self, cluster: &Cluster, choice: Option<&Choice>) -> Result<Reached, Miss> {
        let mut nearest = None;
        if choice.is_none() {
            match public::announced(cluster).await {
                Ok(Some(host)) => match self.announced(&host).await {
                    Ok(reached) => return Ok(reached),
                    Err(miss) => nearest = nearer(nearest, miss),
                },
                Ok(None) => {
                    let why = "The cluster announces none (local-registry-hosting in kube-public).";
                    self.ladder.skipped(Kind::Public, None, why.to_owned());
                }
                Err(error) => {
                    let failure = error.failure("ask what registry the cluster announces");
                    self.ladder.failed(Kind::Public, None, failure);
                }
            }
        }
        let (places, refused) = match choice {
            Some(Choice::Service { namespace, name, port }) => {
                (vec![place::chosen(cluster, namespace, name, *port).await], None)
            }
            _ => {
                let places = place::all(cluster).await;
                (places.places, places.refused)
            }
        };
        let mut wanting = Vec::new();
        for (done, place) in places.iter().enumerate() {
            match self.place(cluster, place).await {
                Ok(reached) => {
                    return self.one_of(cluster, reached, place, &places[done + 1..]).await;
                }
                Err(miss) => {
                    if miss.nearness == Nearness::Login {
                        wanting.push(Found { choice: place.choice(), words: place.words() });
                    }
                    nearest = nearer(nearest, miss);
                }
            }
        }
        if wanting.len() > 1 {
            // The login goes to the one that is told; another has to be chosen first.
            nearest = nearest.map(|miss| miss.offering(Offer::ChooseRegistry));
            self.ladder.found(wanting);
        }
        // What runs nowhere is told only of a place where a registry is expected.
        let mut diagnosis = None;
        if let Some(place) = places.iter().find(|place| place.well_known) {
            diagnosis = diagnosis::of(cluster, Some(place), false).await;
        }
        let is_nothing = nearest.as_ref().is_none_or(|miss| match miss.nearness {
            Nearness::Outside | Nearness::Nothing => true,
            // Of places that were only guessed it says nothing.
            Nearness::Closed | Nearness::Silent => refused.is_some(),
            _ => false,
        });
        if is_nothing && diagnosis.is_none() {
            let mut failure = nothing_found(refused.as_ref());
            if refused.is_some_and(|error| error.is_forbidden()) {
                let user = cluster.user().await;
                failure = failure.with_command(format!(
                    "kubectl create clusterrolebinding cockpit-images-view --clusterrole=view --user={}",
                    crate::shell::word(user.as_deref().unwrap_or("USER"))
                ));
            }
            failure.details = self.ladder.words();
            return Err(Miss::nothing(failure));
        }
        Err(self.told(nearest, diagnosis))
    }

    /// The rungs that lead to one service.
    async fn place(&mut self, cluster: &Cluster, place: &Place) -> Result<Reached, Miss> {
        let who = Who::with(self.typed(&place.key()));
        let mut nearest = match self.service(cluster, place, &who).await {
            Ok(reached) => return Ok(reached),
            Err(miss) => Some(miss),
        };
        let mut by_proxy =
            self.proxy(cluster, place, ServiceProxy::new, "the API server's proxy").await;
        // Servers of before 2016 know the proxy by another path.
        if let Err(miss) = &by_proxy
            && matches!(miss.failure.code, Code::NoRegistry | Code::NotFound)
        {
            nearest = nearer(nearest, miss.clone());
            let words = "the old path of the API server's proxy";
            by_proxy = self.proxy(cluster, place, ServiceProxy::old, words).await;
        }
        match by_proxy {
            Ok(reached) => return Ok(reached),
            Err(miss) => nearest = nearer(nearest, miss),
        }
        let forwarded = self.port_forward(cluster, place, &who).await;
        forwarded.map_err(|miss| match nearest {
            Some(nearest) if nearest.nearness <= miss.nearness => nearest,
            _ => miss,
        })
    }

    /// The service's own address.
    async fn service(
        &mut self,
        cluster: &Cluster,
        place: &Place,
        who: &Who,
    ) -> Result<Reached, Miss> {
        let host = format!("{}:{}", place.host(), place.port);
        let (Some(socket), Ok(_)) = (place.socket(), Address::of_host(&host, true)) else {
            let why = "The service has no address of its own that this user may see.";
            self.ladder.skipped(Kind::Service, Some(&place.words()), why.to_owned());
            return Err(Miss::nothing(Failure::new(Code::NoRegistry, why)));
        };
        let authorities = self.authorities(Some(&place.namespace), &host).await;
        let attempt = self.either(Kind::Service, place.tls, who, |tls| {
            let carrier = Address::of_host(&host, tls)
                .map_err(|error| no_tls(error.into()))
                .and_then(|address| direct(address, &authorities, Some(socket), who));
            let scheme = if tls { "https" } else { "http" };
            Rung::to(cluster, place, format!("{scheme}://{host} at {socket}"), tls, carrier)
        });
        attempt.await
    }

    /// The API server's proxy to the service, which names nobody, by one of its paths.
    async fn proxy(
        &mut self,
        cluster: &Cluster,
        place: &Place,
        proxy: impl Fn(Cluster, &Endpoint) -> ServiceProxy,
        words: &str,
    ) -> Result<Reached, Miss> {
        let nobody = Who::default();
        let attempt = self.either(Kind::Proxy, place.tls, &nobody, |tls| {
            let carrier = proxy(cluster.clone(), &place.endpoint(tls));
            let route = format!("{words} to the service {}{}", place.words(), with_tls(tls));
            Rung::to(cluster, place, route, true, Ok(Arc::new(carrier)))
        });
        attempt.await
    }

    /// A port-forward to one of its pods.
    async fn port_forward(
        &mut self,
        cluster: &Cluster,
        place: &Place,
        who: &Who,
    ) -> Result<Reached, Miss> {
        let authorities = self.authorities(Some(&place.namespace), &place.host()).await;
        let attempt = self.either(Kind::PortForward, place.tls, who, |tls| {
            let dial = Arc::new(ToPod { cluster: cluster.clone(), place: place.clone() });
            let trusted = tls.then_some(&authorities[..]);
            let tunnel = Tunnel::new(dial, &place.host(), place.port, trusted);
            let carrier = tunnel.map_err(no_tls).and_then(|tunnel| {
                let site = tunnel.site();
                authorized(Arc::new(tunnel), site, &authorities, who)
            });
            let to = "a port-forward to a pod of the service";
            let route = format!("{to} {}{}", place.words(), with_tls(tls));
            // The way leads through the cluster's API.
            Rung::to(cluster, place, route, true, carrier)
        });
        attempt.await
    }

    /// The host that a cluster without image streams announces.
    async fn announced(&mut self, host: &str) -> Result<Reached, Miss> {
        let Ok(address) = Address::of_host(host, true) else {
            let why = "What the cluster announces (local-registry-hosting in kube-public) is no \
                       host.";
            self.ladder.skipped(Kind::Public, None, why.to_owned());
            return Err(Miss::nothing(Failure::new(Code::NoRegistry, why)));
        };
        let who = Who::with(self.typed(&address.host()));
        let authorities = self.authorities(None, &address.host()).await;
        self.host(Kind::Public, &address.host(), &who, &authorities).await
    }

    /// A host of which nobody says whether it speaks TLS.
    async fn host(
        &mut self,
        kind: Kind,
        host: &str,
        who: &Who,
        authorities: &[Vec<u8>],
    ) -> Result<Reached, Miss> {
        let cluster = self.search.cluster;
        let attempt = self.either(kind, true, who, |tls| match Address::of_host(host, tls) {
            Ok(address) => at(cluster, address, authorities, None, who),
            Err(error) => Rung {
                route: host.to_owned(),
                key: key(cluster, host),
                encrypted: tls,
                host: None,
                place: None,
                carrier: Err(no_tls(error.into())),
            },
        });
        attempt.await
    }

    /// Tries a rung with and without TLS, the likelier first, the other only where the first answer
    /// leaves that open.
    async fn either(
        &mut self,
        kind: Kind,
        first: bool,
        who: &Who,
        rung: impl Fn(bool) -> Rung,
    ) -> Result<Reached, Miss> {
        let mut nearest = None;
        // A token of the cluster's goes on no way on which somebody could read along.
        let is_secret = who.login.as_ref().is_some_and(Login::is_only_for_the_registry);
        let only_tls = is_secret && kind != Kind::PortForward;
        let order = if only_tls { [Some(true), None] } else { [Some(first), Some(!first)] };
        for tls in order.into_iter().flatten() {
            match self.rung(kind, rung(tls), who).await {
                Ok(reached) => return Ok(reached),
                Err(mut miss) => {
                    if kind == Kind::Service && miss.nearness == Nearness::Silent {
                        miss.nearness = Nearness::Outside;
                    }
                    let is_final = miss.is_final;
                    nearest = nearer(nearest, miss);
                    if is_final {
                        break;
                    }
                }
            }
        }
        Err(nearest.unwrap_or_else(|| Miss::nothing(nothing_found(None))))
    }

    /// Tries one rung.
    async fn rung(&mut self, kind: Kind, rung: Rung, who: &Who) -> Result<Reached, Miss> {
        let Rung { route, key, encrypted, host, place, carrier } = rung;
        let goal = login::Goal { key, encrypted };
        self.ladder.trying(kind, &route);
        let tried = match carrier {
            Ok(carrier) => {
                let standing = carrier.standing();
                let registry = Registry::new(carrier);
                probe(&registry, &route, standing).await.map(|product| (registry, product))
            }
            Err(failure) => Err(Miss { is_final: false, ..Miss::nothing(failure) }),
        };
        match tried {
            Ok((registry, product)) => {
                self.ladder.answers();
                Ok(Reached {
                    registry,
                    words: route,
                    product,
                    host,
                    service: place.map(|place| (place.namespace, place.name)),
                    identity: who.identity.clone(),
                    expires: who.expires.clone(),
                    is_cluster_login: who
                        .login
                        .as_ref()
                        .is_some_and(Login::is_only_for_the_registry),
                    goal,
                })
            }
            Err(miss) => {
                self.ladder.no(miss.failure.clone());
                Err(Miss { wants: Some(Wants { route, goal }), ..miss })
            }
        }
    }

    /// Takes the registry that answered, unless others do too and nothing says which one is meant.
    async fn one_of(
        &mut self,
        cluster: &Cluster,
        reached: Reached,
        place: &Place,
        others: &[Place],
    ) -> Result<Reached, Miss> {
        let found = |place: &Place| Found { choice: place.choice(), words: place.words() };
        let mut all = vec![found(place)];
        let probes =
            others.iter().map(|other| async move { (other, answers(cluster, other).await) });
        let probes: Vec<_> = probes.collect();
        let mut probes = stream::iter(probes).buffered(PROBES);
        while let Some((other, answers)) = probes.next().await {
            if answers {
                all.push(found(other));
            }
        }
        let several = all.len() > 1;
        let known = place.well_known;
        let words: Vec<_> = all.iter().map(|found| found.words.clone()).collect();
        self.ladder.found(all);
        if !several || known {
            return Ok(reached);
        }
        self.ladder.not_chosen();
        let failure = Failure::new(
            Code::NoRegistry,
            format!("There are {} registries in this cluster. Which one is meant?", words.len()),
        )
        .with_fix("Choose one; the choice is remembered.")
        .with_details(words.join("\n"));
        Err(Miss::nothing(failure).offering(Offer::ChooseRegistry))
    }

    /// The failure of the whole ladder.
    fn told(&self, nearest: Option<Miss>, diagnosis: Option<Failure>) -> Miss {
        let mut miss = match (diagnosis, nearest) {
            (Some(failure), _) => Miss::nothing(failure),
            (None, Some(miss)) => miss,
            (None, None) => Miss::nothing(nothing_found(None)),
        };
        let failure = &mut miss.failure;
        let said = failure.details.take();
        let rungs = self.ladder.words();
        failure.details = match (said, rungs) {
            (Some(said), Some(rungs)) => Some(format!("{said}\n{rungs}")),
            (said, rungs) => said.or(rungs),
        };
        if !failure.offers.contains(&Offer::Routes) {
            failure.offers.push(Offer::Routes);
        }
        miss
    }

    fn at(
        &self,
        address: Address,
        authorities: &[Vec<u8>],
        place: Option<Place>,
        who: &Who,
    ) -> Rung {
        at(self.search.cluster, address, authorities, place, who)
    }

    fn typed(&self, place: &str) -> Option<Login> {
        self.search.settings.logins.get(&key(self.search.cluster, place))
    }

    /// Only OpenShift's own registry knows the cluster's tokens: nobody else gets to see one.
    async fn known_to_openshift(&self, address: &Address) -> Who {
        let (Some(cluster), Some(public)) = (self.search.cluster, self.search.openshift) else {
            return Who::default();
        };
        if !address.is_encrypted() || !is_openshifts(&address.host(), public) {
            return Who::default();
        }
        login::of_openshift(cluster).await.unwrap_or_default()
    }

    async fn authorities(&self, namespace: Option<&str>, host: &str) -> Vec<Vec<u8>> {
        trust::authorities(self.search.cluster, namespace, host).await
    }
}

/// Whether this is the host of OpenShift's own registry: the one that the image streams name, or
/// its service.
fn is_openshifts(host: &str, public: Option<&str>) -> bool {
    public == Some(host) || place::is_openshifts(host)
}

/// The key of a login for a place: another cluster may have one of the same name.
fn key(cluster: Option<&Cluster>, place: &str) -> String {
    format!("{} {place}", cluster.map(Cluster::server).unwrap_or_default())
}

/// A rung straight to an address.
fn at(
    cluster: Option<&Cluster>,
    address: Address,
    authorities: &[Vec<u8>],
    place: Option<Place>,
    who: &Who,
) -> Rung {
    let (route, host, encrypted) = (address.to_string(), address.host(), address.is_encrypted());
    let carrier = direct(address, authorities, None, who);
    let key = match &place {
        Some(place) => key(cluster, &place.key()),
        None => key(cluster, &host),
    };
    Rung { route, key, encrypted, host: Some(host), place, carrier }
}

fn with_tls(tls: bool) -> &'static str {
    if tls { " with TLS" } else { "" }
}

fn direct(
    address: Address,
    authorities: &[Vec<u8>],
    place: Option<SocketAddr>,
    who: &Who,
) -> Result<Arc<dyn Carrier>, Failure> {
    let site = address.site();
    let direct = Direct::new(address, authorities, place).map_err(no_tls)?;
    authorized(Arc::new(direct), site, authorities, who)
}

fn authorized(
    carrier: Arc<dyn Carrier>,
    site: crate::registry::authorized::Site,
    authorities: &[Vec<u8>],
    who: &Who,
) -> Result<Arc<dyn Carrier>, Failure> {
    let neighbour = direct::bystander(authorities).map_err(no_tls)?;
    let stranger = direct::bystander(&trust::of_everybody()).map_err(no_tls)?;
    Ok(Arc::new(Authorized::new(carrier, site, who.login.clone(), neighbour, stranger)))
}

fn no_tls(error: crate::body::BoxError) -> Failure {
    Failure::new(Code::Internal, "The bridge could not set up TLS.")
        .with_details(crate::body::chain(&*error))
}

/// Whether a registry answers at a service, be it that it wants a login.
async fn answers(cluster: &Cluster, place: &Place) -> bool {
    for tls in [place.tls, !place.tls] {
        let proxy = ServiceProxy::new(cluster.clone(), &place.endpoint(tls));
        let registry = Registry::new(Arc::new(proxy));
        match timeout(PROBE, registry.ping()).await {
            Ok(Ok(_)) => return true,
            Ok(Err(error)) if error.is_a_registry() => return true,
            _ => {}
        }
    }
    false
}

async fn probe(
    registry: &Registry,
    route: &str,
    standing: Standing,
) -> Result<Option<String>, Miss> {
    match timeout(PROBE, registry.ping()).await {
        Ok(Ok(product)) => Ok(product),
        Ok(Err(error)) => {
            let failure = refused(&error, route, standing);
            let nearness = nearness(&error, &failure);
            Err(Miss { nearness, is_final: is_final(&error), ..Miss::nothing(failure) })
        }
        Err(_) => {
            let message = format!(
                "The registry did not answer within {} seconds {}.",
                PROBE.as_secs(),
                over(route)
            );
            let failure = Failure::new(Code::RegistryUnreachable, message)
                .with_fix("Check that the registry is not overloaded, and try again.")
                .retryable();
            Err(Miss { nearness: Nearness::Silent, ..Miss::nothing(failure) })
        }
    }
}

fn nearness(error: &Error, failure: &Failure) -> Nearness {
    let by_api_server = error.refusal().is_some_and(|refusal| refusal.by_api_server);
    let is_nameless = error.refusal().is_some_and(|refusal| refusal.standing == Standing::Nameless);
    match failure.code {
        _ if failure.offers.contains(&Offer::Login) => Nearness::Login,
        Code::Forbidden if by_api_server || error.refusal().is_none() => Nearness::Closed,
        // It wants what cannot be sent there.
        Code::Unauthenticated if is_nameless => Nearness::Closed,
        Code::Forbidden | Code::Unauthenticated if !by_api_server => Nearness::Refused,
        Code::Busy => Nearness::Faulty,
        Code::RegistryUnreachable if by_api_server => Nearness::Unreachable,
        Code::RegistryUnreachable => Nearness::Silent,
        _ => Nearness::Nothing,
    }
}

/// Whether this does not depend on TLS.
fn is_final(error: &Error) -> bool {
    match error.trouble() {
        Some(trouble) => {
            trouble.is_about_their_certificate()
                || matches!(
                    trouble,
                    Trouble::Refused | Trouble::NoSuchHost | Trouble::NoWay | Trouble::TimedOut
                )
                || not_forwarded(error).is_some()
        }
        None => error.refusal().is_some_and(|refusal| {
            matches!(refusal.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
                || (refusal.by_api_server && refusal.status == StatusCode::NOT_FOUND)
        }),
    }
}

/// The route in a sentence: `at https://…`, `through the API server's proxy …`.
fn over(route: &str) -> String {
    match route.starts_with("http") {
        true => format!("at {route}"),
        false => format!("through {route}"),
    }
}

fn refused(error: &Error, route: &str, standing: Standing) -> Failure {
    let over = over(route);
    let is_401 = error.refusal().is_some_and(|refusal| {
        refusal.status == StatusCode::UNAUTHORIZED && !refusal.by_api_server
    });
    let mut failure = match standing {
        Standing::Known if is_401 => Failure::new(
            Code::Unauthenticated,
            format!("The registry does not accept the login {over}."),
        )
        .with_fix("Log in again.")
        .with_details(crate::body::chain(error)),
        Standing::Unknown if is_401 => {
            Failure::new(Code::Unauthenticated, format!("The registry wants a login {over}."))
                .with_fix("Log in with a user and a password of the registry's.")
                .with_details(crate::body::chain(error))
        }
        _ => not_forwarded(error)
            .unwrap_or_else(|| error.failure(format_args!("reach the registry {over}"))),
    };
    if is_401 && standing != Standing::Nameless {
        failure = failure.offering(Offer::Login);
    }
    failure
}

/// The words of a port-forward that was not opened.
fn not_forwarded(error: &Error) -> Option<Failure> {
    use crate::cluster::port_forward::PortForwardError;
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(NoPod::Unseen(service)) = error.downcast_ref() {
            let message = format!("You may not see the pods of the service {service}.");
            return Some(
                Failure::new(Code::Forbidden, message)
                    .with_fix("An administrator can grant the role view in its project."),
            );
        }
        if let Some(NoPod::NotReady(service)) = error.downcast_ref() {
            let message = format!("No pod of the service {service} is ready.");
            return Some(
                Failure::new(Code::RegistryUnreachable, message)
                    .with_fix("See why its pods do not run.")
                    .retryable(),
            );
        }
        if let Some(PortForwardError::Failed { namespace, pod, .. }) = error.downcast_ref() {
            let message =
                format!("The cluster could not forward a port of the pod {namespace}/{pod}.");
            return Some(
                Failure::new(Code::RegistryUnreachable, message)
                    .with_fix("Check that the pod runs and that its node answers the API server.")
                    .with_details(crate::body::chain(error))
                    .retryable(),
            );
        }
        if let Some(PortForwardError::Forbidden { namespace }) = error.downcast_ref() {
            return Some(
                Failure::new(
                    Code::Forbidden,
                    format!("You may not forward ports of pods in the project {namespace}."),
                )
                .with_fix("An administrator can grant the right get on pods/portforward.")
                .with_command(format!(
                    "kubectl create role port-forward -n {namespace} --verb=get,list \
                     --resource=pods,pods/portforward && kubectl create rolebinding port-forward \
                     -n {namespace} --role=port-forward --user=USER"
                )),
            );
        }
        cause = error.source();
    }
    None
}

fn hand_set(miss: Miss) -> Miss {
    match miss.failure.code {
        Code::Unauthenticated => miss,
        _ => miss.offering(Offer::SetRegistry),
    }
}

fn nearer(before: Option<Miss>, miss: Miss) -> Option<Miss> {
    Some(match before {
        Some(before) if before.nearness <= miss.nearness => before,
        _ => miss,
    })
}

fn nothing_found(refused: Option<&crate::cluster::Error>) -> Failure {
    let failure = match refused.filter(|error| error.is_forbidden()) {
        Some(_) => Failure::new(
            Code::NoRegistry,
            "The bridge found no registry, and you may not see all services of this cluster.",
        )
        .with_fix("Set the registry's address if you know it, or ask an administrator."),
        None => Failure::new(Code::NoRegistry, "The bridge found no registry in this cluster.")
            .with_fix("Add one to the cluster, or set the address of one that is elsewhere.")
            .offering(Offer::AddRegistry),
    };
    failure.retryable().offering(Offer::SetRegistry)
}

#[cfg(test)]
mod tests;
