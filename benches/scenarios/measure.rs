//! Runs every case with every tool, by turns.

use crate::arguments::Arguments;
use crate::authority::Authority;
use crate::cases::{Action, Case, Way};
use crate::images::Image;
use crate::launch::{self, Taken};
use crate::prepare::{TAG, THOUSAND, Target};
use crate::proxy::{Proxy, Wire};
use crate::registry::{Counts, Registry};
use crate::tools::{self, Tool, Words};
use anyhow::Result;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// One line of the table: a tool in a case.
pub(crate) struct Row {
    /// The case.
    pub(crate) case: String,
    /// The round trip.
    pub(crate) delay: u64,
    /// The tool.
    pub(crate) tool: String,
    /// Medians, or what went wrong.
    pub(crate) figures: Result<Figures>,
}

/// What a tool took in a case.
pub(crate) struct Figures {
    /// The medians.
    pub(crate) median: Taken,
    /// Requests of the last run, at the source and at the destination.
    pub(crate) requests: [Counts; 2],
    /// TCP connections of the last run, where there was a proxy to count them.
    pub(crate) connections: Option<usize>,
}

/// The two registries.
struct Lab {
    folder: TempDir,
    /// Copies of the programs that are run, which no build in the meantime replaces.
    programs: TempDir,
    launcher: PathBuf,
    runtime: Runtime,
    registries: [Registry; 2],
    /// Who vouches for the registries, if they speak TLS.
    authority: Option<Authority>,
    fresh: usize,
}

/// The way to the registries.
struct Roads {
    /// Of the source and of three destinations.
    ports: [u16; 4],
    proxies: Vec<Proxy>,
}

/// Measures everything that the command line asks for.
pub(crate) fn run(arguments: &Arguments) -> Result<Vec<Row>> {
    let cases = arguments.cases();
    let mut lab = Lab::start(arguments)?;
    let tools = tools::all(lab.programs.path(), &arguments.tools)?;
    lab.prepare(&cases)?;
    let mut rows = Vec::new();
    for (number, &delay) in arguments.delays.iter().enumerate() {
        let roads = lab.roads(delay, arguments)?;
        let offline = |case: &&Case| case.uses_network() || number == 0;
        for case in cases.iter().filter(offline) {
            rows.extend(lab.case(case, delay, &roads, &tools, arguments.runs)?);
        }
    }
    Ok(rows)
}

impl Lab {
    fn start(arguments: &Arguments) -> Result<Self> {
        let memory = PathBuf::from("/dev/shm");
        let place = match &arguments.storage {
            Some(folder) => folder.clone(),
            None if memory.is_dir() => memory,
            None => std::env::temp_dir(),
        };
        let folder = TempDir::with_prefix_in("crossdock-scenarios-", place)?;
        let authority = arguments
            .tls
            .then(|| Authority::establish(folder.path()))
            .transpose()?;
        let start = |name| Registry::start(&folder.path().join(name), authority.as_ref());
        let registries = [start("source")?, start("destination")?];
        let programs = TempDir::with_prefix("crossdock-scenarios-")?;
        let launcher = programs.path().join("launcher");
        std::fs::copy(std::env::current_exe()?, &launcher)?;
        Ok(Self {
            folder,
            programs,
            launcher,
            runtime: Runtime::new()?,
            registries,
            authority,
            fresh: 0,
        })
    }

