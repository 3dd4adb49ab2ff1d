//! Our server and the kernel, as strace sees it: what is asked for each message, and what happens where io_uring is not
//! allowed.

mod client;
mod forbidden;
mod system_calls;
mod traced;

use std::time::Duration;

/// How long a test waits for something before it fails: far longer than anything here takes, traced as it is.
const PATIENCE: Duration = Duration::from_secs(30);
