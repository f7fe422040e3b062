//! JSON lines, one per executed request, on the disk before it is answered.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::{domain::books::Change, idempotency::Executed};

/// One executed request: what it changed, and what its idempotency key is to repeat. One line, so that a crash
/// leaves both or neither.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    /// What it changed.
    pub change: Change,
    /// Its key and result, if it had a key.
    pub executed: Option<Executed>,
}

/// The file, or nothing where none was asked for.
#[derive(Debug)]
pub struct Journal(Option<File>);

impl Journal {
    /// Opens the file and reads what is in it. A torn last line was never answered: it is cut off with a warning.
    /// A damaged line anywhere else is an error.
    pub fn open(path: Option<&Path>) -> io::Result<(Self, Vec<Record>)> {
        let Some(path) = path else { return Ok((Self(None), Vec::new())) };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        if whole < bytes.len() {
            tracing::warn!(journal = %path.display(), bytes = bytes.len() - whole, "cut off a torn last line");
            file.set_len(whole as u64)?;
            file.sync_all()?;
        }
        let lines = bytes[..whole].split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let records = lines.enumerate().map(|(index, line)| {
            serde_json::from_slice(line).map_err(|error| {
                let place = format!("{}, line {}: {error}", path.display(), index + 1);
                io::Error::new(io::ErrorKind::InvalidData, place)
            })
        });
        let records = records.collect::<io::Result<_>>()?;
        Ok((Self(Some(file)), records))
    }

    /// Writes a record and waits for the disk.
    pub fn append(&mut self, record: &Record) -> io::Result<()> {
        let Some(file) = &mut self.0 else { return Ok(()) };
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let length = file.metadata()?.len();
        let written = file.write_all(&line).and_then(|()| file.sync_data());
        if written.is_err() {
            // Half a line must not stand before the next one.
            file.set_len(length)?;
        }
        written
    }
}
