//! What the CPU is, and what this process took of it.

/// Its name, where the system tells.
pub(crate) fn cpu() -> Option<String> {
    let text = fs_err::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start_matches([' ', '\t', ':']).trim().to_owned())
}

/// The features that canto's code asks for, and whether they are there.
#[cfg(target_arch = "x86_64")]
pub(crate) fn cpu_features() -> String {
    let known = [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
        ("avx512bf16", is_x86_feature_detected!("avx512bf16")),
    ];
    let word = |(name, found): (&str, bool)| if found { name.into() } else { format!("no {name}") };
    known.map(word).join(", ")
}

/// The features that canto's code asks for, and whether they are there.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn cpu_features() -> String {
    "not looked for on this architecture".to_owned()
}

/// Seconds that all threads of this process have computed, where the system tells.
pub(crate) fn processor_seconds() -> Option<f64> {
    /// Of the counters in that file, a second.
    const TICKS: f64 = 100.0;
    let text = fs_err::read_to_string("/proc/self/stat").ok()?;
    // The name before, in brackets, may hold anything.
    let fields = text.rsplit(')').next()?.split_whitespace();
    let ticks = fields.skip(11).take(2).map(|field| field.parse::<f64>().ok());
    Some(ticks.sum::<Option<f64>>()? / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn computing_takes_processor_time() {
        let (before, begun) = (processor_seconds().unwrap(), std::time::Instant::now());
        while processor_seconds().unwrap() <= before {
            assert!(begun.elapsed().as_secs() < 60, "a busy loop took no time");
        }
    }
}
