//! The Secret Service API of freedesktop.org, spoken over the session bus: that of GNOME,
//! of KDE, or of a password manager.
//!
//! Spoken here and not by a client library, because those answer a prompt by showing it. The
//! session is a plain one: whoever may listen on a user's own bus may as well ask the service, and
//! no bus but one on this machine is spoken to.

use super::{Failure, SERVICE};
use crate::transport::secret::Secret;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use zbus::address::transport::{Transport, Unix, UnixSocket};
use zbus::fdo;
use zbus::message::Body;
use zbus::{Address, Connection, ObjectPath, OwnedObjectPath, OwnedVariant, Type, Variant};

/// What people call it.
pub(super) const NAME: &str = "Secret Service";

const BUS_NAME: &str = "org.freedesktop.secrets";
const SECRETS: &str = "/org/freedesktop/secrets";
const SERVICE_API: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// In place of an object: there is none.
const NOTHING: &str = "/";

/// The service, where there is a bus to find it on.
#[derive(Clone)]
pub(super) struct Service {
    bus: Option<UnixSocket>,
}

/// One conversation with the service.
struct Session {
    connection: Connection,
    path: OwnedObjectPath,
}

/// A secret on its way. `session` says how it is encoded: not at all.
#[derive(Serialize, Deserialize, Type)]
struct Carried {
    session: OwnedObjectPath,
    parameters: Vec<u8>,
    value: Vec<u8>,
    content_type: String,
}

/// The items that have what was searched for.
struct Items {
    unlocked: Vec<OwnedObjectPath>,
    locked: Vec<OwnedObjectPath>,
}

impl Service {
    /// Of the addresses, separated by semicolons, the first of this machine. The others would
    /// carry secrets over a network, or start a program.
    pub(super) fn new(addresses: Option<&str>) -> Self {
        let mut addresses = addresses.unwrap_or_default().split(';');
        Self {
            bus: addresses.find_map(socket),
        }
    }

    pub(super) async fn check(&self) -> Result<(), Failure> {
        self.open().await?.default_collection().await?;
        Ok(())
    }

    pub(super) async fn get(
        &self,
        server: &str,
        username: &str,
    ) -> Result<Option<Secret>, Failure> {
        let session = self.open().await?;
        let items = session.search(&of_user(server, username)).await?;
        match (items.unlocked.first(), items.locked.first()) {
            (Some(item), _) => session.secret(item).await,
            (None, Some(_)) => Err(Failure::Locked),
            (None, None) => Ok(None),
        }
    }

    /// Any other user's item for the server goes, whether it is `_before` or not.
    pub(super) async fn put(
        &self,
        server: &str,
        username: &str,
        password: &Secret,
        _before: Option<&str>,
    ) -> Result<(), Failure> {
        let session = self.open().await?;
        let collection = session.default_collection().await?;
        let item = session
            .create(&collection, server, username, password)
            .await?;
        let items = session.search(&of_server(server)).await?;
        for other in items.unlocked.iter().filter(|other| **other != item) {
            session.delete(other).await?;
        }
        Ok(())
    }

    /// Every item for the server goes.
    pub(super) async fn erase(&self, server: &str, _username: &str) -> Result<bool, Failure> {
        let session = self.open().await?;
        let items = session.search(&of_server(server)).await?;
        for item in &items.unlocked {
            session.delete(item).await?;
        }
        match items.locked.first() {
            Some(_) => Err(Failure::Locked),
            None => Ok(!items.unlocked.is_empty()),
        }
    }

    async fn open(&self) -> Result<Session, Failure> {
        let bus = self.bus.clone().ok_or(Failure::NoBus)?;
        let bus = Address::new(Transport::Unix(Unix::new(bus)));
        let connection = zbus::conn::Builder::address(bus).build().await;
        let connection = connection.map_err(|error| match Failure::said(&error.to_string()) {
            Failure::Failed(said) => Failure::Bus(said),
            failure => failure,
        })?;
        let body = ("plain", Variant::from(""));
        let opened = call(&connection, SECRETS, SERVICE_API, "OpenSession", &body).await?;
        let (_, path): (OwnedVariant, OwnedObjectPath) = read(&opened)?;
        Ok(Session { connection, path })
    }
}

impl Session {
    /// Where new items go, if nobody has to unlock it.
    async fn default_collection(&self) -> Result<OwnedObjectPath, Failure> {
        let read_alias = self.call(SECRETS, SERVICE_API, "ReadAlias", &("default",));
        let collection: OwnedObjectPath = read(&read_alias.await?)?;
        if collection.as_str() == NOTHING {
            return Err(Failure::NoCollection);
        }
        let property = (COLLECTION, "Locked");
        let locked = self.call(collection.as_str(), PROPERTIES, "Get", &property);
        let locked: OwnedVariant = read(&locked.await?)?;
        match *locked {
            Variant::Bool(false) => Ok(collection),
            Variant::Bool(true) => Err(Failure::Locked),
            _ => Err(Failure::said("it does not say whether it is locked")),
        }
    }

    async fn search(&self, attributes: &HashMap<&str, &str>) -> Result<Items, Failure> {
        let body = (attributes,);
        let found = self.call(SECRETS, SERVICE_API, "SearchItems", &body);
        let (unlocked, locked) = read(&found.await?)?;
        Ok(Items { unlocked, locked })
    }

    async fn secret(&self, item: &OwnedObjectPath) -> Result<Option<Secret>, Failure> {
        let body = (&self.path,);
        let answer = self.call(item.as_str(), ITEM, "GetSecret", &body);
        let carried: Carried = read(&answer.await?)?;
        Ok(Some(Secret::new(carried.value)))
    }

