//! The composition root: flags, environment and settings become stores and output.

pub mod dumps;
pub mod environment;
pub mod flags;
#[cfg(unix)]
pub mod hangup;
pub mod network;
pub mod proxy;
pub mod routes;
mod told;
mod trace;

use crate::auth;
use crate::auth::chain::Chain;
use crate::auth::credential::{CredentialError, CredentialSource, Found, Subject};
use crate::auth::docker_source::DockerSource;
use crate::auth::environment as variables;
use crate::auth::helper::{Helper, Known, Programs};
use crate::auth::identity::{Effort, Identities as _, Nobody};
use crate::auth::keyring::{Keyring, KeyringSource};
use crate::auth::locations;
use crate::auth::notes::Notes;
use crate::config::Settings;
use crate::config::search::Search;
use crate::engine::copy::{self, event::Progress};
use crate::engine::guard::Guard;
use crate::inventory::open::Inventories;
use crate::inventory::{Catalog, Inventory};
use crate::oci::platform::{PlatformError, PlatformPattern};
use crate::oci::reference::{Host, Location, Tag, Target};
use crate::provider::Surroundings;
use crate::provider::machine::Machine;
use crate::store::Store;
use crate::store::open::{Reach, Stores};
use crate::term::output::{self, Output};
use crate::term::progress::{self, View};
use crate::transport::Transport;
use crate::transport::origin::Origin;
use crate::vendor::Kind;
use environment::Environment;
use flags::Flags;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use told::Told;
use trace::Trace;

/// What every command is given.
pub struct App {
    /// Where results and remarks go.
    pub output: Output,
    /// The repositories.
    pub stores: Stores,
    /// The process's surroundings.
    pub environment: Environment,
    /// The credential helpers that are installed.
    pub helpers: Programs,
    /// The system's keyring.
    pub keyring: Keyring,
    transport: Arc<Transport>,
    reach: Reach,
    /// What the machine is by itself, where nobody gave a credential.
    pub identities: Arc<Machine>,
    settings: Arc<Settings>,
    credentials: Arc<dyn CredentialSource>,
    /// What was said of where repositories really are.
    told: Notes,
    view: Arc<dyn View>,
    flags: Flags,
}

/// Makes the output, which is wanted even where the rest cannot be made.
pub fn output(flags: &Flags, environment: &Environment) -> Output {
    let color = flags.color.applies(
        environment.is_set("NO_COLOR"),
        environment.stderr_is_terminal,
    );
    let settings = output::Settings {
        json: flags.json,
        quiet: flags.quiet,
        verbosity: flags.verbose,
        color,
    };
    environment.output(settings)
}

/// Where settings are looked for.
pub fn search(flags: &Flags, environment: &Environment) -> Search {
    Search {
        named: flags.config_file.clone(),
        environment: None,
        working_folder: environment.working_folder.clone(),
        user_folder: environment.config_folder.clone(),
        elsewhere: environment.places(),
    }
}

impl App {
    /// Reads the settings and puts everything together. Nothing is sent.
    pub fn new(flags: Flags, environment: Environment, output: Output) -> anyhow::Result<Self> {
        let settings = Settings::load(&search(&flags, &environment))?;
        told::settings(&settings, &output);
        let reach = network::reach(&flags, &settings)?;
        let ci = environment.is_set("CI");
        let terminal = environment.stderr_is_terminal;
        let view = progress::choose(flags.progress, &output, terminal, ci);
        let trace = Trace::new(output.clone(), Arc::clone(&view));
        let wires = network::settings(&flags, &settings, &reach, &environment)?;
        let transport = Arc::new(Transport::new(wires, Arc::new(trace)));
        let notes = notes(&output);
        let told = notes.clone();
        let helpers = helpers(&environment, &notes);
        let known: Arc<dyn Helper> = Arc::new(Known::new(helpers.clone()));
        let keyring = keyring(&environment);
        let credentials = credentials(&environment, &known, &keyring, &notes)?;
        let credentials: Arc<dyn CredentialSource> =
            Arc::new(Told::new(credentials, output.clone()));
        let settings = Arc::new(settings);
        let surroundings = Surroundings {
            variables: environment.variables.clone(),
            home: environment.folders.home.clone(),
            search_path: environment.search_path.clone(),
            transport: Arc::clone(&transport),
        };
        let identities = Arc::new(Machine::new(&surroundings, Arc::clone(&settings)));
        let stores = Stores::new(
            Arc::clone(&transport),
            Arc::clone(&credentials),
            Arc::new(Told::new(Arc::clone(&identities), output.clone())),
            reach.clone(),
        );
        Ok(Self {
            output,
            stores,
            environment,
            helpers,
            keyring,
            transport,
            reach,
            identities,
            settings,
            credentials,
            told,
            view,
            flags,
        })
    }

