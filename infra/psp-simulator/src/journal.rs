//! Journal file: one JSON line per executed request, on disk before the response is sent.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::{domain::books::Change, idempotency::Executed};

/// One executed request: its change and the result that its idempotency key replays. Both are in one line, so that a
/// crash keeps both or neither.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) change: Change,
    pub(crate) executed: Option<Executed>,
}

/// Append-only journal file. Does nothing if no path was configured.
#[derive(Debug)]
pub(crate) struct Journal(Option<File>);

impl Journal {
    /// Opens the file and reads its records. An incomplete last line was never answered and is truncated with a
    /// warning. Any other damaged line is an error.
    pub(crate) fn open(path: Option<&Path>) -> io::Result<(Self, Vec<Record>)> {
        let Some(path) = path else { return Ok((Self(None), Vec::new())) };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let complete = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        if complete < bytes.len() {
            tracing::warn!(journal = %path.display(), bytes = bytes.len() - complete, "truncated incomplete last line");
            file.set_len(complete as u64)?;
            file.sync_all()?;
        }
        let mut records = Vec::new();
        for (index, line) in bytes[..complete].split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).enumerate()
        {
            let record = serde_json::from_slice(line).map_err(|error| {
                let message = format!("{}, line {}: {error}", path.display(), index + 1);
                io::Error::new(io::ErrorKind::InvalidData, message)
            })?;
            records.push(record);
        }
        Ok((Self(Some(file)), records))
    }

    /// Appends a record and syncs it to disk.
    pub(crate) fn append(&mut self, record: &Record) -> io::Result<()> {
        let Some(file) = &mut self.0 else { return Ok(()) };
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let length = file.metadata()?.len();
        let written = file.write_all(&line).and_then(|()| file.sync_data());
        if written.is_err() {
            // A partial line must not precede the next record.
            file.set_len(length)?;
        }
        written
    }
}
