//! What the hubs of the workers tell each other.

use crate::command::{CommandId, History, Publish, Target};
use crate::effects::{Answer, RequestKey, SessionKey, WorkerIndex};
use crate::names::SessionId;

/// A piece of mail. What is inside is the hub's own business.
#[derive(Debug)]
pub struct Mail(pub(crate) ());
