//! From a name to a store: one client for each registry.

use super::Store;
use super::error::{Error, Result};
use super::kind::kind_of;
use super::layout::Layout;
use super::mirrored::{Mirror, Mirrored, Reached, Remarks};
use super::refusal::Wanted;
use super::remote::Remote;
use crate::auth::Authenticator;
use crate::auth::credential::CredentialSource;
use crate::auth::identity::Identities;
use crate::oci::reference::{Host, Location, Repository};
use crate::registry::{Address, Client, Welcome};
use crate::transport::Transport;
use crate::vendor;
use futures_util::future::join_all;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use url::Url;

/// What the user says about reaching registries.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    plain_http: HashSet<Host>,
    maybe_plain_http: HashSet<Host>,
    token_services: HashMap<Host, Vec<String>>,
    kinds: HashMap<Host, vendor::Kind>,
    apis: HashMap<Host, Url>,
}

impl Reach {
    /// `host` is spoken to without TLS. Where its port is the default of TLS, this is said of
    /// that port, and not of the one that plain HTTP has.
    pub fn allow_plain_http(&mut self, host: &Host) {
        self.plain_http.insert(host.clone());
    }

    /// `host` is spoken to without TLS if it does not speak TLS.
    pub fn try_plain_http(&mut self, host: &Host) {
        self.maybe_plain_http.insert(host.without_default_port());
    }

    /// The credential of `host` may also go to these token services, each `HOST[:PORT]`.
    pub fn name_token_services(&mut self, host: &Host, services: Vec<String>) {
        self.token_services
            .insert(host.without_default_port(), services);
    }

    /// `host` is a registry of this kind, whatever its name says.
    pub fn name_kind(&mut self, host: &Host, kind: vendor::Kind) {
        self.kinds.insert(host.without_default_port(), kind);
    }

    /// The API of the vendor of `host` is there.
    pub fn name_api(&mut self, host: &Host, api: Url) {
        self.apis.insert(host.without_default_port(), api);
    }

    /// Where the API of the vendor of `host` is, where somebody said so.
    pub fn api(&self, host: &Host) -> Option<&Url> {
        self.apis.get(&host.without_default_port())
    }

    /// What the user says that `host` is.
    fn named_kind(&self, host: &Host) -> Option<vendor::Kind> {
        self.kinds.get(&host.without_default_port()).copied()
    }

    /// Where `host` is, in whatever way its default port is spelled.
    pub fn address(&self, host: &Host) -> Address {
        let form = host.without_default_port();
        // By its very spelling: port 443 is TLS unless somebody said so of that port.
        let plain_http = self.plain_http.contains(host);
        let token_services = self.token_services.get(&form).cloned();
        let address = Address::new(host.clone(), plain_http, token_services.unwrap_or_default());
        if self.maybe_plain_http.contains(&form) {
            address.or_plain_http()
        } else {
            address
        }
    }
}

/// The client of a mirror's host, and whether that is down.
type MirrorHost = (Arc<Client>, Arc<AtomicBool>);

/// Opens repositories.
pub struct Stores {
    transport: Arc<Transport>,
    auth: Arc<Authenticator>,
    reach: Reach,
    clients: Mutex<HashMap<Host, Arc<Client>>>,
    mirrors: Mutex<HashMap<Host, MirrorHost>>,
    layouts: Mutex<HashMap<PathBuf, Layout>>,
}

impl Stores {
    /// Stores that are reached through `transport`, with what `credentials` has for them, and else
    /// with the machine's own `identities`.
    pub fn new(
        transport: Arc<Transport>,
        credentials: Arc<dyn CredentialSource>,
        identities: Arc<dyn Identities>,
        reach: Reach,
    ) -> Self {
        let auth = Authenticator::new(Arc::clone(&transport), credentials);
        Self {
            transport,
            auth: Arc::new(auth.with_identities(identities)),
            reach,
            clients: Mutex::default(),
            mirrors: Mutex::default(),
            layouts: Mutex::default(),
        }
    }

