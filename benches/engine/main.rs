//! What the parts of the engine cost, one file per subject, in one binary:
//!
//! ```text
//! cargo bench --bench engine                 all of it
//! cargo bench --bench engine -- mask/        what a name contains
//! ```
//!
//! Figures worth keeping go to `docs/decisions/` (what they decided) or `benches/record/` (what they are), with their
//! command. Differences under some 8 % mean nothing on a shared machine.

mod connection;
#[cfg(feature = "deflate")]
mod deflate;
#[cfg(feature = "net")]
mod encode;
mod frame_header;
mod mask;
#[cfg(feature = "net")]
mod script;
#[cfg(feature = "net")]
mod timers;
#[cfg(feature = "net")]
mod topics;
mod utf8;
#[cfg(feature = "net")]
mod worker;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    connection::bench(&mut criterion);
    #[cfg(feature = "deflate")]
    deflate::bench(&mut criterion);
    frame_header::bench(&mut criterion);
    mask::bench(&mut criterion);
    utf8::bench(&mut criterion);
    #[cfg(feature = "net")]
    {
        encode::bench(&mut criterion);
        timers::bench(&mut criterion);
        topics::bench(&mut criterion);
        worker::bench(&mut criterion);
    }
    criterion.final_summary();
}
