//! A set of channels, as short as a cursor has to be.
//!
//! A workspace has thousands of channels, and the cursor of a pass names those that are read. So each is nine letters here: 54 bits
//! of a hash of its id. That two of 4,500 channels are taken for one happens in one of a billion workspaces; there one of the two
//! is not read.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Six bits each.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Letters of a channel.
const LENGTH: usize = 9;

/// Channels that can be asked for, and are not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marks(BTreeSet<String>);

impl Marks {
    pub(crate) fn insert(&mut self, channel: &str) {
        self.0.insert(mark(channel));
    }

    /// Takes one out; whether it was there.
    pub(crate) fn remove(&mut self, channel: &str) -> bool {
        self.0.remove(&mark(channel))
    }

    pub(crate) fn contains(&self, channel: &str) -> bool {
        self.0.contains(&mark(channel))
    }
}

impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.iter().map(String::as_str).collect::<String>())
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// A cursor that was written by hand names the channels themselves.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Told {
            Marks(String),
            Channels(Vec<String>),
        }
        match Told::deserialize(deserializer)? {
            Told::Channels(channels) => Ok(Self(channels.iter().map(|channel| mark(channel)).collect())),
            Told::Marks(text) => {
                if text.len() % LENGTH != 0 || !text.bytes().all(|letter| LETTERS.contains(&letter)) {
                    return Err(D::Error::custom("no marks of channels"));
                }
                let marks = text.as_bytes().chunks(LENGTH);
                Ok(Self(marks.map(|mark| mark.iter().copied().map(char::from).collect()).collect()))
            }
        }
    }
}

/// The same in every release: FNV-1a over the id, mixed once more so that all bits depend on all letters.
fn mark(channel: &str) -> String {
    let hash = channel
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    let mixed = mixed ^ (mixed >> 33);
    let letter = |at: usize| LETTERS.get(usize::try_from((mixed >> (6 * at)) & 63).unwrap_or_default());
    (0..LENGTH).filter_map(letter).copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::Marks;

    #[test]
    fn four_and_a_half_thousand_channels_fit_into_a_cursor_and_are_known_again() {
        let channels: Vec<String> = (0..4_500).map(|at| format!("C0{:08X}", at * 7_919)).collect();
        let mut marks = Marks::default();
        channels.iter().for_each(|channel| marks.insert(channel));
        let written = serde_json::to_string(&marks).unwrap();
        // A page of channels to come, a page of threads and the rest stand beside.
        assert!(written.len() < 48 * 1_024, "{}", written.len());
        let mut read: Marks = serde_json::from_str(&written).unwrap();
        assert!(channels.iter().all(|channel| read.contains(channel)), "none is another's");
        assert!(!read.contains("C0NEVERWAS"));
        assert!(channels.iter().all(|channel| read.remove(channel)), "each is one of its own");
        assert_eq!(read, Marks::default());
    }

    #[test]
    fn a_cursor_that_names_the_channels_is_read_and_one_that_is_cut_is_not() {
        let mut marks = Marks::default();
        marks.insert("C012AB3CD");
        assert_eq!(serde_json::from_str::<Marks>(r#"["C012AB3CD"]"#).unwrap(), marks);
        for odd in [r#""AAAA""#, r#""AAAAAAAA!""#, "7"] {
            assert!(serde_json::from_str::<Marks>(odd).is_err(), "{odd}");
        }
    }
}
