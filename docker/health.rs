//! The health check of images that have no shell: `health PORT PATH` ends with 0 if the server in this container
//! answers `GET PATH` with 2xx. A file of its own, not a crate, because it needs nothing but the standard library.

use std::{
    env,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

/// Shorter than the timeout that containers' health checks are given.
const LIMIT: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (Some(port), Some(path)) = (arguments.next().and_then(|port| port.parse().ok()), arguments.next()) else {
        eprintln!("usage: health PORT PATH");
        return ExitCode::from(2);
    };
    match status_line(port, &path) {
        Ok(line) if is_success(&line) => ExitCode::SUCCESS,
        Ok(line) => {
            eprintln!("{path}: {line}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The first line of the answer.
fn status_line(port: u16, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    // More than a status line is not needed, and a server may send any amount.
    stream.take(1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}

/// `HTTP/1.1 200 OK` is.
fn is_success(status_line: &str) -> bool {
    let status = status_line.split(' ').nth(1).unwrap_or_default();
    status.len() == 3 && status.starts_with('2')
}
