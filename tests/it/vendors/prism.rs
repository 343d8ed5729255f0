//! Requests of the binary's, held against the vendors' published descriptions by Prism, which
//! others wrote. `tests/run` installs it, and GitHub's description with it; the others' are in the
//! folder that `CROSSDOCK_OPENAPI_DIR` names.

use super::harbor::Harbor;
use super::quay::Quay;
use super::shelf::{Shelf, Stand, Vendor};
use crate::clouds::world::{Asked, Reply};
use crate::generated::root;
use crate::lab::{Image, wait_for};
use crossdock::inventory::Creation;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to read a description, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(3);

/// A server that knows what it may be asked. It ends with the value.
pub(crate) struct Prism {
    process: Child,
    /// `127.0.0.1:PORT`. Paths are the description's, without its base path.
    pub(crate) address: String,
}

/// What GitHub's description, as npm has it, says of packages and their owners.
pub(crate) fn of_github() -> PathBuf {
    root().join("target/tools/node/github.json")
}

/// A description that a vendor publishes elsewhere. `None`, said loudly, where nobody says where
/// those are.
pub(crate) fn published(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("CROSSDOCK_OPENAPI_DIR") else {
        // Written past the test's own capture, so that nobody takes this for a proof.
        let mut to = std::io::stderr().lock();
        let said = "NOT CHECKED: CROSSDOCK_OPENAPI_DIR does not say where the description is:";
        let _ = std::io::Write::write_fmt(&mut to, format_args!("{said} {name}\n"));
        return None;
    };
    let path = Path::new(&folder).join(name);
    assert!(path.is_file(), "{} is not there", path.display());
    Some(path)
}

