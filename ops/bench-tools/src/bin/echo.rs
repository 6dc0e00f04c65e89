//! echo --listen 127.0.0.1:PORT: a bare UDP echo by recvmmsg and sendmmsg, the ceiling that name servers are held against.
//!
//! Guarantees: one thread, one socket, nothing between receiving and sending.
//! Never: looks into a datagram.

use std::{env, net::UdpSocket, process::ExitCode};

use bench_tools::{arguments::Arguments, server};

fn main() -> ExitCode {
    match run(Arguments::new(env::args().skip(1))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("echo: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Arguments) -> Result<(), String> {
    let listen: std::net::SocketAddr = arguments.needed("--listen")?;
    arguments.finish()?;
    let socket = UdpSocket::bind(listen).map_err(|e| format!("{listen}: {e}"))?;
    server::echo(&socket).map_err(|e| e.to_string())
}
