//! The servers that are measured, each as its own process: dnsbld, Debian's rbldnsd, and the bare echo.
//!
//! Guarantees: a server listens on loopback only, holds the same lists as the others, and ends with its owner.
//! Never: reuses a process for another trial.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    api::Api,
    batch::{Batch, To, Wait},
    data::ZONE,
    process::Process,
    wire::{Encoded, Reply},
};

/// The lists of the trials with their return codes, most severe first.
pub const LISTS: [(&str, &str); 3] = [("compromised", "127.0.0.3"), ("relay", "127.0.0.4"), ("dynamic", "127.0.0.10")];
/// A server that has not answered by then will not.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// A server that has not ended by then is killed.
const ENDED_WITHIN: Duration = Duration::from_secs(15);
/// How long one question waits before the next is sent.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(1);

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// SIGTERM: in order.
    Asked,
    /// SIGKILL.
    Killed,
}

/// What the programs are and where they may write.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The dnsbld to measure.
    pub dnsbld: Option<PathBuf>,
    /// The rbldnsd to compare with.
    pub rbldnsd: PathBuf,
    /// The echo of this crate.
    pub echo: PathBuf,
}

/// A running server.
pub struct Server {
    child: Child,
    /// What is measured.
    pub process: Process,
    /// Where it answers.
    pub dns: SocketAddr,
    /// When it was started.
    pub started: Instant,
}

impl Server {
    fn spawn(
        program: &Path,
        arguments: &[String],
        core: Option<usize>,
        log: &Path,
        dns: SocketAddr,
    ) -> io::Result<Self> {
        let mut command = match core {
            // taskset becomes the program: the process is the server's own.
            Some(core) => {
                let mut command = Command::new("taskset");
                command.arg("-c").arg(core.to_string()).arg(program);
                command
            }
            None => Command::new(program),
        };
        let log = fs::File::options().create(true).append(true).open(log)?;
        command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let started = Instant::now();
        let child = command.spawn().map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", program.display())))?;
        Ok(Self { process: Process(child.id()), child, dns, started })
    }

