//! The outermost sections of a component, taken apart and put together again.

use patchbay_test_support::{Result, Trouble};

/// Magic number, version and layer.
const HEADER: usize = 8;
/// Number of a section that says nothing to a machine.
pub const CUSTOM: u8 = 0;
/// Number of the section that holds a core module.
pub const MODULE: u8 = 1;
/// Number of the section that holds a component.
pub const COMPONENT: u8 = 4;

/// A component as the list of its sections.
#[derive(Clone)]
pub struct Layers {
    header: Vec<u8>,
    /// Number and body of each.
    pub sections: Vec<(u8, Vec<u8>)>,
}

impl Layers {
    /// Takes a component apart.
    ///
    /// # Errors
    ///
    /// It is cut off.
    pub fn of(bytes: &[u8]) -> Result<Self> {
        let (header, mut rest) = bytes.split_at_checked(HEADER).ok_or_else(cut_off)?;
        let mut sections = Vec::new();
        while let Some((id, after)) = rest.split_first() {
            let (length, after) = number(after).ok_or_else(cut_off)?;
            let (body, after) = after.split_at_checked(length).ok_or_else(cut_off)?;
            sections.push((*id, body.to_vec()));
            rest = after;
        }
        Ok(Self { header: header.to_vec(), sections })
    }

    /// The component of these sections.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header.clone();
        for (id, body) in &self.sections {
            bytes.push(*id);
            bytes.extend(leb128(body.len()));
            bytes.extend(body);
        }
        bytes
    }

    /// How many sections have this number.
    #[must_use]
    pub fn count(&self, id: u8) -> usize {
        self.sections.iter().filter(|(found, _)| *found == id).count()
    }

    /// Where each section ends, in the bytes.
    #[must_use]
    pub fn boundaries(&self) -> Vec<usize> {
        let mut at = HEADER;
        let ends = self.sections.iter().map(|(_, body)| {
            at += 1 + leb128(body.len()).len() + body.len();
            at
        });
        ends.collect()
    }
}

fn cut_off() -> Trouble {
    Trouble::new("a component that is cut off")
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0;
    for (place, byte) in bytes.iter().enumerate().take(5) {
        number |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(place + 1..)?));
        }
    }
    None
}

fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