impl Prism {
    /// A server for what this description describes.
    #[track_caller]
    pub(crate) fn of(description: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = port.local_addr().unwrap();
        drop(port);
        let program = root().join("target/tools/node/node_modules/.bin/prism");
        let mut command = Command::new(&program);
        command.args(["mock", "--errors", "--host", "127.0.0.1", "--port"]);
        command.arg(address.port().to_string()).arg(description);
        let command = command.stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.stderr(Stdio::null()).spawn();
        let process = process.unwrap_or_else(|error| {
            panic!(
                "{}: {error}: run tests/run, which installs it",
                program.display()
            )
        });
        let mut prism = Self {
            process,
            address: address.to_string(),
        };
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = prism.process.try_wait().unwrap();
            assert!(ended.is_none(), "Prism ended at once: {ended:?}");
            assert!(begun.elapsed() < PATIENCE, "nobody listens");
            std::thread::sleep(Duration::from_millis(50));
        }
        prism
    }

    /// What is wrong with a request, which is sent to `target` in the place of its own.
    pub(crate) fn objection(&self, asked: &Asked, target: &str) -> Option<String> {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let method = asked.method.parse().unwrap();
        let url = format!("http://{}{target}", self.address);
        let mut request = client.request(method, &url).body(asked.body.clone());
        let own = |name: &http::HeaderName| {
            [ACCEPT, AUTHORIZATION, CONTENT_TYPE].contains(name) || name.as_str().starts_with("x-")
        };
        for (name, value) in asked.headers.iter().filter(|(name, _)| own(name)) {
            request = request.header(name, value);
        }
        let (status, violations, text) = wait_for(async {
            let response = request.send().await.unwrap();
            let violations = response.headers().get("sl-violations").cloned();
            let status = response.status();
            (status, violations, response.text().await.unwrap())
        });
        let violations = violations.map(|text| text.to_str().unwrap_or("?").to_owned());
        let is_wrong = match &violations {
            // What Prism answers with need not be as described: it has nothing for a HEAD.
            Some(violations) => violations.contains("\"request\""),
            None => !status.is_success(),
        };
        is_wrong.then(|| format!("{} {target}: {status} {violations:?} {text}", asked.method))
    }

    /// Requires that there is nothing wrong with these requests, whose targets the description
    /// has as `described` says; `None`: it has nothing of them. Returns how many it has.
    #[track_caller]
    pub(crate) fn allows(
        &self,
        asked: &[Asked],
        described: impl Fn(&Asked) -> Option<String>,
    ) -> usize {
        let known = asked.iter().filter_map(|one| Some((one, described(one)?)));
        let known: Vec<(&Asked, String)> = known.collect();
        let objections = known.iter().filter_map(|(one, at)| self.objection(one, at));
        let objections: Vec<String> = objections.collect();
        assert!(objections.is_empty(), "{objections:#?}");
        known.len()
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Everything that is asked of a vendor's API.
fn everything<V: Vendor>(vendor: V, repositories: [&str; 2]) -> Vec<Asked> {
    let stand = Stand::new(vendor);
    let (one, two) = (Image::small(1), Image::small(2));
    for name in repositories {
        stand.push(&format!("{name}:v1"), &one, 2, Some(3));
        stand.push(&format!("{name}:v2"), &two, 2, None);
        let place = format!("reg.lab/{name}");
        let run = |args: &[&str]| {
            stand.run(args).any_stdout().any_stderr().code(0);
        };
        run(&["ls", "-l", &place]);
        run(&["rm", &format!("{place}:v1")]);
        run(&["rm", "--force", &format!("{place}@{}", two.digest())]);
    }
    stand.found("a b&c");
    let wanted = Creation {
        immutable: true,
        scan_on_push: true,
        public: true,
    };
    stand.create("new/app", wanted).unwrap();
    for place in ["reg.lab", "reg.lab/team/"] {
        let run = stand.run(["ls", place]);
        run.any_stdout().any_stderr().code(0);
    }
    stand.service.asked()
}

#[test]
fn what_is_asked_of_harbor_is_as_it_describes() {
    let Some(description) = published("harbor-swagger-goclient.yaml") else {
        return;
    };
    let prism = Prism::of(&description);
    let asked = everything(Harbor, ["team/app", "team/a/b"]);
    let below = |asked: &Asked| {
        let path = asked.target.strip_prefix("/api/v2.0")?;
        Some(path.to_owned())
    };
    assert_eq!(prism.allows(&asked, below), 2 * 4 + 5);
    // It does object where there is something to object to.
    let list = asked
        .iter()
        .find(|asked| asked.target.contains("page_size"));
    let list = list.unwrap();
    let wrong = below(list)
        .unwrap()
        .replace("page_size=100", "page_size=101");
    let objection = prism.objection(list, &wrong).unwrap();
    assert!(
        objection.contains("page_size must be <= 100"),
        "{objection}"
    );
    assert!(prism.objection(list, "/nothing").is_some());
}

#[test]
fn what_is_asked_of_quay_is_as_it_describes() {
    let Some(description) = published("quay-subset.openapi.yaml") else {
        return;
    };
    let prism = Prism::of(&description);
    let asked = everything(Quay, ["team/app", "team/a"]);
    // What a repository is called is one parameter there, over two parts of the path.
    let described = |asked: &Asked| {
        let rest = asked.target.strip_prefix("/api/v1/repository/")?;
        let (name, rest) = rest.split_once("/tag/")?;
        let name = name.replace('/', "%2F");
        Some(format!("/api/v1/repository/{name}/tag/{rest}"))
    };
    assert_eq!(prism.allows(&asked, described), 2 * 3);
    let list = asked
        .iter()
        .find(|asked| asked.target.contains("limit=100"));
    let list = list.unwrap();
    let wrong = described(list).unwrap().replace("limit=100", "limit=101");
    let objection = prism.objection(list, &wrong).unwrap();
    assert!(objection.contains("limit must be <= 100"), "{objection}");
}

/// A registry that is zot by its settings, and has nothing but the distribution API.
#[derive(Clone)]
struct Zot;

impl Vendor for Zot {
    const KIND: &'static str = "zot";

    async fn answer(&self, _: &Asked, _: &Shelf) -> Option<Reply> {
        None
    }
}

/// zot's description, which requires of every page what only the second one can have, and knows
/// of no manifest in a PUT.
fn mended(description: &[u8]) -> String {
    let mut description: Value = serde_json::from_slice(description).unwrap();
    let paths = &mut description["paths"];
    let list = &mut paths["/v2/{name}/tags/list"]["get"]["parameters"];
    for parameter in list.as_array_mut().unwrap() {
        parameter["required"] = json!(parameter["in"] == "path");
    }
    let put = &mut paths["/v2/{name}/manifests/{reference}"]["put"];
    put["consumes"] = json!(["application/vnd.oci.image.manifest.v1+json"]);
    let body = json!({"name": "manifest", "in": "body", "schema": {"type": "object"}});
    put["parameters"].as_array_mut().unwrap().push(body);
    description.to_string()
}

#[test]
fn what_is_asked_of_zot_is_as_it_describes() {
    let Some(description) = published("zot-swagger.json") else {
        return;
    };
    let stand = Stand::new(Zot);
    let mended = mended(&std::fs::read(description).unwrap());
    let prism = Prism::of(&stand.lab.home.write("work/zot.json", mended));
    stand.push("app:v1", &Image::small(1), 2, None);
    let run = |args: &[&str]| {
        stand.run(args).any_stdout().any_stderr().code(0);
    };
    run(&["ls", "reg.lab"]);
    run(&["ls", "reg.lab/app"]);
    run(&["digest", "reg.lab/app:v1"]);
    run(&["copy", "reg.lab/app:v1", "reg.lab/other:v1"]);
    run(&["tag", "reg.lab/app:v1", "v2"]);
    let asked = stand.service.asked();
    // The description has no `/v2/` of its own, and uploads without the `/` at their end.
    let described = |asked: &Asked| {
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        let path = path.strip_suffix('/').unwrap_or(path);
        let is_plain = path != "/v2" && !path.contains("/uploads/");
        is_plain.then(|| format!("{path}?{query}"))
    };
    assert!(prism.allows(&asked, described) >= 6);
}

#[test]
fn githubs_description_is_there() {
    let prism = Prism::of(&of_github());
    let asked = Asked {
        method: "GET".to_owned(),
        target: "/users/octocat/packages?package_type=container".to_owned(),
        headers: http::HeaderMap::new(),
        body: bytes::Bytes::new(),
    };
    assert_eq!(prism.objection(&asked, &asked.target), None);
    let wrong = "/users/octocat/packages?package_type=nonsense";
    assert!(prism.objection(&asked, wrong).is_some());
}
