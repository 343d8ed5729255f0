//! Servers that others wrote, and the signatures that botocore makes. `tests/run` installs them.

use super::stand_ins::CANARY;
use crate::generated::root;
use crate::lab::{Lab, Run};
use serde_json::Value;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to open its port, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server of somebody else's. It ends with the value.
pub(crate) struct Server {
    process: Child,
    port: u16,
}

impl Server {
    #[track_caller]
    fn start(lab: &Lab, arguments: impl FnOnce(u16) -> Vec<String>) -> Self {
        let port = free_port();
        let mut command = python();
        command
            .args(arguments(port))
            .current_dir(lab.home.path("work"));
        command
            .env("GATEWAY_PORT", port.to_string())
            .env("SERVICES", "ecr,sts");
        command.env("HOME", lab.home.path("home"));
        let output = || Stdio::null();
        let process = command
            .stdin(output())
            .stdout(output())
            .stderr(output())
            .spawn();
        let mut server = Self {
            process: process.unwrap_or_else(|error| missing(&error)),
            port,
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.process.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "it ended at once: {ended:?}: run tests/run, which installs it"
            );
            assert!(begun.elapsed() < PATIENCE, "nobody listens");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// moto, which knows the API and no registry.
    #[track_caller]
    pub(crate) fn moto(lab: &Lab) -> Self {
        Self::start(lab, |port| {
            let arguments = ["-m", "moto.server", "-H", "127.0.0.1", "-p"];
            let mut arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            arguments.push(port.to_string());
            arguments
        })
    }

    #[track_caller]
    pub(crate) fn ministack(lab: &Lab) -> Self {
        Self::start(lab, |_| vec!["-m".to_owned(), "ministack".to_owned()])
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that was free just now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn python() -> Command {
    let path: PathBuf = root().join("target/tools/python/bin/python");
    Command::new(path)
}

fn missing(error: &std::io::Error) -> ! {
    panic!("{error}: run tests/run, which installs Python's packages in target/tools/python")
}

fn with_keys(run: Run, server: &Server) -> Run {
    run.env("AWS_ENDPOINT_URL_ECR", server.url())
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", format!("{CANARY}secret"))
}

/// Asks for a password in a lab whose registry only takes this one.
#[track_caller]
fn takes(server: &Server, lab: &Lab) {
    let image = crate::lab::Image::small(1);
    lab.push("ecr.lab/app:v1", &image);
    lab.home
        .user_settings(&lab.addressed("registries:\n  ecr.lab: {kind: ecr}\n"));
    let run = lab
        .run(["digest", "ecr.lab/app:v1"])
        .env("AWS_REGION", "eu-west-1");
    let run = with_keys(run, server);
    run.stdout(format!("{}\n", image.digest()))
        .any_stderr()
        .code(0);
}

#[test]
fn moto_hands_out_a_password() {
    let lab = Lab::empty().registry("ecr", |_| {
        super::stand_ins::guarded("123456789012-auth-token")
    });
    let server = Server::moto(&lab);
    takes(&server, &lab);
}

#[test]
fn ministack_hands_out_a_password() {
    let lab = Lab::empty().registry("ecr", |_| super::stand_ins::guarded("ministack-auth-token"));
    let server = Server::ministack(&lab);
    takes(&server, &lab);
}

#[test]
fn botocore_still_signs_as_it_did() {
    let committed = std::fs::read_to_string(root().join("src/provider/aws/vectors.json")).unwrap();
    let committed: Value = serde_json::from_str(&committed).unwrap();
    let mut asked = committed.clone();
    for vector in asked.as_array_mut().unwrap() {
        vector.as_object_mut().unwrap().remove("authorization");
    }
    let mut command = python();
    command.arg(root().join("tests/it/clouds/aws/sign.py"));
    let process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut process = process.unwrap_or_else(|error| missing(&error));
    let mut input = process.stdin.take().unwrap();
    input.write_all(asked.to_string().as_bytes()).unwrap();
    drop(input);
    let output = process.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "run tests/run, which installs botocore"
    );
    let signed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(signed, committed);
}