    /// Puts the images that the cases need on both registries.
    fn prepare(&self, cases: &[Case]) -> Result<()> {
        let names: BTreeSet<_> = cases.iter().map(|case| case.image).collect();
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            say(&format!("preparing {name}"))?;
            let image = Image::named(name);
            let (repository, tags) = (format!("bench/{name}"), name == "tags");
            // Some tools offer the source's name for mounting at whatever registry.
            let places = ["bench", "held"];
            let cold = name == "large";
            let registries = self.registries.iter().take(if cold { 1 } else { 2 });
            for (number, registry) in registries.enumerate() {
                let target = self.target(registry)?;
                let place = format!("{}/{name}", places[number]);
                self.runtime.block_on(target.push(&place, &image))?;
                if name == THOUSAND {
                    self.runtime.block_on(target.fill(&place))?;
                }
            }
            if tags {
                let target = self.target(&self.registries[0])?;
                self.runtime.block_on(target.tag(&repository, &image))?;
            }
        }
        Ok(())
    }

    fn target(&self, registry: &Registry) -> Result<Target> {
        Target::new(registry.port, self.authority.as_ref())
    }

    fn roads(&self, delay: u64, arguments: &Arguments) -> Result<Roads> {
        let [source, destination] = self.registries.each_ref().map(|registry| registry.port);
        let wire = Wire {
            round_trip: Duration::from_millis(delay),
            rate: None,
            slow_start: arguments.slow_start,
        };
        let rate = arguments.cap;
        let start = |port: u16, wire| Proxy::start(self.runtime.handle(), port, wire);
        // One registry under several names is several to whoever copies there.
        let more = [start(destination, wire)?, start(destination, wire)?];
        let mut roads = Roads {
            ports: [source, destination, more[0].port, more[1].port],
            proxies: Vec::from(more),
        };
        if delay > 0 || rate.is_some() {
            let here = start(source, Wire { rate, ..wire })?;
            let there = start(destination, wire)?;
            (roads.ports[0], roads.ports[1]) = (here.port, there.port);
            roads.proxies.extend([here, there]);
        }
        Ok(roads)
    }

    fn case(
        &mut self,
        case: &Case,
        delay: u64,
        roads: &Roads,
        tools: &[Tool],
        runs: usize,
    ) -> Result<Vec<Row>> {
        say(&format!("{} at {delay} ms", case.name()))?;
        let mut measured: Vec<(&Tool, Result<Vec<Figures>>)> = tools
            .iter()
            .filter(|tool| tool.command(case.action, &Words::default()).is_some())
            .map(|tool| (tool, Ok(Vec::new())))
            .collect();
        for _ in 0..runs.max(1) {
            for (tool, figures) in &mut measured {
                let Ok(sofar) = figures else { continue };
                match self.once(tool, case, roads) {
                    Ok(more) => sofar.push(more),
                    Err(error) => *figures = Err(error),
                }
            }
        }
        let row = |(tool, figures): (&Tool, Result<Vec<Figures>>)| Row {
            case: case.name(),
            delay,
            tool: tool.name.clone(),
            figures: figures.and_then(Figures::middle),
        };
        Ok(measured.into_iter().map(row).collect())
    }

    fn once(&mut self, tool: &Tool, case: &Case, roads: &Roads) -> Result<Figures> {
        self.fresh += 1;
        let home = self.folder.path().join("home").join(self.fresh.to_string());
        std::fs::create_dir_all(&home)?;
        let words = words(case, roads.ports, self.fresh, self.authority.as_ref());
        let command = tool.command(case.action, &words).unwrap_or_default();
        self.settle(roads)?;
        let authority = self.authority.as_ref();
        let median = launch::measure(&self.launcher, &command, &home, authority)?;
        let (requests, connections) = self.settle(roads)?;
        Ok(Figures {
            median,
            requests,
            connections,
        })
    }

    /// What was asked since the last time.
    fn settle(&mut self, roads: &Roads) -> Result<([Counts; 2], Option<usize>)> {
        let [source, destination] = &mut self.registries;
        let requests = [source.requests()?, destination.requests()?];
        let connections = roads.proxies.iter().map(Proxy::connections).sum();
        let counted = (roads.proxies.len() > 2).then_some(connections);
        Ok((requests, counted))
    }
}

/// What a command line's words stand for in a run; `fresh` is another number each time.
fn words(case: &Case, ports: [u16; 4], fresh: usize, authority: Option<&Authority>) -> Words {
    let hosts = ports.map(|port| format!("127.0.0.1:{port}"));
    let [source, destination, second, third] = &hosts;
    let repository = format!("{source}/bench/{}", case.image);
    let held = format!("{destination}/held/{}", case.image);
    let new = |host: &str| format!("{host}/new/{}-{fresh}", case.image);
    let (from, to) = match case.way {
        Way::Cold | Way::Stay => (repository.clone(), new(destination)),
        Way::Nothing => (repository.clone(), held),
        Way::Mount => (held, new(destination)),
    };
    let tag = match case.action {
        Action::Tag => format!("tag-{fresh}"),
        _ => TAG.to_owned(),
    };
    let mut words = trust(hosts.join(","), authority);
    words.extend([
        ("image", format!("{repository}:{TAG}")),
        ("repository", repository),
        ("src", format!("{from}:{TAG}")),
        ("dst", format!("{to}:{TAG}")),
        ("dst2", format!("{}:{TAG}", new(second))),
        ("dst3", format!("{}:{TAG}", new(third))),
        ("from", from),
        ("to", to),
        ("tag", tag),
    ]);
    Words(words)
}

/// The words for how the registries are to be spoken with.
fn trust(hosts: String, authority: Option<&Authority>) -> Vec<(&'static str, String)> {
    let mut words = match authority.map(|authority| authority.file.display()) {
        Some(file) => vec![
            ("trust", format!("--ca-cert={file}")),
            ("ca", file.to_string()),
        ],
        None => vec![("trust", format!("--plain-http={hosts}"))],
    };
    words.push(("verify", authority.is_some().to_string()));
    words.push(("hosts", hosts));
    words
}

impl Figures {
    /// The medians of several runs, each figure by itself.
    fn middle(runs: Vec<Self>) -> Result<Self> {
        let taken: Vec<Taken> = runs.iter().map(|run| run.median).collect();
        let last = runs.into_iter().next_back();
        let last = last.ok_or_else(|| anyhow::anyhow!("no run"))?;
        Ok(Self {
            median: Taken {
                wall: median(taken.iter().map(|taken| taken.wall)),
                cpu: median(taken.iter().map(|taken| taken.cpu)),
                peak: median(taken.iter().map(|taken| taken.peak)),
            },
            ..last
        })
    }
}

fn median<T: Ord + Copy + Default>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn say(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stderr(), "{text}")?)
}
