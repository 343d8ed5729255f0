//! `PyPI`'s `django-oci`, which keeps few of the specification's promises: no digest in its headers,
//! manifests written anew, no errors of the specified form, no list of repositories.

use crate::generated::root;
use crate::lab::{Image, Lab, Run};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const APP: &str = r#"
import sys
import django
from django.conf import settings
settings.configure(
    DEBUG=False, SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF="app", MEDIA_ROOT=".",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3",
                           "OPTIONS": {"timeout": 30}}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django_oci",
                    "rest_framework", "rest_framework.authtoken"],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    SILENCED_SYSTEM_CHECKS=["django_ratelimit.E003", "django_ratelimit.W001"],
    MIGRATION_MODULES={"django_oci": None},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DJANGO_OCI={"DISABLE_AUTHENTICATION": True, "AUTHENTICATED_VIEWS": []})
django.setup()
from django.urls import include, path
urlpatterns = [path("", include("django_oci.urls"))]
sys.modules["app"] = sys.modules["__main__"]
from django.core.management import execute_from_command_line as run
if sys.argv[1] == "serve":
    run(["app", "migrate", "--run-syncdb", "--verbosity", "0"])
    run(["app", "runserver", "--noreload", "127.0.0.1:" + sys.argv[2]])
"#;

struct Odd {
    lab: Lab,
    process: Child,
    address: String,
}

impl Odd {
    fn new() -> Self {
        let (lab, port) = (Lab::new(), free_port());
        lab.home.write("work/app.py", APP);
        let mut command = Command::new(root().join("target/tools/python/bin/python"));
        command.args(["app.py", "serve", &port.to_string()]);
        command.current_dir(lab.home.path("work"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = command.spawn().unwrap_or_else(|error| {
            panic!(
                "{error}: run tests/run, which installs Python's packages in target/tools/python"
            )
        });
        let address = format!("127.0.0.1:{port}");
        let mut odd = Self {
            lab,
            process,
            address,
        };
        let begun = Instant::now();
        while TcpStream::connect(&odd.address).is_err() {
            assert!(
                odd.process.try_wait().unwrap().is_none(),
                "it ended: run tests/run"
            );
            assert!(begun.elapsed() < Duration::from_mins(1), "nobody listens");
            std::thread::sleep(Duration::from_millis(50));
        }
        odd
    }

    fn run(&self, args: &[&str]) -> Run {
        self.lab.run(args).named("odd.lab", &self.address)
    }
}

impl Drop for Odd {
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

#[test]
fn an_odd_server_is_copied_to_listed_copied_from_and_cleared() {
    let odd = Odd::new();
    let image = Image::small(1);
    odd.lab.push("src.lab/app:v1", &image);
    let there = "odd.lab/team/app:v1";
    let copied = |to: &str| format!("{to}@{}\n", image.digest());
    let run = odd.run(&["copy", "-q", "src.lab/app:v1", there]);
    run.stdout(copied(there)).any_stderr().code(0);
    odd.run(&["ls", "odd.lab/team/app"]).stdout("v1\n").code(0);
    let run = odd.run(&["ls", "-l", "--json", "odd.lab/team/app"]);
    let rows = run.any_stdout().any_stderr().code(0).json();
    assert_eq!(rows[0]["digest"], image.digest());
    odd.run(&["digest", there])
        .stdout(format!("{}\n", image.digest()))
        .code(0);
    let run = odd.run(&["copy", "-q", there, "dst.lab/app:v1"]);
    run.stdout(copied("dst.lab/app:v1")).any_stderr().code(0);
    odd.lab.assert_holds("dst.lab/app:v1", &image);
    odd.run(&["rm", there])
        .stdout(copied(there))
        .any_stderr()
        .code(0);
    odd.run(&["digest", there]).any_stderr().code(3);
    odd.run(&["ls", "odd.lab"]).any_stderr().code(3);
}