    async fn create(
        &self,
        collection: &OwnedObjectPath,
        server: &str,
        username: &str,
        password: &Secret,
    ) -> Result<OwnedObjectPath, Failure> {
        let label = format!("{SERVICE} {server}");
        let attributes = of_user(server, username);
        let properties = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Variant::from(label)),
            (
                "org.freedesktop.Secret.Item.Attributes",
                Variant::from(attributes),
            ),
        ]);
        let carried = Carried {
            session: self.path.clone(),
            parameters: Vec::new(),
            value: password.expose().to_vec(),
            content_type: "text/plain".to_owned(),
        };
        let body = (properties, carried, true);
        let created = self.call(collection.as_str(), COLLECTION, "CreateItem", &body);
        let (item, prompt): (OwnedObjectPath, OwnedObjectPath) = read(&created.await?)?;
        done(&prompt)?;
        Ok(item)
    }

    async fn delete(&self, item: &OwnedObjectPath) -> Result<(), Failure> {
        let prompt: OwnedObjectPath = read(&self.call(item.as_str(), ITEM, "Delete", &()).await?)?;
        done(&prompt)
    }

    async fn call<B>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Body, Failure>
    where
        B: Serialize + zbus::DynamicType + Sync,
    {
        call(&self.connection, path, interface, method, body).await
    }
}

async fn call<B>(
    connection: &Connection,
    path: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> Result<Body, Failure>
where
    B: Serialize + zbus::DynamicType + Sync,
{
    let answer = connection.call_method(Some(BUS_NAME), path, Some(interface), method, body);
    Ok(answer.await.map_err(|error| failure(&error))?.body())
}

fn read<T>(body: &Body) -> Result<T, Failure>
where
    T: for<'de> Deserialize<'de> + Type,
{
    let answer = body.deserialize_ignore_signature();
    answer.map_err(|_| Failure::said("its answer is not understood"))
}

/// The socket that an address of the kind `unix:path=/run/user/1000/bus,guid=…` names. Read here,
/// because zbus takes the escapes in it for part of the name.
fn socket(address: &str) -> Option<UnixSocket> {
    let fields = address.strip_prefix("unix:")?.split(',');
    let mut fields = fields.filter_map(|field| field.split_once('='));
    fields.find_map(|(name, value)| {
        let value = OsString::from_vec(percent_decode_str(value).collect());
        match name {
            _ if value.is_empty() => None,
            "path" => Some(UnixSocket::File(value.into())),
            #[cfg(target_os = "linux")]
            "abstract" => Some(UnixSocket::Abstract(value)),
            _ => None,
        }
    })
}

/// A prompt that is not shown is nothing done.
fn done(prompt: &ObjectPath<'_>) -> Result<(), Failure> {
    if prompt.as_str() == NOTHING {
        Ok(())
    } else {
        Err(Failure::Prompt)
    }
}

fn of_server(server: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", SERVICE), ("server", server)])
}

fn of_user<'a>(server: &'a str, username: &'a str) -> HashMap<&'a str, &'a str> {
    let mut attributes = of_server(server);
    attributes.insert("username", username);
    attributes
}

fn failure(error: &zbus::Error) -> Failure {
    match error {
        zbus::Error::FDO(error) => match &**error {
            fdo::Error::ServiceUnknown(_) | fdo::Error::NameHasNoOwner(_) => Failure::NoService,
            error => Failure::said(&error.to_string()),
        },
        zbus::Error::MethodError(name, said, _) => match name.as_str() {
            "org.freedesktop.Secret.Error.IsLocked" => Failure::Locked,
            name if name.starts_with("org.freedesktop.DBus.Error.Spawn.") => Failure::NoService,
            name => Failure::said(said.as_deref().unwrap_or(name)),
        },
        error => Failure::said(&error.to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_sockets_of_this_machine_are_buses() {
        let file = |path: &str| Some(UnixSocket::File(path.into()));
        for (addresses, bus) in [
            ("unix:path=/run/user/1/bus", file("/run/user/1/bus")),
            ("unix:path=/run/bus,guid=00ff", file("/run/bus")),
            ("unix:guid=00ff,path=/a%20b/%c3%a9", file("/a b/\u{e9}")),
            ("tcp:host=h,port=1;unix:path=/b", file("/b")),
            ("unix:path=/a;unix:path=/b", file("/a")),
            ("", None),
            ("unix:", None),
            ("unix:path=", None),
            ("unix:dir=/tmp", None),
            ("unixexec:path=/bin/sh", None),
            ("autolaunch:", None),
            ("tcp:host=h,port=1", None),
            ("nonce-tcp:host=h,port=1,noncefile=/x", None),
        ] {
            assert_eq!(Service::new(Some(addresses)).bus, bus, "{addresses}");
        }
        assert_eq!(Service::new(None).bus, None);
        #[cfg(target_os = "linux")]
        assert_eq!(
            Service::new(Some("unix:abstract=/tmp/dbus-x")).bus,
            Some(UnixSocket::Abstract("/tmp/dbus-x".into()))
        );
    }

    /// Some services want to be confirmed in what they do, and have done nothing until then.
    #[test]
    fn what_waits_for_a_prompt_is_not_done() {
        let path = |path| ObjectPath::try_from(path).unwrap();
        assert!(done(&path("/")).is_ok());
        let prompt = path("/org/freedesktop/secrets/prompt/u1");
        assert!(matches!(done(&prompt), Err(Failure::Prompt)));
    }
}
