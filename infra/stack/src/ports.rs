//! Ports of a stack.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, TcpListener},
};

use anyhow::{Context, Result, bail};

use crate::topology::Topology;

/// Ports of a stack, all on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports {
    /// The emulated AWS with the public API.
    pub aws: u16,
    /// The services of the topology, by name.
    pub services: BTreeMap<String, u16>,
    /// The card processor simulator.
    pub processor: u16,
    /// PostgreSQL.
    pub postgres: u16,
}

impl Ports {
    /// Chooses `port` for the emulated AWS, and the next free ports for the services, in the order of the topology.
    pub fn choose(port: u16, topology: &Topology) -> Result<Self> {
        if !is_free(port) {
            let holder = holder::of(port).unwrap_or_else(|| "another program".to_owned());
            bail!("port {port} is in use by {holder}: choose another with --port");
        }
        let mut free = (port..=u16::MAX).skip(1).filter(|candidate| is_free(*candidate));
        let mut next = || free.next().with_context(|| format!("too few free ports above {port}"));
        let mut services = BTreeMap::new();
        for service in &topology.services {
            services.insert(service.name.clone(), next()?);
        }
        Ok(Self { aws: port, services, processor: next()?, postgres: next()? })
    }
}

/// True if no process listens on `port` of loopback or of all addresses.
fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() && TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

/// The process that listens on a port, for messages.
mod holder {
    use std::{fs, process::Command};

    /// Command and pid of the listener on `port`, from `/proc` or by `lsof`.
    pub fn of(port: u16) -> Option<String> {
        by_proc(port).or_else(|| by_lsof(port))
    }

    fn by_proc(port: u16) -> Option<String> {
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
            Some(describe(&command, pid))
        })
    }

    fn by_lsof(port: u16) -> Option<String> {
        let output =
            Command::new("lsof").args(["-nP", &format!("-iTCP:{port}"), "-sTCP:LISTEN", "-Fpc"]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let field = |tag| text.lines().find_map(|line| line.strip_prefix(tag));
        Some(describe(field('c')?, field('p')?.parse().ok()?))
    }

    /// The first 80 characters of a command without its folder. Its arguments are separated by zeros.
    fn describe(command: &str, pid: u32) -> String {
        let (program, arguments) = command.split_once('\0').unwrap_or((command, ""));
        let program = program.rsplit('/').next().unwrap_or(program);
        let command: String = format!("{program} {}", arguments.replace('\0', " ")).chars().take(80).collect();
        format!("`{}` (pid {pid})", command.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_refused_with_its_holder_and_the_way_out() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let refusal = Ports::choose(port, &Topology::load().unwrap()).unwrap_err().to_string();
        assert!(refusal.contains(&format!("port {port} is in use by")) && refusal.contains("--port"), "{refusal}");
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
        let ports = Ports::choose(first, &Topology::load().unwrap()).unwrap();
        assert_eq!(ports.aws, first);
        assert!(ports.services.values().chain([&ports.processor, &ports.postgres]).all(|port| *port > taken));
    }
}
