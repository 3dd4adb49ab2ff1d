//! Validating text: the engine's validator on whole messages and on pieces, beside simdutf8, which needs no state
//! because it sees the whole text.

use criterion::{BenchmarkId, Criterion, Throughput};
use sockeye::protocol::Utf8Validator;
use std::hint::black_box;

const SIZES: [usize; 3] = [32, 1 << 10, 64 << 10];

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("utf8");
    for (kind, sample) in [("ascii", ASCII), ("mixed", MIXED), ("cjk", CJK)] {
        for size in SIZES {
            let text = text_of(sample, size);
            let text = text.as_bytes();
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(BenchmarkId::new(format!("{kind}/engine"), size), |bencher| {
                bencher.iter(|| validate([black_box(text)]));
            });
            group.bench_function(BenchmarkId::new(format!("{kind}/pieces"), size), |bencher| {
                bencher.iter(|| validate(black_box(text).chunks(PIECE_SIZE)));
            });
            group.bench_function(BenchmarkId::new(format!("{kind}/simdutf8"), size), |bencher| {
                bencher.iter(|| simdutf8::compat::from_utf8(black_box(text)).is_ok());
            });
        }
    }
    group.finish();
}

fn validate<'t>(pieces: impl IntoIterator<Item = &'t [u8]>) -> bool {
    let mut validator = Utf8Validator::default();
    pieces.into_iter().all(|piece| validator.validate(piece).is_ok()) && validator.is_complete()
}

/// `sample` over and over, up to `size` bytes of whole characters.
fn text_of(sample: &str, size: usize) -> String {
    let mut text = sample.repeat(size / sample.len() + 1);
    text.truncate(text.floor_char_boundary(size));
    text
}

const ASCII: &str = r#"{"type":"price","symbol":"ACME","bid":101.25,"ask":101.5,"time":1764}"#;
const MIXED: &str = "Größe: 漢字, κόσμε and 🐟; mostly plain text with some of the rest. ";
const CJK: &str = "紅鮭は川をさかのぼる。";
/// A prime number, so that pieces end inside characters.
const PIECE_SIZE: usize = 509;
