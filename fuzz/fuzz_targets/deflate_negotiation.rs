#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sockeye_fuzz::deflate_negotiation::check(input));
