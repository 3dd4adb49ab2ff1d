//! A request and its answer, as the client knows them that has asked.

/// One request, as far as it matters for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) kind: &'static str,
    pub(crate) key: String,
    pub(crate) is_head: bool,
    /// What its path says behind the key.
    pub(crate) numbers: Vec<usize>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// A number of its path.
    pub(crate) fn number(&self, index: usize) -> usize {
        self.numbers[index]
    }
}

#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The request that this answers, by its own account.
    pub(crate) key: Option<String>,
    /// It says that it is the last one.
    pub(crate) is_last: bool,
    pub(crate) body: Vec<u8>,
    pub(crate) chunks: Vec<Vec<u8>>,
    pub(crate) is_whole: bool,
}