    /// What the registry of a store knows of its images.
    pub fn inventory(&self, store: &Arc<dyn Store>) -> Arc<dyn Inventory> {
        self.inventories().of(&self.stores, Arc::clone(store))
    }

    /// Finds out what the registry of a store is, where neither its name nor an answer has said it.
    /// Whether it works does not matter: less may be known then.
    pub async fn recognise(&self, store: &Arc<dyn Store>) {
        if let Some(repository) = store.location().repository() {
            self.recognise_host(&repository.host).await;
        }
    }

    /// The same of a host.
    pub async fn recognise_host(&self, host: &Host) {
        let _ = self.stores.client(host).kind().await;
    }

    /// The repositories of a registry.
    pub fn catalog(&self, host: &Host) -> Arc<dyn Catalog> {
        self.inventories().catalog(&self.stores, host)
    }

    fn inventories(&self) -> Inventories {
        let output = self.output.clone();
        Inventories {
            transport: Arc::clone(&self.transport),
            machine: Arc::clone(&self.identities),
            reach: self.reach.clone(),
            now: jiff::Timestamp::now(),
            remark: Arc::new(move |remark| output.note(remark)),
        }
    }

    /// The options that every command has.
    pub fn flags(&self) -> &Flags {
        &self.flags
    }

    /// What the settings files say.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The credential that somebody gave for a registry, which goes before the machine's identity.
    pub async fn given(&self, host: &Host) -> Result<Option<Found>, CredentialError> {
        let subject = Subject::Host(host.clone());
        self.credentials.credential(&subject).await
    }

    /// What the machine is by itself at a registry, whatever it takes to find out. Where it would
    /// cross a network in the clear, or come to nobody knows whom, it is nobody.
    pub async fn identity(&self, host: &Host) -> Result<Option<Found>, CredentialError> {
        let origins = self.reach.address(host).origins();
        let keeps = |origin: &Origin| self.transport.exposure(origin).is_none();
        if origins.iter().any(keeps) || host.is_loopback() {
            return self.identities.identity(host, Effort::Thorough).await;
        }
        Ok(None)
    }

    /// Why that is nobody, where variables and files speak of somebody whom it would expose.
    pub async fn withheld(&self, host: &Host) -> Option<auth::Error> {
        let origins = self.reach.address(host).origins();
        let exposures = origins.iter().map(|origin| self.transport.exposure(origin));
        let exposures: Option<Vec<&str>> = exposures.collect();
        let over = exposures?
            .first()
            .copied()
            .filter(|_| !host.is_loopback())?;
        let origin = self.identities.evident(host, Effort::Thorough).await?;
        let (registry, place) = (host.to_string(), host.to_string());
        Some(auth::Error::Exposed {
            registry,
            origin,
            place,
            over,
        })
    }

    /// What a registry is, as far as its name says it.
    pub fn kind_by_name(host: &Host) -> Option<&'static str> {
        Kind::of(host).map(Kind::name)
    }

    /// Stores that know no credential but this.
    pub fn stores_with(&self, credentials: Arc<dyn CredentialSource>) -> Stores {
        let nobody = Arc::new(Nobody);
        Stores::new(
            Arc::clone(&self.transport),
            credentials,
            nobody,
            self.reach.clone(),
        )
    }

    /// The user's rule on a tag; none where `force` was spelled out.
    pub fn guard(&self, location: &Location, tag: &Tag, force: bool) -> Guard {
        rule(&self.settings, location, tag, force)
    }

    /// The same rules, to be handed on.
    pub fn guards(&self, force: bool) -> Box<copy::Guards> {
        let settings = Arc::clone(&self.settings);
        Box::new(move |location, tag| rule(&settings, location, tag, force))
    }

    /// The user's rule on what is asked for by tag; a digest never moves.
    pub fn guard_target(&self, location: &Location, target: &Target, force: bool) -> Guard {
        target
            .tag()
            .map_or(Guard::Free, |tag| self.guard(location, tag, force))
    }

    /// How to copy between these places, of which the first is the source.
    pub fn copy_options<'a>(
        &self,
        locations: impl IntoIterator<Item = &'a Location>,
    ) -> copy::Options {
        let own = |host: &Host| self.settings.registry(host).and_then(|own| own.concurrency);
        let jobs = self.flags.jobs.unwrap_or(copy::JOBS);
        let hosts = self.hosts(locations);
        copy::Options {
            jobs: hosts.iter().filter_map(own).fold(jobs, usize::min),
            attempts: self.flags.attempts(),
            ..copy::Options::default()
        }
    }

    /// The platforms that were typed; `local` is this machine's.
    pub fn platforms(&self, typed: &[String]) -> Result<Vec<PlatformPattern>, PlatformError> {
        let machine = &self.environment.platform;
        let platforms = typed
            .iter()
            .map(|typed| PlatformPattern::parse(typed, machine));
        platforms.collect()
    }

    /// What time it is.
    pub fn now(&self) -> SystemTime {
        jiff::Timestamp::now().into()
    }

    /// Leaves nothing behind at the registries that this run does not go on with.
    pub async fn clean_up(&self) {
        const PATIENCE: Duration = Duration::from_secs(2);
        let _ = tokio::time::timeout(PATIENCE, self.stores.give_up_uploads()).await;
    }

    /// Who is told how a copy goes.
    pub fn progress(&self) -> Arc<dyn Progress> {
        Arc::clone(&self.view) as Arc<dyn Progress>
    }

    /// Ends what is shown of the progress.
    pub fn finish_progress(&self) {
        self.view.finish();
    }

    /// The credential files, in the order that they are asked in.
    pub fn credential_files(&self) -> Vec<locations::Location> {
        locations::readable(&self.environment.variables, &self.environment.folders)
    }

    /// The credential file that a login is written to.
    pub fn credential_file(&self) -> Option<locations::Location> {
        locations::writable(&self.environment.variables, &self.environment.folders)
    }
}

