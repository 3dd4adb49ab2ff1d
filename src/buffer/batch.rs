//! Bytes that many send queues refer to.

use std::cell::OnceCell;
use std::rc::Rc;

/// What one topic published in one tick, encoded once, back to back; or what was received and is sent on as it came.
///
/// While the tick runs, the bytes grow in the topic and send queues only note ranges of them; before anything is
/// flushed the batch is sealed, once, and from then on it can be read through any number of references.
#[derive(Debug, Default)]
pub struct Batch {
    sealed: OnceCell<Vec<u8>>,
}

impl Batch {
    /// Ends the growth: these are the bytes.
    pub fn seal(&self, bytes: Vec<u8>) {
        let already = self.sealed.set(bytes);
        debug_assert!(already.is_ok(), "a batch is sealed once");
    }

    /// The bytes; none before the batch is sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.sealed.get().map_or(&[], Vec::as_slice)
    }

    /// Takes the memory back for another tick, if nobody refers to the batch any more.
    pub fn reclaim(batch: &mut Rc<Self>) -> Option<Vec<u8>> {
        let mut bytes = Rc::get_mut(batch)?.sealed.take()?;
        bytes.clear();
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_only_when_the_last_reference_is_gone() {
        let mut batch = Rc::new(Batch::default());
        batch.seal(b"news".to_vec());
        let receiver = Rc::clone(&batch);
        assert!(Batch::reclaim(&mut batch).is_none());
        assert_eq!(receiver.bytes(), b"news");
        drop(receiver);
        let memory = Batch::reclaim(&mut batch).expect("nobody refers to it");
        assert!(memory.is_empty() && memory.capacity() >= 4);
        assert!(batch.bytes().is_empty());
    }
}
