//! Gives every target each of its seeds once, without a fuzzer: what `cargo xtask fuzz --coverage` measures.

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for (name, check) in sockeye_fuzz::TARGETS {
        for seed in fs::read_dir(seeds.join(name))? {
            check(&fs::read(seed?.path())?);
        }
    }
    Ok(())
}