fn rule(settings: &Settings, location: &Location, tag: &Tag, force: bool) -> Guard {
    let covers = |repository| settings.immutable.covers(repository, tag);
    let repository = location.repository();
    // By the name that was typed, and by the one that it stands for.
    let place = repository.map(|repository| routes::place(settings, repository));
    match repository
        .and_then(covers)
        .or(place.as_ref().and_then(covers))
    {
        Some(pattern) if !force => Guard::Immutable(pattern.to_owned()),
        _ => Guard::Free,
    }
}

fn notes(output: &Output) -> Notes {
    let output = output.clone();
    Notes::new(move |remark| output.note(remark))
}

fn helpers(environment: &Environment, notes: &Notes) -> Programs {
    let own = environment.own_variables();
    let helpers = Programs::new(&environment.search_path, own, notes.clone());
    if environment.is_attended() {
        helpers.at_terminal()
    } else {
        helpers
    }
}

/// The keyring, which is not spoken to before it is needed.
fn keyring(environment: &Environment) -> Keyring {
    let record = environment.state_folder.as_ref();
    let record = record.map(|folder| folder.join("crossdock").join("keyring.json"));
    Keyring::new(environment.session_bus().as_deref(), record)
}

/// Every place that credentials are looked for in, the most important first.
fn credentials(
    environment: &Environment,
    helper: &Arc<dyn Helper>,
    keyring: &Keyring,
    notes: &Notes,
) -> anyhow::Result<Chain> {
    let mut sources: Vec<Arc<dyn CredentialSource>> = Vec::new();
    sources.push(Arc::new(variables::own(&environment.variables)?));
    let docker = variables::docker(&environment.variables, Arc::clone(helper), notes.clone());
    if let Some(docker) = docker {
        sources.push(Arc::new(docker));
    }
    for location in locations::readable(&environment.variables, &environment.folders) {
        let helper = Arc::clone(helper);
        sources.push(Arc::new(DockerSource::file(
            location,
            helper,
            notes.clone(),
        )));
    }
    let keyring = KeyringSource::new(keyring.clone(), notes.clone());
    sources.push(Arc::new(keyring));
    Ok(Chain::new(sources))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::auth::helper::Answer;
    use std::os::unix::fs::PermissionsExt as _;

    /// A helper that asks something at the terminal must be in its foreground, also where the
    /// password comes through a pipe.
    #[tokio::test]
    async fn helpers_stay_in_the_foreground_where_somebody_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("docker-credential-group");
        let script = "#!/bin/sh\nset -- $(cat /proc/$$/stat)\n\
                      echo \"{\\\"Username\\\":\\\"$5\\\",\\\"Secret\\\":\\\"x\\\"}\"\n";
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let own = rustix::process::getpgrp().as_raw_nonzero().to_string();
        for (stdin, stderr, stays) in [
            (true, true, true),
            (false, true, true),
            (true, false, true),
            (false, false, false),
        ] {
            let environment = Environment {
                stdin_is_terminal: stdin,
                stderr_is_terminal: stderr,
                search_path: vec![folder.path().to_owned()],
                ..Environment::of_process()
            };
            let helpers = helpers(&environment, &Notes::silent());
            let answer = helpers.get(&"group".parse().unwrap(), "a.io").await;
            let Answer::Found(credential) = answer.unwrap() else {
                unreachable!()
            };
            let crate::auth::credential::Credential::Password { username, .. } = credential else {
                unreachable!()
            };
            assert_eq!(username == own, stays, "{stdin} {stderr}");
        }
    }
}
