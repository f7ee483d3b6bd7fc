//! What of a component is code: all of it but the custom sections around it.
//!
//! A manifest, a name, a signature stand in custom sections and change nothing of what a component does. So two packages of
//! one code are compiled once, and only the code is what the compiler gets and what the cache is asked for.

use std::borrow::Cow;

/// Magic number, version and layer of a component.
const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";
/// Number of the custom section.
const CUSTOM: u8 = 0;

/// The component without its outermost custom sections. Bytes that are none are left as they are: what is wrong with them
/// is the compiler's to say.
pub(crate) fn of(component: &[u8]) -> Cow<'_, [u8]> {
    let without = || {
        let mut rest = component.strip_prefix(HEADER)?;
        let mut code = HEADER.to_vec();
        while let Some(id) = rest.first() {
            let (length, after) = length(rest.get(1..)?)?;
            let body = after.get(..length)?;
            let whole = rest.len() - after.len() + body.len();
            if *id != CUSTOM {
                code.extend_from_slice(rest.get(..whole)?);
            }
            rest = rest.get(whole..)?;
        }
        Some(code)
    };
    without().map_or(Cow::Borrowed(component), Cow::Owned)
}

/// A number in LEB128, of at most five bytes and 32 bits, and what follows it.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0_u32;
    for (place, byte) in bytes.iter().enumerate().take(5) {
        let low = u32::from(byte & 0x7f);
        let shift = 7 * u32::try_from(place).ok()?;
        if shift == 28 && low > 0x0f {
            return None;
        }
        number |= low << shift;
        if byte & 0x80 == 0 {
            return Some((usize::try_from(number).ok()?, bytes.get(place + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{HEADER, of};

    fn section(id: u8, body: &[u8]) -> Vec<u8> {
        let length = u8::try_from(body.len()).expect("short");
        [&[id, length], body].concat()
    }

    #[test]
    fn custom_sections_are_no_code_wherever_they_stand() {
        let code = [HEADER, &section(1, b"core"), &section(11, b"exports")].concat();
        let packed = [
            HEADER,
            &section(0, b"\x04name{}"),
            &section(1, b"core"),
            &section(0, b""),
            &section(11, b"exports"),
            &section(0, b"\x01x"),
        ];
        assert_eq!(of(&packed.concat()), code);
        assert_eq!(of(&code), code);
    }

    #[test]
    fn what_is_no_component_is_left_as_it_is() {
        for odd in [
            b"".as_slice(),
            b"\0asm",
            b"\0asm\x01\0\0\0\0\x00",
            b"\0asm\x0d\0\x01\0\x00",
            b"\0asm\x0d\0\x01\0\x00\x05abc",
            b"\0asm\x0d\0\x01\0\x00\xff\xff\xff\xff\xff\x01",
            b"\0asm\x0d\0\x01\0\x00\xff\xff\xff\xff\x1f",
        ] {
            assert_eq!(of(odd), odd, "{odd:?}");
        }
    }
}
