//! What only the ledger does: faults on the wire, in the text, and in the pages of a list (trust.md, 4.3).
//!
//! The other fakes serve through hyper, which would not let most of these leave; the ledger writes its own bytes.

use serde::{Deserialize, Serialize};

use crate::ledger::Change;

/// An oddity of one answer: [`Act::Odd`](crate::Act::Odd).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Odd {
    /// The connection is reset instead of an answer.
    ResetAtOnce,
    /// So many bytes of status line and headers leave, then the connection is reset.
    ResetInHead {
        /// Bytes that leave.
        bytes: usize,
    },
    /// So many bytes of status line and headers leave, then nothing more until the caller goes (ten minutes at most).
    StallInHead {
        /// Bytes that leave.
        bytes: usize,
    },
    /// The headers leave, then the connection is reset.
    ResetAfterHeaders,
    /// So many bytes of the body leave, then the connection is reset.
    ResetInBody {
        /// Bytes that leave.
        bytes: usize,
    },
    /// So many bytes of the body leave, then the connection is closed in order: the length was a lie.
    CloseInBody {
        /// Bytes that leave.
        bytes: usize,
    },
    /// The first bytes of the body leave one by one; the rest follows at once.
    Trickle {
        /// So many, one by one.
        bytes: usize,
        /// Milliseconds before each.
        ms: u64,
    },
    /// So many bytes of the body leave, then nothing more until the caller goes (ten minutes at most).
    Stall {
        /// Bytes that leave.
        bytes: usize,
    },
    /// A chunked body that never ends (16 GiB at most).
    Endless,
    /// Headers that never end (16 GiB at most).
    EndlessHeaders,
    /// The honest answer under so many headers.
    ManyHeaders {
        /// How many come on top.
        count: u32,
    },
    /// A page without records and with so many blanks, gzipped about 1:1000.
    GzipBomb {
        /// MiB when unpacked.
        mib: u32,
        /// How often it is gzipped.
        #[serde(default = "one")]
        layers: u32,
    },
    /// The honest body under this `Content-Length`, shorter or longer; then the connection is closed.
    Length {
        /// What the header says.
        bytes: u64,
    },
    /// The honest body says that it is gzip (or anything else), and is not.
    Encoding {
        /// `Content-Encoding`.
        value: String,
    },
    /// The honest body under another `Content-Type`.
    ContentType {
        /// What it says.
        value: String,
    },
    /// A byte order mark before the honest body.
    Bom,
    /// The honest body in UTF-16, little end first, with its mark.
    Utf16,
    /// `null`.
    Null,
    /// Each record has a member that is `NaN`.
    NotANumber,
    /// Each record has a member that is `1e400`.
    HugeNumber,
    /// Each record has a member of so many arrays in each other.
    Deep {
        /// How many.
        levels: u32,
    },
    /// Each record has its id twice, the first time another one.
    DuplicateKeys,
    /// The page has `items` twice.
    DuplicateItems,
    /// So many pages lead to each other in a circle, whatever `since` was asked; 1 is the same page for ever.
    Cycle {
        /// How many.
        pages: u64,
    },
    /// The next page has another number and the same records, for ever.
    RepeatRecords,
    /// Pages without records, each with a next one, for ever.
    EmptyPages,
    /// The list has only every so-maniest record (by id); 0 is an empty list.
    Keep {
        /// Every so-maniest.
        one_in: u64,
    },
    /// `changed_at` is so many seconds off.
    Shift {
        /// Later, or earlier when negative.
        seconds: i64,
    },
    /// `changed_at` is written with so many minutes of offset; the moment is the same.
    Offset {
        /// East of Greenwich, or west when negative.
        minutes: i32,
    },
    /// The list is served the other way round, over all its pages.
    Backwards,
    /// Before this request is answered, honestly, these changes happen.
    Before {
        /// What happens.
        changes: Vec<Change>,
    },
}

fn one() -> u32 {
    1
}

impl Odd {
    /// Whether the records of the answer reach a caller as they are.
    pub(crate) fn is_honest(&self) -> bool {
        matches!(
            self,
            Self::Trickle { .. }
                | Self::Cycle { .. }
                | Self::RepeatRecords
                | Self::EmptyPages
                | Self::Keep { .. }
                | Self::Shift { .. }
                | Self::Offset { .. }
                | Self::Backwards
                | Self::Before { .. }
        )
    }
}
