//! Time of collectives by size: a latency, which holds the skew between chips too, and a volume over the link.

use crate::hardware::Chip;
use crate::tuning::Tuning;

/// Achieved bytes per second one way for a group of `chips`.
fn rate(chip: &Chip, chips: f64, tuning: &Tuning) -> f64 {
    let inside = chip.link * tuning.link_share.min(0.95);
    if chips <= chip.domain {
        inside
    } else {
        inside.min(chip.network * tuning.network_share.min(0.95))
    }
}

/// Latency of one collective: grows slowly with the group, as trees do.
fn latency(chips: f64, tuning: &Tuning) -> f64 {
    tuning.collective_latency_s * (1.0 + tuning.latency_growth * (chips / 8.0).log2().max(-2.0)).max(0.25)
}

/// All-reduce of `bytes` over `chips`: each chip sends `2 (n-1)/n` of the bytes.
#[must_use]
pub fn all_reduce_s(chip: &Chip, chips: f64, bytes: f64, tuning: &Tuning) -> f64 {
    if chips <= 1.0 {
        return 0.0;
    }
    latency(chips, tuning) + 2.0 * (chips - 1.0) / chips * bytes / rate(chip, chips, tuning)
}

/// Dispatch and combine of an expert layer over `chips`: `bytes` is one copy of one chip's tokens, sent to
/// `copies` places each way. Beyond the scale-up domain a copy crosses the network once per domain and is passed
/// on inside it, while the copies inside travel over the scale-up link.
#[must_use]
pub fn all_to_all_s(chip: &Chip, chips: f64, bytes: f64, copies: f64, tuning: &Tuning) -> f64 {
    if chips <= 1.0 {
        return 0.0;
    }
    let near = chips.min(chip.domain.max(1.0));
    let link = chip.link * (tuning.link_share.min(0.95) * tuning.all_to_all_share.min(1.0));
    let inside = 2.0 * (near - 1.0) / near * bytes * copies.min(chips - 1.0) / link;
    let domains = (chips / near).ceil();
    let outside = 2.0 * bytes * copies.min(domains - 1.0) / (chip.network * tuning.network_share.min(0.95));
    2.0 * latency(chips, tuning) + inside.max(outside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::Peaks;

    fn chip() -> Chip {
        let peaks = Peaks { fp16: 1e15, ..Peaks::default() };
        Chip { memory_bytes: 80e9, bandwidth: 3e12, peaks, link: 450e9, domain: 8.0, network: 50e9 }
    }

    #[test]
    fn one_chip_sends_nothing() {
        let tuning = Tuning::default();
        assert!(all_reduce_s(&chip(), 1.0, 1e9, &tuning).abs() < f64::EPSILON);
        assert!(all_to_all_s(&chip(), 1.0, 1e9, 8.0, &tuning).abs() < f64::EPSILON);
    }

    #[test]
    fn a_large_all_reduce_is_its_volume_over_the_link() {
        let tuning = Tuning::default();
        let found = all_reduce_s(&chip(), 8.0, 10e9, &tuning);
        let volume = 2.0 * 7.0 / 8.0 * 10e9 / (450e9 * tuning.link_share);
        assert!((found / volume - 1.0).abs() < 0.001);
    }

    #[test]
    fn beyond_the_domain_the_network_sets_the_pace() {
        let tuning = Tuning::default();
        assert!(all_reduce_s(&chip(), 16.0, 1e9, &tuning) > 5.0 * all_reduce_s(&chip(), 8.0, 1e9, &tuning));
        // Two domains: one copy crosses, however many experts a token goes to.
        let crossing = 2.0 * 1e9 / (50e9 * tuning.network_share);
        let two = all_to_all_s(&chip(), 16.0, 1e9, 8.0, &tuning);
        assert!(two >= crossing && two < 2.0 * crossing);
    }
}
