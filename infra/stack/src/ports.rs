//! Ports: the one that was asked for, and free ones beside it.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

/// Where the parts of a stack listen, all on loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// The emulated AWS with the front door: what was asked for.
    pub aws: u16,
    /// product.
    pub product: u16,
    /// order.
    pub order: u16,
    /// The card processor's simulator.
    pub processor: u16,
    /// PostgreSQL.
    pub postgres: u16,
}

impl Ports {
    /// `port` itself, and the next four that are free.
    pub fn choose(port: u16) -> Result<Self> {
        if !is_free(port) {
            let holder = holder::of(port).map_or_else(|| "another program".to_owned(), |holder| holder.to_string());
            bail!("port {port} is taken by {holder}: choose another with --port");
        }
        let mut free = (port..=u16::MAX).skip(1).filter(|candidate| is_free(*candidate));
        let mut next = || free.next().with_context(|| format!("too few free ports above {port}"));
        Ok(Self { aws: port, product: next()?, order: next()?, processor: next()?, postgres: next()? })
    }
}

/// True if nobody listens on `port` of loopback or of all addresses.
fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() && TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

/// Who listens on a port, as far as the operating system tells.
mod holder {
    use std::{fmt, fs, process::Command};

    /// A process that holds a port.
    #[derive(Debug)]
    pub struct Holder {
        pid: u32,
        command: String,
    }

    impl fmt::Display for Holder {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "`{}` (pid {})", self.command, self.pid)
        }
    }

    /// The listener on `port`: by `/proc` where there is one, otherwise by `lsof`.
    pub fn of(port: u16) -> Option<Holder> {
        by_proc(port).or_else(|| by_lsof(port))
    }

    fn by_proc(port: u16) -> Option<Holder> {
        let sockets = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
        let inode = sockets.iter().flat_map(|table| table.lines()).find_map(|line| {
            // "sl local_address rem_address st … inode": 0A is LISTEN.
            let fields: Vec<_> = line.split_whitespace().collect();
            let listens = fields.get(3) == Some(&"0A") && fields.get(1)?.ends_with(&format!(":{port:04X}"));
            listens.then(|| fields.get(9).map(|inode| format!("socket:[{inode}]"))).flatten()
        })?;
        let processes = fs::read_dir("/proc").ok()?.flatten();
        processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find_map(|pid: u32| {
            let mut files = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten();
            files.find(|file| fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == inode.as_str()))?;
            let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
            // Arguments are separated by zeros; the program's folder tells nothing.
            let (program, arguments) = command.split_once('\0').unwrap_or((&command, ""));
            let program = program.rsplit('/').next().unwrap_or(program);
            Some(Holder { pid, command: shorten(&format!("{program} {}", arguments.replace('\0', " "))) })
        })
    }

    fn by_lsof(port: u16) -> Option<Holder> {
        let output =
            Command::new("lsof").args(["-nP", &format!("-iTCP:{port}"), "-sTCP:LISTEN", "-Fpc"]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let field = |tag| text.lines().find_map(|line| line.strip_prefix(tag));
        Some(Holder { pid: field('p')?.parse().ok()?, command: shorten(field('c')?) })
    }

    fn shorten(command: &str) -> String {
        let command = command.split_whitespace().collect::<Vec<_>>().join(" ");
        match command.char_indices().nth(80) {
            Some((end, _)) => format!("{}…", &command[..end]),
            None => command,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_refused_with_its_holder_and_the_way_out() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let refusal = Ports::choose(port).unwrap_err().to_string();
        assert!(refusal.contains(&format!("port {port} is taken by")) && refusal.contains("--port"), "{refusal}");
        if cfg!(target_os = "linux") {
            assert!(refusal.contains(&format!("pid {}", std::process::id())), "{refusal}");
        }
    }

    #[test]
    fn the_other_ports_are_beside_the_first_and_step_over_taken_ones() {
        // Below the range of outgoing connections, which other tests have meanwhile.
        let beside = |first| TcpListener::bind((Ipv4Addr::LOCALHOST, first + 1)).ok().map(|taken| (first, taken));
        let (first, listener) = (0..100).find_map(|_| beside(crate::emulator::free_port().unwrap())).unwrap();
        let taken = listener.local_addr().unwrap().port();
        let ports = Ports::choose(first).unwrap();
        assert_eq!(ports.aws, first);
        assert!([ports.product, ports.order, ports.processor, ports.postgres].iter().all(|port| *port > taken));
    }
}
