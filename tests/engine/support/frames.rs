//! Frames written bit by bit, against the rules where a test wants it, without the engine's own encoder.

/// One frame to be written. It is final and follows the rules until told otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    is_final: bool,
    reserved: u8,
    opcode: u8,
    masking: Masking,
    form: LengthForm,
    /// What the header says, if that is not the truth.
    claimed: Option<u64>,
    payload: Vec<u8>,
}

/// Whether a frame is masked, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Masking {
    /// As its sender has to.
    ByRole,
    /// With this key, whoever sends it.
    With([u8; 4]),
    /// Not, whoever sends it.
    Without,
}

/// How a header spells its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LengthForm {
    Shortest,
    TwoBytes,
    EightBytes,
}

impl Frame {
    /// A final frame with these four bits of opcode.
    pub(crate) fn new(opcode: u8, payload: impl AsRef<[u8]>) -> Self {
        Self {
            is_final: true,
            reserved: 0,
            opcode,
            masking: Masking::ByRole,
            form: LengthForm::Shortest,
            claimed: None,
            payload: payload.as_ref().to_vec(),
        }
    }

    pub(crate) fn continuation(payload: impl AsRef<[u8]>) -> Self {
        Self::new(0x0, payload)
    }

    pub(crate) fn text(payload: impl AsRef<[u8]>) -> Self {
        Self::new(0x1, payload)
    }

    pub(crate) fn binary(payload: impl AsRef<[u8]>) -> Self {
        Self::new(0x2, payload)
    }

    pub(crate) fn close(code: u16, reason: impl AsRef<[u8]>) -> Self {
        Self::new(0x8, [&code.to_be_bytes(), reason.as_ref()].concat())
    }

    pub(crate) fn ping(payload: impl AsRef<[u8]>) -> Self {
        Self::new(0x9, payload)
    }

    pub(crate) fn pong(payload: impl AsRef<[u8]>) -> Self {
        Self::new(0xA, payload)
    }

    /// Without FIN: more fragments follow.
    pub(crate) const fn unfinished(mut self) -> Self {
        self.is_final = false;
        self
    }

    /// With these reserved bits, RSV1 being `0b100`.
    pub(crate) const fn reserved(mut self, bits: u8) -> Self {
        self.reserved = bits;
        self
    }

    pub(crate) const fn masking(mut self, masking: Masking) -> Self {
        self.masking = masking;
        self
    }

    /// With its length in this form, shortest or not.
    pub(crate) const fn length_form(mut self, form: LengthForm) -> Self {
        self.form = form;
        self
    }

    /// With a header that promises so many bytes; the payload stays as it is.
    pub(crate) const fn claiming(mut self, size: u64) -> Self {
        self.claimed = Some(size);
        self
    }

    /// The bytes, masked with `role_key` if the sender's role gives one and the frame does not say otherwise.
    pub(crate) fn encode(&self, role_key: Option<[u8; 4]>) -> Vec<u8> {
        let key = match self.masking {
            Masking::ByRole => role_key,
            Masking::With(key) => Some(key),
            Masking::Without => None,
        };
        let mut bytes = vec![u8::from(self.is_final) << 7 | self.reserved << 4 | self.opcode];
        let masked = if key.is_some() { 0x80 } else { 0 };
        let size = self.claimed.unwrap_or(self.payload.len() as u64);
        match (self.form, size) {
            (LengthForm::Shortest, 0..126) => bytes.push(masked | size as u8),
            (LengthForm::TwoBytes, _) | (LengthForm::Shortest, 126..65536) => {
                bytes.push(masked | 126);
                bytes.extend((size as u16).to_be_bytes());
            }
            _ => {
                bytes.push(masked | 127);
                bytes.extend(size.to_be_bytes());
            }
        }
        bytes.extend(key.iter().flatten());
        let key = key.unwrap_or_default();
        let masked = self.payload.iter().zip(key.iter().cycle());
        bytes.extend(masked.map(|(byte, key)| byte ^ key));
        bytes
    }
}

// RFC 6455 5.7 gives these bytes; whatever else the tests write rests on them.
#[test]
fn the_examples_of_the_rfc_are_written_byte_for_byte() {
    let key = Some([0x37, 0xFA, 0x21, 0x3D]);
    assert_eq!(Frame::text("Hello").encode(None), b"\x81\x05Hello");
    assert_eq!(
        Frame::text("Hello").encode(key),
        [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
    );
    assert_eq!(Frame::text("Hel").unfinished().encode(None), b"\x01\x03Hel");
    assert_eq!(Frame::continuation("lo").encode(None), b"\x80\x02lo");
    assert_eq!(Frame::ping("Hello").encode(None), b"\x89\x05Hello");
    assert_eq!(
        Frame::pong("Hello").encode(key),
        [0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
    );
    assert_eq!(
        Frame::binary([9; 256]).encode(None),
        [&[0x82, 0x7E, 0x01, 0x00][..], &[9; 256]].concat()
    );
    assert_eq!(
        Frame::binary([9; 65536]).encode(None),
        [&[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0][..], &[9; 65536]].concat()
    );
}
