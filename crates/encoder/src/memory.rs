use crate::Device;

/// Memory of a device, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// What this process has in use.
    pub used: u64,
    /// What is left to take.
    pub free: u64,
}

/// The memory of `device`: on the CPU the process's resident set and what the system has left, on
/// a GPU what all processes use of it. None where the system does not tell.
pub fn memory(device: &Device) -> Option<Memory> {
    match device {
        Device::Autodiff(inner) => memory(inner),
        #[cfg(feature = "cuda")]
        Device::Cuda(cuda) => of_gpu(cuda.index),
        _ => of_process(),
    }
}

#[cfg(feature = "cuda")]
fn of_gpu(index: usize) -> Option<Memory> {
    let context = cudarc::driver::CudaContext::new(index).ok()?;
    let (free, total) = context.mem_get_info().ok()?;
    Some(Memory { used: (total - free) as u64, free: free as u64 })
}

/// The most bytes that this process has had resident in the machine's memory, by Linux's `/proc`.
/// None where the system does not tell.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    Some(1024 * kilobytes(&status, "VmHWM:")?)
}

/// By Linux's `/proc`.
fn of_process() -> Option<Memory> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let used = kilobytes(&read("/proc/self/status")?, "VmRSS:")?;
    let free = kilobytes(&read("/proc/meminfo")?, "MemAvailable:")?;
    Some(Memory { used: 1024 * used, free: 1024 * free })
}

/// The number of `name    123 kB`.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc_are_read() {
        let text = "Name:\tcanto\nVmRSS:\t   1234 kB\nVmSwap: x kB\n";
        assert_eq!(kilobytes(text, "VmRSS:"), Some(1234));
        assert_eq!(kilobytes(text, "VmSwap:"), None);
        assert_eq!(kilobytes(text, "VmPeak:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_uses_some_and_leaves_some() {
        let device = crate::DeviceChoice::Cpu.open().unwrap().device;
        let memory = memory(&device).unwrap();
        assert!(memory.used > 1 << 20 && memory.free > 1 << 20, "{memory:?}");
        assert!(peak_memory().unwrap() > 1 << 20);
    }
}
