//! Health check for images without a shell: `health PORT PATH` exits with 0 if the server in this container responds to
//! `GET PATH` with 2xx. It is a single file instead of a crate, because it needs only the standard library.

use std::{
    env,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

/// Limit of each I/O operation, shorter than the timeout of the container's health check.
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

/// Returns the first line of the response.
fn status_line(port: u16, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut response = Vec::new();
    // Only the status line is needed, but the server may send any amount.
    stream.take(1024).read_to_end(&mut response)?;
    Ok(String::from_utf8_lossy(&response).lines().next().unwrap_or_default().to_owned())
}

/// Returns whether a status line such as `HTTP/1.1 200 OK` has a 2xx status.
fn is_success(status_line: &str) -> bool {
    let status = status_line.split(' ').nth(1).unwrap_or_default();
    status.len() == 3 && status.starts_with('2')
}