    /// Asks again and again until the answer is right; how long after the start that was.
    pub fn first_right_answer(&mut self, query: &Encoded) -> io::Result<Duration> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(self.dns)?;
        socket.set_read_timeout(Some(ASK_AGAIN_AFTER))?;
        let mut reply = [0; 2048];
        loop {
            // Before the port is bound, sending or receiving is refused; that costs no wait.
            let length = socket.send(&query.octets).and_then(|_| socket.recv(&mut reply));
            let right =
                length.is_ok_and(|length| Reply::read(&reply[..length]).is_some_and(|r| r.agrees_with(query.expect)));
            let elapsed = self.started.elapsed();
            if right {
                return Ok(elapsed);
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("the server ended at start: {status}")));
            }
            if elapsed > READY_WITHIN {
                return Err(io::Error::other("the server gives no right answer"));
            }
            thread::sleep(ASK_AGAIN_AFTER / 4);
        }
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        let status = Command::new("kill").args(["-s", name, &self.process.0.to_string()]).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("kill: {status}"))) }
    }

    /// Ends the server and waits for it.
    pub fn end(mut self, how: End) -> io::Result<()> {
        if how == End::Asked {
            self.signal("TERM")?;
            let until = Instant::now() + ENDED_WITHIN;
            while Instant::now() < until {
                if self.child.try_wait()?.is_some() {
                    return Ok(());
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
        self.child.kill()?;
        self.child.wait().map(|_| ())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of loopback that is free for UDP and TCP.
fn free_address() -> io::Result<SocketAddr> {
    loop {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = tcp.local_addr()?;
        if UdpSocket::bind(address).is_ok() {
            return Ok(address);
        }
    }
}

/// Starts the echo of this crate.
pub fn start_echo(programs: &Programs, core: Option<usize>, log: &Path) -> io::Result<Server> {
    let dns = free_address()?;
    Server::spawn(&programs.echo, &["--listen".into(), dns.to_string()], core, log, dns)
}

/// Echoes whatever comes, by the batch, for ever: the most that a server over these system calls can do.
pub fn echo(socket: &UdpSocket) -> io::Result<()> {
    let mut batch = Batch::new();
    loop {
        let count = batch.receive(socket, Wait::ForOne)?;
        // A peer that has gone is no reason to stop.
        let _ = batch.send(socket, count, To::Senders);
    }
}

/// The text of a list, of the same length in every server.
fn text(list: &str, address: &str, url: &str) -> String {
    format!("{address} is listed as {list}; see http://127.0.0.1:8053/{url}")
}

/// What stands above the keys of a list in rbldnsd's files.
#[must_use]
pub fn rbldnsd_head(list: &str) -> String {
    let code = LISTS.iter().find(|(name, _)| *name == list).map_or("127.0.0.2", |(_, code)| code);
    format!(
        "$SOA 300 ns1.{ZONE} hostmaster.{ZONE} 0 600 300 86400 60\n$NS 300 ns1.{ZONE}\n$TTL 300\n:{code}:{}\n",
        text(list, "$", "$")
    )
}

/// Starts rbldnsd on the files of a directory, one data set a list, all in one zone.
pub fn start_rbldnsd(programs: &Programs, files: &Path, core: Option<usize>, log: &Path) -> io::Result<Server> {
    let dns = free_address()?;
    // -n: in the foreground; -c 0: files are read again on SIGHUP alone. Started by root it becomes its own user.
    let mut arguments: Vec<String> = ["-n", "-c", "0", "-t", "300"].map(String::from).into();
    arguments.extend(["-w".into(), files.display().to_string(), "-b".into(), format!("{}/{}", dns.ip(), dns.port())]);
    for (list, _) in LISTS {
        // Hosts are fastest as a sorted set; ranges with holes in them need the trie, where the longest key decides.
        let kind = if list == "dynamic" { "ip4trie" } else { "ip4set" };
        if files.join(format!("{list}.txt")).exists() {
            arguments.push(format!("{ZONE}:{kind}:{list}.txt"));
        }
    }
    Server::spawn(&programs.rbldnsd, &arguments, core, log, dns)
}

/// A store of dnsbld with its configuration.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
    dns: SocketAddr,
    http: SocketAddr,
}

impl Store {
    /// Makes an empty one. `udp_threads` as in the configuration: 0 is one for each core.
    pub fn make(directory: &Path, udp_threads: usize) -> io::Result<Self> {
        if directory.exists() {
            fs::remove_dir_all(directory)?;
        }
        fs::create_dir_all(directory)?;
        let store = Self { directory: directory.to_owned(), dns: free_address()?, http: free_address()? };
        fs::write(store.config(), store.configuration(udp_threads))?;
        Ok(store)
    }

    fn config(&self) -> PathBuf {
        self.directory.join("dnsbld.toml")
    }

    fn configuration(&self, udp_threads: usize) -> String {
        let Self { dns, http, .. } = self;
        let mut toml = format!(
            "data_dir = \"store\"\n[dns]\nlisten = [\"{dns}\"]\nudp_threads = {udp_threads}\n\
             [http]\nlisten = \"{http}\"\npublic_url = \"http://127.0.0.1:8053\"\n"
        );
        let lists = LISTS.iter().map(|&(name, code)| (name, name, code)).chain([("bad-names", "domain", "127.0.1.2")]);
        for (name, kind, code) in lists {
            let text = text(name, "{address}", "{address}");
            toml += &[
                "[[list]]",
                &format!("name = \"{name}\"\nkind = \"{kind}\"\ncode = \"{code}\"\ntext = \"{text}\""),
                "criteria = \"Made to be measured.\"\nexpires_after = \"never\"\n",
            ]
            .join("\n");
        }
        for (origin, lists) in [(ZONE, "\"compromised\", \"relay\", \"dynamic\""), ("dbl.test", "\"bad-names\"")] {
            toml += &[
                "[[zone]]",
                &format!(
                    "origin = \"{origin}\"\nlists = [{lists}]\nns = [\"ns1.example.org\"]\ncontact = \"hostmaster@{ZONE}\""
                ),
                "ttl = \"5m\"\nnegative_ttl = \"1m\"\n",
            ]
            .join("\n");
        }
        toml
    }

    /// Starts dnsbld on it.
    pub fn start(&self, program: &Path, core: Option<usize>) -> io::Result<Server> {
        let arguments = ["serve".into(), "--config".into(), self.config().display().to_string()];
        Server::spawn(program, &arguments, core, &self.directory.join("log"), self.dns)
    }

    /// Connects to the running server, with the patience that a start needs.
    pub fn api(&self) -> io::Result<Api> {
        let until = Instant::now() + READY_WITHIN;
        loop {
            let token = fs::read_to_string(self.directory.join("store/admin.token"));
            match token.and_then(|token| Api::connect(self.http, &token)) {
                Ok(api) => return Ok(api),
                Err(e) if Instant::now() > until => return Err(e),
                Err(_) => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// What the server said last, for a failed trial.
    #[must_use]
    pub fn last_words(&self) -> String {
        let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}
