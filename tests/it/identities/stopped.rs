//! Ctrl-C while the machine is asked who it is.

use crate::clouds::world::World;
use crate::lab::Lab;
use crossdock::server::{Access, Options};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::{Duration, Instant};

const ACCOUNT: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// A metadata service that says nothing, and when somebody has connected to it.
fn silent() -> (String, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (asked, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            open.push(stream);
            if asked.send(()).is_err() {
                break;
            }
        }
    });
    (address, heard)
}

#[test]
fn who_is_waited_for_keeps_nobody_from_leaving() {
    for (host, variable, path) in [
        (ACCOUNT, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://HOST"),
        (
            ACCOUNT,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "http://HOST/creds",
        ),
        ("europe-docker.pkg.dev", "GCE_METADATA_HOST", "HOST"),
    ] {
        for (signal, code, told) in [("INT", 130, "interrupted"), ("TERM", 143, "terminated")] {
            let lab = Lab::empty().open("dst").registry("cloud", |_| Options {
                access: Access::Basic { users: Vec::new() },
                ..Options::default()
            });
            let world = World::new(lab).registry(host, "cloud");
            let (address, heard) = silent();
            let proxy = world.proxy();
            let from = format!("{host}/team/app:v1");
            let running = world
                .run(&proxy, ["copy", &from, "dst.lab/app:v1"])
                .env(variable, path.replace("HOST", &address))
                .stderr_has(told)
                .start();
            let before = world.lab.home.files().len();
            heard.recv_timeout(Duration::from_secs(30)).unwrap();
            let stopped = Instant::now();
            running.signal(signal);
            running.code(code);
            let took = stopped.elapsed();
            assert!(took < Duration::from_millis(900), "{variable}: {took:?}");
            assert_eq!(world.lab.home.files().len(), before, "{variable}");
            assert_eq!(world.lab.digest("dst.lab/app:v1"), None);
            assert_eq!(world.lab.node("dst").registry.upload_count(), 0);
        }
    }
}
