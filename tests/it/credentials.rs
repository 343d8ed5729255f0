//! Credential helpers, credential files, and what `login` and `logout` make of both.
//!
//! The helpers are scripts in a folder of the test's PATH.

mod asking;
mod broken;
#[cfg(target_os = "linux")]
mod desktop;
mod files;
#[cfg(target_os = "linux")]
mod keyring;
mod leaving;
mod listing;
mod storing;
#[cfg(target_os = "linux")]
mod terminal;
mod together;
#[cfg(target_os = "linux")]
mod unavailable;

use crate::lab::{Image, Lab};
use crossdock::server::{Access, Anonymous, Options, User};
use std::io::Write as _;
use std::process::{Command, Stdio};

const FILE: &str = "home/.docker/config.json";

fn users() -> Vec<User> {
    vec![User::new("ann", "apple"), User::new("bob", "banana")]
}

/// An empty lab with a registry `dst` that wants a login, by Basic.
fn basic() -> Lab {
    let access = |_: &str| Options {
        access: Access::Basic { users: users() },
        ..Options::default()
    };
    with_images(Lab::empty().registry("dst", access))
}

/// The same by tokens, which `anonymous` may get too.
fn tokens(anonymous: Anonymous) -> Lab {
    let access = |address: &str| Options {
        access: crate::lab::tokens(address, "dst", users(), anonymous),
        ..Options::default()
    };
    with_images(Lab::empty().registry("dst", access))
}

fn with_images(lab: Lab) -> Lab {
    for tag in ["v1", "v2", "v3"] {
        lab.push(&format!("dst.lab/app:{tag}"), &Image::small(1));
    }
    lab
}

/// Puts a script where every run finds it as a credential helper.
pub(crate) fn install(lab: &Lab, name: &str, script: &str) {
    let program = lab
        .home
        .path("bin")
        .join(format!("docker-credential-{name}"));
    install_at(&program, script);
}

/// Written by another process: one that this one starts meanwhile for another test could still
/// hold the file open for writing, and then it cannot be run.
pub(crate) fn install_at(program: &std::path::Path, script: &str) {
    std::fs::create_dir_all(program.parent().unwrap()).unwrap();
    let mut child = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(program)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"#!/bin/sh\n").unwrap();
    stdin.write_all(script.as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// A helper that works: it keeps what it is given in files, and writes down what it is asked.
const KEEP: &str = r#"
at="$HOME/kept"; mkdir -p "$at"
said=$(cat; echo .); said=${said%.}
echo "$1" >> "$HOME/asked"
file() { printf %s "$1" | tr -c 'A-Za-z0-9' _; }
field() { sed 's/.*"'"$1"'":"\([^"]*\)".*/\1/'; }
case $1 in
store) printf %s "$said" > "$at/$(file "$(printf %s "$said" | field ServerURL)")" ;;
get)
  if [ -f "$at/$(file "$said")" ]; then cat "$at/$(file "$said")"
  else echo "credentials not found in native keychain"; exit 1; fi ;;
erase) rm -f "$at/$(file "$said")" ;;
list)
  between='{'
  for f in "$at"/*; do
    [ -f "$f" ] || continue
    printf '%s"%s":"%s"' "$between" "$(field ServerURL < "$f")" "$(field Username < "$f")"
    between=','
  done
  [ "$between" = '{' ] && printf '{'
  printf '}' ;;
esac
"#;

/// What [`KEEP`] was asked, in order.
fn asked(lab: &Lab) -> Vec<String> {
    let lines = lab.home.read("home/asked").unwrap_or_default();
    lines.lines().map(str::to_owned).collect()
}

/// A script that answers every question with this credential.
fn answering(username: &str, secret: &str) -> String {
    format!(
        "cat > /dev/null; echo \"$1\" >> \"$HOME/asked\"\n\
         echo '{{\"ServerURL\":\"elsewhere.example\",\"Username\":\"{username}\",\"Secret\":\"{secret}\"}}'\n"
    )
}

/// Writes docker's file, with addresses for names.
fn config(lab: &Lab, content: &serde_json::Value) {
    lab.home.write(FILE, lab.addressed(&content.to_string()));
}

fn stored(lab: &Lab) -> serde_json::Value {
    let text = lab.home.read(FILE).unwrap_or_else(|| "null".to_owned());
    serde_json::from_str(&text).unwrap()
}

const DIGEST: [&str; 2] = ["digest", "dst.lab/app:v1"];
const LOGIN: [&str; 5] = ["login", "dst.lab", "-u", "ann", "--password-stdin"];
