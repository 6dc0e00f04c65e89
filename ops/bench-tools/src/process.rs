//! What a server costs, as the kernel counts it: CPU time and memory of a process, read from /proc.
//!
//! Guarantees: CPU time covers all threads, to the nanosecond where the kernel keeps scheduler statistics.
//! Never: measures the generator or this program.

use std::{fs, io, process::Command, time::Duration};

/// Ticks a second of /proc/PID/stat, the same on every Linux of this day.
const TICKS: u64 = 100;

/// A process that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(pub u32);

/// Octets, shown as MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Octets(pub u64);

impl Octets {
    /// In units of 2^20 octets.
    #[must_use]
    pub fn mebibytes(self) -> f64 {
        self.0 as f64 / f64::from(1 << 20)
    }
}

impl Process {
    /// CPU time of all threads since the start. A thread that has ended is missing, so ask within a time without such.
    pub fn cpu(self) -> io::Result<Duration> {
        let mut total = Duration::ZERO;
        for thread in fs::read_dir(format!("/proc/{}/task", self.0))? {
            // A thread may end between the listing and the reading.
            let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            let on_cpu = text.split_ascii_whitespace().next().and_then(|word| word.parse().ok());
            total += Duration::from_nanos(on_cpu.unwrap_or(0));
        }
        if total.is_zero() { self.cpu_in_ticks() } else { Ok(total) }
    }

    /// The coarser count of kernels without scheduler statistics.
    fn cpu_in_ticks(self) -> io::Result<Duration> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        // The name of the program stands in brackets and may hold blanks: fields are counted from behind it.
        let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split_ascii_whitespace().collect();
        let ticks = |i: usize| fields.get(i).and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
        Ok(Duration::from_millis((ticks(11) + ticks(12)) * 1000 / TICKS))
    }

    /// Memory that is resident now.
    pub fn resident(self) -> io::Result<Octets> {
        self.status("VmRSS:")
    }

    /// The most memory that was resident since the start or since [`Process::forget_peak`].
    pub fn peak(self) -> io::Result<Octets> {
        self.status("VmHWM:")
    }

    /// Lets the peak begin anew from what is resident now.
    pub fn forget_peak(self) -> io::Result<()> {
        fs::write(format!("/proc/{}/clear_refs", self.0), "5")
    }

    fn status(self, field: &str) -> io::Result<Octets> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let kibibytes = text
            .lines()
            .find_map(|line| line.strip_prefix(field)?.split_ascii_whitespace().next()?.parse::<u64>().ok())
            .ok_or_else(|| io::Error::other(format!("process {} has no {field}", self.0)))?;
        Ok(Octets(kibibytes << 10))
    }
}

/// Binds the calling thread to a core. A machine with one core, or without `taskset`, is an error: figures would mean nothing.
pub fn pin_this_thread(core: usize) -> io::Result<()> {
    let link = fs::read_link("/proc/thread-self")?;
    let thread = link.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let output = Command::new("taskset").args(["-pc", &core.to_string(), &thread]).output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("taskset: {}", String::from_utf8_lossy(&output.stderr).trim())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_cpu_time_and_memory() {
        let me = Process(std::process::id());
        let before = me.cpu().unwrap();
        let mut sum = 0u64;
        while me.cpu().unwrap() <= before {
            sum = (0..100_000).fold(sum, u64::wrapping_add);
        }
        assert!(me.resident().unwrap() > Octets(1 << 16), "{sum}");
        assert!(me.peak().unwrap() >= me.resident().unwrap());
        assert!(me.cpu_in_ticks().is_ok());
    }
}
