//! The fitted constants. Each has a meaning and a unit; `tools/catalog/serving_constants.yaml` holds the values.

use crate::error::{positive, Error, Result};

macro_rules! tuning {
    ($($(#[$meta:meta])* $name:ident = $default:expr),+ $(,)?) => {
        /// Constants of one (engine family, chip family, link): already multiplied together.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct Tuning { $($(#[$meta])* pub $name: f64),+ }

        impl Default for Tuning {
            fn default() -> Self { Self { $($name: $default),+ } }
        }

        impl Tuning {
            /// Names in the order of [`Tuning::from_slice`].
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            /// Read the constants from numbers in the order of `NAMES`.
            ///
            /// # Errors
            /// A wrong length, or a value that is not finite and above zero.
            pub fn from_slice(values: &[f64]) -> Result<Self> {
                if values.len() != Self::NAMES.len() {
                    return Err(Error::Length { field: "tuning", expected: Self::NAMES.len(), got: values.len() });
                }
                let mut at = values.iter().copied();
                Ok(Self { $($name: positive(stringify!($name), at.next().unwrap_or(f64::NAN))?),+ })
            }

            /// The constants in the order of `NAMES`.
            #[must_use]
            pub fn to_vec(&self) -> Vec<f64> { vec![$(self.$name),+] }
        }
    };
}

tuning! {
    /// Share of peak memory bandwidth reached when dense weights stream.
    bandwidth_share = 0.77,
    /// Share of the dense 16-bit peak reached by large matrices.
    flop_share = 0.46,
    /// The same for 8-bit and 4-bit arithmetic, relative to 16-bit.
    fp8_factor = 0.95,
    fp4_factor = 0.85,
    /// Grouped expert matrices, relative to dense ones: bandwidth and FLOP.
    expert_bandwidth = 0.74,
    expert_flop = 0.64,
    /// Reading the KV cache, relative to weights; and MLA's latent relative to that.
    cache_bandwidth = 0.82,
    mla_bandwidth = 0.73,
    /// Attention arithmetic relative to matrices: prefill, and decode.
    prefill_attention = 0.80,
    decode_attention = 0.40,
    /// Exponent with which memory and compute time of one group combine (1 = no overlap, large = full).
    overlap_norm = 1.7,
    /// Fixed time a layer, a layer with experts more, a step on the host, and a sequence on the host.
    layer_s = 32e-6,
    moe_layer_s = 14e-6,
    host_step_s = 1.9e-3,
    host_sequence_s = 6e-6,
    /// Collectives: latency, share of the one-way link, growth of latency per doubling beyond 8 chips,
    /// share of the link for all-to-all, share of the network beyond the scale-up domain.
    collective_latency_s = 16e-6,
    link_share = 0.80,
    latency_growth = 0.20,
    all_to_all_share = 0.38,
    network_share = 0.60,
    /// Load of the busiest expert rank relative to an even split.
    imbalance = 1.15,
    /// Prefill speed of the engine relative to its decode speed.
    prefill_speed = 1.0,
    /// Tokens of prefill that share one step.
    chunk_tokens = 8192.0,
    /// Share of the other requests' prefill time that shows in TPOT, and in TTFT.
    interference = 0.65,
    wait = 0.6,
    /// How the wait grows with the share of time that prefill takes (a lone cohort queues little), and how
    /// interference fades with it (requests in lockstep do not decode while others prefill). At most 1.
    wait_exponent = 1.0,
    lockstep = 0.4,
    /// Decode steps a new request sits through before its prefill starts.
    steps_waited = 1.0,
    /// Share of the other requests' prefill time that a closed loop's cycle pays.
    cycle_prefill = 0.95,
    /// Time of a server around a request (HTTP, tokenizer, scheduler) in TTFT.
    request_s = 0.082,
    /// Room for the cache: share of memory an engine may use, bytes it keeps a chip, sequences a rank.
    memory_share = 0.94,
    reserve_bytes = 2.0e9,
    max_sequences = 3046.0,
    /// Share of the output that a request's cache room is set aside for (1 = reserved whole, 0.5 = grown).
    output_reserved = 1.0,
    /// Speed of matrices whose weights are widened before multiplying (4- or 8-bit storage, 16-bit arithmetic).
    dequantised = 0.85,
    /// The same for grouped expert matrices, whose kernels widen less well.
    dequantised_expert = 0.5,
    /// Width (elements) of a chip's slice of an expert at which it reaches half the dense efficiency.
    narrow_expert = 200.0,
    /// Share of the FLOP peak reached by the recurrences of linear-attention layers in prefill.
    recurrence = 0.05,
}
