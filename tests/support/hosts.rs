//! Tests of the program among other machines: each in a network name space of its own, made by `hosts.sh`.
//!
//! Guarantees: all that a script makes ends with the name spaces that it runs in, and those with the script.
//! Never: touches the machine's own network; two runs at once do not see each other.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

const HOSTS: &str = include_str!("hosts.sh");

/// As long as a script may take: several times what it takes, for a machine that does other work too.
const SECONDS: &str = "480";

fn inside(home: &Path, script: &str, environment: &[(&str, &str)]) -> Output {
    std::fs::create_dir_all(home).expect("a folder");
    let script = format!("set -eu\nhome=$1 program=$2\n{HOSTS}\n{script}");
    let file = home.join("script");
    std::fs::write(&file, script).expect("written");
    let mut command = Command::new("timeout");
    // unshare pays no heed to SIGTERM; its child dies with it.
    command.args(["--signal=KILL", SECONDS, "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "bash"]);
    command.arg(&file).arg(home).arg(super::PROGRAM).envs(environment.iter().copied());
    command.output().expect("timeout and unshare are everywhere")
}

/// What a script printed that was run among hosts in `home`; `None`, with a word why, where name spaces are not to be had.
pub fn run(home: &Path, script: &str, environment: &[(&str, &str)]) -> Option<String> {
    let tried = inside(home, "wire 192.0.2.1/24\nhost one 192.0.2.2/24 192.0.2.1\non one true\n", &[]);
    if !tried.status.success() {
        let why = String::from_utf8_lossy(&tried.stderr);
        eprintln!("left out: this machine lets us make no network name spaces: {}", why.trim());
        return None;
    }
    // Postfix works as a user of its own, in folders below.
    std::fs::set_permissions(home, Permissions::from_mode(0o755)).expect("our own folder");
    let output = inside(home, script, environment);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    println!("{said}{errors}");
    if !output.status.success() {
        let logs = Command::new("bash").args(["-c", "tail -n 30 log */maillog *.log"]).current_dir(home).output();
        let logs = logs.map(|logs| String::from_utf8_lossy(&logs.stdout).into_owned()).unwrap_or_default();
        panic!("the script ended with {}\n{said}{errors}\n{logs}", output.status);
    }
    Some(said)
}
