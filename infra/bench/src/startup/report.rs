//! Figures beside their bars.

use std::{fs, process::ExitCode};

/// Results of several measurements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    min: f64,
    max: f64,
}

impl Spread {
    /// Of at least one measurement.
    pub fn of(mut measured: Vec<f64>) -> Option<Self> {
        measured.sort_by(f64::total_cmp);
        let (low, high) = ((measured.len().checked_sub(1)?) / 2, measured.len() / 2);
        let median = f64::midpoint(measured[low], measured[high]);
        Some(Self { median, min: *measured.first()?, max: *measured.last()? })
    }

    /// Of one measurement of bytes, in megabytes.
    #[expect(clippy::cast_precision_loss, reason = "sizes of programs are far below 2^52 bytes")]
    pub fn megabytes(bytes: u64) -> Self {
        let megabytes = bytes as f64 / 1_000_000.0;
        Self { median: megabytes, min: megabytes, max: megabytes }
    }
}

/// The table, printed line by line.
#[derive(Debug, Default)]
pub struct Report {
    missed: usize,
}

impl Report {
    /// Prints a heading and a note on the figures below it.
    pub fn heading(&self, title: &str, note: &str) {
        println!("\n{title}");
        note.lines().for_each(|line| println!("  {line}"));
        println!();
    }

    /// Prints a figure with its bar. The median counts.
    pub fn figure(&mut self, name: &str, Spread { median, min, max }: Spread, bar: f64, unit: &str, remark: &str) {
        let range = if min == max { String::new() } else { format!("{min:.1} to {max:.1}") };
        let verdict = if median <= bar { "ok    " } else { "MISSED" };
        self.missed += usize::from(median > bar);
        println!("  {verdict}  {name:<14} {median:>6.1} {unit}  {range:<16} bar {bar:>3.0} {unit}  {remark}");
    }

    /// Prints the number of missed bars and returns the exit code.
    pub fn end(self) -> ExitCode {
        println!("\n{} bars are missed.", self.missed);
        if self.missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Description of this machine.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("an unknown processor", |(_, model)| model.trim());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!("{cores} cores of {model}, {}, load before the first run: {load}", std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_decides_and_one_missed_bar_is_enough() {
        assert_eq!(Spread::of(vec![4.0, 1.0, 3.0, 10.0]), Some(Spread { median: 3.5, min: 1.0, max: 10.0 }));
        assert_eq!(Spread::of(Vec::new()), None);
        let mut report = Report::default();
        report.figure("met", Spread::of(vec![30.0, 100.0, 0.0]).unwrap(), 30.0, "ms", "");
        assert_eq!(report.missed, 0);
        report.figure("missed", Spread::of(vec![30.1]).unwrap(), 30.0, "ms", "");
        assert_eq!(report.missed, 1);
    }
}
