//! The distribution API of one host, typed. It knows requests and answers; no policy.
//!
//! Source: OCI distribution-spec 1.1, with what registries do besides it.

mod address;
mod answer;
mod attach;
mod beside;
mod blob;
mod call;
pub mod error;
mod greeting;
#[cfg(test)]
mod identities;
mod list;
pub mod location;
mod manifest;
mod memory;
#[cfg(test)]
mod model;
mod mount;
pub mod page;
mod parts;
mod probe;
pub mod problem;
pub mod range;
mod recognition;
mod referrers;
#[cfg(test)]
mod secrets;
mod session;
mod source;
mod trial;
mod upload;
mod uploads;

pub use address::Address;
pub use answer::{Answer, Question};
pub use beside::{Beside, Document};
pub use blob::Opened;
pub use call::Welcome;
pub use error::Error;
pub use greeting::{Entry, Rights};
pub use manifest::{Precondition, Put};
pub use recognition::{Identity, Recognition};
pub use referrers::{Referrers, ReferrersOrigin};
pub use source::Source;
pub use trial::Manner;
pub use upload::Placed;

use crate::auth::Authenticator;
use crate::oci::reference::Host;
use crate::transport::Transport;
use crate::vendor::Kind;
use attach::Attaching;
use memory::Memory;
use recognition::Said;
use std::sync::Arc;
use uploads::Uploads;

/// The client of one registry. Shared by all who talk to it, so that what was learned about the
/// registry once is known to everybody.
pub struct Client {
    address: Address,
    transport: Arc<Transport>,
    auth: Arc<Authenticator>,
    memory: Memory,
    uploads: Uploads,
    attaching: Attaching,
    /// What the user says that it is.
    named: Option<Kind>,
    said: Said,
    /// Whoever asks has somebody else to ask.
    is_brief: bool,
}

impl Client {
    /// A client for the registry at `address`. Nothing is sent yet.
    pub fn new(address: Address, transport: Arc<Transport>, auth: Arc<Authenticator>) -> Self {
        Self {
            address,
            transport,
            auth,
            memory: Memory::default(),
            uploads: Uploads::default(),
            attaching: Attaching::default(),
            named: None,
            said: Said::default(),
            is_brief: false,
        }
    }

    /// The same for a registry that the user says is of this kind, if he does.
    #[must_use]
    pub fn named(self, named: Option<Kind>) -> Self {
        Self { named, ..self }
    }

    /// The same without patience: each request is tried once, and soon given up where no
    /// connection comes about. For whoever has somebody else to ask.
    #[must_use]
    pub fn briefly(mut self) -> Self {
        self.is_brief = true;
        self
    }

    /// The registry.
    pub fn host(&self) -> &Host {
        self.address.host()
    }

    fn warn(&self, text: &str) {
        self.transport
            .observer()
            .warning(self.host().as_str(), text);
    }
}
