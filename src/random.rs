//! Random bytes that nobody can predict: masking keys, and the key of an opening handshake.
//!
//! They come from the operating system, a few thousand at a time: each thread keeps a pool, so that a client pays for a
//! system call once in a thousand frames. Each byte is handed out once.
//!
//! **After `fork`** parent and child hold the same pool and would mask alike. A child that goes on without `exec` calls
//! [`discard`] first; only the thread that forked lives on in it, so one call is enough.

use std::cell::RefCell;

/// A fresh masking key. RFC 6455 section 10.3: it "MUST NOT be predictable by end applications that provide the data".
///
/// This is the `mask_key` of [`Role::Client`](crate::protocol::Role::Client).
///
/// # Panics
///
/// When the operating system has no random bytes to give, as for all functions here: nothing could be sent safely.
#[must_use]
pub fn mask_key() -> [u8; 4] {
    draw()
}

/// A fresh nonce for [`ClientHandshake::new`](crate::protocol::handshake::ClientHandshake::new).
#[must_use]
pub fn handshake_key() -> [u8; 16] {
    draw()
}

/// Forgets the random bytes that this thread has in store.
pub fn discard() {
    POOL.with_borrow_mut(|pool| pool.used = POOL_SIZE);
}

fn draw<const SIZE: usize>() -> [u8; SIZE] {
    POOL.with_borrow_mut(|pool| pool.draw(getrandom::fill))
}

struct Pool {
    bytes: [u8; POOL_SIZE],
    used: usize,
}

impl Pool {
    const EMPTY: Self = Self { bytes: [0; POOL_SIZE], used: POOL_SIZE };

    fn draw<const SIZE: usize>(
        &mut self,
        fill: impl FnOnce(&mut [u8]) -> Result<(), getrandom::Error>,
    ) -> [u8; SIZE] {
        if self.bytes.len() - self.used < SIZE {
            // Were it to fail half-way, nothing of what is there would be used.
            self.used = POOL_SIZE;
            fill(&mut self.bytes).expect("the operating system gives random bytes");
            self.used = 0;
        }
        let (drawn, _) = self.bytes[self.used..].split_first_chunk().expect("there are enough");
        self.used += SIZE;
        *drawn
    }
}

/// What a thousand masking keys take.
const POOL_SIZE: usize = 4096;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool::EMPTY) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fills with numbers that go on from the last call's, so that each byte can be told from its neighbours.
    fn counting(next: &mut u32) -> impl FnOnce(&mut [u8]) -> Result<(), getrandom::Error> {
        |bytes| {
            for word in bytes.as_chunks_mut::<4>().0 {
                *word = next.to_be_bytes();
                *next += 1;
            }
            Ok(())
        }
    }

    #[test]
    fn each_byte_is_handed_out_once_and_the_system_asked_once_in_a_thousand_keys() {
        let (mut pool, mut next) = (Pool::EMPTY, 0);
        for expected in 0..3 * POOL_SIZE as u32 / 4 {
            let key: [u8; 4] = pool.draw(counting(&mut next));
            assert_eq!(u32::from_be_bytes(key), expected);
            assert_eq!(next as usize, (expected as usize / (POOL_SIZE / 4) + 1) * (POOL_SIZE / 4));
        }
    }

    #[test]
    fn what_is_left_but_too_little_is_not_used() {
        let (mut pool, mut next) = (Pool::EMPTY, 0);
        let first: [u8; POOL_SIZE - 8] = pool.draw(counting(&mut next));
        assert_eq!(first[..4], 0_u32.to_be_bytes());
        let second: [u8; 16] = pool.draw(counting(&mut next));
        assert_eq!(second[..4], (POOL_SIZE as u32 / 4).to_be_bytes());
    }

    #[test]
    fn discarding_leaves_nothing_of_what_was_in_store() {
        let _one = mask_key();
        let stored = POOL.with_borrow(|pool| pool.bytes);
        discard();
        let next = mask_key();
        let fresh = POOL.with_borrow(|pool| pool.bytes);
        assert_ne!(stored, fresh);
        assert_eq!(next, fresh[..4]);
    }
}