    /// The store at a location. Nothing is sent, read or written yet.
    pub fn open(&self, location: &Location) -> Arc<dyn Store> {
        match location {
            Location::Remote(repository) => Arc::new(self.remote(repository)),
            Location::Layout(folder) => Arc::new(self.layout(folder)),
        }
    }

    /// The repository at `place`, which the user calls `typed`.
    pub fn open_at(&self, place: &Repository, typed: &Location) -> Arc<dyn Store> {
        Arc::new(self.remote(place).typed(typed))
    }

    /// The same to read from, with mirrors that are asked first, in their order.
    pub fn open_mirrored(
        &self,
        place: &Repository,
        typed: &Location,
        mirrors: &[Mirror],
        remarks: &Remarks,
    ) -> Arc<dyn Store> {
        let origin = self.remote(place).typed(typed);
        let mirrors = mirrors.iter().map(|mirror| self.reached(mirror)).collect();
        Arc::new(Mirrored::new(origin, mirrors, remarks.clone()))
    }

    /// A registry as a whole.
    pub fn registry(&self, host: &Host) -> super::registry::Registry {
        super::registry::Registry::new(self.client(host))
    }

    /// Whether a registry accepts the credential for it.
    pub async fn ping(&self, host: &Host) -> Result<Welcome> {
        let client = self.client(host);
        let welcome = client.ping().await;
        welcome.map_err(|error| {
            Error::caused(kind_of(&error), format!("cannot log in to {host}"), error)
                .asked(client.known_kind(), Wanted::Login)
        })
    }

    /// Gives up the uploads that are open, at every registry, and the files that are not whole, in
    /// every folder. Whether it works does not matter.
    pub async fn give_up_uploads(&self) {
        let layouts: Vec<Layout> = self.layouts().values().cloned().collect();
        layouts.iter().for_each(Layout::give_up);
        let clients: Vec<Arc<Client>> = self.lock().values().cloned().collect();
        join_all(clients.iter().map(|client| client.give_up_uploads())).await;
    }

    fn remote(&self, repository: &Repository) -> Remote {
        Self::remote_by(self.client(&repository.host), repository)
    }

    fn remote_by(client: Arc<Client>, repository: &Repository) -> Remote {
        Remote::new(client, repository.clone())
    }

    /// The ways to a mirror: with its own host's credential and settings, and those alone.
    fn reached(&self, mirror: &Mirror) -> Reached {
        let host = &mirror.repository.host;
        let mut mirrors = self.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
        let made = mirrors.entry(host.clone()).or_insert_with(|| {
            let client = self.new_client(host).briefly();
            (Arc::new(client), Arc::default())
        });
        let (client, host_is_down) = made.clone();
        Reached {
            mirror: mirror.clone(),
            brief: Self::remote_by(client, &mirror.repository),
            patient: self.remote(&mirror.repository),
            host_is_down,
        }
    }

    /// The client of a registry, which is one for all.
    pub fn client(&self, host: &Host) -> Arc<Client> {
        let mut clients = self.lock();
        let made = clients.entry(host.clone());
        Arc::clone(made.or_insert_with(|| Arc::new(self.new_client(host))))
    }

    fn new_client(&self, host: &Host) -> Client {
        let address = self.reach.address(host);
        let (transport, auth) = (Arc::clone(&self.transport), Arc::clone(&self.auth));
        let client = Client::new(address, transport, auth);
        client.named(self.reach.named_kind(host))
    }

    fn layout(&self, folder: &Path) -> Layout {
        let mut layouts = self.layouts();
        let made = layouts.entry(folder.to_owned());
        let observer = self.transport.observer();
        made.or_insert_with(|| Layout::new(folder.to_owned(), Arc::clone(observer)))
            .clone()
    }

    fn layouts(&self) -> MutexGuard<'_, HashMap<PathBuf, Layout>> {
        self.layouts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Host, Arc<Client>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
