//! rustls' unbuffered connections: one call after the other until there is nothing left to do, for servers and clients alike.

use rustls::Error;
use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, InsufficientSizeError,
    UnbufferedStatus, WriteTraffic,
};

/// What both sides of rustls have, each as a method of its own.
pub(super) trait Process {
    type Data;

    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;

    /// Whether the next state is something to encode.
    fn has_output(&self) -> bool;
}

impl Process for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(input)
    }

    fn has_output(&self) -> bool {
        self.wants_write()
    }
}

impl Process for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(input)
    }

    fn has_output(&self) -> bool {
        self.wants_write()
    }
}

/// What rustls has been shown and has not used up. It remembers how much of that it has looked at, and has to be shown the
/// same bytes again: fewer make it panic.
pub(super) struct Unprocessed<'b> {
    pub(super) bytes: &'b mut [u8],
    pub(super) used: usize,
}

impl Unprocessed<'_> {
    fn process<'c, P: Process>(
        &mut self,
        connection: &'c mut P,
    ) -> (usize, Result<ConnectionState<'c, '_, P::Data>, Error>) {
        let UnbufferedStatus { discard, state } = connection.process(&mut self.bytes[self.used..]);
        (discard, state)
    }

    const fn is_used_up(&self) -> bool {
        self.used == self.bytes.len()
    }
}

/// What was found in records.
pub(super) struct Found<'f> {
    pub(super) plaintext: &'f mut Vec<u8>,
    /// What TLS itself has to say.
    pub(super) output: &'f mut Vec<u8>,
    /// The peer has said that it sends no more.
    pub(super) is_ended: bool,
}

/// Processes records up to the last whole one, and says whether plaintext can be sent.
pub(super) fn process<P: Process>(
    connection: &mut P,
    input: &mut Unprocessed<'_>,
    found: &mut Found<'_>,
) -> Result<bool, Error> {
    loop {
        let (mut discard, state) = input.process(connection);
        let is_traffic = matches!(state, Ok(ConnectionState::ReadTraffic(_)));
        let done = match state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => loop {
                match traffic.next_record() {
                    Some(Ok(record)) => {
                        discard += record.discard;
                        found.plaintext.extend_from_slice(record.payload);
                    }
                    Some(Err(error)) => break Some(Err(error)),
                    None => break None,
                }
            },
            Ok(ConnectionState::EncodeTlsData(data)) => {
                encode(data, found.output);
                None
            }
            Ok(ConnectionState::TransmitTlsData(data)) => {
                data.done();
                None
            }
            Ok(ConnectionState::PeerClosed) => {
                found.is_ended = true;
                None
            }
            Ok(ConnectionState::WriteTraffic(_)) => Some(Ok(true)),
            Ok(ConnectionState::BlockedHandshake | ConnectionState::Closed) => Some(Ok(false)),
            // Early data is turned off where the configuration is made.
            Ok(_) => Some(Err(Error::General("a state that is not expected".to_owned()))),
            Err(error) => Some(Err(error)),
        };
        input.used += discard;
        if let Some(result) = done {
            if result.is_err() {
                take_alert(connection, found.output);
            }
            return result;
        }
        // Whoever is sent traffic may send some, so that is what the next call would say, for one in 25 of an echo's
        // instructions.
        // Beside traffic there is something to say only where the peer's keys have decrypted nearly all that they may.
        if is_traffic && input.is_used_up() && !connection.has_output() {
            return Ok(true);
        }
    }
}

/// After a fault: what the peer is told of it. Not to be asked for more than there is, because rustls would look at the
/// input again.
fn take_alert<P: Process>(connection: &mut P, output: &mut Vec<u8>) {
    while connection.has_output()
        && let Ok(ConnectionState::EncodeTlsData(data)) = connection.process(&mut []).state
    {
        encode(data, output);
    }
}

fn encode<D>(mut data: EncodeTlsData<'_, D>, output: &mut Vec<u8>) {
    let start = output.len();
    // It says what it needs.
    if let Err(EncodeError::InsufficientSize(InsufficientSizeError { required_size })) =
        data.encode(&mut [])
    {
        output.resize(start + required_size, 0);
        let size = data.encode(&mut output[start..]).unwrap_or_default();
        output.truncate(start + size);
    }
}

/// What is written into records.
#[derive(Clone, Copy)]
pub(super) enum Written<'b> {
    Batch(&'b [u8]),
    /// That nothing follows.
    End,
}

/// Appends records to `output`. `partial` is what has arrived in part.
pub(super) fn write<P: Process>(
    connection: &mut P,
    partial: &mut Unprocessed<'_>,
    written: Written<'_>,
    output: &mut Vec<u8>,
) -> Result<(), EncryptError> {
    loop {
        let (discard, state) = partial.process(connection);
        match state {
            Ok(ConnectionState::WriteTraffic(traffic)) => {
                let result = append(traffic, written, output);
                partial.used += discard;
                return result;
            }
            Ok(ConnectionState::EncodeTlsData(data)) => encode(data, output),
            Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
            // The peer's end, which was noted when it was received.
            Ok(ConnectionState::PeerClosed) => {}
            _ => return Err(EncryptError::EncryptExhausted),
        }
        partial.used += discard;
    }
}

fn append<D>(
    mut traffic: WriteTraffic<'_, D>,
    written: Written<'_>,
    output: &mut Vec<u8>,
) -> Result<(), EncryptError> {
    let start = output.len();
    let mut size = match written {
        Written::Batch(batch) => {
            batch.len() + batch.len().div_ceil(RECORD_PLAINTEXT_SIZE) * RECORD_SURPLUS_SIZE
        }
        Written::End => ALERT_SIZE + RECORD_SURPLUS_SIZE,
    };
    loop {
        output.resize(start + size, 0);
        let result = match written {
            Written::Batch(batch) => traffic.encrypt(batch, &mut output[start..]),
            Written::End => traffic.queue_close_notify(&mut output[start..]),
        };
        match result {
            // Its keys change first.
            Err(EncryptError::InsufficientSize(needed)) if needed.required_size > size => {
                size = needed.required_size;
            }
            result => {
                output.truncate(start + *result.as_ref().unwrap_or(&0));
                return result.map(|_| ());
            }
        }
    }
}

/// RFC 8446 5.1: type, version and length.
pub(super) const RECORD_HEADER_SIZE: usize = 5;

/// RFC 8446 5.1: "MUST NOT exceed 2^14 bytes".
const RECORD_PLAINTEXT_SIZE: usize = 16 * 1024;

/// What a record adds to its plaintext, at most: header, nonce (TLS 1.2), type (TLS 1.3) and tag.
const RECORD_SURPLUS_SIZE: usize = RECORD_HEADER_SIZE + 8 + 1 + 16;

const ALERT_SIZE: usize = 2;
