//! SHA-1 (RFC 3174): Odoo names a file's content by it. Nothing is kept safe with it here.

const BLOCK: usize = 64;

/// A hash that is being made.
pub(crate) struct Sha1 {
    state: [u32; 5],
    /// What does not fill a block yet.
    rest: Vec<u8>,
    length: u64,
}

impl Default for Sha1 {
    fn default() -> Self {
        let state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
        Self { state, rest: Vec::with_capacity(BLOCK), length: 0 }
    }
}

impl Sha1 {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.length = self.length.wrapping_add(u64::try_from(bytes.len()).unwrap_or_default());
        let missing = (BLOCK - self.rest.len()).min(bytes.len());
        let (head, tail) = bytes.split_at(missing);
        self.rest.extend_from_slice(head);
        if self.rest.len() < BLOCK {
            return;
        }
        let first = std::mem::take(&mut self.rest);
        self.block(&first);
        let blocks = tail.chunks_exact(BLOCK);
        self.rest.extend_from_slice(blocks.remainder());
        for block in blocks {
            self.block(block);
        }
    }

    /// In lower-case hexadecimal digits.
    pub(crate) fn hex(mut self) -> String {
        let bits = self.length.wrapping_mul(8);
        let mut end = vec![0x80];
        while (self.rest.len() + end.len()) % BLOCK != 56 {
            end.push(0);
        }
        end.extend_from_slice(&bits.to_be_bytes());
        self.update(&end);
        self.state.iter().map(|word| format!("{word:08x}")).collect()
    }

    fn block(&mut self, block: &[u8]) {
        let mut words = [0_u32; 80];
        for (word, four) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = four.iter().fold(0, |word, byte| (word << 8) | u32::from(*byte));
        }
        for at in 16..words.len() {
            let mixed =
                [3, 8, 14, 16].into_iter().fold(0, |mixed, back| mixed ^ words.get(at - back).copied().unwrap_or(0));
            if let Some(word) = words.get_mut(at) {
                *word = mixed.rotate_left(1);
            }
        }
        let [mut a, mut b, mut c, mut d, mut e] = self.state;
        for (at, word) in words.into_iter().enumerate() {
            let (mixed, constant) = match at {
                0..20 => ((b & c) | (!b & d), 0x5a82_7999_u32),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let next = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (whole, part) in self.state.iter_mut().zip([a, b, c, d, e]) {
            *whole = whole.wrapping_add(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sha1;

    fn sha1(bytes: &[u8], piece: usize) -> String {
        let mut hash = Sha1::default();
        bytes.chunks(piece).for_each(|piece| hash.update(piece));
        hash.hex()
    }

    #[test]
    fn the_hashes_of_the_standard_come_out_whatever_the_pieces() {
        assert_eq!(sha1(b"", 1), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        for piece in [1, 7, 63, 64, 65, 999] {
            assert_eq!(sha1(b"abc", piece), "a9993e364706816aba3e25717850c26c9cd0d89d");
            assert_eq!(sha1(&[b'a'; 100_000], piece), sha1(&[b'a'; 100_000], 64));
        }
        assert_eq!(sha1(&[b'a'; 1_000_000], 4_096), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    }
}
