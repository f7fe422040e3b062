//! Figures beside their bars.

use std::{fmt, fs, process::ExitCode};

/// Several measurements of the same thing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The middle one, or the mean of the two in the middle.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of at least one measurement.
    pub fn of(mut measured: Vec<f64>) -> Option<Self> {
        measured.sort_by(f64::total_cmp);
        let (min, max) = (*measured.first()?, *measured.last()?);
        let middle = measured.len() / 2;
        let median =
            if measured.len() % 2 == 1 { measured[middle] } else { (measured[middle - 1] + measured[middle]) / 2.0 };
        Some(Self { median, min, max })
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    Milliseconds,
    /// Of 1,000,000 bytes.
    Megabytes,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
        })
    }
}

/// The table, printed line by line.
#[derive(Debug, Default)]
pub struct Report {
    missed: usize,
}

impl Report {
    /// A heading with what the figures below it are made of.
    pub fn heading(&self, title: &str, note: &str) {
        println!("\n{title}");
        note.lines().for_each(|line| println!("  {line}"));
        println!();
    }

    /// A figure with its bar. It is the median that counts. `remark` tells what it is made of.
    pub fn figure(&mut self, name: &str, spread: Spread, bar: f64, unit: Unit, remark: &str) {
        let Spread { median, min, max } = spread;
        let range = if min == max { String::new() } else { format!("{min:.1} to {max:.1}") };
        let verdict = if median <= bar { "ok    " } else { "MISSED" };
        self.missed += usize::from(median > bar);
        println!("  {verdict}  {name:<14} {median:>6.1} {unit}  {range:<16} bar {bar:>3.0} {unit}  {remark}");
    }

    /// Says how it went in all. Not zero if a bar was missed.
    pub fn end(self) -> ExitCode {
        match self.missed {
            0 => println!("\nAll bars are met."),
            missed => println!("\n{missed} bars are missed."),
        }
        if self.missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The machine that the figures are of, as far as it tells.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("an unknown processor", |(_, model)| model.trim());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown");
    format!("{cores} cores of {model}, {}, load before the first run: {load}", std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
        let spread = Spread::of(vec![4.0, 1.0, 3.0, 10.0]).unwrap();
        assert_eq!(spread, Spread { median: 3.5, min: 1.0, max: 10.0 });
        assert_eq!(Spread::of(vec![2.0, 9.0, 1.0]).unwrap().median, 2.0);
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn the_median_decides_and_one_missed_bar_is_enough() {
        let mut report = Report::default();
        let spread = |median| Spread { median, min: 0.0, max: 100.0 };
        report.figure("met", spread(30.0), 30.0, Unit::Milliseconds, "");
        assert_eq!(report.missed, 0);
        report.figure("missed", spread(30.1), 30.0, Unit::Milliseconds, "");
        assert_eq!(report.missed, 1);
    }
}
