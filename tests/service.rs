//! The server as a service: what it tells the service manager, whom it becomes, and that it comes back when the system runs
//! out of something.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod support;

use socket2::{Domain, Socket, Type};
use std::{
    fs, io,
    net::SocketAddr,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::UnixDatagram,
    },
    path::Path,
    time::Duration,
};
use support::{CONFIG, TestServer};

/// A directory that other users may enter, with a configuration.
fn home(config: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(home.path().join("dnsbld.toml"), config).unwrap();
    home
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// The user numbers of a process: real, effective, saved, of the file system.
fn users(pid: u32) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("Uid:")).unwrap();
    line.split_whitespace().skip(1).map(str::to_owned).collect()
}

fn all_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_service_manager_is_told_of_start_and_stop() {
    let home = home(CONFIG);
    let path = home.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let variable = format!("NOTIFY_SOCKET={}", path.display());
    let mut server = TestServer::in_directory(home.path(), &["env", &variable]);
    let told = || {
        let mut buffer = [0; 4096];
        let length = manager.recv(&mut buffer).expect("told something in time");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let ready = told();
    assert!(ready.lines().any(|line| line == "READY=1"), "{ready}");
    assert!(ready.contains("STATUS=dnsbld is ready"), "{ready}");
    server.signal("TERM");
    let stopping = told();
    assert!(stopping.lines().any(|line| line == "STOPPING=1"), "{stopping}");
    assert_eq!(server.wait(Duration::from_secs(20)), Some(0));
}

#[test]
fn a_server_started_by_root_becomes_the_user_that_the_configuration_names() {
    if !is_root() {
        eprintln!("left out: only root can become another user");
        return;
    }
    let home = home(&CONFIG.replace("data_dir = \"var\"", "data_dir = \"var\"\nuser = \"nobody\""));
    let nobody = fs::read_to_string("/etc/passwd").unwrap();
    let nobody = nobody.lines().find(|line| line.starts_with("nobody:")).unwrap();
    let number = nobody.split(':').nth(2).unwrap().to_owned();
    let mut server = TestServer::in_directory(home.path(), &[]);
    assert_eq!(users(server.pid()), vec![number.clone(); 4], "no way back is left");
    assert_eq!(server.add("compromised", "operator", "192.0.2.1").status, 200, "it writes as that user");
    for path in all_below(&home.path().join("var")) {
        assert_eq!(fs::metadata(&path).unwrap().uid().to_string(), number, "{}", path.display());
    }
    server.kill_and_restart();
    assert_eq!(server.address("192.0.2.1", "bl.test"), "127.0.0.4");
}

fn connect_from(client: u8, to: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 1, 1 + client], 0)).into())?;
    socket.connect_timeout(&to.into(), Duration::from_secs(1))?;
    Ok(socket)
}

/// Descriptors of a process that are sockets.
fn sockets(pid: u32) -> usize {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    open.filter(|one| fs::read_link(one.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))).count()
}

#[test]
fn a_server_out_of_file_descriptors_answers_dns_and_comes_back() {
    let home = home(CONFIG);
    let server = TestServer::in_directory(home.path(), &["prlimit", "--nofile=120:120"]);
    assert_eq!(server.add("compromised", "operator", "192.0.2.1").status, 200);
    let brief = r#"{"key":"192.0.2.9","source":"operator","expires":"4s"}"#;
    assert_eq!(server.call("POST", "/api/v1/lists/compromised/entries", brief).status, 200);
    // From many addresses: one client alone is held to fewer connections than that.
    let crowd: Vec<Socket> = (0..200).filter_map(|number| connect_from(number / 10, server.http).ok()).collect();
    assert!(crowd.len() > 120, "more came than it has descriptors for");
    assert_eq!(server.address("192.0.2.1", "bl.test"), "127.0.0.4");
    support::eventually("the crowd is felt: else the test is none", Duration::from_secs(10), || {
        server.log().contains("could not be accepted")
    });
    let taken = sockets(server.pid());
    assert!(taken <= 60, "half are left for the store: {taken}");
    // The store is let to compact in the first second: that failed for want of a descriptor, and writes were off.
    support::eventually("changes go on in the crowd", Duration::from_secs(20), || {
        server.address("192.0.2.9", "bl.test") == "NXDOMAIN"
    });
    drop(crowd);
    support::eventually("it answers HTTP again", Duration::from_secs(10), || {
        let answered = support::try_call(server.http, None, "GET", "/health", b"", &[]);
        answered.is_ok_and(|reply| reply.status == 200)
    });
    assert_eq!(server.add("compromised", "operator", "192.0.2.2").status, 200, "and takes changes");
}
