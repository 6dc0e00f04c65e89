//! What a server costs, as the kernel counts it: CPU time and memory of a process, read from /proc.
//!
//! Guarantees: CPU time covers all threads, to the nanosecond, by the kernel's scheduler statistics.
//! Never: measures the generator or this program.

use std::{collections::BTreeMap, ffi::OsString, fs, io, process::Command, time::Duration};

/// A process that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(pub u32);

/// CPU time of a process, thread by thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cpu(BTreeMap<OsString, Duration>);

impl Cpu {
    /// What was used between `before` and this. A thread that has ended in between counts nothing; its earlier work must not
    /// be taken off what the others did.
    #[must_use]
    pub fn since(&self, before: &Self) -> Duration {
        let used = |(thread, now): (&OsString, &Duration)| {
            now.saturating_sub(*before.0.get(thread).unwrap_or(&Duration::ZERO))
        };
        self.0.iter().map(used).sum()
    }
}

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
    /// CPU time of the threads that live now, each since its start. Two of these are compared by [`Cpu::since`].
    pub fn cpu(self) -> io::Result<Cpu> {
        let mut threads = BTreeMap::new();
        for thread in fs::read_dir(format!("/proc/{}/task", self.0))? {
            let thread = thread?;
            // A thread may end between the listing and the reading.
            let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let on_cpu = text.split_ascii_whitespace().next().and_then(|word| word.parse().ok());
            threads.insert(thread.file_name(), Duration::from_nanos(on_cpu.unwrap_or(0)));
        }
        Ok(Cpu(threads))
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
        while me.cpu().unwrap().since(&before).is_zero() {
            sum = (0..100_000).fold(sum, u64::wrapping_add);
        }
        assert!(me.resident().unwrap() > Octets(1 << 16), "{sum}");
        assert!(me.peak().unwrap() >= me.resident().unwrap());
    }

    #[test]
    fn a_thread_that_ends_takes_nothing_off_what_others_used() {
        let cpu = |threads: &[(&str, u64)]| {
            Cpu(threads.iter().map(|(name, seconds)| ((*name).into(), Duration::from_secs(*seconds))).collect())
        };
        let (before, after) = (cpu(&[("1", 5), ("2", 27)]), cpu(&[("1", 7), ("3", 1)]));
        assert_eq!(after.since(&before), Duration::from_secs(3));
    }
}
