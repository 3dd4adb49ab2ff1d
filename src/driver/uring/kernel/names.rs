//! The name under which an operation completes: what it is, and of whom.

/// What is under way in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Operation {
    /// Receives into provided buffers until it is told to stop. Of a slot.
    Receive,
    /// Receives into a message's buffer. Of a memory.
    Fill,
    /// Of a memory.
    Send,
    /// Of a memory.
    Accept,
    /// Waits for a socket's event. Of a slot.
    Poll,
    /// Asks for a socket's fault. Of a memory.
    Fault,
    /// Ends the outgoing stream. Of a slot.
    ShutDown,
    /// Makes a descriptor of the process. Of a slot.
    Install,
    /// Waits for a bell, of which it is.
    Ring,
    /// Stops others. Of a slot.
    Stop,
    /// Stops accepting. Of a memory.
    StopAccept,
    /// Waits for somebody to accept.
    Listen,
    /// Gives a place in the ring's table back.
    Close,
    /// Nobody waits for its end.
    Other,
}

impl Operation {
    /// The name of this operation of `index`.
    pub(super) const fn of(self, index: u32) -> u64 {
        (self as u64) << 32 | index as u64
    }

    pub(super) const fn from_name(name: u64) -> (Self, u32) {
        let operation = match (name >> 32) as u8 {
            0 => Self::Receive,
            1 => Self::Fill,
            2 => Self::Send,
            3 => Self::Accept,
            4 => Self::Poll,
            5 => Self::Fault,
            6 => Self::ShutDown,
            7 => Self::Install,
            8 => Self::Ring,
            9 => Self::Stop,
            10 => Self::StopAccept,
            11 => Self::Listen,
            12 => Self::Close,
            _ => Self::Other,
        };
        (operation, name as u32)
    }
}

/// What ends a wait without any socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in super::super) enum Bell {
    /// Somebody has something for the worker.
    Waker,
    /// It is time.
    Alarm,
}

impl Bell {
    pub(super) const fn from_index(index: u32) -> Self {
        if index == Self::Waker as u32 { Self::Waker } else { Self::Alarm }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_written() {
        use Operation::*;
        for operation in [
            Receive, Fill, Send, Accept, Poll, Fault, ShutDown, Install, Ring, Stop, StopAccept,
            Listen, Close, Other,
        ] {
            for index in [0, 1, u32::MAX] {
                assert_eq!(Operation::from_name(operation.of(index)), (operation, index));
            }
        }
    }
}
